#!/usr/bin/env bash
# pendulum.parse(text, strict=False) is the usual call for times in a form that isn't ISO 8601. A zone that
# it can't use should be an error, or leave the time without a zone. pendulum 3.3.0 drops the name of the
# zone and calls the rest UTC, without a warning that says so in its answer:
#   Nov 29 10:00:00 CET 2026       ->  2026-11-29T10:00:00+00:00   (is 09:00 UTC)
#   2026-11-29 10:00:00.123 EST    ->  2026-11-29T10:00:00.123+00:00 (is 15:00 UTC)
# dateutil, which it asks, warns on stderr and answers a time without a zone; pendulum then adds UTC.
# PostgreSQL, PHP, dmesg and journalctl all write such names: their logs are hours off, and look exact.
# Map the abbreviations that your machines use to offsets before parsing. LogIngestor reads CET as +01:00.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check pendulum==3.3.0 python-dateutil==2.9.0.post0
"$work/v/bin/python" -W ignore - <<'PY'
import dateutil.parser
import pendulum

for text, hour in (("Nov 29 10:00:00 CET 2026", 9), ("2026-11-29 10:00:00.123 EST", 15)):
    time = pendulum.parse(text, strict=False)
    print(f"{text:30} pendulum {time.isoformat()}, right {hour:02}:00 UTC, dateutil's zone {dateutil.parser.parse(text).tzinfo}")
    assert time.utcoffset().total_seconds() == 0 and time.hour == 10, time
PY
echo "as described: the name of the zone is gone and the time is called UTC"
