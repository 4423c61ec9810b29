#!/usr/bin/env bash
# 429 asks a sender to come again later. logtail-python 0.5.3, the handler of Better Stack, repeats a batch after 1, 10 and 60 s
# where the answer is 5xx or there is none, and says so at the end. One would guess that it does so for 429. It takes each 4xx
# for a delivery: up to 1000 logs of a second are gone, and neither the log call, nor flush(), nor standard error says a word;
# `dropcount` stays 0:
#   500, then 200   sent twice
#   429, then 200   sent once, lost          403 (a wrong token)   the same, for all logs for ever
# Send by a handler that reads its answers. A server that asks for a pause should answer this one 503.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check logtail-python==0.5.3
"$work/v/bin/python" - > "$work/out" 2>&1 <<'PY'
import http.server
import logging
import threading

import msgpack
from logtail import LogtailHandler

answers, taken = [], []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        status = answers.pop(0)
        logs = msgpack.unpackb(self.rfile.read(int(self.headers["Content-Length"])))
        taken.extend((status, log["message"]) for log in logs if log["message"].startswith("order"))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
logger = logging.getLogger("shop")
logger.propagate = False
for status in (500, 429, 403):
    answers[:] = [status, 202]
    taken.clear()
    handler = LogtailHandler("token", host=f"http://127.0.0.1:{server.server_port}", flush_interval=0.2)
    logger.handlers = [handler]
    logger.error("order failed")
    handler.flush()
    print(status, "first:", taken, "dropped:", handler.dropcount)
    expected = [(500, "order failed"), (202, "order failed")] if status == 500 else [(status, "order failed")]
    assert taken == expected and handler.dropcount == 0, taken
PY
cat "$work/out"
test "$(wc -l < "$work/out")" = 3 # nothing else was written
echo "as described: lost without a word"
