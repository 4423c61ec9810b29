#!/usr/bin/env bash
# pino's JSON has an error with its type, message and stack, and a text of several lines as one. pino-logfmt 1.1.4, a transport that
# makes logfmt of it, has options for both, which are off: as it stands it writes
#   error({order: 5, err: new Error('card refused')}, 'order failed')   … order=5 err="[object Object]" msg="order failed"
#   error({order: 6}, 'first\nsecond')                                  … msg=first   and a line of its own, `second`
#   info({'user name': 'ann'}, 'paid')                                  … user name=ann, which are two fields
# So the error's message and stack are nowhere, and an entry is as many lines as its text. Set flattenNestedObjects, escapeMultilineStrings
# and convertToSnakeCase, or send pino's JSON. LogIngestor reads the first line by itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" pino@10.4.0 pino-logfmt@1.1.4 >/dev/null
cat > app.js <<'JS'
const pino = require('pino');
const transport = pino.transport({target: 'pino-logfmt'});
const log = pino({base: null}, transport);
log.error({order: 5, err: new Error('card refused')}, 'order failed');
log.error({order: 6}, 'first\nsecond');
log.info({'user name': 'ann'}, 'paid');
transport.end();
JS
timeout 60 node app.js > lines
cat lines
grep -q 'order=5 err="\[object Object\]" msg="order failed"$' lines
grep -q 'msg=first$' lines
grep -q '^second$' lines
grep -q 'user name=ann msg=paid$' lines
test "$(grep -c 'card refused' lines)" = 0
echo "as described: [object Object], a line for each line, a blank in a name"
