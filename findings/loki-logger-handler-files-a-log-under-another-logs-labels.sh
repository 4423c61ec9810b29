#!/usr/bin/env bash
# loki-logger-handler 1.1.2 sends a stream for each set of labels. It keeps the sets apart by their values alone,
# in sorted order, without the names. Two logs with the same values under other names fall together:
#   source=api target=db    and    source=db target=api    ->    one stream, labels source=api target=db
# Half the logs of a pair of services that talk to each other are found under the wrong direction; a query by
# label, which is how Loki finds anything, misses them and gives the wrong ones. With labels like from/to,
# old/new or primary/replica use names in the values ("db-as-target") or put them into the line.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check loki-logger-handler==1.1.2 requests==2.34.2
"$work/v/bin/python" - <<'PY'
import http.server
import json
import logging
import threading

from loki_logger_handler.loki_logger_handler import LokiLoggerHandler

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
handler = LokiLoggerHandler(f"http://127.0.0.1:{server.server_port}/loki/api/v1/push", labels={"app": "shop"},
                            label_keys={"source": 0, "target": 0}, compressed=False, timeout=2)
logger = logging.Logger("shop")
logger.addHandler(handler)
logger.info("request", extra={"source": "api", "target": "db"})
logger.info("answer", extra={"source": "db", "target": "api"})
assert arrived.wait(20)
(stream,) = bodies[0]["streams"]
lines = [json.loads(value[1]) for value in stream["values"]]
print(stream["stream"], [(line["message"], line["source"], line["target"]) for line in lines])
assert stream["stream"]["source"] == "api" and [line["source"] for line in lines] == ["api", "db"]
PY
echo "as described: the answer stands under the request's labels"
