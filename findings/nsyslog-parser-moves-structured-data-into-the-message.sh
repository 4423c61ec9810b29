#!/usr/bin/env bash
# RFC 5424 escapes a quote in a value of structured data by a backslash. nsyslog-parser 0.10.1 reads structured
# data well as long as there is none; with one it gives back no structured data at all, and all of it as the
# beginning of the message, without an error:
#   [x@32473 k="say \"hi\""] m   ->  structuredData [], message '[x@32473 k="say \"hi\""] m'
# A message that has no time (NILVALUE, written -) gets the time of parsing as its own, and nothing tells.
# Whatever filters by structured data misses just the messages whose values hold quotes.
# LogIngestor reads the quotes as part of the value, and such a time as that of arrival.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" nsyslog-parser@0.10.1 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const parse = require('nsyslog-parser');
const head = '<165>1 2026-11-29T10:00:00Z host app 1 - ';
const plain = parse(head + '[x@32473 k="v"] m');
const quote = parse(head + '[x@32473 k="say \\"hi\\""] m');
const timeless = parse('<165>1 - host app 1 - - m');
for (const {structuredData, message} of [plain, quote]) console.log(structuredData, '|', message);
console.log('without a time:', timeless.ts);
assert.equal(plain.message, 'm');
assert.deepEqual([quote.structuredData.length, quote.message], [0, '[x@32473 k="say \\"hi\\""] m']);
assert.ok(Math.abs(new Date(timeless.ts) - Date.now()) < 60000);
JS
echo "as described: structured data with a quote ends up in the message"
