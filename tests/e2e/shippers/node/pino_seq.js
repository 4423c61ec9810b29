// pino-seq as a stream.
'use strict'
const { serve, text, failed, boom, large, load } = require('./loop')
const pino = require('pino')

load('pino-seq', 'dist/index.js').then((seq) => {
  const stream = seq.default.createStream({ serverUrl: process.argv[2], maxBatchingTime: 100, onError: () => {} })
  const logger = pino({ name: 'shop' }, stream)
  return serve(async (numbers, spoilt) => {
    for (const n of numbers) {
      if (failed(n)) logger.error({ err: boom(), trace_id: `trace-${n}`, order: n, ...large(n, spoilt) }, text(n))
      else logger.warn({ trace_id: `trace-${n}`, order: n, ...large(n, spoilt) }, text(n))
    }
    return false
  }, () => stream.flush())
})
