#!/usr/bin/env bash
# A log record has the time of its creation. LokiQueueHandler of python-logging-loki 0.3.1 puts records into a
# queue so that the application doesn't wait, and a thread sends them; one would guess with record.created.
# It sends time.time() as it is when the record is built for sending:
#   a record that was made an hour ago arrives as one of now (off by 3600 s, in seconds that a queue can wait)
# When Loki is slow, times drift by the length of the queue, just in the minutes that one wants to look at;
# order between programs and the distance between two logs are wrong, and nothing shows it.
# LogIngestor can't tell; log the creation time in the text as well (%(asctime)s) or use another handler.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check python-logging-loki==0.3.1
"$work/v/bin/python" - <<'PY'
import http.server
import json
import logging
import queue
import threading

import logging_loki

bodies, arrived = [], threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()
        arrived.set()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/loki/api/v1/push"
handler = logging_loki.LokiQueueHandler(queue.Queue(), url=url, version="1")
record = logging.LogRecord("app", logging.ERROR, "a.py", 1, "old", (), None)
record.created -= 3600
handler.emit(record)
assert arrived.wait(20)
sent = int(bodies[0]["streams"][0]["values"][0][0]) / 1e9
print(f"created {record.created:.1f}, sent as {sent:.1f}, off by {sent - record.created:.1f} s")
assert sent - record.created > 3599
PY
echo "as described: the time of sending"
