#!/usr/bin/env bash
# logmatic-python 0.1.7's JsonFormatter, which wraps python-json-logger, writes each log's time with both signs of a zone: a Z, which
# says UTC, and the process's offset, in which the hours are:
#   TZ=Europe/Berlin   "timestamp": "2026-12-01T04:22:30Z+0100"   at 03:22:30 UTC
# No form of ISO 8601 or RFC 3339 is like this: datetime.fromisoformat, pandas and Go refuse it, and readers that end at the Z,
# as strptime with "%Y-%m-%dT%H:%M:%SZ" on the first 20 characters, are off by the offset. Fractions of a second are not written at all.
# Set a datefmt. LogIngestor reads the offset.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check logmatic-python==0.1.7 python-json-logger==4.2.0
TZ=Europe/Berlin "$work/v/bin/python" -W ignore - <<'PY'
import json
import logging
from datetime import datetime

import logmatic

record = logging.LogRecord("shop", logging.ERROR, "app.py", 1, "payment failed", (), None)
record.created = 1_767_323_045.678
line = logmatic.JsonFormatter().format(record)
print(line)
time = json.loads(line)["asctime"]
assert time == "2026-01-02T04:04:05Z+0100", time
try:
    datetime.fromisoformat(time)
except ValueError as error:
    print("fromisoformat:", error)
else:
    raise SystemExit("fromisoformat reads it")
PY
echo "as described: a Z and an offset"
