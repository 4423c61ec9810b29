#!/usr/bin/env bash
# One would guess that a parser that has no room for nanoseconds cuts the digits off, as Python's own
# datetime.fromisoformat does. msgspec 0.23.0 and arrow 1.4.0 round instead, so that the last half
# microsecond of a day belongs to the next day:
#   2026-11-29T23:59:59.999999999Z   stdlib, ciso8601: 2026-11-29 23:59:59.999999
#                                    msgspec, arrow:   2026-11-30 00:00:00
# A program that files logs by day (an index a day, partitions, "until midnight") puts one record in two
# places, depending on which of its parts read the time; a repeat that another part reads is no duplicate.
# LogIngestor keeps a time as text with all its digits and only ever cuts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check msgspec==0.23.0 arrow==1.4.0 ciso8601==2.4.1
"$work/v/bin/python" - <<'PY'
import datetime

import arrow
import ciso8601
import msgspec

text = "2026-11-29T23:59:59.999999999Z"
read = {
    "datetime.fromisoformat of microseconds": datetime.datetime.fromisoformat(text[:26] + "+00:00"),
    "ciso8601": ciso8601.parse_datetime(text),
    "msgspec": msgspec.json.decode(f'"{text}"', type=datetime.datetime),
    "arrow": arrow.get(text).datetime,
}
for name, time in read.items():
    print(f"{name:40} {time.isoformat()}")
days = [time.day for time in read.values()]
assert days == [29, 29, 30, 30], days
PY
echo "as described: one instant, two days"
