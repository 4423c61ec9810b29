"""The bridge between the ASGI server and Flask: bodies and answers wait on the event loop, Flask runs in threads.

A slow client never holds a thread: its body is read before one is taken, its answer is written after
one is given back. Short answers cross between thread and loop once, long ones a piece at a time.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from app.errors import BodyStopped, LogIngestorError, Overloaded, Problem, TooLarge, Unavailable
from app.web.server.admission import THREADS, Admission, WaitingLine
from app.web.server.environ import ANSWER, REFUSED, SENT, TAKEN, Headers, Receive, RequestEnd, Scope, Send, environ
from app.web.server.lane.lane import Plain, PlainLane
from app.web.server.lane.quick import QuickWay
from app.web.server.leaving import LeavingWatch, disconnected, is_gone
from app.web.server.refusals import FlaskAnswer, Refusals, closing
from app.web.server.threads import Threads
from app.web.server.waiting import WaitingLines

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: Threads that make the next piece of long answers, and refusals.
STREAM_THREADS = 4
#: Answers up to this size, in bytes, are joined and sent at once.
JOINED = 1 << 20
#: Seconds without a byte of the body after which a client is given up.
SILENCE_SECONDS = 30.0
#: Bytes of bodies in memory at once, over all requests; a single body may always come in.
BODIES_LIMIT = 256 << 20


class ClientLeft(Exception):
    """The client closed its connection before its request was whole."""


@dataclass(slots=True)
class _Held:
    """A body on its way in."""

    body: bytearray = field(default_factory=bytearray)
    #: Bytes received; more than `body` holds where the rest is read only to be discarded.
    came: int = 0
    thrown: bool = False


class Bridge:
    """An ASGI application (version 3, HTTP and lifespan) that answers with a WSGI application (PEP 3333)."""

    def __init__(
        self, app: WsgiApp, *, body_limit: int, lines: WaitingLines | None = None, lane: PlainLane | None = None
    ) -> None:
        """Have *app* answer, also, in its own words, a request whose body is not read: the error is under REFUSED then.

        Requests wait for a thread in their line among *lines*; without in a single one. Plain ones take the *lane*, where there is one.
        """
        self._app = app
        self._body_limit = body_limit
        single = WaitingLine(sends=False)
        self._admission = Admission((single,) if lines is None else lines.all)
        self._lines, self._lane = lines, lane
        self._line_of = lines or (lambda _: single)
        self._refusals = Refusals(self._worded)
        self._threads = Threads(THREADS, "request")
        self._streams = Threads(STREAM_THREADS, "stream")
        #: How a connection may have the lane take a request without coming here; only what never waits for the network is so quick.
        self.quick: QuickWay | None = None
        if lane is not None and lane.together and lines is not None:
            self.quick = QuickWay(lane, self._admission, lines.resending, self._threads, body_limit)
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            # A connection that was reset before it was taken has no address any more. Its client gets no answer and sends again;
            # without the address that would not be known as the same.
            if scope.get("client") is not None:
                await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                self._threads.close()
                self._streams.close()
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        ends, delivered = RequestEnd(), False
        try:
            try:
                answer = await self._worked(scope, receive, ends)
            except LogIngestorError as error:
                answer = await self._refusal(error, scope)
            # Only where somebody asks: it costs a task.
            there = not ends or not await is_gone(receive)
            if answer.pieces is None and ANSWER in scope.get("extensions", ()):
                await send({"type": ANSWER, "status": answer.status, "headers": answer.headers, "body": answer.body})
            else:
                await self._send(answer, receive, send)
            delivered = there
        except ClientLeft:
            return
        finally:
            # Whatever happened: a series that never ended would take every equal request for its repeat.
            ends.call(delivered=delivered)

    async def _worked(self, scope: Scope, receive: Receive, ends: RequestEnd) -> FlaskAnswer:
        """Return Flask's answer. Raises the error for which the request is refused before it is worked at."""
        if TAKEN in scope:
            # Its logs were taken: nothing may refuse it any more.
            return await self._by_flask(scope, b"", ends, {TAKEN: scope[TAKEN]})
        held, line = _Held(), self._line_of(scope)
        if self._admission.refuses(line, scope):
            return await self._overloaded(scope, receive)
        try:
            await self._read(scope, receive, held)
            plain = None if self._lane is None else self._lane.plain(scope, len(held.body))
            # The lane waits for nothing that could be given up because its client left.
            watch = LeavingWatch(scope, receive) if plain is None else None
            try:
                began = await self._admission.enter(line, scope)
                try:
                    return await self._at_work(scope, bytes(held.body), ends, plain)
                finally:
                    self._admission.leave(line, began)
            except Overloaded as error:
                return await self._refusals.to(scope, error)
            finally:
                if watch is not None:
                    watch.end()
        finally:
            self._held -= len(held.body)

    async def _at_work(self, scope: Scope, body: bytes, ends: RequestEnd, plain: Plain | None) -> FlaskAnswer:
        lane = self._lane
        if plain is None or lane is None:
            together = self._lines is not None and self._lines.shares(scope, len(body))
            return await self._by_flask(scope, body, ends, {}, together=together)
        here = lane.waits_for_nobody if lane.together else None
        found = await self._threads.run(lane.take, plain, body, together=lane.together, here=here)
        if isinstance(found, FlaskAnswer):
            return found
        return await self._by_flask(scope, body, ends, found, together=lane.together)

    async def _by_flask(
        self, scope: Scope, body: bytes, ends: RequestEnd, more: dict[str, Any], *, together: bool = False
    ) -> FlaskAnswer:
        asked = environ(scope, body) | {SENT: ends} | more
        return cast(FlaskAnswer, await self._threads.run(self._answer, asked, together=together))

    async def _overloaded(self, scope: Scope, receive: Receive) -> FlaskAnswer:
        """Refuse a request before its body is held: as cheap as can be, so that the others get the time."""
        error = Overloaded()
        if any(name == b"expect" for name, _ in cast(Headers, scope["headers"])):
            # The client asks before it sends the body, and does not send it now.
            return closing(await self._refusals.to(scope, error))
        # A connection that is closed while its client sends is broken for it: it would not see the answer.
        await self._read(scope, receive, _Held(thrown=True))
        return await self._refusals.to(scope, error)

    async def _refusal(self, error: LogIngestorError, scope: Scope) -> FlaskAnswer:
        # The rest of the body is not read: the connection can't be used again.
        return closing(await self._worded(scope, error))

    async def _worded(self, scope: Scope, error: LogIngestorError) -> FlaskAnswer:
        # Not by the threads of requests: all of them may be at work, which is why some are refused.
        return cast(FlaskAnswer, await self._streams.run(self._answer, environ(scope, b"") | {REFUSED: error}))

    async def _read(self, scope: Scope, receive: Receive, held: _Held) -> None:
        """Read the body, within the limits and with patience for a slow sender, not for a silent one."""
        announced = _content_length(scope)
        if announced > self._body_limit:
            raise TooLarge(Problem(f"the body has more than {self._body_limit:,} bytes"))
        if self._held and self._held + announced > BODIES_LIMIT and not held.thrown:
            raise Unavailable("too many large requests are under way", retry_after=1)
        more = True
        while more:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await receive()
            except TimeoutError:
                raise BodyStopped(f"the body stopped for {SILENCE_SECONDS:.0f} seconds") from None
            if message["type"] == "http.disconnect":
                raise ClientLeft
            piece = message.get("body", b"")
            held.came += len(piece)
            if not held.thrown:
                held.body += piece
                self._held += len(piece)
            if held.came > self._body_limit:
                raise TooLarge(Problem(f"the body has more than {self._body_limit:,} bytes"))
            if self._held > BODIES_LIMIT and self._held > len(held.body) and not held.thrown:
                raise Unavailable("too many large requests are under way", retry_after=1)
            more = message.get("more_body", False)

    def _answer(self, environment: dict[str, Any]) -> FlaskAnswer:
        """Run Flask; in a thread."""
        answer = FlaskAnswer()
        context = contextvars.copy_context()

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
            answer.status = int(status[:3])
            answer.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            return _no_write

        found = context.run(self._app, environment, start_response)
        close = getattr(found, "close", None)
        length = next((int(value) for name, value in answer.headers if name == b"content-length"), JOINED + 1)
        if length <= JOINED:
            try:
                answer.body = b"".join(found)
            finally:
                if close is not None:
                    close()
            return answer
        answer.pieces = _pieces(context, iter(found))
        if close is not None:
            answer.close = partial(context.run, close)
        return answer

    async def _send(self, answer: FlaskAnswer, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        if answer.pieces is None:
            await send({"type": "http.response.body", "body": answer.body})
            return
        left = asyncio.ensure_future(disconnected(receive))
        try:
            # An error in the middle goes up: the server then cuts the connection, so that the client
            # sees a transfer that did not end, not an answer that looks whole.
            while not left.done():
                piece = await self._streams.run(next, answer.pieces, b"")
                if not piece:
                    await send({"type": "http.response.body", "body": b""})
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            left.cancel()
            await self._streams.run(answer.close)


def _pieces(context: contextvars.Context, iterator: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the pieces of an answer, all made in one context though they run on changing threads."""
    while (piece := context.run(next, iterator, None)) is not None:
        if piece:
            yield piece


def _no_write(_: bytes) -> None:
    raise RuntimeError("the write callable of PEP 3333 is not offered")


def _content_length(scope: Scope) -> int:
    for name, value in cast(Headers, scope["headers"]):
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
