"""HTTP/1.1 as uvicorn reads it, with the bodies of requests that offer another protocol.

Java's own client (`java.net.http`) offers HTTP/2 in every request without TLS (`Upgrade: h2c`), and so does what is built on it,
logback-gelf among others. A server may stay with HTTP/1.1 by passing over the offer (RFC 9110, section 7.8); httptools takes what
follows the head of such a request for the other protocol, and uvicorn answers a request without a body.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.web.server.environ import ANSWER, GONE

#: Stands for the request under way while the head of one is passed over: httptools says that it is whole.
_OVER: Any = SimpleNamespace(response_complete=True)
#: Headers that are the offer, and are left out when the head is read again.
_OFFER = (b"upgrade", b"connection", b"http2-settings")
#: States of a connection that is open, reset or closed by its client: TCP_ESTABLISHED, TCP_CLOSE and TCP_CLOSE_WAIT of Linux's netinet/tcp.h.
_OPEN, _RESET, _CLOSED = 1, 7, 8
#: From the same header's tcp_info: the state, and the milliseconds since bytes last came (tcpi_last_data_recv), and since a packet
#: did (tcpi_last_ack_recv), which of a connection that its client has closed is its end.
_TCP_INFO = struct.Struct("=B51xII")
#: Bytes that are read before it is asked again whether requests wait for others' answers: some hundred of the shortest requests, 2 KB each in memory.
_PIECE = 8 << 10
#: Messages that an application may send beside those of ASGI.
_EXTENSIONS: dict[str, dict[str, Any]] = {ANSWER: {}}
#: Least seconds that a client waits for an answer before it gives up and repeats; a client that leaves earlier wants no answer and repeats nothing.
_WAITED = 0.5


class _Gathered:
    """Stands for a connection while an answer is written: its pieces leave together."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def leave(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._transport.writelines(pieces)

    def close(self) -> None:
        self.leave()
        self._transport.close()


class Cycle(RequestResponseCycle):
    """A request and its answer. One that is sent whole is one write: by two the client is woken twice, and first for nothing."""

    async def send(self, message: Any) -> None:
        """Send a part of the answer, or all of it (ANSWER)."""
        if message["type"] != ANSWER:
            await super().send(message)
            return
        transport, gathered = self.transport, _Gathered(self.transport)
        self.transport = cast(Any, gathered)
        try:
            await super().send(cast(Any, {**message, "type": "http.response.start"}))
            await super().send({"type": "http.response.body", "body": message["body"]})
        finally:
            self.transport = transport
            gathered.leave()


class _Flow(FlowControl):
    """Reads nothing while it is held: uvicorn reads on with each answer and each question for a body, whatever waits already."""

    def __init__(self, transport: Any, held: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._held = held

    def resume_reading(self) -> None:
        """Read on, unless it is held."""
        if not self._held():
            super().resume_reading()


class Protocol(HttpToolsProtocol):
    """A connection. A request that offers another protocol than a WebSocket is read as if it offered none.

    A client may send requests before the answers to others have come. Those of one piece wait, and nothing more is read until they
    are under way.
    """

    #: The request before the one whose offer of HTTP/2 is ignored; None for the first request, or without an offer.
    _before: Any = None
    _offers = False
    #: The answer of `_connection` when the end was read: later the connection is closed here, and says nothing.
    _end: tuple[int, float] | None = None
    #: Bytes that came and are not read, and the request that is being answered; `cycle` is the newest, which may wait.
    _rest: bytes | memoryview = b""
    #: Bytes that are left of a body whose length was said: they hold no request.
    _left = 0
    _running: Any = None

    def connection_made(self, transport: Any) -> None:
        """Begin; read nothing while requests wait."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self._waits)

    def _waits(self) -> bool:
        """Return whether requests wait for the answers of others."""
        return bool(self.pipeline or self._rest)

    def on_headers_complete(self) -> None:
        """Begin the request, or leave one with an offer to `_feed`."""
        # CONNECT is an upgrade by itself, and refused as any path that is none.
        if self.parser.should_upgrade() and not self._should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._offers, self._before, self.cycle = True, self.cycle, _OVER
            return
        self.extend(cast(dict[str, Any], self.scope), posts=self.parser.get_method() == b"POST")
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            # uvicorn names the class itself; nobody has asked anything of the request yet.
            self.cycle.__class__ = Cycle
            self._left = next((int(value) for name, value in self.headers if name == b"content-length"), 0)

    def extend(self, scope: dict[str, Any], *, posts: bool = True) -> None:
        """Note in the scope of a request what this server offers beside ASGI."""
        scope["extensions"] = _EXTENSIONS
        if posts:
            scope[GONE] = self._gone

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._left -= len(body)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        self._rest = memoryview(b"".join((self._rest, data)) if self._rest else data)
        self._read()

    def _read(self) -> None:
        """Have the parser read what has come, as far as no request waits."""
        if self._rest:
            self._unset_keepalive_if_required()
        while self._rest and not self.pipeline and not self.transport.is_closing():
            size = max(_PIECE, self._left)
            piece, self._rest = self._rest[:size], self._rest[size:]
            again = self._feed(piece)
            if again:
                self._rest = memoryview(b"".join((again, self._rest)))
        if self._rest:
            self.flow.pause_reading()
        elif self.cycle is None or len(self.cycle.body) <= HIGH_WATER_LIMIT:
            self.flow.resume_reading()

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        super().on_response_complete()
        if self._rest and not self.pipeline:
            self.loop.call_soon(self._read)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _feed(self, data: bytes | memoryview) -> bytes:
        """Have the parser read; return what is to be read again."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._offers:
                return self._head_again() + data[upgrade.args[0] :]
            if self._should_upgrade():
                self._rest = b""
                self.handle_websocket_upgrade()
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
        return b""

    def _head_again(self) -> bytes:
        """Return the head without the offer, for a parser that begins anew."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s\r\n" % (method, self.url, version)]
        lines += [b"%s: %s\r\n" % header for header in self.headers if header[0] not in _OFFER]
        self._offers, self.cycle, self._before = False, self._before, None
        self.parser = httptools.HttpRequestParser(cast(Any, self))
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"".join([*lines, b"\r\n"])

    def eof_received(self) -> None:
        """Note how long the client had waited."""
        self._end = self._connection()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the client broke the connection."""
        if exc is not None:
            self._end = _RESET, 0.0
        self._rest = b""
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def _gone(self) -> bool:
        """Return whether the client broke the connection, or waited for its answer and then closed it, as far as the system knows by now; from any thread.

        How late it is read here says nothing: a program that sends and closes at once may have been read by a busy process long after.
        """
        state, waited = self._end or self._connection()
        return state == _RESET or (state == _CLOSED and waited >= _WAITED)

    def _connection(self) -> tuple[int, float]:
        """Return the state of the connection, _CLOSED where it is closed here, and for how many seconds its client waited after it had sent."""
        connection = self.transport.get_extra_info("socket")
        try:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
            state, data, packet = _TCP_INFO.unpack(info)
        except (AttributeError, OSError, ValueError, struct.error):
            # Another system than Linux, a connection that is closed here, or one that is none of TCP.
            return _CLOSED if self.transport.is_closing() else _OPEN, 0.0
        return state, (data - packet) / 1_000
