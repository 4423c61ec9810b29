#!/usr/bin/env bash
# Go's loggers write a time.Duration as its String(): 250µs, 1.5ms, 2m3s. timestring 7.0.0 for Node.js, which reads such texts, raises for a unit
# that it doesn't know; but first it takes away all but ASCII's letters, so that of µs the s is left:
#   timestring('250\u00b5s') -> 250    (seconds; 0.00025 is right)     timestring('250us') raises
#   timestring('-90s') -> 90
# A request of 250 microseconds took four minutes. Signs are taken away too. Send durations as numbers of a unit that the field's name has.
# LogIngestor keeps such a value as the text that was sent.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" timestring@7.0.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const timestring = require('timestring');
for (const [text, seconds] of [['250ms', 0.25], ['250\u00b5s', 250], ['1.5\u03bcs', 1.5], ['-90s', 90], ['2m3s', 123]]) {
  const read = timestring(text);
  console.log(text, '->', read, 's');
  assert.equal(read, seconds);
}
assert.throws(() => timestring('250us'), /not supported/);
JS
echo "as described: microseconds are seconds"
