#!/usr/bin/env bash
# Newline-delimited JSON has one value a line; the line is what makes a broken record cost one record. msgspec 0.23.0's
# Decoder.decode_lines, made for that form, treats a line feed as a blank: several values on a line are taken, and so
# is one value over several lines.
#   {"n":1}{"n":2}          two records of one line
#   {"n":\n3}               one record of two lines
# A count of lines, an error's line number, and an offset to go on from, which shippers keep, no longer agree with
# the number of records. A writer that loses a line feed is not noticed. Split by lines first where a line has to
# mean a record, or compare the counts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check msgspec==0.23.0
"$work/v/bin/python" - <<'PY'
import json

import msgspec

body = b'{"n":1}{"n":2}\n{"n":\n3}\n'
read = msgspec.json.Decoder().decode_lines(body)
print(body.count(b"\n"), "lines, decode_lines:", read)
assert read == [{"n": 1}, {"n": 2}, {"n": 3}], read
for line in body.splitlines():
    try:
        print("json, line by line:", json.loads(line))
    except json.JSONDecodeError as error:
        print("json, line by line:", line, error.msg)
PY
echo "as described: lines do not matter"
