#!/usr/bin/env bash
# ISO 8601's basic form, `20260102T030405Z`, stands in names of rotated files, in AWS's signatures and in iCalendar. dateparser 1.5.0 for
# Python finds no date in it, and no error either: it takes the digits behind the T for a number of days before now, with the
# clock of now, and so returns a day of another century:
#   parse("20260102T030405Z")   1943-09-03 … on 1 December 2026: 30,405 days before
#   parse("20260102T101112Z")   1750-01-30 …: 101,112 days before
#   parse("2026-01-02T03:04:05Z") is right
# It is no such day even with STRICT_PARSING, and moves on each day. Use datetime.strptime("%Y%m%dT%H%M%S%z") or fromisoformat.
# LogIngestor reads the form.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check dateparser==1.5.0
TZ=UTC "$work/v/bin/python" -W ignore - <<'PY'
from datetime import datetime, timedelta

import dateparser

assert dateparser.parse("2026-01-02T03:04:05Z").replace(tzinfo=None) == datetime(2026, 1, 2, 3, 4, 5)
for text, days in (("20260102T030405Z", 30_405), ("20260102T101112Z", 101_112)):
    for options in ({}, {"STRICT_PARSING": True}):
        read = dateparser.parse(text, settings=options)
        print(text, options, "->", read)
        assert abs(datetime.now() - timedelta(days=days) - read.replace(tzinfo=None)) < timedelta(minutes=5), read
PY
echo "as described: so many days ago"
