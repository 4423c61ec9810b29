#!/usr/bin/env bash
# An unquoted logfmt value may hold an equals sign: url=/search?q=1 is what most writers put out, since only
# blanks and quotes need quoting. npm's logfmt 1.4.0 reads the value whole, but without the sign:
#   url=/search?q=1&page=2   ->   "/search?q1&page2"
# Its own stringify quotes such values, so a round trip looks right; lines of other programs are changed
# without a word, and tokens in base64 lose their padding. Keys with a blank come apart in the round trip:
#   {"a b": 1}  ->  a b=1  ->  {"a": true, "b": "1"}
# LogIngestor keeps an unquoted value whole, up to the next blank.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" logfmt@1.4.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const logfmt = require('logfmt');
const read = logfmt.parse('url=/search?q=1&page=2 token=YWI=');
const keys = logfmt.parse(logfmt.stringify({'a b': 1}));
console.log(read, keys);
assert.deepEqual({...read}, {url: '/search?q1&page2', token: 'YWI'});
assert.deepEqual({...keys}, {a: true, b: '1'});
JS
echo "as described: the equals signs are gone"
