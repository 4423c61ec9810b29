#!/usr/bin/env bash
# Daphne 4.2.3, the server of Django Channels, has --access-log, whose lines look like Apache's common format, and readers of that format refuse
# each of them, or read another time:
#   127.0.0.1:40226 - - [01/Dec/2026:14:31:46] "GET /a?x=1" 500 1
# The client has its port, the time is local (here India's) without an offset, the request has no protocol. A WebSocket is three lines with
# WSCONNECTING, WSCONNECT and WSDISCONNECT as methods.
# Run it with TZ=UTC. LogIngestor reads each line: client, time, method, path and status, an error from 500 on.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install -q --no-cache-dir --disable-pip-version-check daphne==4.2.3
cat > asgi.py <<'PY'
async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": b"x"})
PY
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
TZ=Asia/Kolkata v/bin/daphne -b 127.0.0.1 -p "$port" --access-log access.log asgi:application >server.log 2>&1 & server=$!
PORT=$port python3 - <<'PY'
import os
import time
import urllib.error
import urllib.request

for _ in range(100):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{os.environ['PORT']}/a?x=1")
    except urllib.error.HTTPError:
        break
    except OSError:
        time.sleep(0.2)
PY
for _ in $(seq 50); do [ -s access.log ] && break; sleep 0.1; done
cat access.log
here=$(TZ=Asia/Kolkata date +%d/%b/%Y:%H)
grep -Eq "^127\.0\.0\.1:[0-9]+ - - \[$here:[0-9]{2}:[0-9]{2}\] \"GET /a\?x=1\" 500 1$" access.log
echo "as described: neither offset nor protocol"
