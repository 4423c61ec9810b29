// pino-elasticsearch as a stream.
'use strict'
const { serve, text, failed, boom, large, sleep } = require('./loop')
const pino = require('pino')
const stream = require('pino-elasticsearch')({ node: process.argv[2], index: 'app', esVersion: 8, flushBytes: 1, flushInterval: 200 })
let fault = null
stream.on('error', (error) => { fault = error })
const logger = pino({ name: 'shop' }, stream)

serve(async (numbers, spoilt) => {
  for (const n of numbers) {
    if (failed(n)) logger.error({ err: boom(), traceId: `trace-${n}`, order: n, ...large(n, spoilt) }, text(n))
    else logger.warn({ traceId: `trace-${n}`, order: n, ...large(n, spoilt) }, text(n))
  }
  await sleep(20)
  if (fault) throw fault
  return false
}, () => sleep(2000))
