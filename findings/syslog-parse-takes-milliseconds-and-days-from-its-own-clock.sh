#!/usr/bin/env bash
# A BSD syslog line (RFC 3164) has whole seconds and no year; one would guess that a parser answers .000 and
# guesses the year alone. npm's syslog-parse 2.0.0 takes the present moment and sets month, day, hour, minute
# and second in it, so the milliseconds are those of the machine that parses:
#   the same line read twice:  2026-10-11T22:14:15.391Z, then ...15.402Z
# The same bytes get another time at each reading: a repeat is no duplicate to whoever compares times, lines of
# one second change their order, and the fraction looks measured. Setting the month first also makes the date
# depend on today: on a 31st, a line of a month with 30 days lands in the month after.
# LogIngestor gives such a line whole seconds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" syslog-parse@2.0.0 >/dev/null
cat > read.mjs <<'JS'
import assert from 'node:assert';
import * as library from 'syslog-parse';
const parse = library.parse ?? library.default?.parse ?? library.default;
const line = '<34>Oct 11 22:14:15 host su: failed';
const seen = new Set();
for (let i = 0; i < 20; i++) {
  seen.add(new Date(parse(line).time).toISOString());
  await new Promise((done) => setTimeout(done, 7));
}
console.log([...seen].slice(0, 4).join('\n'), `\n${seen.size} times for one line`);
assert.ok(seen.size > 5);
const Real = Date;
const at = (now) => {
  globalThis.Date = class extends Real { constructor(...parts) { super(...(parts.length ? parts : [now])); } };
  const time = parse('<34>Sep 30 12:00:00 host su: failed').time;
  globalThis.Date = Real;
  return new Real(time).toISOString().slice(0, 10);
};
console.log('Sep 30 read on Oct 30:', at('2026-10-30T12:00:00Z'), ' on Oct 31:', at('2026-10-31T12:00:00Z'));
assert.notEqual(at('2026-10-30T12:00:00Z'), at('2026-10-31T12:00:00Z'));
JS
TZ=UTC node read.mjs
echo "as described: one line, many times"
