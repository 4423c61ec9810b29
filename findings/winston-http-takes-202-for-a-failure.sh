#!/usr/bin/env bash
# Servers that take logs answer 202 Accepted (Datadog, Graylog's GELF input), 204 (Loki) or 201 (Seq). winston's
# own Http transport, 3.19.0, knows one good status, 200: for every other it emits "warn" with the text
# "Invalid HTTP Status Code: 202" and never "logged", though the log was sent, taken and stored:
#   200: logged    201, 202, 204: warn
# Programs that count on these events, or repeat what failed, report an outage that isn't, or store all logs
# twice. With this transport let a proxy turn the status into 200, or listen to neither event.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" winston@3.19.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const http = require('node:http');
const winston = require('winston');
const server = http.createServer((request, response) => {
  request.resume().on('end', () => { response.statusCode = Number(request.url.slice(1)); response.end(); });
});
server.listen(0, '127.0.0.1', async () => {
  const said = {};
  for (const status of [200, 201, 202, 204]) {
    const transport = new winston.transports.Http({host: '127.0.0.1', port: server.address().port, path: `/${status}`});
    const answer = new Promise((done) => {
      transport.once('warn', (error) => done(error.message));
      transport.once('logged', () => done('logged'));
    });
    winston.createLogger({transports: [transport]}).info('order paid');
    said[status] = await answer;
  }
  console.log(said);
  assert.equal(said[200], 'logged');
  for (const status of [201, 202, 204]) assert.match(said[status], /Invalid HTTP Status Code/);
  process.exit();
});
JS
echo "as described: 200 alone is good"
