#!/usr/bin/env bash
# RFC 5424 lets a text in UTF-8 begin with the byte order mark, which it calls BOM, and writes a hyphen for an application without a name.
# syslog-pro 1.0.0 for Node writes, unless utf8BOM is switched off, the three letters, and nothing in the application's place, so
# that two blanks follow one another and strict readers refuse each message; its RFC 3164 has no tag then, and two blanks too.
# The kernel's facility, 0, it takes for none and sends as local7:
#   new RFC5424().buildMessage('failed', {severity: 3, facility: 0})
#     <187>1 2026-12-01T03:37:47+00:00 web-1  - - - BOMfailed
# Set utf8BOM: false and applacationName, as its option is called. LogIngestor reads messages without an application; the letters stay.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" syslog-pro@1.0.0 >/dev/null
node - <<'JS'
const assert = require('node:assert');
const pro = require('syslog-pro');
(async () => {
  const plain = await new pro.RFC5424({hostname: 'web-1'}).buildMessage('failed', {severity: 3, facility: 0});
  const set = await new pro.RFC5424({hostname: 'web-1', applacationName: 'shop', utf8BOM: false}).buildMessage('failed', {severity: 3, facility: 1});
  const old = await new pro.RFC3164({hostname: 'web-1'}).buildMessage('failed', {severity: 3});
  for (const one of [plain, set, old]) console.log(JSON.stringify(one));
  assert.match(plain, /^<187>1 \S+ web-1  - - - BOMfailed\n$/);
  assert.match(set, /^<11>1 \S+ web-1 shop - - - failed\n$/);
  assert.match(old, /^<187>\w{3} [ \d]\d [\d:]{8} web-1  failed\n$/);
})();
JS
echo "as described: letters for a mark, nothing for a name, local7 for the kernel"
