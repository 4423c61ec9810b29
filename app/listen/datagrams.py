"""Datagrams: UDP and unix sockets. Their senders can't be made to wait, so what is lost is counted."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from app.listen import lines
from app.listen.decoding import MessageDecoder
from app.listen.frames import GLUED
from app.listen.gelf import Chunks, inflated
from app.listen.intake import Intake, Received
from app.monitor.listen_counts import ListenCounts
from app.settings.listeners import ListenAddress

#: Largest datagram, in bytes; and most that are read before others have a turn.
LARGEST, TURN = 65_535, 500
#: Bytes that the kernel is asked to hold while we are busy: some 20,000 messages of syslog.
BUFFER = 8 << 20
# From asm-generic/socket.h: Python has no names for these two.
_SO_RCVBUFFORCE, _SO_RXQ_OVFL = 33, 40
_COUNT = struct.Struct("I")


class Datagrams:
    """Listens at one address for datagrams."""

    def __init__(
        self, address: ListenAddress, intake: Intake, counts: ListenCounts, decoder: MessageDecoder, limit: int
    ) -> None:
        self.address, self._intake, self.counts, self._decoder = address, intake, counts, decoder
        self._way = f"{address.protocol} {address.transport}"
        self._chunks = Chunks()
        self._limit = limit
        self._socket: socket.socket | None = None
        self._dropped = 0

    async def start(self) -> None:
        """Listen. Raises OSError."""
        if self.address.transport == "unixgram":
            unlink_socket(self.address.path)
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            at: Any = self.address.path
        else:
            host, port = self.address.host or None, self.address.port
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
            made, at = socket.socket(*found[0][:3]), found[0][4]
        try:
            made.bind(at)
        except OSError:
            made.close()
            raise
        made.setblocking(False)
        _enlarge(made)
        self._socket = made
        asyncio.get_running_loop().add_reader(made.fileno(), self._readable)

    @property
    def port(self) -> int:
        """The port that is listened at; 0 for a unix socket."""
        if self._socket is None or self.address.path:
            return 0
        return int(self._socket.getsockname()[1])

    async def stop(self) -> None:
        """Take what the kernel holds, then listen no more."""
        if self._socket is not None:
            while self._readable():
                await asyncio.sleep(0)
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
            self.counts.lost_chunks += self._chunks.take_lost(ended=True)

    def count(self) -> None:
        """Count what was lost since the last time."""
        self.counts.lost_chunks += self._chunks.take_lost()

    def _readable(self) -> bool:
        """Take what has come; return whether there may be more."""
        assert self._socket is not None
        for _ in range(TURN):
            try:
                data, more, _, peer = self._socket.recvmsg(LARGEST, 64)
            except (BlockingIOError, InterruptedError):
                return False
            for level, kind, value in more:
                if level == socket.SOL_SOCKET and kind == _SO_RXQ_OVFL:
                    self._count_dropped(_COUNT.unpack(value[: _COUNT.size])[0])
            host, port = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else (self.address.path, 1)
            self._take(data, host, port)
        return True

    def _take(self, data: bytes, peer: str, port: int) -> None:
        if self.address.protocol == "gelf":
            whole = self._chunks.take(data, peer)
            if whole is None:
                return
            data = inflated(whole, self._limit)
        if not data:
            return
        for one in [data] if self.address.protocol == "gelf" else lines.of_datagram(data, GLUED):
            self.counts.messages += 1
            self.counts.bytes += len(one)
            if not self._intake.offer(Received(one, peer, self._way, self._decoder, port)):
                self.counts.lost_full += 1

    def _count_dropped(self, total: int) -> None:
        """Note how many datagrams the kernel has dropped at this socket in all; its count begins again at 2**32."""
        self.counts.lost_kernel += (total - self._dropped) & 0xFFFFFFFF
        self._dropped = total


def unlink_socket(path: str) -> None:
    """Remove the socket that an ended process left at the path; what is no socket stays, and the path can't be listened at."""
    if Path(path).is_socket():
        Path(path).unlink(missing_ok=True)


def _enlarge(made: socket.socket) -> None:
    """Ask for a large buffer, and for the count of what did not fit; a system without either still listens."""
    if sys.platform != "linux":
        return
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, BUFFER)
    except OSError:  # only the superuser may go beyond the system's limit
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    made.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
