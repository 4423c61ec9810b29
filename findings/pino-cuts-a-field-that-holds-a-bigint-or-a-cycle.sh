#!/usr/bin/env bash
# One would guess that a value which JSON can't express costs itself alone. pino 10.4.0 writes a field by
# JSON.stringify, and if that throws (a bigint, an object that refers to itself) by another writer with limits: the
# neighbours in the same field are cut at 100 items, 100 keys and five levels, and their keys are sorted.
#   {job: {items: 150 numbers, deep: {…}}}             written whole
#   {job: {items: 150 numbers, deep: {…}, n: 10n}}     100 items, "... 49 items not stringified", and [Object] in deep
# So the same log call is complete on most days, and cut when an id happens to be a bigint or a request object comes along;
# a list has a text among its numbers. pino's options depthLimit and edgeLimit raise the limits.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" pino@10.4.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const pino = require('pino');
let line;
const destination = {write: (text) => { line = JSON.parse(text); }};
const items = Array.from({length: 150}, (_, i) => i), deep = {a: {b: {c: {d: {e: {f: 1}}}}}};
const cycle = {};
cycle.self = cycle;
const written = (logger, job) => { logger.info({job}); return line.job; };
const plain = pino({}, destination), wide = pino({depthLimit: 20, edgeLimit: 1000}, destination);
for (const [name, logger, more] of [['plain', plain, {}], ['bigint', plain, {n: 10n}], ['cycle', plain, {cycle}], ['with limits raised', wide, {n: 10n}]]) {
  const job = written(logger, {items, deep, ...more});
  console.log(`${name}: ${job.items.length} entries, last ${JSON.stringify(job.items.at(-1))}, deep ${JSON.stringify(job.deep)}`);
  const cut = name === 'bigint' || name === 'cycle';
  assert.equal(typeof job.items.at(-1), cut ? 'string' : 'number');
  assert.equal(JSON.stringify(job.deep).includes('[Object]'), cut);
}
JS
echo "as described: the neighbours are cut, too"
