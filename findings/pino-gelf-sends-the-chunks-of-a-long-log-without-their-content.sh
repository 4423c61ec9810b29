#!/usr/bin/env bash
# GELF over UDP sends what doesn't fit one datagram in chunks: 1e 0f, 8 bytes of id, number, count, and then the data.
# pino-gelf 2.2.0 has an option for their size (1420 bytes), so one would guess that long logs arrive. It joins the parts with
# Array.concat, which takes a Buffer for one element, and each chunk becomes 6 bytes, of which two zeros stand for id and data:
#   a short log            a datagram of its own, which is right
#   a log of 6,000 bytes   1e0f00000300  1e0f00010300  1e0f00020300
# Nothing of the log is sent, and nobody is told: short lines arrive, those with a stack of an error don't.
# Send by `pino-gelf log -P tcp` or `-P http`. LogIngestor keeps such chunks as dead letters, so that it shows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" pino-gelf@2.2.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const crypto = require('node:crypto');
const dgram = require('node:dgram');
const zlib = require('node:zlib');
const { spawn } = require('node:child_process');
const server = dgram.createSocket('udp4');
const came = [];
server.on('message', (message) => {
  came.push(message);
  if (came.length < 4) return;
  const [short, ...chunks] = came;
  console.log(zlib.inflateSync(short).toString());
  console.log(chunks.map((chunk) => chunk.toString('hex')));
  assert.deepEqual(chunks.map((chunk) => chunk.toString('hex')), ['1e0f00000300', '1e0f00010300', '1e0f00020300']);
  sender.kill();
  process.exit();
});
let sender;
server.bind(0, '127.0.0.1', () => {
  sender = spawn('node_modules/.bin/pino-gelf', ['log', '-h', '127.0.0.1', '-p', String(server.address().port)], { stdio: ['pipe', 'ignore', 'inherit'] });
  const log = (msg) => sender.stdin.write(JSON.stringify({ level: 50, time: Date.now(), pid: 1, hostname: 'h', msg }) + '\n');
  log('order failed');
  server.once('message', () => log(crypto.randomBytes(3000).toString('hex')));
});
setTimeout(() => process.exit(1), 20000);
JS
echo "as described: three chunks of nothing"
