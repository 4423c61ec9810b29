#!/usr/bin/env bash
# Seq's events have a template, `paid by {user}`, whose holes are filled with the event's fields (messagetemplates.org: a
# brace that is only a brace is written twice). pino and winston know no templates: their message is a text. One would guess
# that their senders for Seq send it as the rendered message, or double its braces. pino-seq 4.0.0 and @datalust/winston-seq
# 3.0.1 send it as the template as it is:
#   log.info({ id: 5 }, 'no {id} in {"a":{"b":1}}')   ->   "MessageTemplate": "no {id} in {\"a\":{\"b\":1}}"
# A reader of templates puts 5 where the text said {id}, and takes }} for one brace: JSON in a message is JSON no longer.
# Logs of different texts with braces also count as events of different types.
# Put data into fields, not into the text. LogIngestor leaves braces double where others stand alone, and keeps the template.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" pino@10.4.0 pino-seq@4.0.0 winston@3.19.0 @datalust/winston-seq@3.0.1 structured-log@0.2.0 >/dev/null
cat > run.mjs <<'JS'
import assert from 'node:assert';
import http from 'node:http';
import pino from 'pino';
import { createStream } from 'pino-seq';
import winston from 'winston';
import { SeqTransport } from '@datalust/winston-seq';
import structured from 'structured-log';

const text = 'no {id} in {"a":{"b":1}}';
const templates = [];
const server = http.createServer((request, answer) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    const sent = JSON.parse(body);
    templates.push(...(sent.Events ?? [sent]).map((event) => event.MessageTemplate ?? event['@mt']));
    answer.end('{}');
  });
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const serverUrl = `http://127.0.0.1:${server.address().port}`;
const stream = createStream({ serverUrl });
pino({}, stream).info({ id: 5 }, text);
await stream.flush();
const transport = new SeqTransport({ serverUrl, onError: console.error });
winston.createLogger({ transports: [transport] }).info(text, { id: 5 });
await transport.flush();

let rendered;
const sink = { emit: ([event]) => { rendered = event.messageTemplate.render(event.properties); }, flush: async () => {} };
structured.configure().writeTo(sink).create().info(templates[0], 5);
console.log(templates, 'rendered:', rendered);
assert.deepEqual(templates, [text, text]);
assert.ok(rendered.startsWith('no 5 in '));
process.exit();
JS
timeout 60 node run.mjs
echo "as described: the text is the template"
