// @datalust/winston-seq, which sends by seq-logging as pino-seq does.
'use strict'
const { serve, text, failed, boom, large, load } = require('./loop')
const winston = require('winston')

load('@datalust/winston-seq', 'dist/src/index.js').then(({ SeqTransport }) => {
  const transport = new SeqTransport({ serverUrl: process.argv[2], onError: () => {}, handleExceptions: false, handleRejections: false })
  const logger = winston.createLogger({
    format: winston.format.combine(winston.format.errors({ stack: true }), winston.format.json()),
    defaultMeta: { Application: 'shop' },
    transports: [transport]
  })
  return serve(async (numbers, spoilt) => {
    for (const n of numbers) {
      if (failed(n)) logger.error(text(n), { order: n, stack: boom().stack, ...large(n, spoilt) })
      else logger.warn(text(n), { order: n, ...large(n, spoilt) })
    }
    return false
  }, () => transport.flush())
})
