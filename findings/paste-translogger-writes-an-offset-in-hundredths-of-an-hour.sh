#!/usr/bin/env bash
# The access log of Paste and of Pyramid's documentation is TransLogger's, in the combined format, whose time ends with an offset
# as `+0530` in India. Paste 3.10.1 writes its minutes as hundredths of an hour, and in zones that know summer time writes
# summer's offset all year:
#   Asia/Kolkata      +0550     for +0530
#   Asia/Kathmandu    +0575     for +0545, which strptime's %z and most readers refuse
#   Europe/Berlin     +0200     in winter, for +0100: each line is read an hour too early
#   America/New_York  -0400     in winter, for -0500: an hour too early too
# Run with TZ=UTC, which is written right. LogIngestor reads the hundredths; winter's hour it can't know.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check Paste==3.10.1
"$work/v/bin/python" - <<'PY'
import io
import logging
import os
import time

from paste.translogger import TransLogger


def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


class Winter:
    """The clock on 2 January 2026, 03:04:05 UTC, in the place of Paste's module of the time."""

    def __getattr__(self, name):
        return getattr(time, name)

    def localtime(self, seconds=1_767_323_045):
        return time.localtime(seconds)


TransLogger.write_log.__globals__["time"] = Winter()
request = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/a", "REMOTE_ADDR": "192.0.2.1", "SERVER_PROTOCOL": "HTTP/1.1"}
ends = {}
for zone in ("UTC", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "America/New_York"):
    os.environ["TZ"] = zone
    time.tzset()
    written = io.StringIO()
    logger = logging.getLogger(zone)
    logger.addHandler(logging.StreamHandler(written))
    logger.setLevel("INFO")
    logger.propagate = False
    TransLogger(application, logger, setup_console_handler=False)(dict(request), lambda *_: None)
    line = written.getvalue().strip()
    print(f"{zone:17} {line}   really {time.strftime('%z', time.localtime(1_767_323_045))}")
    ends[zone] = line.partition("]")[0][-5:]
assert ends == {
    "UTC": "+0000", "Asia/Kolkata": "+0550", "Asia/Kathmandu": "+0575", "Europe/Berlin": "+0200", "America/New_York": "-0400",
}, ends
PY
echo "as described: hundredths of an hour, and summer's offset in winter"
