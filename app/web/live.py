"""The live tail: /logs/tail as a WebSocket, and as server-sent events for whoever only reads; and the door to /notices.

It runs on the event loop, beside the bridge: a reader costs a few kilobytes and no thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response

from app.core.errors import InvalidInput, InvalidQuery, LogIngestorError, Problem
from app.core.filter import Filter
from app.core.meaning import predicate
from app.core.record import LogRecord
from app.core.request import read_query
from app.core.text import text
from app.pipeline import follow
from app.pipeline.export import json_bytes
from app.pipeline.follow import Follower, Reader, Write
from app.web import noticing, table
from app.web.bridge import Message, Receive, Scope, Send, environ
from app.web.noticing import Noticing
from app.web.page_form import NAMES, ROW, Form

PATH = "/logs/tail"
PARAMETERS = ("q", "after", "as", *(NAMES[name] for name in ROW))
#: Forms of a log: the whole, as in an answer, or a row of the page's table.
FORMS = ("json", "row")
#: Seconds after which a silent stream says that it lives: proxies cut what is silent.
ALIVE_SECONDS = 15.0
#: Logs in one message's worth of writing before the loop serves others.
AT_ONCE = 200
#: WebSocket close codes (RFC 6455, section 7.4.1): going away, policy violation, internal error.
GOING_AWAY, REFUSED, FAILED = 1001, 1008, 1011

_SSE_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Live:
    """An ASGI application that serves the tail, and hands everything else to *inner*."""

    def __init__(self, app: Flask, inner: Callable[[Scope, Receive, Send], Any]) -> None:
        self._app = app
        self._inner = inner
        self._follower = Follower(app.extensions["logingestor"].backends().store)
        self._stopping = asyncio.Event()
        self._noticing = Noticing(app.extensions["logingestor"].board, self._stopping)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if path in (PATH, noticing.PATH) and scope["type"] == "websocket":
            await self._socket(scope, receive, send, path)
        elif path == PATH and scope["type"] == "http" and scope["method"] == "GET":
            await self._events(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    def stop(self) -> None:
        """Say goodbye to all who follow; to be called on the loop."""
        self._stopping.set()

    def close(self) -> None:
        """Be done with the record, before it is closed."""
        self._follower.close()

    async def _socket(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        await receive()
        refused = await self._refused(scope)
        if refused is not None:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": refused.get_data(as_text=True)})
            await send({"type": "websocket.close", "code": REFUSED})
        elif path == PATH:
            await self._tail(scope, receive, send)
        else:
            await self._noticing.serve(scope, receive, send)

    async def _tail(self, scope: Scope, receive: Receive, send: Send) -> None:
        code = GOING_AWAY
        try:
            # Whoever is told that the socket is open follows already: a log sent then is seen.
            async with self._reader(scope) as (reader, came):
                await send({"type": "websocket.accept"})
                left = asyncio.ensure_future(_left(receive, "websocket.disconnect"))
                try:
                    async for message in self._messages(reader, came, left):
                        if message:
                            await send({"type": "websocket.send", "text": message})
                    if left.done():
                        return
                finally:
                    left.cancel()
        except LogIngestorError as error:
            code = REFUSED if isinstance(error, InvalidInput) else FAILED
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": json.dumps(_described(error))})
        await send({"type": "websocket.close", "code": code})

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = await self._refused(scope)
        if refused is not None:
            headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in refused.headers]
            await send({"type": "http.response.start", "status": refused.status_code, "headers": headers})
            await send({"type": "http.response.body", "body": refused.get_data()})
            return
        try:
            async with self._reader(scope) as (reader, came):
                await receive()
                await send({"type": "http.response.start", "status": 200, "headers": _SSE_HEADERS})
                await send(_piece(": following\n\n"))
                left = asyncio.ensure_future(_left(receive, "http.disconnect"))
                try:
                    async for message in self._messages(reader, came, left):
                        await send(_piece(_event(message)))
                finally:
                    left.cancel()
                await send({"type": "http.response.body", "body": b""})
        except LogIngestorError as error:
            status = 400 if isinstance(error, InvalidInput) else 503
            body = json.dumps(_described(error)).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _refused(self, scope: Scope) -> Response | None:
        """Return Flask's answer to who may not follow; None for all others."""
        answered = await asyncio.get_running_loop().run_in_executor(None, self._ask, scope)
        return None if answered.status_code == 204 else answered

    def _ask(self, scope: Scope) -> Response:
        # To Flask it is a plain GET: routes for sockets are a matter of their own there. `Upgrade` still tells.
        asked = environ({**scope, "method": "GET", "scheme": scope["scheme"].replace("ws", "http")}, b"")
        asked.pop("HTTP_CONNECTION", None)
        with self._app.request_context(asked):
            return self._app.full_dispatch_request()

    @contextlib.asynccontextmanager
    async def _reader(self, scope: Scope) -> AsyncIterator[tuple[Reader, asyncio.Event]]:
        """Let the connection follow as it asks; raises InvalidQuery and Unavailable."""
        loop, came = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is gone: the process ends
                loop.call_soon_threadsafe(came.set)

        reader = self._asked(scope, wake)
        await loop.run_in_executor(None, self._follower.add, reader)
        try:
            yield reader, came
        finally:
            self._follower.remove(reader)

    def _asked(self, scope: Scope, wake: Callable[[], object]) -> Reader:
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        for name in given:
            if name not in PARAMETERS:
                raise InvalidQuery(
                    Problem(f"is not a parameter of this route; known are {', '.join(PARAMETERS)}", name[:100])
                )
        form = given.get("as") or "json"
        if form not in FORMS:
            raise InvalidQuery(Problem(f"must be {' or '.join(FORMS)}", "as"))
        meant = read_query({"q": given.get("q", "")}).filter
        after = given.get("after") or _last_event(scope)
        place = follow.decode(after) if after else None
        look = Form.read({NAMES[name]: given.get(NAMES[name], "") for name in ROW})
        table.build(look)
        write = _json if form == "json" else self._row(look, meant)
        return Reader((form, look.row(), text(meant)), predicate(meant), write, wake, place)

    def _row(self, look: Form, meant: Filter) -> Write:
        """Return what writes a log as a row like those of the page."""
        template = self._app.jinja_env.get_template("_row.html")
        form = replace(look, q=text(meant))

        def write(record: LogRecord, cursor: str) -> str:
            # Made anew for each: the time for marks is that of one row.
            logs = table.build(form, meant)
            return json.dumps({"row": template.render(record=record, form=form, table=logs), "cursor": cursor})

        return write

    async def _messages(self, reader: Reader, came: asyncio.Event, left: asyncio.Future[None]) -> AsyncIterator[str]:
        """Yield what the reader is sent, the empty text as a sign of life, until it leaves or the process stops."""
        trouble = ""
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            while not left.done() and not stopping.done():
                waiting = asyncio.ensure_future(came.wait())
                ends: set[asyncio.Future[Any]] = {waiting, left, stopping}
                await asyncio.wait(ends, timeout=ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if not came.is_set():
                    yield ""
                    continue
                came.clear()
                texts, skipped, now = reader.take()
                if skipped:
                    yield json.dumps({"skipped": skipped})
                for number, message in enumerate(texts):
                    if number % AT_ONCE == AT_ONCE - 1:
                        await asyncio.sleep(0)
                    yield message
                if now != trouble:
                    yield json.dumps({"trouble": now})
                    trouble = now
        finally:
            stopping.cancel()


def _json(record: LogRecord, cursor: str) -> str:
    return json_bytes({**record.to_dict(), "cursor": cursor}).decode()


def _event(message: str) -> str:
    """Return the message as a server-sent event; its id is the cursor, which a browser sends when it comes back."""
    if not message:
        return ": \n\n"
    cursor = json.loads(message).get("cursor")
    return f"id: {cursor}\ndata: {message}\n\n" if cursor else f"data: {message}\n\n"


def _piece(event: str) -> Message:
    return {"type": "http.response.body", "body": event.encode(), "more_body": True}


def _last_event(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"last-event-id"), "")


def _described(error: LogIngestorError) -> dict[str, Any]:
    problems = error.problems if isinstance(error, InvalidInput) else ()
    return {"status": False, "message": str(error), "errors": [problem.to_dict() for problem in problems]}


async def _left(receive: Receive, kind: str) -> None:
    while (await receive())["type"] != kind:
        pass
