#!/usr/bin/env bash
# Fluentd's forward protocol has carried nanoseconds for ten years (EventTime), and Python's records have six
# digits. FluentHandler of fluent-logger 0.11.1 sends the whole second alone, unless it is made with
# nanosecond_precision=True, and cuts rather than rounds:
#   record.created 1795967664.987654   ->   1795967664 on the wire
# All logs of a second have one time behind it; whoever sorts by it gets them in any order, and latencies
# between two services come out as 0 or 1 s. Set nanosecond_precision=True (Fluentd 0.14 and newer read it).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check fluent-logger==0.11.1 msgpack==1.2.4
"$work/v/bin/python" - <<'PY'
import logging
import socket

import msgpack
from fluent.handler import FluentHandler

with socket.create_server(("127.0.0.1", 0)) as server:
    sent = {}
    for precise in (False, True):
        handler = FluentHandler("app", port=server.getsockname()[1], nanosecond_precision=precise)
        record = logging.LogRecord("app", logging.INFO, "a.py", 1, "hello", (), None)
        record.created = 1795967664.987654
        handler.emit(record)
        connection, _ = server.accept()
        sent[precise] = msgpack.unpackb(connection.recv(65536))[1]
        print(f"nanosecond_precision={precise}: time on the wire {sent[precise]!r}")
        handler.close()
assert sent[False] == 1795967664, sent
assert isinstance(sent[True], msgpack.ExtType), sent
PY
echo "as described: by default the fraction is gone"
