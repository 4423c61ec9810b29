#!/usr/bin/env bash
# Python's levels are numbers, and many programs add their own: TRACE 5, SUCCESS 25. A sender with the eight
# severities of syslog has to put them between those it knows, as OpenTelemetry does. Two senders do otherwise:
#   graypy 2.1.0 (GELF)                 TRACE -> 5 (notice), SUCCESS -> 25 (none of the eight)
#   rfc5424-logging-handler 1.4.3       TRACE -> warning, SUCCESS -> warning
# graypy sends the number as it is, so that the least important level stands above info; the other gives every
# level it has no name for a warning. Turning on TRACE fills the page of warnings. Map levels in a filter of the
# handler (record.levelno) to the nearest standard one below.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check graypy==2.1.0 rfc5424-logging-handler==1.4.3
"$work/v/bin/python" - <<'PY'
import json
import logging
import socket
import zlib

from graypy import GELFUDPHandler
from rfc5424logging import Rfc5424SysLogHandler

logging.addLevelName(5, "TRACE")
logging.addLevelName(25, "SUCCESS")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 0))
    server.settimeout(5)
    address = server.getsockname()

    def sent(handler, level):
        handler.handle(logging.LogRecord("app", level, "a.py", 1, "m", (), None))
        return server.recv(9000)

    gelf, syslog = GELFUDPHandler(*address), Rfc5424SysLogHandler(address)
    by_gelf = {level: json.loads(zlib.decompress(sent(gelf, level)))["level"] for level in (5, 10, 20, 25, 30)}
    by_syslog = {level: int(sent(syslog, level)[1:].split(b">")[0]) % 8 for level in (5, 10, 20, 25, 30)}
print("severity by graypy:                 ", by_gelf)
print("severity by rfc5424-logging-handler:", by_syslog)
assert by_gelf == {5: 5, 10: 7, 20: 6, 25: 25, 30: 4}, by_gelf
assert by_syslog == {5: 4, 10: 7, 20: 6, 25: 4, 30: 4}, by_syslog
PY
echo "as described: TRACE is a notice and a warning"
