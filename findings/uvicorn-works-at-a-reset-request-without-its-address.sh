#!/usr/bin/env bash
# A client that gives up resets its connection (SO_LINGER 0, or closing with unread data). If that happens before
# a busy server has taken the connection, one expects it to be dropped: nobody is there. uvicorn 0.54.0 reads the
# request that the kernel still holds and hands it to the application, whole and with its body, and only the
# address is gone, as getpeername() fails by then: scope["client"] is None.
#   asked: /order ('127.0.0.1', 40404) b'order=1'
#   asked: /order None b'order=1'           (the one that was reset)
# What is known by the client's address (limits for each client, repeats of one request) takes it for somebody
# else, and an order that is sent again is there twice. LogIngestor passes over requests without an address.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check uvicorn==0.54.0 httptools==0.9.0
"$work/v/bin/python" - <<'PY'
import http.client
import socket
import struct
import threading
import time

import uvicorn

asked = []
busy = threading.Event()


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/busy":
        busy.set()
        time.sleep(1)  # the loop is held up, as by any long step of Python
    body = (await receive())["body"]
    asked.append((scope["path"], scope["client"], body))
    print("asked:", scope["path"], scope["client"], body)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
server = uvicorn.Server(uvicorn.Config(app, http="httptools", loop="asyncio", lifespan="off", log_config=None))
thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
thread.start()


def ask(path, body=b""):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", path, body)
    connection.getresponse().read()
    connection.close()


ask("/order", b"order=1")
holding = threading.Thread(target=ask, args=("/busy",))
holding.start()
busy.wait()
with socket.create_connection(("127.0.0.1", port)) as client:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sendall(b"POST /order HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\norder=1")
holding.join()
ask("/last")
server.should_exit = True
thread.join()
orders = [(client, body) for path, client, body in asked if path == "/order"]
assert len(orders) == 2 and orders[0][0] is not None, orders
assert orders[1] == (None, b"order=1"), orders
PY
echo "as described: the request is worked at, and has no address"
