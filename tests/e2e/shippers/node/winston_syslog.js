// winston-syslog over TCP, in RFC 5424.
'use strict'
const { serve, text, failed, boom, large, sleep } = require('./loop')
const winston = require('winston')
require('winston-syslog')
const at = new URL(process.argv[2])
const transport = new winston.transports.Syslog({ host: at.hostname, port: Number(at.port), protocol: 'tcp4', type: '5424', app_name: 'shop', localhost: 'server-1', eol: '\n' })
const logger = winston.createLogger({ levels: winston.config.syslog.levels, format: winston.format.json(), transports: [transport] })
transport.on('error', () => {})
logger.on('error', () => {})

serve(async (numbers, spoilt) => {
  for (const n of numbers) {
    if (failed(n)) logger.error(text(n), { traceId: `trace-${n}`, order: n, stack: boom().stack, ...large(n, spoilt) })
    else logger.warning(text(n), { traceId: `trace-${n}`, order: n, ...large(n, spoilt) })
  }
  await sleep(20)
  return false
}, () => sleep(1500))
