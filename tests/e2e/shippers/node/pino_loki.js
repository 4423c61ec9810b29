// pino-loki as a transport, which runs in a worker thread.
'use strict'
const { serve, text, failed, boom, large, sleep } = require('./loop')
const pino = require('pino')
const transport = pino.transport({ target: 'pino-loki', options: { host: process.argv[2], batching: { interval: 1 }, labels: { service_name: 'shop' } } })
const logger = pino({ name: 'shop' }, transport)

serve(async (numbers, spoilt) => {
  for (const n of numbers) {
    if (failed(n)) logger.error({ err: boom(), traceId: `trace-${n}`, order: n, ...large(n, spoilt) }, text(n))
    else logger.warn({ traceId: `trace-${n}`, order: n, ...large(n, spoilt) }, text(n))
  }
  return false
}, () => sleep(3000))
