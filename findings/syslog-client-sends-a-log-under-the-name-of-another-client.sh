#!/usr/bin/env bash
# Options that are passed to a call are read, one would guess, and left as they are. npm's syslog-client 1.1.1 writes what
# is missing in them into the caller's own object: facility, severity, form, and the client's name and host. Who keeps
# one object for several calls, as { severity: Warning }, has later logs of another client sent under the first one's
# name, host and facility, and in its form:
#   const warning = { severity: syslog.Severity.Warning };
#   shop.log('disk almost full', warning);      <132>1 ... shop-1 shop ...
#   billing.log('card refused', warning);       <132>1 ... shop-1 shop ...   though billing-1's, of local7
# Give a new object to each call: { ...warning }. LogIngestor can only believe the name that was sent.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" syslog-client@1.1.1 >/dev/null
cat > app.js <<'JS'
const assert = require('node:assert');
const dgram = require('node:dgram');
const syslog = require('syslog-client');

const server = dgram.createSocket('udp4');
const lines = [];
server.bind(0, '127.0.0.1', () => {
  const made = (name, facility) => syslog.createClient('127.0.0.1', {
    port: server.address().port, rfc3164: false, syslogHostname: `${name}-1`, appName: name, facility,
  });
  const shop = made('shop', syslog.Facility.Local0);
  const billing = made('billing', syslog.Facility.Local7);
  const warning = {severity: syslog.Severity.Warning};
  shop.log('disk almost full', warning, () => {
    billing.log('card refused', warning, () => billing.log('card refused again', {severity: syslog.Severity.Warning}));
  });
  server.on('message', (data) => {
    lines.push(data.toString().trim());
    if (lines.length < 3) return;
    console.log(lines.join('\n'));
    assert.match(lines[0], /^<132>1 \S+ shop-1 shop .*disk almost full$/);
    assert.match(lines[1], /^<132>1 \S+ shop-1 shop .*card refused$/);
    assert.match(lines[2], /^<188>1 \S+ billing-1 billing .*card refused again$/);
    assert.equal(warning.appName, 'shop');
    process.exit(0);
  });
});
JS
node --no-deprecation app.js
echo "as described: billing's log is the shop's"
