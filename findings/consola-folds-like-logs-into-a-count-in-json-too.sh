#!/usr/bin/env bash
# That a logger for terminals folds repeated lines is pleasant to read. consola 3.4.2 does it before its
# reporters, so those that write JSON for a log server or count errors get it too, switched on by default:
#   1000 times error("disk full")   ->   6 records, and one with args ["disk full", "(repeated 994 times)"]
# The one with the count comes when something else is logged, or after a second, with a changed message: a rate of errors or
# an alert at "more than 100 a minute" sees 7, and the text is another one. createConsola({throttleMin: 1e9}), or
# a count by the program itself, keeps them all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" consola@3.4.2 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const {createConsola} = require('consola');
const count = (options) => {
  const lines = [];
  const logger = createConsola({...options, reporters: [{log: (record) => lines.push(JSON.stringify(record.args))}]});
  for (let i = 0; i < 1000; i++) logger.error('disk full');
  logger.info('other');
  return lines;
};
const folded = count({}), all = count({throttleMin: 1e9});
console.log(folded, `with throttleMin: ${all.length}`);
assert.equal(folded.length, 8);
assert.equal(folded[6], '["disk full","(repeated 994 times)"]');
assert.equal(all.length, 1001);
JS
echo "as described: a thousand errors are seven records"
