#!/usr/bin/env bash
# A datagram of syslog is one message (RFC 5426, section 3.1). The documented pipe `app | pino-syslog | pino-socket -a HOST`
# (UDP is its default) sends what its standard input brought at once as one datagram: pino-syslog 4.0.0 writes nothing
# between two messages, and pino-socket 8.0.0 sends each chunk that it read. Logs that come in a burst - the error, and what was
# logged around it - are one message at the server, with the level of the first and the others behind its JSON.
# Without pino-syslog they are several lines in one datagram. pino-syslog's setting `newline` only adds the line feed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" pino-syslog@4.0.0 pino-socket@8.0.0 >/dev/null
cat > burst.ndjson <<'LOGS'
{"level":30,"time":1796041303315,"pid":7,"hostname":"h","msg":"an info"}
{"level":50,"time":1796041303316,"pid":7,"hostname":"h","msg":"an error"}
{"level":30,"time":1796041303317,"pid":7,"hostname":"h","msg":"another info"}
LOGS
node - <<'JS'
const assert = require('node:assert');
const dgram = require('node:dgram');
const {spawn} = require('node:child_process');
const server = dgram.createSocket('udp4');
server.on('message', (data) => {
  const text = data.toString();
  console.log(text);
  // The priorities of local0: 134 is an info, 131 an error.
  assert.deepEqual(text.match(/<\d+>1 /g), ['<134>1 ', '<131>1 ', '<134>1 ']);
  assert.ok(text.includes('}<131>1 '));
  process.exit();
});
server.bind(0, '127.0.0.1', () => {
  const pipe = 'node_modules/.bin/pino-syslog < burst.ndjson | node_modules/.bin/pino-socket -a 127.0.0.1 -p ' + server.address().port;
  spawn('bash', ['-c', pipe], {stdio: ['ignore', 'ignore', 'inherit']});
  setTimeout(() => process.exit(1), 30000);
});
JS
echo "as described: three logs of a burst are one datagram"
