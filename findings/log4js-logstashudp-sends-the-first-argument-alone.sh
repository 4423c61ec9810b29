#!/usr/bin/env bash
# log4js formats what it is given as console.log does, and one would guess that each of its appenders sends that text.
# @log4js-node/logstashudp 1.2.1 (log4js 6.9.1) sends the first argument as the message, a second one if it is an object as `fields`, and nothing else:
#   error('order %d failed', 5)                     "message":"order %d failed"
#   error(new Error('card refused'))                "message":{}
#   error('order failed', new Error('card refused'))  "message":"order failed"; neither its message nor its stack
#   error('order failed', {order: 5}, {user: 7})    "fields":{"order":5}
# The context of addContext, a trace's id for instance, is not sent either. Log texts that are whole: util.format(…), error.stack.
# LogIngestor gets what is left.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" log4js@6.9.1 @log4js-node/logstashudp@1.2.1 >/dev/null
cat > app.js <<'JS'
const assert = require('node:assert');
const dgram = require('node:dgram');
const log4js = require('log4js');
const server = dgram.createSocket('udp4');
const seen = [];
server.bind(0, '127.0.0.1', () => {
  const appenders = {to: {type: '@log4js-node/logstashudp', host: '127.0.0.1', port: server.address().port}};
  log4js.configure({appenders, categories: {default: {appenders: ['to'], level: 'info'}}});
  const logger = log4js.getLogger('shop');
  logger.addContext('trace', '0af7651916cd43dd8448eb211c80319c');
  logger.error('order %d failed', 5);
  logger.error(new Error('card refused'));
  logger.error('order failed', new Error('card refused'));
  logger.error('order failed', {order: 5}, {user: 7});
});
server.on('message', (datagram) => {
  console.log(datagram.toString());
  seen.push(JSON.parse(datagram));
  if (seen.length < 4) return;
  assert.deepEqual(seen.map((log) => log.message), ['order %d failed', {}, 'order failed', 'order failed']);
  assert.deepEqual(seen[3].fields, {order: 5});
  assert.doesNotMatch(JSON.stringify(seen), /card refused|user|0af765/);
  process.exit();
});
JS
timeout 60 node app.js
echo "as described: the first argument as it is"
