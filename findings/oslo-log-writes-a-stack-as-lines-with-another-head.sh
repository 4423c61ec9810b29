#!/usr/bin/env bash
# oslo.log is the logger of OpenStack's services. In 8.3.2 each line of a stack has a head of its own, with time, process,
# level and logger, but without the brackets with the request and its user that the log itself has between logger and text:
#   2026-11-30 12:39:26.737 16695 ERROR pay.api [-] payment failed: ValueError: boom
#   2026-11-30 12:39:26.737 16695 ERROR pay.api Traceback (most recent call last):
#   2026-11-30 12:39:26.737 16695 ERROR pay.api ValueError: boom
# So one error is as many errors as its stack has lines for who joins indented lines only, or lines with the same head,
# and none of them but the first has the id of its request.
# LogIngestor joins the lines whose head is the first one's beginning: one log, with its exception and its request.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check oslo.log==8.3.2
"$work/v/bin/python" - > "$work/log" 2>&1 <<'PY'
from oslo_config import cfg
from oslo_log import log

conf = cfg.ConfigOpts()
log.register_options(conf)
conf([], project="pay")
log.setup(conf, "pay")
logger = log.getLogger("pay.api")
try:
    raise ValueError("boom")
except ValueError:
    logger.exception("payment failed")
PY
cat "$work/log"
test "$(grep -c ' ERROR pay\.api \[-\] payment failed' "$work/log")" = 1
test "$(grep -c ' ERROR pay\.api Traceback (most recent call last):' "$work/log")" = 1
test "$(grep -c ' ERROR pay\.api ValueError: boom' "$work/log")" = 1
test "$(grep -c '\[-\]' "$work/log")" = 1
