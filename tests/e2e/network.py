"""Free ports, and a proxy that breaks connections."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port that nobody listens at just now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cutting:
    """A proxy before the server that cuts a connection once an answer is on its way, whenever it is told to."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._opened = [self._listener]
        #: Once set the next answer is cut off, and this cleared.
        self.cut = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

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
                if answers and self.cut.is_set():
                    self.cut.clear()
                    break
                target.sendall(piece)
        _shut(source, target)

    def close(self) -> None:
        """End all connections."""
        _shut(*self._opened)
        for thread in self._threads:
            thread.join(10)
        for one in self._opened:
            one.close()


def _shut(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
