#!/usr/bin/env bash
# GELF over UDP has chunks for what doesn't fit one datagram; a small message is expected to go plain, as all
# other GELF senders do it. gelf-pro 1.4.0 puts the chunk header before every message: chunk 0 of 1, with an id
#   1e 0f | 8 bytes of id | 00 01 | 78 9c ...   for a message of 140 bytes
# A server must take a set of one chunk as complete at once. One that drops chunks when there are too many open
# sets, or keeps a table of ids for 5 s, does so for each single log. Booleans arrive as text ("true"), and one
# that queries for true finds none. LogIngestor's GELF door takes chunks 0 of 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" gelf-pro@1.4.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const dgram = require('node:dgram');
const zlib = require('node:zlib');
const gelf = require('gelf-pro');
const server = dgram.createSocket('udp4');
server.on('message', (message) => {
  const event = JSON.parse(zlib.unzipSync(message.subarray(12)));
  console.log(message.length, 'bytes:', message.subarray(0, 14).toString('hex'), event.short_message, {ok: event._ok});
  assert.equal(message.subarray(0, 2).toString('hex'), '1e0f');
  assert.deepEqual([message[10], message[11]], [0, 1]);
  assert.equal(event._ok, 'true');
  process.exit();
});
server.bind(0, '127.0.0.1', () => {
  gelf.setConfig({adapterName: 'udp', adapterOptions: {host: '127.0.0.1', port: server.address().port}});
  gelf.info('order paid', {ok: true});
});
setTimeout(() => process.exit(1), 20000);
JS
echo "as described: a set of one chunk"
