#!/usr/bin/env bash
# Apache and nginx's usual formats write a quote within a request or an agent as \", and a reader of quoted fields is expected to know it.
# clf-parser 0.0.2 for Node ends the field there and gives each later field another's value, without an error:
#   … "GET /a?q=\"tea\" HTTP/1.1" 503 12 "-" "agent"   status NaN, body_bytes_sent 503, http_referer "12"
#   … "GET /a HTTP/1.1" 503 12 "-" "an \"agent\""      http_user_agent "an \"
# So counts of errors miss these requests, and sums of bytes have statuses in them. clfparser 0.3 for Python cuts the agent there too.
# LogIngestor reads such lines as they are meant.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" clf-parser@0.0.2 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const parse = require('clf-parser');
const head = '192.0.2.1 - - [02/Jan/2026:03:04:05 +0000] ';
const plain = parse(head + '"GET /a HTTP/1.1" 503 12 "-" "agent"');
const asked = parse(head + '"GET /a?q=\\"tea\\" HTTP/1.1" 503 12 "-" "agent"');
const agent = parse(head + '"GET /a HTTP/1.1" 503 12 "-" "an \\"agent\\""');
for (const one of [plain, asked, agent]) {
  console.log(one.request, one.status, one.body_bytes_sent, one.http_referer, one.http_user_agent);
}
assert.deepEqual([plain.status, plain.body_bytes_sent, plain.http_user_agent], [503, 12, 'agent']);
assert.deepEqual([asked.status, asked.body_bytes_sent, asked.http_referer], [NaN, 503, '12']);
assert.deepEqual([agent.status, agent.http_user_agent], [503, 'an \\']);
JS
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check clfparser==0.3
"$work/v/bin/python" - <<'PY'
from clfparser import CLFParser

read = CLFParser.logDict(r'192.0.2.1 - - [02/Jan/2026:03:04:05 +0000] "GET /a HTTP/1.1" 503 12 "-" "an \"agent\" of ours"')
print("clfparser:", read["Useragent"])
assert read["Useragent"] == r'"an \"', read
PY
echo "as described: fields are cut and moved"
