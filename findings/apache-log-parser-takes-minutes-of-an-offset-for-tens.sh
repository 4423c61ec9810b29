#!/usr/bin/env bash
# apache-log-parser 1.7.0 for Python reads lines by the format of Apache's LogFormat, and one would guess that the instant and
# the status are what stands there. Of an offset with minutes it takes the tenth part of them, and where the format ends with
# the status, of which it knows `%s` and `%>s`, only the status' first digit is read; a `%O` at the end is empty:
#   [02/Jan/2026:03:04:05 -0330]   2026-01-02T06:07:05+00:00   27 minutes before the request's 06:34:05
#   [02/Jan/2026:03:04:05 +0530]   2026-01-01T22:01:05+00:00   27 minutes behind its 21:34:05
#   %h %t "%r" %>s     … "GET /a HTTP/1.1" 503                 status '5'
# No exception is raised. Take `time_received` and read it by %d/%b/%Y:%H:%M:%S %z, and have a field behind the status and the size.
# LogIngestor reads both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check apache-log-parser==1.7.0
"$work/v/bin/python" -W ignore - <<'PY'
import apache_log_parser

cases = [
    ('%h %t "%r" %>s %b', '192.0.2.1 [02/Jan/2026:03:04:05 +0100] "GET /a HTTP/1.1" 503 12', "2026-01-02T02:04:05+00:00", "503"),
    ('%h %t "%r" %>s %b', '192.0.2.1 [02/Jan/2026:03:04:05 -0330] "GET /a HTTP/1.1" 503 12', "2026-01-02T06:07:05+00:00", "503"),
    ('%h %t "%r" %>s %b', '192.0.2.1 [02/Jan/2026:03:04:05 +0530] "GET /a HTTP/1.1" 503 12', "2026-01-01T22:01:05+00:00", "503"),
    ('%h %t "%r" %>s', '192.0.2.1 [02/Jan/2026:03:04:05 +0100] "GET /a HTTP/1.1" 503', "2026-01-02T02:04:05+00:00", "5"),
]
for form, line, instant, status in cases:
    read = apache_log_parser.make_parser(form)(line)
    print(line, "->", read["time_received_utc_isoformat"], "status", repr(read["status"]))
    assert (read["time_received_utc_isoformat"], read["status"]) == (instant, status), read
read = apache_log_parser.make_parser('%h %t "%r" %>s %O')('192.0.2.1 [02/Jan/2026:03:04:05 +0100] "GET /a HTTP/1.1" 503 2326')
print("%O at the end:", repr(read["bytes_tx"]))
assert read["bytes_tx"] == "", read
PY
echo "as described: other instants, and a status of one digit"
