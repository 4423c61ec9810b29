#!/usr/bin/env bash
# Day.js has SSS for milliseconds. For times of six digits, as Python and Rust write them, SSSSSS looks right
# (date-fns reads it so). Day.js 1.11.23 takes it for SSS twice, and the second wins, unless parsing is strict:
#   2026-11-29T10:00:00.123456Z by YYYY-MM-DDTHH:mm:ss.SSSSSSZ  ->  2026-11-29T10:00:00.456Z
# The result is a valid time, up to a second off, and changes the order of lines written within one second.
# Without a format Day.js cuts and is right (.123); with strict parsing it refuses. Send times as the logger wrote them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" dayjs@1.11.23 date-fns@4.1.0 >/dev/null
TZ=UTC node - <<'JS'
const assert = require('node:assert');
const dayjs = require('dayjs');
dayjs.extend(require('dayjs/plugin/customParseFormat'));
const {parse} = require('date-fns');
const text = '2026-11-29T10:00:00.123456Z';
const read = {
  'dayjs, SSSSSS': dayjs(text, 'YYYY-MM-DDTHH:mm:ss.SSSSSSZ').toISOString(),
  'dayjs, no format': dayjs(text).toISOString(),
  'date-fns, SSSSSS': parse(text, "yyyy-MM-dd'T'HH:mm:ss.SSSSSSX", new Date(0)).toISOString(),
};
const strict = dayjs(text, 'YYYY-MM-DDTHH:mm:ss.SSSSSSZ', true).isValid();
console.log(read, 'strict:', strict);
assert.equal(strict, false);
assert.deepEqual(Object.values(read).map((time) => time.slice(20, 23)), ['456', '123', '123']);
JS
echo "as described: .123456 becomes .456"
