#!/usr/bin/env bash
# An Error in a field of a log, log.error("failed", {err}), is how Node programs log what went wrong; pino and
# others write its name, message and stack. tslog 5.1.0, type "json", leaves the field out, name and all, while
# the fields beside it stay. An Error is kept only if it is an argument of its own:
#   error("failed", {err: new Error("boom"), order: 7})   ->   message, order, no err
#   error("failed", new Error("boom"))                    ->   error.message "boom"
# There is an error in the log and no reason, and nothing says that one was cut. Search your code for objects
# with Errors when moving to tslog.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" tslog@5.1.0 >/dev/null
cat > log.cjs <<'JS'
const {Logger} = require('tslog');
const logger = new Logger({type: 'json'});
logger.error('failed', {err: new Error('boom'), order: 7});
logger.error('failed', new Error('boom'));
JS
node log.cjs > lines 2>&1
cut -c1-160 lines
node - <<'JS'
const assert = require('node:assert');
const [field, argument] = require('node:fs').readFileSync('lines', 'utf8').trim().split('\n');
assert.ok(field.includes('"order":7') && !field.includes('boom') && !('err' in JSON.parse(field)));
assert.ok(argument.includes('boom'));
JS
echo "as described: the error is left out"
