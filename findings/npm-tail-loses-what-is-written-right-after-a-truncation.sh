#!/usr/bin/env bash
# A follower of a log that is emptied in place (logrotate's copytruncate, `> app.log`) begins again at its start: tail -f says
# "file truncated" and gives what is there. tail 2.2.6 for Node.js goes to the end of what is
# there when it looks, and by then the program has often written again:
#   three   emptied, then A written   B       lines given: three, B
# All that was written between the truncation and its look is lost; and of a character whose bytes came in two writes, as any
# writer with a buffer of fixed size makes them, it gives two signs of replacement.
# Rotate by renaming. `logingestor ingest` takes all of a file that was emptied.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" tail@2.2.6 >/dev/null
cat > run.js <<'JS'
const assert = require('node:assert');
const fs = require('node:fs');
const { Tail } = require('tail');
const lines = [];
fs.writeFileSync('app.log', 'one\ntwo\n');
const tail = new Tail('app.log', { useWatchFile: false });
const word = Buffer.from('caf\u00e9\n');
const came = (count) => new Promise((done) => {
  const look = () => (lines.length >= count ? done() : setImmediate(look));
  look();
});
const read = (size) => new Promise((done) => {
  const look = () => (tail.currentCursorPos === size && tail.queue.length === 0 ? done() : setImmediate(look));
  look();
});
tail.on('line', (line) => lines.push(line));
setTimeout(() => process.exit(1), 20000);
(async () => {
  fs.appendFileSync('app.log', 'three\n');
  await came(1);
  fs.truncateSync('app.log');
  fs.appendFileSync('app.log', 'A\n');
  await read(2);
  fs.appendFileSync('app.log', 'B\n');
  await came(2);
  fs.appendFileSync('app.log', word.subarray(0, 4));
  await read(8);
  fs.appendFileSync('app.log', word.subarray(4));
  await came(3);
  console.log(lines);
  assert.deepEqual(lines, ['three', 'B', 'caf\ufffd\ufffd']);
  process.exit();
})();
JS
node run.js
echo "as described: A is not given"
