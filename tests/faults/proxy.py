"""A TCP proxy that can stand still or cut its connections: the network between the program and a system."""

from __future__ import annotations

import contextlib
import socket
import threading

#: Bytes passed on at once.
PIECE = 64 << 10


class Proxy:
    """Passes what comes to a port of its own on to another; both on this machine."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open = threading.Event()
        self._open.set()
        self._guard = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def pause(self) -> None:
        """Let nothing through, as a network that swallows all packets."""
        self._open.clear()

    def resume(self) -> None:
        """Let everything through again, also what was held back."""
        self._open.set()

    def cut(self) -> None:
        """Break all connections; new ones are taken."""
        with self._guard:
            cut, self._sockets = self._sockets, set()
        for one in cut:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Break everything and take no more connections."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.resume()
        self.cut()

    def _accept(self) -> None:
        while not self._closed:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            try:
                outer = socket.create_connection(("127.0.0.1", self._target), timeout=10)
            except OSError:
                inner.close()
                continue
            outer.settimeout(None)
            with self._guard:
                self._sockets |= {inner, outer}
            for source, sink in ((inner, outer), (outer, inner)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                self._open.wait()
                sink.sendall(piece)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            with self._guard:
                self._sockets.discard(one)
            one.close()
