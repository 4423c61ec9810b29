// splunk-logging: batches to Splunk's HTTP Event Collector; its errors are told once per batch.
'use strict'
const { serve, text, failed, boom, large } = require('./loop')
const { Logger } = require('splunk-logging')
const logger = new Logger({ token: 'a-token', url: process.argv[2], maxBatchCount: 0, maxRetries: 5 })
logger.error = () => {}

serve(async (numbers, spoilt) => {
  for (const n of numbers) {
    const message = { message: text(n), traceId: `trace-${n}`, order: n, ...large(n, spoilt) }
    if (failed(n)) message.stack = boom().stack
    logger.send({ message, severity: failed(n) ? 'error' : 'warn', metadata: { source: 'shop', host: 'server-1' } })
  }
  await new Promise((resolve, reject) => {
    logger.flush((error, answer, body) => error || (body && body.code !== 0) ? reject(error || new Error(JSON.stringify(body))) : resolve())
  })
})
