#!/usr/bin/env bash
# A program that runs to its end is expected to send what it has logged; Python's SDK of OpenTelemetry does so by
# atexit. @opentelemetry/sdk-logs 0.223.1's batch processor waits on a timer that doesn't keep Node.js alive, and
# nothing else sends the rest: after the last line of main, up to a second of records is gone, without a word.
#   3 records, then the end of the script: 0 requests     with await provider.shutdown(): 1 request
# Short command line tools and cron jobs log nothing at all, and each service loses its last words, the reason
# why it stopped. Call shutdown() before the end, also on SIGTERM and uncaught exceptions.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" \
  @opentelemetry/sdk-logs@0.223.1 @opentelemetry/exporter-logs-otlp-http@0.223.1 @opentelemetry/api-logs@0.223.1 >/dev/null
cat > log.cjs <<'JS'
const {LoggerProvider, BatchLogRecordProcessor} = require('@opentelemetry/sdk-logs');
const {OTLPLogExporter} = require('@opentelemetry/exporter-logs-otlp-http');
const exporter = new OTLPLogExporter({url: process.argv[2]});
let processor;
try { processor = new BatchLogRecordProcessor({exporter}); } catch { processor = new BatchLogRecordProcessor(exporter); }
const provider = new LoggerProvider({processors: [processor]});
const logger = provider.getLogger('tool');
for (const body of ['begun', 'working', 'done']) logger.emit({body});
if (process.argv[3] === 'shutdown') provider.shutdown();
JS
cat > run.cjs <<'JS'
const assert = require('node:assert');
const http = require('node:http');
const {spawn} = require('node:child_process');
let requests = 0;
const server = http.createServer((request, response) => {
  requests += 1;
  request.resume().on('end', () => response.end('{}'));
});
const run = (...more) => new Promise((done) => {
  requests = 0;
  const url = `http://127.0.0.1:${server.address().port}/v1/logs`;
  spawn(process.execPath, ['log.cjs', url, ...more], {stdio: 'inherit'}).on('exit', (code) => done([code, requests]));
});
server.listen(0, '127.0.0.1', async () => {
  const natural = await run(), shut = await run('shutdown');
  console.log('natural end: exit status, requests', natural, '  with shutdown()', shut);
  assert.deepEqual([natural, shut], [[0, 0], [0, 1]]);
  process.exit();
});
JS
node run.cjs
echo "as described: nothing was sent"
