#!/usr/bin/env bash
# rfc5424-logging-handler 1.4.3 for Python: the same log has another text over TCP than over UDP. Where a line feed ends each message, which is its
# default over TCP, every line feed within is sent as the two characters \ and n:
#   over UDP    Traceback (most recent call last):<LF>  File ...
#   over TCP    Traceback (most recent call last):\n  File ...
# The backslash itself is not escaped, so that C:\new and a line feed before "ew" arrive as the same bytes: no receiver can tell them apart.
# LogIngestor keeps the text as it came; with framing=FRAMING_OCTET_COUNTING it comes whole.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install -q --no-cache-dir --disable-pip-version-check rfc5424-logging-handler==1.4.3
cat > sends.py <<'PY'
import logging
import socket

from rfc5424logging import FRAMING_NON_TRANSPARENT, FRAMING_OCTET_COUNTING, Rfc5424SysLogHandler

log = logging.getLogger("shop")
log.setLevel(logging.INFO)


def text(kind, **more):
    """Return the text that a receiver gets for a log of two lines, and for one with a backslash."""
    listener = socket.socket(socket.AF_INET, kind)
    listener.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        listener.listen()
    handler = Rfc5424SysLogHandler(address=listener.getsockname(), socktype=kind, **more)
    log.addHandler(handler)
    connection = listener.accept()[0] if kind == socket.SOCK_STREAM else listener
    connection.settimeout(10)
    found = []
    for message in ("one\ntwo", "C:\\new"):
        log.info(message)
        found.append(connection.recv(65_536).rpartition(b"\xef\xbb\xbf")[2].removesuffix(b"\n" if kind == socket.SOCK_STREAM else b""))
    log.removeHandler(handler)
    handler.close()
    return found


udp = text(socket.SOCK_DGRAM)
lines = text(socket.SOCK_STREAM, framing=FRAMING_NON_TRANSPARENT)
default = text(socket.SOCK_STREAM)
counted = text(socket.SOCK_STREAM, framing=FRAMING_OCTET_COUNTING)
print("UDP         ", udp)
print("TCP         ", default)
print("TCP, counted", counted)
assert udp == counted == [b"one\ntwo", b"C:\\new"]
assert default == lines == [b"one\\ntwo", b"C:\\new"]
print("as described: a line feed is a backslash and an n, and a backslash is none")
PY
v/bin/python sends.py
