"""A connection whose plain requests go the quick way (app/web/server/lane/quick.py), beside uvicorn's with its task for each."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.web.server.lane.quick import QuickWay
from app.web.server.protocol import Cycle, Protocol
from app.web.server.refusals import FlaskAnswer

#: Seconds for which the rest of a body is waited for: most clients send it by itself, right behind the head.
BODY_SECONDS = 0.1
_CLOSE = (b"connection", b"close")


class _Nobody:
    """Stands for the event of a request that no task waits for."""

    def set(self) -> None:
        pass


class _Plain:
    """A request that may be plain, and its answer; as much of uvicorn's `RequestResponseCycle` as is asked of one under way."""

    message_event = _Nobody()

    def __init__(self, scope: dict[str, Any], url: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.scope, self.url, self.headers = scope, url, headers
        self.body = bytearray()
        self.response_complete = self.disconnected = False
        #: Cleared by uvicorn when the process stops.
        self.keep_alive = True


class QuickProtocol(Protocol):
    """A connection that gives requests that may be plain to *quick*, where there is one, once they have come whole."""

    quick: QuickWay | None = None
    #: The request of which the head has come and the body has not, and what gives up waiting for that.
    _coming: _Plain | None = None
    _patience: asyncio.TimerHandle | None = None

    def on_headers_complete(self) -> None:
        """Begin the request, or wait for its body where it may be plain."""
        if not self._may_be_plain():
            super().on_headers_complete()
            return
        self._coming = _Plain(cast(Any, self.scope), self.url, self.headers)
        self.cycle = cast(Any, self._coming)
        self._running = self._coming

    def _may_be_plain(self) -> bool:
        parser = self.parser
        if self.quick is None or self.url not in self.quick.targets or parser.get_method() != b"POST":
            return False
        if not (self.cycle is None or self.cycle.response_complete) or self.flow.write_paused or self.client is None:
            return False
        if self.expect_100_continue or parser.get_http_version() != "1.1" or not parser.should_keep_alive():
            return False
        length = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
        return 0 < length <= self.quick.most and not parser.should_upgrade()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if self._coming is not None:
            self._coming.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Have a request that may be plain be taken."""
        plain, self._coming = self._coming, None
        if plain is None:
            super().on_message_complete()
            return
        self._end_patience()
        assert self.quick is not None and self.client is not None
        answered, by_tls = partial(self._answered, plain), self.scheme == "https"
        if not self.quick.begin(plain.headers, self.client[0], bytes(plain.body), answered, by_tls=by_tls):
            self._go_the_usual_way(plain, whole=True)

    def _read(self) -> None:
        super()._read()
        if self._coming is not None and self._patience is None:
            self._patience = self.loop.call_later(BODY_SECONDS, self._give_up)

    def _give_up(self) -> None:
        """Leave a request whose body is slow to who waits for it, within its bounds."""
        plain, self._coming, self._patience = self._coming, None, None
        if plain is not None:
            self._go_the_usual_way(plain, whole=False)

    def _end_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the request that is coming."""
        self._end_patience()
        self._coming = None
        super().connection_lost(exc)

    def _go_the_usual_way(self, plain: _Plain, *, whole: bool) -> None:
        """Have a request be served as every other: what is known of it now is what uvicorn knows when it begins one."""
        cycle = Cycle(
            scope=cast(Any, plain.scope),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=plain.keep_alive,
            on_response=self.on_response_complete,
        )
        plain.scope |= {"method": "POST", "path": plain.url.decode(), "raw_path": plain.url, "query_string": b""}
        self.extend(plain.scope)
        cycle.body, cycle.more_body = plain.body, not whole
        cycle.message_event.set()
        if cast(Any, self.cycle) is plain:
            self.cycle = cycle
        self._start_asgi_task(cycle, self.app)

    def _answered(self, plain: _Plain, found: FlaskAnswer | dict[str, Any]) -> None:
        """Send the answer, or have Flask word it."""
        if plain.disconnected or self.transport.is_closing():
            plain.response_complete = True
        elif isinstance(found, FlaskAnswer):
            self._send(plain, found)
        else:
            plain.scope |= found
            self._go_the_usual_way(plain, whole=True)

    def _send(self, plain: _Plain, answer: FlaskAnswer) -> None:
        headers = [*self.server_state.default_headers, *answer.headers]
        if not plain.keep_alive:
            headers.append(_CLOSE)
        head = [b"%b: %b\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[answer.status], *head, b"\r\n", answer.body or b""]))
        plain.response_complete = True
        if not plain.keep_alive:
            self.transport.close()
        self.on_response_complete()
