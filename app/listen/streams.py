"""Connections: TCP, TLS and unix streams. Nothing is answered: a sender that is too fast is made to wait by its connection."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from app.listen.datagrams import unlink_socket
from app.listen.decoding import Decode
from app.listen.frames import Frames
from app.listen.gelf import GelfFrames
from app.listen.intake import Intake, Received
from app.monitor.listen_counts import ListenCounts
from app.settings.listeners import ListenAddress

#: Bytes read at once.
PIECE = 64 << 10
#: Seconds of rest after which a message that nothing has ended is taken as whole.
REST_SECONDS = 0.5
#: Seconds for which a connection is read on after the program got a signal to stop: until its sender has noticed.
LINGER_SECONDS = 3.0
#: Most connections of one address that are read; of others nothing is, so that their senders wait, until one ends.
CONNECTIONS = 4_096


class Streams:
    """Listens at one address for connections."""

    def __init__(
        self, address: ListenAddress, intake: Intake, counts: ListenCounts, decode: Decode, limit: int
    ) -> None:
        self.address, self._intake, self.counts, self._decode, self._limit = address, intake, counts, decode, limit
        self._way = f"{address.protocol} {address.transport}"
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._places = asyncio.Semaphore(CONNECTIONS)

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
        for writer in self._open.values():
            with contextlib.suppress(OSError):
                if writer.can_write_eof():
                    writer.write_eof()
        for _ in self._open:  # what those have sent that wait for a place is as lost with this process
            self._places.release()
        if self._open:
            await asyncio.wait(self._open, timeout=LINGER_SECONDS)
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts.connections += 1
        # Until it has a place nothing is read: else each of any number that wait would fill the memory.
        writer.transport.pause_reading()  # type: ignore[attr-defined]
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
            async with self._places:
                writer.transport.resume_reading()  # type: ignore[attr-defined]
                while data := await self._piece(reader, frames, peer):
                    await self._put(frames.feed(data), peer)
        except (OSError, EOFError):
            pass  # the sender has gone without a goodbye: what it had sent is taken
        finally:
            writer.close()
            await self._put(frames.flush(), peer)

    async def _piece(self, reader: asyncio.StreamReader, frames: Frames | GelfFrames, peer: tuple[str, int]) -> bytes:
        """Return what comes next; b"" at the end. A message that could go on is taken as whole once the sender rests."""
        if frames.pending:
            try:
                async with asyncio.timeout(REST_SECONDS):
                    return await reader.read(PIECE)
            except TimeoutError:
                await self._put(frames.flush(), peer)
        return await reader.read(PIECE)

    async def _put(self, messages: list[bytes], peer: tuple[str, int]) -> None:
        if messages:
            self.counts.messages += len(messages)
            self.counts.bytes += sum(map(len, messages))
            name, socket = peer
            await self._intake.put([Received(message, name, self._way, self._decode, socket) for message in messages])


def _tls(address: ListenAddress) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(address.cert, address.key or None)
    if address.ca:
        context.load_verify_locations(address.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
