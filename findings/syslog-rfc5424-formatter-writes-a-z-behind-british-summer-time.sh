#!/usr/bin/env bash
# RFC 5424 has times with an offset, and a formatter named after it is expected to write the right one. syslog-rfc5424-formatter
# 1.2.3 writes the local clock, then the offset, but a Z where time.timezone is 0, which in Python is the zone's offset in winter:
#   12:00 UTC on the 1st of July, TZ=Europe/Berlin     2026-07-01T14:00:00 and Berlin's offset of today
#   the same, TZ=Europe/London, Europe/Lisbon          2026-07-01T13:00:00Z
# From March to October each log of such a machine is an hour in the future, and says that it is UTC. In winter, when one
# tries it, it is right, and in other zones too.
# Set TZ=UTC for the program. LogIngestor shows such senders by `skew` in its answers and keeps the time of arrival beside.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check syslog-rfc5424-formatter==1.2.3 tzdata==2026.3
PYTHONTZPATH= "$work/v/bin/python" - <<'PY'
import datetime
import logging
import os
import time
import zoneinfo

from syslog_rfc5424_formatter import RFC5424Formatter

record = logging.LogRecord("app", logging.ERROR, "a.py", 1, "order failed", (), None)
record.created = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.timezone.utc).timestamp()
written = {}
for zone, rules in (("UTC", "UTC0"), ("Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"), ("Europe/Lisbon", "WET0WEST,M3.5.0/1,M10.5.0")):
    os.environ["TZ"] = rules  # the zone's rules in POSIX's form, so that no file of zones is needed
    time.tzset()
    written[zone] = RFC5424Formatter().format(record).split(" ")[1]
    right = datetime.datetime.fromtimestamp(record.created, zoneinfo.ZoneInfo(zone)).isoformat()
    print(f"{zone}: {written[zone]}, right is {right}")
assert written == {"UTC": "2026-07-01T12:00:00Z", "Europe/London": "2026-07-01T13:00:00Z", "Europe/Lisbon": "2026-07-01T13:00:00Z"}
PY
echo "as described: an hour in the future"
