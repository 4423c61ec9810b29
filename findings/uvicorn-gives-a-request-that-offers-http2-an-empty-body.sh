#!/usr/bin/env bash
# A client may offer HTTP/2 in a request of HTTP/1.1 (Upgrade: h2c); a server that knows none passes over the offer and
# reads the request, body and all (RFC 9110, section 7.8). java.net.http of every JDK offers it in each request without
# TLS unless told otherwise. uvicorn 0.54.0 with httptools 0.9.0 warns "Unsupported upgrade request" and gives the
# application the request with an empty body, though Content-Length says 12:
#   POST with 12 bytes: the application reads b'' of it; with h11 in the place of httptools it reads all 12
# An API answers 400 or stores nothing, to Java's clients alone. Run uvicorn with --http h11, or set
# HttpClient.Version.HTTP_1_1. LogIngestor reads the head again without the offer (app/web/server/protocol.py).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0
"$work/v/bin/python" - <<'PY'
import asyncio
import socket
import threading
import time

import uvicorn

read = []


async def app(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    read.append(body)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
for http in ("httptools", "h11"):
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=http, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    with socket.create_connection(listener.getsockname(), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n" + OFFER + b"\r\nhello, world")
        answer = connection.recv(100)
    print(f"{http}: {answer.splitlines()[0].decode()}, the application read {read[-1]}")
    server.should_exit = True
    thread.join()
    listener.close()
assert read == [b"", b"hello, world"], read
PY
echo "as described: the body is lost with httptools"
