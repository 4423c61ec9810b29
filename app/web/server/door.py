"""The door before Flask: it hands sockets and streams of events to who serves them on the event loop, all else to the bridge.

Flask decides whether a client may come in, by the same rules as for every other request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from flask import Flask, Response

from app.errors import TooMany
from app.web.accounts.identity import Identity
from app.web.security import access, open_counts, staying
from app.web.security.open_counts import OpenCounts
from app.web.server import live, noticing, uploading
from app.web.server.environ import WHO, Receive, Scope, Send, environ
from app.web.server.live import Live
from app.web.server.noticing import Noticing
from app.web.server.uploading import Uploading

#: Paths of the sockets.
SOCKETS = (live.PATH, noticing.PATH)
#: Name in the scope of what is called when a follower has ended.
END = "logingestor.end"
#: WebSocket close code (RFC 6455, section 7.4.1): policy violation.
REFUSED = 1008


class FrontDoor:
    """An ASGI application that serves what follows, and hands everything else to *inner*."""

    def __init__(self, app: Flask, inner: Callable[[Scope, Receive, Send], Any]) -> None:
        self._app = app
        self._inner = inner
        self._stopping = asyncio.Event()
        self._uploading = Uploading(app)
        self._live = Live(app, self._stopping)
        noticed = Noticing(app.extensions["logingestor"].board, self._stopping)
        self._open = OpenCounts("sockets and streams", open_counts.FOLLOWED)
        self._sockets = dict(zip(SOCKETS, (self._live.socket, noticed.serve), strict=True))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if path in self._sockets and scope["type"] == "websocket":
            await self._socket(scope, receive, send, path)
        elif path == live.PATH and scope["type"] == "http" and scope["method"] == "GET":
            await self._events(scope, receive, send)
        elif path == uploading.PATH and scope["type"] == "http" and scope["method"] == "POST":
            await self._uploading.serve(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    def stop(self) -> None:
        """Say goodbye to all who follow; to be called on the loop."""
        self._stopping.set()

    def close(self) -> None:
        """Be done with the record, before it is closed."""
        self._live.close()

    async def _socket(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        await receive()
        refused = await self._refused(scope)
        if refused is None:
            if not await self._while_allowed(scope, self._sockets[path](scope, receive, send)):
                await send({"type": "websocket.close", "code": REFUSED})
            return
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": refused.get_data(as_text=True)})
        await send({"type": "websocket.close", "code": REFUSED})

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = await self._refused(scope)
        if refused is None:
            if not await self._while_allowed(scope, self._live.events(scope, receive, send)):
                await send({"type": "http.response.body", "body": b""})
            return
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in refused.headers]
        await send({"type": "http.response.start", "status": refused.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": refused.get_data()})

    async def _while_allowed(self, scope: Scope, serving: Coroutine[Any, Any, None]) -> bool:
        """Serve for as long as who follows may; return False when that was ended because it is allowed no more."""
        task = asyncio.ensure_future(serving)
        try:
            while not (await asyncio.wait((task,), timeout=staying.AGAIN_SECONDS))[0]:
                asked = asyncio.get_running_loop().run_in_executor(None, staying.may_stay, self._app, scope[WHO])
                if not await asked:
                    return False
            await task
            return True
        finally:
            scope[END]()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _refused(self, scope: Scope) -> Response | None:
        """Return Flask's answer to who may not follow; None for all others, whom the scope then names."""
        answered, who = await asyncio.get_running_loop().run_in_executor(None, self._ask, scope)
        if answered.status_code != 204 or who is None:
            return answered
        scope[WHO] = who
        return None

    def _ask(self, scope: Scope) -> tuple[Response, Identity | None]:
        # Flask would look for a route of its own kind for sockets, so it is shown a plain GET; `Upgrade` still marks it as a socket.
        asked = environ({**scope, "method": "GET", "scheme": scope["scheme"].replace("ws", "http")}, b"")
        asked.pop("HTTP_CONNECTION", None)
        with self._app.request_context(asked):
            answered, who = self._app.full_dispatch_request(), access.who()
            if answered.status_code == 204 and who is not None:
                try:
                    scope[END] = self._open.begin(who)
                except TooMany as error:
                    answered = self._app.make_response(self._app.handle_user_exception(error))
            return answered, who
