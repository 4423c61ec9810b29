#!/usr/bin/env bash
# A queue of logs is first in, first out; one would guess so of python-logstash-async, which has a thread that
# sends what a queue holds. Version 4.1.0 sorts each batch by (time, text), and its times have three digits, so
# that logs of one millisecond go out in the order of their JSON:
#   logged: step e, step d, step c, step b, step a     sent: step a, step b, step c, step d, step e
# A fast program writes dozens of logs in a millisecond: "connecting", "failed", "giving up" arrive in the order
# of the alphabet. Nothing in the event restores it. Give each record a running number (a filter that sets one)
# where the order matters.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check python-logstash-async==4.1.0
"$work/v/bin/python" - <<'PY'
import json
import logging
import socket
import threading

from logstash_async.handler import AsynchronousLogstashHandler

received = []


def serve(server):
    while True:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as lines:
            received.extend(json.loads(line) for line in lines)


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(server,), daemon=True).start()
handler = AsynchronousLogstashHandler("127.0.0.1", server.getsockname()[1], database_path=None)
for letter in "edcba":
    record = logging.LogRecord("app", logging.INFO, "a.py", 1, f"step {letter}", (), None)
    record.created = 1795967664.5
    handler.emit(record)
handler.close()
deadline = threading.Event()
for _ in range(100):
    if len(received) == 5:
        break
    deadline.wait(0.1)
order = [event["message"][-1] for event in received]
print("logged: e d c b a   sent:", *order)
assert order == list("abcde"), order
PY
echo "as described: the alphabet decides"
