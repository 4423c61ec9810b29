#!/usr/bin/env bash
# RFC 5424 lets a parameter stand more than once in one element of structured data (its section 7.2 has an
# example: ip="..." for each address of a machine) and escapes " \ ] by a backslash. One would guess that a parser which has
# nothing but this format to read gives a list and takes the escapes away. syslog-rfc5424-parser 0.3.2 keeps
# the last value only and leaves the backslashes:
#   [origin ip="192.0.2.1" ip="192.0.2.129"]   ->  {'origin': {'ip': '192.0.2.129'}}
#   [x@32473 k="a\"b"]                         ->  {'x@32473': {'k': 'a\\"b'}}
# The first address of each sender can't be found, and a quoted text not by what it says.
# A server must not put structured data into a plain map. LogIngestor keeps a list of both, without backslashes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check syslog-rfc5424-parser==0.3.2
"$work/v/bin/python" - <<'PY'
from syslog_rfc5424_parser import SyslogMessage

head = "<165>1 2026-11-29T10:00:00Z host app 1 - "
repeated = SyslogMessage.parse(head + '[origin ip="192.0.2.1" ip="192.0.2.129"] m').as_dict()["sd"]
escaped = SyslogMessage.parse(head + r'[x@32473 k="a\"b"] m').as_dict()["sd"]
print(repeated, escaped)
assert repeated == {"origin": {"ip": "192.0.2.129"}}, repeated
assert escaped == {"x@32473": {"k": r"a\"b"}}, escaped
PY
echo "as described: one of two addresses, and the backslash stays"
