#!/usr/bin/env bash
# In CEF a value writes = as \= and a backslash as \\, a header field writes | as \|. A reader of CEF is
# expected to take these away again. pycef 1.11 leaves them in the values, so that what is found differs from
# what the device wrote, and a header with an escaped bar, which the format allows, is an IndexError:
#   request=http://x/?q\=1 fname=C:\\temp   ->   'http://x/?q\\=1', 'C:\\\\temp'  (as Python prints them)
# Queries for the real URL or path find nothing; a product with a bar in its name loses all its events at whoever
# skips lines that raise. Take the escapes away after pycef, and count what it refuses.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check pycef==1.11
"$work/v/bin/python" - <<'PY'
import pycef

event = pycef.parse(r"CEF:0|acme|fw|1.0|100|login failed|5|request=http://x/?q\=1 fname=C:\\temp act=blocked")
print("request:", event["request"])
print("fname:  ", event["fname"])
assert event["request"] == r"http://x/?q\=1" and event["fname"] == r"C:\\temp", event
try:
    pycef.parse(r"CEF:0|acme|fw \| proxy|1.0|100|login|5|act=blocked")
except IndexError as error:
    print(r"product 'fw \| proxy': IndexError:", error)
else:
    raise SystemExit("the bar in a header is read now")
PY
echo "as described: escapes stay, an escaped bar is refused"
