"""One connection of HTTP, with what uvicorn does not bound: the time and the size of a request's head, and how many there are.

uvicorn closes a connection that is idle between two requests. One that never sends a request, or sends its head byte by byte,
it keeps for ever, and a header may be as long as the memory is large.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec

from app.settings.clients import one_client
from app.web.answers.reply import ErrorAnswer
from app.web.server.lane.connection import QuickProtocol
from app.web.server.lane.quick import QuickWay

#: Seconds until a request's head must be whole: from the connection's begin, then from the head's first byte.
HEAD_SECONDS = 30.0
#: Bytes of a request's line and headers, as large as the largest of usual servers (nginx: 4 buffers of 8 KiB).
HEAD_LIMIT = 64 << 10
#: Open files that a process keeps for itself: databases, services, exports.
OWN_FILES = 256
#: Seconds after which a client that got no connection may try again.
RETRY_SECONDS = 2
_REFUSALS = {
    408: ("Request Timeout", "the request's head did not come whole in time"),
    431: ("Request Header Fields Too Large", "the request's line and headers are too long"),
    503: ("Service Unavailable", "too many connections are open"),
}


class Places:
    """How many connections a process may hold, and how many of them one client may: half, whatever its addresses (`one_client`)."""

    def __init__(self, limit: int, proxies: Iterable[str] = ()) -> None:
        self._limit = limit
        #: Networks of proxies, behind which many clients stand: no half for these.
        self._proxies = [ip_network(proxy) for proxy in proxies]
        self._taken: Counter[str] = Counter()
        self._all = 0

    def take(self, address: str) -> str | None:
        """Take a place for a connection; return whose it is, for `leave`, or None when there is no place."""
        client = one_client(address)
        if self._all >= self._limit or (self._taken[client] >= self._limit // 2 and not self._is_proxy(address)):
            return None
        self._all += 1
        self._taken[client] += 1
        return client

    def leave(self, client: str) -> None:
        """Give a place back."""
        self._all -= 1
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]

    def _is_proxy(self, text: str) -> bool:
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:  # a socket without addresses
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._proxies)


def file_limit() -> int:
    """Return how many connections the process may hold: its open files, raised as far as it may, but for its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    files = 1 << 20 if hard == resource.RLIM_INFINITY else hard
    return max(files - OWN_FILES, files // 2)


def protocol(places: Places, quick: QuickWay | None = None) -> type[Connection]:
    """Return the class of connections that share these places, and take what they can the quick way."""
    return type("Connection", (Connection,), {"places": places, "quick": quick})


class Connection(QuickProtocol):
    """A connection that is closed when its client lets a head take too long or too much room."""

    places: Places

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._place: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        #: Whether a head has begun and is not whole yet, and the bytes that came since the last whole one.
        self._in_head = False
        self._came = 0
        self._is_socket = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place for the connection, or refuse it where all are taken."""
        super().connection_made(transport)
        self._place = self.places.take(self.client[0] if self.client else "")
        if self._place is None:
            self._refuse(503, b"retry-after: %d\r\n" % RETRY_SECONDS)
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._leave()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand over to the socket, which has pings of its own."""
        self._leave()
        self._is_socket = True
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Read on; where a head is still not whole, within its bounds."""
        if self.transport.is_closing():
            return
        self._came += len(data)
        super().data_received(data)

    def _read(self) -> None:
        super()._read()
        # While requests wait it is the server that lets a head take long.
        if self._is_socket or self._waits() or self.transport.is_closing() or not self._wants_head():
            return
        if self._came > HEAD_LIMIT:
            self._refuse(431)
        elif self._timer is None and self.timeout_keep_alive_task is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Count the head's bytes from here."""
        self._in_head, self._came = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole: what follows is bounded by who reads the body."""
        self._in_head, self._came = False, 0
        self._end_wait()
        super().on_headers_complete()

    def _wants_head(self) -> bool:
        return self._in_head or self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, 408)

    def _end_wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _leave(self) -> None:
        self._end_wait()
        if self._place is not None:
            self.places.leave(self._place)
            self._place = None

    def _refuse(self, status: int, header: bytes = b"") -> None:
        """Answer in the shape of every error and close."""
        self._end_wait()
        name, message = _REFUSALS[status]
        body = msgspec.json.encode(ErrorAnswer.of(message))
        head = f"HTTP/1.1 {status} {name}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n".encode()
        self.transport.write(head + header + b"connection: close\r\n\r\n" + body)
        self.transport.close()
