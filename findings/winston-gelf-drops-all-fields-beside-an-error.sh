#!/usr/bin/env bash
# A log of an error names what it was about: logger.error('payment failed', { order: 7, error }). winston-gelf 1.7.0, a
# transport for Graylog, sends fields as GELF's additional ones, but where one of them is an Error it sends that in their place:
#   logger.info('paid', { order: 7 })                            _order: 7
#   logger.error('payment failed', { order: 7, user, error })    _error_message, _error_stack; neither order nor user
#   logger.error('both', { first, second }) with two errors      the first is nowhere
#   logger.error(new Error('boom'))                              "boom" without a stack
# So just the logs of failures have no order, no user and no trace id to look for.
# Log the stack as a text: { order: 7, error: error.stack }. LogIngestor can't know what was not sent.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" winston@3.19.0 winston-gelf@1.7.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const dgram = require('node:dgram');
const zlib = require('node:zlib');
const winston = require('winston');
const Gelf = require('winston-gelf');
const server = dgram.createSocket('udp4');
const sent = {};
server.on('message', (message) => {
  const event = JSON.parse(zlib.unzipSync(message.subarray(12)));
  sent[event.short_message] = Object.keys(event).filter((name) => name.startsWith('_')).sort();
  if (Object.keys(sent).length < 4) return;
  console.log(sent);
  assert.deepEqual(sent, {
    paid: ['_order'],
    'payment failed': ['_error_message', '_error_stack'],
    both: ['_error_message', '_error_stack'],
    boom: [],
  });
  process.exit();
});
server.bind(0, '127.0.0.1', () => {
  const adapterOptions = { host: '127.0.0.1', port: server.address().port };
  const logger = winston.createLogger({ transports: [new Gelf({ gelfPro: { adapterName: 'udp', adapterOptions } })] });
  logger.info('paid', { order: 7 });
  logger.error('payment failed', { order: 7, user: 'ann', error: new Error('refused') });
  logger.error('both', { first: new Error('one'), second: new Error('two') });
  logger.error(new Error('boom'));
});
setTimeout(() => process.exit(1), 20000);
JS
echo "as described: no field beside an error"
