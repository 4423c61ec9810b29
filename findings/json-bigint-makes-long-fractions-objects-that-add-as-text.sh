#!/usr/bin/env bash
# json-bigint is what one takes to keep large integers of logs exact in Node.js. It decides by the length of
# the digits, not by the size of the number: with json-bigint 1.0.0 a fraction of more than 15 characters
# becomes a BigNumber object too, while its neighbours stay numbers:
#   {"took": 0.125}               ->  number,  took + 1 is 1.125
#   {"took": 0.12345678901234567} ->  object,  took + 1 is the text "0.123456789012345671"
# Durations in float seconds are both from line to line, so a sum over logs turns into text in the middle.
# Options useNativeBigInt and storeAsString do not help: the fraction then throws, or is a text.
# Read such fields with Number() or keep durations in integers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" json-bigint@1.0.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const json = require('json-bigint');
const short = json.parse('{"took": 0.125}').took, long = json.parse('{"took": 0.12345678901234567}').took;
console.log(typeof short, short + 1, '|', typeof long, long + 1);
assert.deepEqual([typeof short, typeof long, typeof (long + 1)], ['number', 'object', 'string']);
for (const option of ['useNativeBigInt', 'storeAsString']) {
  let got;
  try { got = typeof json({[option]: true}).parse('{"took": 0.12345678901234567}').took; } catch (error) { got = `${error.name}`; }
  console.log(option, '->', got);
  assert.notEqual(got, 'number');
}
JS
echo "as described: the length of a fraction decides its type"
