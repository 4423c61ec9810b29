"""The live tail: /logs/tail as a WebSocket, and as server-sent events for whoever only reads.

It runs on the event loop, beside the bridge: a reader costs a few kilobytes and no thread. Whether a reader may
follow is decided before (app/web/server/door.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import tzinfo
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from flask import Flask

from app.errors import InvalidInput, LogIngestorError
from app.find import follow
from app.find.bound import Sight
from app.find.follow import Follower, TailReader, Write
from app.log.record import LogRecord
from app.query.filter import Filter
from app.query.meaning import predicate
from app.query.parameters import Parameters
from app.query.request import read_query
from app.query.text import text
from app.settings.settings import Settings
from app.times.zone import read_zone
from app.web.accounts.identity import Identity, tail_key
from app.web.answers.reply import error_text
from app.web.render import zone
from app.web.search import table
from app.web.search.form import NAMES, ROW, SearchForm
from app.web.server.environ import WHO, Message, Receive, Scope, Send

PATH = "/logs/tail"
PARAMETERS = ("q", "after", "as", *(NAMES[name] for name in ROW))
#: Forms of a log: the whole, as in an answer, or a row of the page's table.
FORMS = ("json", "row")
#: Seconds after which a silent stream says that it lives: proxies cut what is silent.
ALIVE_SECONDS = 15.0
#: Logs written to one reader in a row before the event loop serves others.
AT_ONCE = 200
#: WebSocket close codes (RFC 6455, section 7.4.1): going away, policy violation, internal error.
GOING_AWAY, REFUSED, FAILED = 1001, 1008, 1011

_SSE_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Live:
    """Serves connections of readers that may follow."""

    def __init__(self, app: Flask, stopping: asyncio.Event) -> None:
        self._app = app
        self._settings: Settings = app.extensions["logingestor"].settings
        self._follower = Follower(app.extensions["logingestor"].backends().store)
        self._stopping = stopping

    def close(self) -> None:
        """Be done with the record, before it is closed."""
        self._follower.close()

    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket whose connection was received, until it is closed or the process stops."""
        code = GOING_AWAY
        try:
            # The reader follows before the client learns that the socket is open: a log sent from then on is seen.
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
            await send({"type": "websocket.send", "text": _described(error)})
        await send({"type": "websocket.close", "code": code})

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a stream of events, until its reader leaves or the process stops."""
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
            body = _described(error).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    @contextlib.asynccontextmanager
    async def _reader(self, scope: Scope) -> AsyncIterator[tuple[TailReader, asyncio.Event]]:
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

    def _asked(self, scope: Scope, wake: Callable[[], object]) -> TailReader:
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        asked = Parameters(given)
        asked.only(PARAMETERS, "parameter of this route")
        form = asked.choice("as", "json", FORMS, " or ")
        asked.check()
        tz = given.get("tz") or "UTC"
        meant = read_query({"q": given.get("q", ""), "tz": tz}).filter
        after = given.get("after") or _last_event(scope)
        who: Identity = scope[WHO]
        secret, sight = tail_key(self._settings, who), who.sight or Sight()
        place = follow.decode(after, secret) if after else None
        look = SearchForm.read({NAMES[name]: given.get(NAMES[name], "") for name in ROW})
        table.build(look)
        write = _json if form == "json" else self._row(look, meant, read_zone(tz))
        # The rows mark what the reader asked for (`meant`), not the filter that binds the reader.
        key = (form, look.row(), text(meant), text(sight.bound), *sight.hidden.fields)
        holds, without = predicate(sight.meant(meant)), sight.hidden.without
        return TailReader(key, holds, lambda record, cursor: write(without(record), cursor), wake, place, secret)

    def _row(self, look: SearchForm, meant: Filter, where: tzinfo) -> Write:
        """Return what writes a log as a row like those of the page."""
        template = self._app.jinja_env.get_template("_row.html")
        form = replace(look, q=text(meant))

        def write(record: LogRecord, cursor: str) -> str:
            # Made anew for each: the time for marks is that of one row.
            logs = table.build(form, meant)
            with zone.using(where):
                return json.dumps({"row": template.render(record=record, form=form, table=logs), "cursor": cursor})

        return write

    async def _messages(
        self, reader: TailReader, came: asyncio.Event, left: asyncio.Future[None]
    ) -> AsyncIterator[str]:
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
    return msgspec.json.encode({**record.to_dict(), "cursor": cursor}).decode()


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


def _described(error: LogIngestorError) -> str:
    problems = error.problems if isinstance(error, InvalidInput) else ()
    return error_text(str(error), problems)


async def _left(receive: Receive, kind: str) -> None:
    while (await receive())["type"] != kind:
        pass
