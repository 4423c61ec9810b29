"""A server of tests/web/sides.py behind real connections, as a web process has them."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Sequence
from typing import Any

import uvicorn

from app.web.server.bridge import Bridge
from app.web.server.connections import Places, protocol
from app.web.server.waiting import WaitingLines
from tests.e2e.program import wait_for
from tests.web.sides import JSON, Side


class Wired:
    """A side that is asked over connections of its own: with the lane the quick way is there too."""

    def __init__(self, side: Side, body_limit: int = 1 << 20) -> None:
        self.side = side
        self.bridge = Bridge(side.app, body_limit=body_limit, lines=WaitingLines(side.app), lane=side.lane)
        #: How many requests came to the bridge.
        self.bridged = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        kind = protocol(Places(1_000), self.bridge.quick)
        config = uvicorn.Config(
            self._counted,
            http=kind,
            ws="websockets-sansio",
            log_config=None,
            interface="asgi3",
            timeout_graceful_shutdown=10,
        )
        self.server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        wait_for(lambda: self.server.started, 120, "the server")
        self._connections: list[socket.socket] = []

    async def _counted(self, scope: Any, receive: Any, send: Any) -> None:
        self.bridged += scope["type"] == "http"
        await self.bridge(scope, receive, send)

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(self._listener.getsockname()[:2], 120)

    def send(self, *requests: dict[str, Any]) -> list[Any]:
        """Send requests at once, over a connection each that is used again; return of each status, headers and body, without what differs between any two."""
        while len(self._connections) < len(requests):
            self._connections.append(self.connect())
        used = self._connections[: len(requests)]
        for connection, request in zip(used, requests, strict=True):
            connection.sendall(self.raw(**request))
        found = [answer(connection) for connection in used]
        for connection, (_, headers, _) in zip(used, found, strict=True):
            if ("connection", "close") in headers:
                connection.close()
                self._connections.remove(connection)
        return found

    def raw(
        self,
        *,
        body: bytes = b"",
        headers: Sequence[tuple[bytes, bytes]] = (JSON,),
        path: str = "/logs/ingest/",
        query: bytes = b"",
        method: str = "POST",
        token: int | None = None,
        scheme: str = "http",
    ) -> bytes:
        """Return the bytes of a request."""
        brought = [] if token is None else [(b"authorization", b"Bearer " + self.side.tokens[token].encode())]
        proxied = [(b"x-forwarded-proto", b"https")] if scheme == "https" else []
        lines = [b"%s %s%s HTTP/1.1" % (method.encode(), path.encode(), b"?" + query if query else b"")]
        lines += [
            b"%s: %s" % header for header in (*headers, *brought, *proxied, (b"content-length", b"%d" % len(body)))
        ]
        return b"\r\n".join([*lines, b"", body])

    def kept(self) -> Any:
        """See Side."""
        return self.side.kept()

    def close(self) -> None:
        """Stop the server, and close what was opened."""
        self.server.should_exit = True
        for connection in self._connections:
            connection.close()
        self._thread.join(120)
        self._listener.close()
        self.side.close()


def answer(connection: socket.socket) -> tuple[int, list[tuple[str, str]], bytes]:
    """Read an answer: its status, headers without the date, and body without the receipt."""
    read = http.client.HTTPResponse(connection)
    read.begin()
    said = read.read()
    if said.startswith(b'{"accepted"'):
        said = said.replace(str(json.loads(said)["receipt"]).encode(), b"")
    headers = [(name.lower(), value) for name, value in read.getheaders() if name.lower() != "date"]
    return read.status, headers, said
