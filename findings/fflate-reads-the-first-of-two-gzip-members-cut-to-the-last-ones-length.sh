#!/usr/bin/env bash
# Rotated logs are put together by `cat a.gz b.gz`, which gzip's format allows: a file is one or more members, and zcat, Node's zlib,
# Python and pako read them all. fflate 0.8.3 for JavaScript reads them in its stream (Gunzip). Its gunzipSync and decompressSync read the first
# member only, and of it as many bytes as the last member has, since that length stands at the file's end; no error is raised:
#   members of 200,000 bytes and of 5 bytes   5 bytes of the first
#   members of 5 bytes and of 200,000 bytes   the first's 5 bytes
# Use its Gunzip, or another library. LogIngestor reads all members, of files and of requests.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" fflate@0.8.3 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const zlib = require('node:zlib');
const fflate = require('fflate');
const long = Buffer.from('a'.repeat(200000)), short = Buffer.from('5 b\n\n');
const joined = (...parts) => Buffer.concat(parts.map((part) => zlib.gzipSync(part)));
for (const name of ['gunzipSync', 'decompressSync']) {
  const cut = Buffer.from(fflate[name](joined(long, short)));
  const first = Buffer.from(fflate[name](joined(short, long)));
  console.log(`${name}: of 200000 + 5 bytes ${cut.length}, of 5 + 200000 bytes ${first.length}`);
  assert.equal(cut.toString(), 'aaaaa');
  assert.equal(first.toString(), short.toString());
}
assert.equal(zlib.gunzipSync(joined(long, short)).length, 200005);
const parts = [];
const stream = new fflate.Gunzip((part) => parts.push(Buffer.from(part)));
stream.push(joined(long, short), true);
console.log('Gunzip:', Buffer.concat(parts).length);
assert.equal(Buffer.concat(parts).length, 200005);
JS
echo "as described: the first member, by the last one's length"
