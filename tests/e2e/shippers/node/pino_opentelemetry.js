// pino-opentelemetry-transport, which runs in a worker thread.
'use strict'
const { serve, text, failed, boom, large, sleep } = require('./loop')
process.env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT = `${process.argv[2]}/v1/logs`
process.env.OTEL_BLRP_SCHEDULE_DELAY = '100'
const pino = require('pino')
const transport = pino.transport({ target: 'pino-opentelemetry-transport', options: { resourceAttributes: { 'service.name': 'shop' } } })
const logger = pino({ name: 'shop' }, transport)
const span = { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331', trace_flags: '01' }

serve(async (numbers, spoilt) => {
  for (const n of numbers) {
    if (failed(n)) logger.error({ err: boom(), order: n, ...span, ...large(n, spoilt) }, text(n))
    else logger.warn({ order: n, ...span, ...large(n, spoilt) }, text(n))
  }
  return false
}, () => sleep(3000))
