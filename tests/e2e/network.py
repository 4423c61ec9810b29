"""Proxies that break connections, or send a password with every request."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from contextlib import suppress

_REQUEST = re.compile(rb"\A((?:POST|PUT|GET|HEAD|OPTIONS) \S+ HTTP/1\.[01]\r\n)")
_PASSWORD = re.compile(rb"(?<=\r\n)authorization: [^\r]*\r\n", re.IGNORECASE)
_ANSWER = re.compile(rb"\AHTTP/1\.[01] (\d{3})")


class Proxy:
    """A proxy before the server."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._opened = [self._listener]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def request(self, piece: bytes) -> bytes | None:
        """Return what the server gets of a piece of a request; None cuts the connection."""
        return piece

    def answer(self, piece: bytes) -> bytes | None:
        """Return what the client gets of a piece of an answer; None cuts the connection."""
        return piece

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                inner, _ = self._listener.accept()
                outer = socket.create_connection(self._server)
                self._opened += (inner, outer)
                for pair in ((inner, outer, False), (outer, inner, True)):
                    self._threads.append(threading.Thread(target=self._carry, args=pair, daemon=True))
                    self._threads[-1].start()

    def _carry(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                sent = self.answer(piece) if answers else self.request(piece)
                if sent is None:
                    break
                target.sendall(sent)
        _shut(source, target)

    def close(self) -> None:
        """End all connections."""
        _shut(*self._opened)
        for thread in self._threads:
            thread.join(10)
        for one in self._opened:
            one.close()


class Cutting(Proxy):
    """A proxy that cuts a connection once an answer is on its way, whenever it is told to; it sends the *password* with every request.

    A request's head is expected in one piece.
    """

    def __init__(self, url: str, password: str = "") -> None:
        #: Once set the next answer is cut off, and this cleared.
        self.cut = threading.Event()
        self.password = password
        #: How many requests were made.
        self.asked = 0
        #: How many answers of each status have come.
        self.statuses: Counter[int] = Counter()
        #: How many answers of 200 refuse items with 429.
        self.refused_items = 0
        super().__init__(url)

    def request(self, piece: bytes) -> bytes:
        """Count it, and put the password into its head."""
        if _REQUEST.match(piece) is None:
            return piece
        self.asked += 1
        if not self.password:
            return piece
        head, end, body = piece.partition(b"\r\n\r\n")
        head = _PASSWORD.sub(b"", head + b"\r\n").removesuffix(b"\r\n")
        return _REQUEST.sub(rb"\1Authorization: Bearer %b\r\n" % self.password.encode(), head) + end + body

    def answer(self, piece: bytes) -> bytes | None:
        """Count it, and cut it off where that is asked for."""
        # A client that asked first gets to send its body.
        if self.cut.is_set() and not piece.startswith(b"HTTP/1.1 100 "):
            self.cut.clear()
            return None
        if (found := _ANSWER.match(piece)) is not None:
            self.statuses[int(found[1])] += 1
        self.refused_items += b'"status":429' in piece
        return piece


def _shut(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
