#!/usr/bin/env bash
# structlog's ProcessorFormatter is there so that logs of libraries, which use Python's logging, come out in the
# same JSON. With the processors of its documentation's shortest form structlog 26.1.0 loses the two parts that
# matter most: what was passed in extra={...} is left out, and an exception becomes a list with an address:
#   log.info("paid", extra={"order": 7})   ->   {"event": "paid", "level": "info"}
#   log.exception("failed")                ->   {..., "exc_info": ["<class 'ZeroDivisionError'>", "...", "<traceback object at 0x7f...>"]}
# Exactly the errors of the libraries have no stack, and each has other bytes than the last. Put ExtraAdder() into
# foreign_pre_chain and format_exc_info in front of the renderer.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check structlog==26.1.0
"$work/v/bin/python" - <<'PY'
import io
import json
import logging

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level


def lines(before, middle):
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(ProcessorFormatter(
        foreign_pre_chain=[add_log_level, *before],
        processors=[ProcessorFormatter.remove_processors_meta, *middle, structlog.processors.JSONRenderer()]))
    logger = logging.Logger("library")
    logger.addHandler(handler)
    logger.info("paid", extra={"order": 7})
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("failed")
    print(out.getvalue())
    return [json.loads(line) for line in out.getvalue().splitlines()]


paid, failed = lines([], [])
assert "order" not in paid, paid
assert failed["exc_info"][2].startswith("<traceback object at 0x"), failed
paid, failed = lines([ExtraAdder()], [structlog.processors.format_exc_info])
assert paid["order"] == 7 and "line" in failed["exception"], failed
PY
echo "as described: neither the field nor the stack"
