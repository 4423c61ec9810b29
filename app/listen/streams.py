"""Connections: TCP, TLS and unix streams. Nothing is answered: a sender that is too fast is made to wait by its connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from app.listen import lines
from app.listen.datagrams import unlink_socket
from app.listen.decoding import MessageDecoder
from app.listen.frames import Frames
from app.listen.gelf import GelfFrames
from app.listen.intake import Intake, Received
from app.listen.lines import Whole
from app.listen.places import PeerPlaces
from app.monitor.listen_counts import ListenCounts
from app.settings.clients import one_client
from app.settings.listeners import ListenAddress

#: Bytes read at once.
PIECE = 64 << 10
#: Seconds of rest after which a message that nothing has ended is taken as whole.
REST_SECONDS = 0.5
#: Seconds for which a connection is read on after the program got a signal to stop: until its sender has noticed.
LINGER_SECONDS = 3.0
#: Seconds between two looks at who is silent, at least, while others wait.
LOOK_SECONDS = 0.1
#: Most connections of one address that are read; of others nothing is, so that their senders wait, until one ends or has been
#: silent for as long as its address allows (`idle`).
CONNECTIONS = 4_096
#: Most of them that one peer has, so that it keeps nobody else out, however little it says; of the last ones fewer (`places.has_room`).
PEER_CONNECTIONS = 3_072
#: Seconds of silence after which the system asks whether the other machine is there still, seconds between two such questions,
#: and how many without an answer end the connection: one whose machine is gone holds its place for two minutes.
_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))


class Streams:
    """Listens at one address for connections."""

    def __init__(
        self, address: ListenAddress, intake: Intake, counts: ListenCounts, decoder: MessageDecoder, limit: int
    ) -> None:
        self.address, self._intake, self.counts, self._decoder, self._limit = address, intake, counts, decoder, limit
        self._way = f"{address.protocol} {address.transport}"
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        each = CONNECTIONS if address.transport == "unix" else PEER_CONNECTIONS
        self._places = PeerPlaces(CONNECTIONS, each, self._make_room)
        #: Since when each connection that has a place has brought nothing, the longest first, and whose it is.
        self._silent: dict[asyncio.Task[None], tuple[float, str]] = {}
        self._room: asyncio.Task[None] | None = None
        #: Takes lines without a header apart: as long as that takes, the loop would serve nobody else.
        self._splitter = ThreadPoolExecutor(1, "lines")

    async def start(self) -> None:
        """Listen. Raises OSError, and ssl.SSLError for certificates that can't be used."""
        if self.address.transport == "unix":
            unlink_socket(self.address.path)
            self._server = await asyncio.start_unix_server(self._connected, self.address.path, limit=PIECE)
            return
        context = _tls(self.address) if self.address.transport == "tls" else None
        self._server = await asyncio.start_server(
            self._connected, self.address.host, self.address.port, limit=PIECE, ssl=context
        )

    @property
    def port(self) -> int:
        """The port that is listened at; 0 for a unix socket."""
        if self._server is None or self.address.transport == "unix":
            return 0
        return int(self._server.sockets[0].getsockname()[1])

    def count(self) -> None:
        """Count what was lost since the last time: nothing, as senders are made to wait."""

    async def stop(self) -> None:
        """Let nobody in any more, and read what the connections still bring.

        Closing only our half says that we stop, and loses nothing of what the sender has sent so far; a close would.
        """
        if self._server is not None:
            self._server.close()
        if self._room is not None:
            self._room.cancel()
        self._half_close(self._open)
        self._places.open()
        if self._open:
            await asyncio.wait(self._open, timeout=LINGER_SECONDS)
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        self._splitter.shutdown()

    def _half_close(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        for task in tasks:
            with contextlib.suppress(OSError):
                if self._open[task].can_write_eof():
                    self._open[task].write_eof()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts.connections += 1
        # Until it has a place nothing is read: else each of any number that wait would fill the memory. Not at once: before
        # Python 3.11.5 a transport begins to read behind this call, paused or not.
        asyncio.get_running_loop().call_soon(writer.transport.pause_reading)  # type: ignore[attr-defined]
        _ask_whether_alive(writer.get_extra_info("socket"))
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._open[task] = writer
        task.add_done_callback(self._open.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        named = writer.get_extra_info("peername")
        peer = (
            (str(named[0]), int(named[1])) if isinstance(named, tuple) else (self.address.path, self.counts.connections)
        )
        frames = GelfFrames(self._limit) if self.address.protocol == "gelf" else Frames(self._limit)
        try:
            async with self._places.place(one_client(peer[0])):
                writer.transport.resume_reading()  # type: ignore[attr-defined]
                while data := await self._piece(reader, frames, peer):
                    await self._put(frames.feed(data), peer)
        except (OSError, EOFError):
            pass  # the sender has gone without a goodbye: what it had sent is taken
        finally:
            writer.close()
            await self._put(frames.flush(), peer)

    def _make_room(self) -> None:
        if self._room is None or self._room.done():
            self._room = asyncio.ensure_future(self._end_silent())

    async def _end_silent(self) -> None:
        """End as many connections as others wait for their places, of those that have been silent for too long.

        Our half is closed first: a sender that looks connects again, and what any has sent until it is cut off is read.
        """
        while any(self._places.waiting()):
            latest = time.monotonic() - self.address.idle
            due = self._due(latest)
            if not due:
                first = next(iter(self._silent.values()), (time.monotonic(), ""))[0]
                await asyncio.sleep(max(first - latest, LOOK_SECONDS))
                continue
            self._half_close(due)
            await asyncio.wait(due, timeout=LINGER_SECONDS)
            for task in due:
                if self._silent.get(task, (latest + 1, ""))[0] <= latest:
                    task.cancel()
            await asyncio.sleep(0)

    def _due(self, latest: float) -> list[asyncio.Task[None]]:
        """Return the connections that were silent since *latest* and whose places others wait for: any peer's, or only its own."""
        found: list[asyncio.Task[None]] = []
        wanted, others = self._places.waiting()
        for task, (since, client) in self._silent.items():
            if since > latest:
                break
            if wanted.get(client, 0) > 0:
                wanted[client] -= 1
            elif others > 0:
                others -= 1
            else:
                continue
            found.append(task)
        return found

    async def _piece(self, reader: asyncio.StreamReader, frames: Frames | GelfFrames, peer: tuple[str, int]) -> bytes:
        """Return what comes next; b"" at the end. A message that could go on is taken as whole once the sender rests."""
        if frames.pending:
            try:
                async with asyncio.timeout(REST_SECONDS):
                    return await reader.read(PIECE)
            except TimeoutError:
                await self._put(frames.flush(), peer)
        task = asyncio.current_task()
        assert task is not None
        self._silent[task] = time.monotonic(), one_client(peer[0])
        try:
            return await reader.read(PIECE)
        finally:
            del self._silent[task]

    async def _put(self, whole: Sequence[Whole], peer: tuple[str, int]) -> None:
        if not any(isinstance(one, tuple) for one in whole):
            await self._add(cast(Sequence[bytes], whole), peer)
            return
        try:
            messages = await asyncio.get_running_loop().run_in_executor(self._splitter, lines.apart, whole)
        except asyncio.CancelledError:
            # Lines that were read count as taken, though the program stops.
            await self._add(lines.apart(whole), peer)
            raise
        await self._add(messages, peer)

    async def _add(self, messages: Sequence[bytes], peer: tuple[str, int]) -> None:
        if messages:
            self.counts.messages += len(messages)
            self.counts.bytes += sum(map(len, messages))
            name, socket = peer
            await self._intake.put([Received(message, name, self._way, self._decoder, socket) for message in messages])


def _ask_whether_alive(connection: socket.socket) -> None:
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _ALIVE:
            # A system without these options probes at its own pace.
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _tls(address: ListenAddress) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(address.cert, address.key or None)
    if address.ca:
        context.load_verify_locations(address.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
