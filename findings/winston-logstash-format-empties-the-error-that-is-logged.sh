#!/usr/bin/env bash
# A log call is expected to leave alone what it is given. winston 3.19.0 uses the Error itself as the record, and
# its format logstash() moves the message to @message by deleting it from there. With logger.error(error):
#   before: error.message "boom"     after: error.message "", error.level "error"
# What handles the error next (an answer to the client, a second transport, Sentry, a rethrow) finds an error
# without a message. The record has lost the stack, too. Log logger.error(error.message, {stack: error.stack}),
# or put a format in front that copies the record.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" winston@3.19.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const {Writable} = require('node:stream');
const winston = require('winston');
const lines = [];
const stream = new Writable({write(chunk, _, done) { lines.push(String(chunk)); done(); }});
const logger = winston.createLogger({format: winston.format.logstash(), transports: [new winston.transports.Stream({stream})]});
const error = new Error('boom');
logger.error(error);
setTimeout(() => {
  console.log('record:', lines[0].trim());
  console.log('the error now:', JSON.stringify(error.message), error.level);
  assert.equal(error.message, '');
  assert.ok(!lines[0].includes('stack'));
}, 50);
JS
echo "as described: the caller's error has no message any more"
