#!/usr/bin/env bash
# A message of RFC 5424 has seven fields before its text, the last of them structured data, or a hyphen in its place.
# pysyslogclient 0.1.1 for Python writes six, so that the text stands where structured data must, and strict receivers refuse
# each message; it is the library's only form of RFC 5424. Its other form, RFC 3164, leaves out every letter beyond ASCII and
# ends a message at 1,024 bytes without a word, though nothing in UDP or TCP asks for it:
#   log("payment failed")   <14>1 2026-12-01T03:19:34.221179Z shop-1 shop - - payment failed
#   log("señal lost")      <14>Dec 01 03:19:34 shop-1 shop: seal lost
# Use the standard library's SysLogHandler or rfc5424-logging-handler. LogIngestor reads the messages without structured data.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check pysyslogclient==0.1.1 syslog-rfc5424-parser==0.3.2
"$work/v/bin/python" - <<'PY'
import socket

import pysyslogclient
from syslog_rfc5424_parser import ParseError, SyslogMessage

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 0))
    server.settimeout(5)
    port = server.getsockname()[1]
    new = pysyslogclient.SyslogClientRFC5424("127.0.0.1", port, proto="UDP")
    old = pysyslogclient.SyslogClientRFC3164("127.0.0.1", port, proto="UDP")
    new.log("payment failed", program="shop", hostname="shop-1")
    five = server.recv(65_536).decode()
    old.log("señal lost", program="shop", hostname="shop-1")
    three = server.recv(65_536).decode()
    old.log("x" * 3000, program="shop", hostname="shop-1")
    long = server.recv(65_536)
print(repr(five))
print(repr(three))
print("of 3,000 characters:", len(long), "bytes with their head")
assert five.rstrip("\n").endswith("Z shop-1 shop - - payment failed"), five
try:
    SyslogMessage.parse(five.rstrip("\n"))
except ParseError as error:
    print("a strict parser:", type(error).__name__)
else:
    raise SystemExit("a strict parser takes it")
assert SyslogMessage.parse(five.rstrip("\n").replace("shop - - ", "shop - - - ")).msg == "payment failed"
assert three.rstrip("\n").endswith(" shop: seal lost"), three
assert len(long) == 1024, len(long)
PY
echo "as described: no structured data, no letter beyond ASCII, 1,024 bytes"
