// winston-loki, in protobuf, or in JSON by #json.
'use strict'
const { serve, text, failed, boom, large, sleep } = require('./loop')
const winston = require('winston')
const LokiTransport = require('winston-loki')
const [host, shape] = process.argv[2].split('#')
const transport = new LokiTransport({ host, json: shape === 'json', interval: 1, labels: { app: 'shop' }, format: winston.format.json() })
// It waits a minute after each failure; a test has no such time.
transport.batcher.circuitBreakerInterval = 2000
const logger = winston.createLogger({ transports: [transport] })

serve(async (numbers, spoilt) => {
  for (const n of numbers) {
    if (failed(n)) logger.error({ message: text(n), labels: { trace_id: `trace-${n}` }, stack: boom().stack, ...large(n, spoilt) })
    else logger.warn({ message: text(n), labels: { trace_id: `trace-${n}` }, ...large(n, spoilt) })
  }
  return false
}, () => sleep(3000))
