#!/usr/bin/env bash
# RFC 5424 times are those of RFC 3339: a local time with its offset, or UTC with Z. winston-syslog 2.7.1 with
# protocol type 5424 (its producer is glossy 0.1.7) writes the hours of UTC and behind them the local offset,
# and milliseconds without their leading zeros. At 10:00:00.007 UTC in Berlin's summer:
#   <134>1 2026-07-01T10:00:00.07+02:00 ...    which is 08:00:00.070 UTC, two hours early and 63 ms late
# Wherever the clock isn't UTC all logs are off by the offset, into the future in America, and .007 stands
# behind .050. Run such programs with TZ=UTC; the fraction stays wrong below 100 ms. A server can tell it only by
# the time of arrival: LogIngestor shows senders whose clocks are off.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" winston-syslog@2.7.1 winston@3.19.0 glossy@0.1.7 >/dev/null
TZ=Europe/Berlin node - <<'JS'
const assert = require('node:assert');
const dgram = require('node:dgram');
const {Produce} = require('glossy');
const winston = require('winston');
const {Syslog} = require('winston-syslog');
const date = new Date('2026-07-01T10:00:00.007Z');
const made = new Produce({type: 'RFC5424'}).produce({facility: 'local0', severity: 'info', host: 'h', appName: 'a', pid: 1, date, message: 'm'});
console.log(made);
assert.equal(made.split(' ')[1], '2026-07-01T10:00:00.07+02:00');
const server = dgram.createSocket('udp4');
server.on('message', (message) => {
  const sent = String(message).split(' ')[1];
  const hours = (Date.parse(sent.replace(/\.\d+/, '')) - Date.now()) / 3600000;
  console.log(sent, 'is off by', hours.toFixed(2), 'hours');
  assert.ok(Math.abs(hours) > 0.9);
  process.exit();
});
server.bind(0, '127.0.0.1', () => {
  const transport = new Syslog({protocol: 'udp4', host: '127.0.0.1', port: server.address().port, type: '5424'});
  winston.createLogger({levels: winston.config.syslog.levels, transports: [transport]}).info('m');
});
setTimeout(() => process.exit(1), 20000);
JS
echo "as described: hours of UTC, offset of Berlin"
