#!/usr/bin/env bash
# A time in a log's fields, as when an order was placed, is a Date in Node; JSON writes it as an ISO text, and MessagePack has a type for
# it, which @fluent-org/logger uses. fluent-logger 3.4.1 for Node sends a map without entries, at any depth, and nothing warns of it:
#   emit('order', {placed: new Date(0), id: 7})   {"placed":{},"id":7}
# Send date.toISOString(). The protocol of Fluentd's forward is none of LogIngestor's doors: what Fluentd sends on has the empty
# object already.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" fluent-logger@3.4.1 @msgpack/msgpack@3.1.3 >/dev/null
cat > app.js <<'JS'
const assert = require('node:assert');
const net = require('node:net');
const {decodeMulti} = require('@msgpack/msgpack');
const logger = require('fluent-logger');
const fields = {placed: new Date(0), item: {due: [new Date(0)]}, id: 7};
const server = net.createServer((socket) => {
  socket.on('data', (data) => {
    const [[tag, , record]] = [...decodeMulti(data)];
    console.log('JSON:', JSON.stringify(fields));
    console.log('sent:', tag, JSON.stringify(record));
    assert.deepEqual(record, {placed: {}, item: {due: [{}]}, id: 7});
    process.exit();
  });
});
server.listen(0, '127.0.0.1', () => {
  logger.createFluentSender('shop', {host: '127.0.0.1', port: server.address().port, timeout: 3}).emit('order', fields);
});
JS
timeout 60 node app.js
echo "as described: an empty object"
