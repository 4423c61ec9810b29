#!/usr/bin/env bash
# Logbook 1.10.1 for Python: its StreamHandler writes times of UTC without a word of it, where logging of the standard
# library writes local time in the same form. A program with both, in New York, writes a second of its life five hours apart:
#   [2026-12-01 14:39:01.961455] INFO: shop: by logbook
#   2026-12-01 09:39:01,961 INFO shop by logging
# With logbook.set_datetime_format("local") the first is local too, and neither has an offset.
# LogIngestor takes a time without an offset for UTC, which is right for Logbook; for the other lines say the source's zone.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install -q --no-cache-dir --disable-pip-version-check Logbook==1.10.1
cat > both.py <<'PY'
import logging
import sys
from datetime import UTC, datetime

import logbook

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
with logbook.StreamHandler(sys.stdout).applicationbound():
    logbook.Logger("shop").info("by logbook")
    logging.getLogger("shop").info("by logging")
    logbook.set_datetime_format("local")
    logbook.Logger("shop").info("by logbook, local")
print(datetime.now(UTC).strftime("%Y-%m-%d %H"))
PY
TZ=America/New_York v/bin/python both.py | tee lines
python3 - <<'PY'
from datetime import datetime, timedelta

logbook, logging, local, now = open("lines").read().splitlines()
hours = [datetime.strptime(line.lstrip("[")[:13], "%Y-%m-%d %H") for line in (logbook, logging, local, now)]
assert abs(hours[0] - hours[3]) <= timedelta(hours=1)
assert timedelta(hours=3) <= hours[0] - hours[1] <= timedelta(hours=6)
assert timedelta(hours=3) <= hours[3] - hours[2] <= timedelta(hours=6)
assert "+" not in logbook and "Z" not in logbook and "UTC" not in logbook
print("as described: UTC by default, and nothing says so")
PY
