#!/usr/bin/env bash
# @opentelemetry/instrumentation-bunyan puts trace_id and span_id into bunyan's records. Version 0.68.0, the newest
# when this was written, patches bunyan 1.x alone. The newest bunyan then was 2.0.5: with it the instrumentation
# loads, registers, and does nothing: no ids, no warning, not even in its diagnostic log at level warn.
#   bunyan 1.8.15: trace_id, span_id     bunyan 2.0.5: neither
# After an ordinary upgrade of bunyan logs and traces no longer meet. Check for a trace id in a test of your own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > log.cjs <<'JS'
const {diag, DiagConsoleLogger, DiagLogLevel, trace, context, ROOT_CONTEXT} = require('@opentelemetry/api');
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
const {AsyncLocalStorageContextManager} = require('@opentelemetry/context-async-hooks');
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const {BunyanInstrumentation} = require('@opentelemetry/instrumentation-bunyan');
const instrumentation = new BunyanInstrumentation();
instrumentation.enable();
const bunyan = require('bunyan');
const span = trace.wrapSpanContext({traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1});
context.with(trace.setSpan(ROOT_CONTEXT, span), () => bunyan.createLogger({name: 'app'}).info('order paid'));
JS
for version in 1.8.15 2.0.5; do
  npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" "bunyan@$version" \
    @opentelemetry/instrumentation-bunyan@0.68.0 @opentelemetry/api@1.9.0 @opentelemetry/context-async-hooks@2.0.0 >/dev/null
  node log.cjs > "$version" 2>&1
  cat "$version"
done
grep -q '"trace_id":"0af7651916cd43dd8448eb211c80319c"' 1.8.15
if grep -q trace_id 2.0.5; then exit 1; fi
test "$(wc -l < 2.0.5)" = 1
echo "as described: no id with 2.0.5, and not a word"
