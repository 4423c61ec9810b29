#!/usr/bin/env bash
# ISO 8601 writes the end of a day as 24:00:00, which is the instant at which the next day begins. aniso8601 10.0.1 for Python, which
# Flask-RESTful and others read dates with, takes it for 00:00:00 of the same day, 24 hours too early, without an exception:
#   parse_datetime("2026-01-02T24:00:00Z")                          2026-01-02 00:00:00+00:00
#   parse_interval("2026-01-02T00:00:00Z/2026-01-02T24:00:00Z")     from and to are one instant: a day of logs is none
# A leap second, by contrast, is refused aloud. Write T00:00:00 of the next day. LogIngestor reads 24:00:00 as the end of the day.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check aniso8601==10.0.1
"$work/v/bin/python" - <<'PY'
import aniso8601

end = aniso8601.parse_datetime("2026-01-02T24:00:00Z")
print("2026-01-02T24:00:00Z ->", end)
assert end.isoformat() == "2026-01-02T00:00:00+00:00", end
first, last = aniso8601.parse_interval("2026-01-02T00:00:00Z/2026-01-02T24:00:00Z")
print("the day as an interval:", last - first)
assert first == last, (first, last)
PY
echo "as described: a day too early"
