// winston-elasticsearch.
'use strict'
const { serve, text, failed, boom, large, sleep } = require('./loop')
const winston = require('winston')
const { ElasticsearchTransport } = require('winston-elasticsearch')
const transport = new ElasticsearchTransport({ level: 'info', flushInterval: 200, clientOpts: { node: process.argv[2] }, source: 'shop' })
const logger = winston.createLogger({ transports: [transport] })
transport.on('error', (error) => console.error(String(error)))
logger.on('error', (error) => console.error(String(error)))

serve(async (numbers, spoilt) => {
  for (const n of numbers) {
    if (failed(n)) logger.error(text(n), { traceId: `trace-${n}`, stack: boom().stack, ...large(n, spoilt) })
    else logger.warn(text(n), { traceId: `trace-${n}`, ...large(n, spoilt) })
  }
  return false
}, () => sleep(2000))
