#!/usr/bin/env bash
# Python's logging promises that a handler's failure doesn't reach the code that logs: it goes to handleError.
# GelfHttpHandler of pygelf 0.4.3 looks the level up in a table of the five standard ones while it builds the
# message, outside of that protection. A level of one's own (SUCCESS 25, TRACE 5, NOTICE) raises into the
# application, and nothing is sent; the UDP handler of the same package is protected and only prints:
#   logger.log(25, "paid")   ->   KeyError: 25
# A library that logs at such a level breaks the program that has this handler on its root logger, at the first
# such log, perhaps months later. Add a filter that maps levels, or subclass the handler.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check pygelf==0.4.3
"$work/v/bin/python" - <<'PY'
import http.server
import logging
import socket
import threading

from pygelf import GelfHttpHandler, GelfUdpHandler


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
logging.raiseExceptions = False
over_udp, over_http = logging.Logger("udp"), logging.Logger("http")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
    sink.bind(("127.0.0.1", 0))
    over_udp.addHandler(GelfUdpHandler("127.0.0.1", sink.getsockname()[1]))
    over_udp.log(25, "paid")
    print("UDP: the application goes on")
over_http.addHandler(GelfHttpHandler("127.0.0.1", server.server_port, compress=False))
over_http.info("started")
try:
    over_http.log(25, "paid")
except KeyError as error:
    print("HTTP: KeyError", error, "in the application")
else:
    raise SystemExit("the level is taken now")
PY
echo "as described: the log call raises"
