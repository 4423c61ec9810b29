#!/usr/bin/env bash
# GELF's level is a syslog severity: 3 is an error, 4 a warning, 6 an info. winston's levels are npm's: error 0,
# warn 1, info 2. A transport between them has to translate. winston-log2gelf 2.4.1 sends npm's number:
#   error -> 0 (emergency)   warn -> 1 (alert)   info -> 2 (critical)
# Every quiet info reads as critical at the server, pages people who are alerted by level, and is kept for as
# long as critical logs are. A level it doesn't know (notice, warning, of winston's syslog levels) is 0, too. No
# setting changes it: translate at the server for senders that are known to use it, or take another transport.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" winston@3.19.0 winston-log2gelf@2.4.1 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const net = require('node:net');
const winston = require('winston');
const Log2gelf = require('winston-log2gelf');
const server = net.createServer((socket) => {
  let text = '';
  socket.on('data', (data) => {
    text += data;
    const events = text.split('\0').filter(Boolean);
    if (events.length < 4) return;
    const levels = Object.fromEntries(events.map((event) => JSON.parse(event)).map((e) => [e.short_message, e.level]));
    console.log(levels);
    assert.deepEqual(levels, {'an error': 0, 'a warn': 1, 'an info': 2, 'a notice': 0});
    process.exit();
  });
});
server.listen(0, '127.0.0.1', () => {
  const transport = new Log2gelf({host: '127.0.0.1', port: server.address().port, protocol: 'tcp', hostname: 'h'});
  const logger = winston.createLogger({levels: {...winston.config.npm.levels, notice: 2}, transports: [transport]});
  logger.error('an error');
  logger.warn('a warn');
  logger.info('an info');
  logger.notice('a notice');
  setTimeout(() => process.exit(1), 20000);
});
JS
echo "as described: an info is sent as critical"
