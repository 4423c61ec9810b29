#!/usr/bin/env bash
# pino has functions for the form of its time, and names isoTime among them; pino-loki takes the time of a log from there.
# One would guess that it knows pino's own forms. pino-loki 3.0.0 counts the characters of the time and multiplies by a power
# of ten, whatever it is:
#   epochTime (the default)   "1796068217096000000"
#   unixTime                  "1796068217000000000"
#   isoTime                   "NaN"
# Loki refuses a push in which one time is no number, with all that is in it; pino-loki writes a line on the console and goes
# on. So a program that is only told to write readable times sends nothing any more.
# Leave `timestamp` as it is, or set replaceTimestamp: true. LogIngestor takes such a push and reads the time in the line.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" pino@10.4.0 pino-loki@3.0.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const http = require('node:http');
const pino = require('pino');
const { pinoLoki } = require('pino-loki');
const times = {};
const server = http.createServer((request, answer) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    for (const { values: [[time, line]] } of JSON.parse(body).streams) times[JSON.parse(line).msg] = time;
    answer.writeHead(204).end();
    if (Object.keys(times).length < 3) return;
    console.log(times);
    assert.match(times.epochTime, /^\d{19}$/);
    assert.match(times.unixTime, /^\d{19}$/);
    assert.equal(times.isoTime, 'NaN');
    process.exit();
  });
});
server.listen(0, '127.0.0.1', () => {
  const stream = pinoLoki({ host: `http://127.0.0.1:${server.address().port}`, batching: false });
  for (const name of ['epochTime', 'unixTime', 'isoTime']) pino({ timestamp: pino.stdTimeFunctions[name] }, stream).info(name);
});
setTimeout(() => process.exit(1), 20000);
JS
echo "as described: no number for an ISO time"
