"""GELF over UDP and TCP: chunks of a message, compression, and what of a stream is one message.

https://go2docs.graylog.org/current/getting_in_log_data/gelf.html has the format. By experiment: TCP senders end a message
with NUL or a line feed, or with nothing, and log4j compresses what is longer than 1 KiB also in a stream.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field

from app.json_text import LENIENT, NotJSON

#: First bytes of a chunk, most chunks of a message, and seconds within which all must come (the format's own numbers).
MAGIC, CHUNKS, CHUNK_SECONDS = b"\x1e\x0f", 128, 5.0
#: Most messages, and bytes of them, of which chunks are kept.
INCOMPLETE, INCOMPLETE_BYTES = 1_000, 64 << 20
_GZIP = b"\x1f\x8b"


@dataclass(slots=True)
class _Chunked:
    """A message of which chunks have come."""

    begun: float
    count: int
    parts: dict[int, bytes] = field(default_factory=dict)
    size: int = 0


class Chunks:
    """Puts chunks together again, by sender and message id."""

    def __init__(self) -> None:
        self._messages: dict[tuple[str, bytes], _Chunked] = {}
        self._bytes = 0
        self._lost = 0

    def take(self, data: bytes, peer: str) -> bytes | None:
        """Return the message that *data* is, or completes; None while chunks are missing, or for none that is valid."""
        if not data.startswith(MAGIC) or len(data) < 12:
            return data
        key, number, count = (peer, data[2:10]), data[10], data[11]
        if not 0 < count <= CHUNKS or number >= count:
            self._lost += 1
            return None
        self._forget()
        message = self._messages.setdefault(key, _Chunked(time.monotonic(), count))
        if count != message.count:
            self._lost += 1
            return None
        part = data[12:]
        if number not in message.parts and self._bytes + len(part) <= INCOMPLETE_BYTES:
            message.parts[number] = part
            message.size += len(part)
            self._bytes += len(part)
        if len(message.parts) < message.count:
            return None
        self._drop(key)
        return b"".join(message.parts[place] for place in range(message.count))

    def take_lost(self, *, ended: bool = False) -> int:
        """Return how many chunks have been lost since this was last asked; once *ended*, all that wait for others are."""
        self._forget(all_of_them=ended)
        lost, self._lost = self._lost, 0
        return lost

    def _forget(self, *, all_of_them: bool = False) -> None:
        """Drop what waits too long, the oldest first, and the oldest of too many."""
        now = time.monotonic()
        while self._messages:
            key, oldest = next(iter(self._messages.items()))
            if not all_of_them and now - oldest.begun <= CHUNK_SECONDS and len(self._messages) < INCOMPLETE:
                return
            self._lost += len(oldest.parts)
            self._drop(key)

    def _drop(self, key: tuple[str, bytes]) -> None:
        self._bytes -= self._messages.pop(key).size


def inflated(data: bytes, limit: int) -> bytes:
    """Return the message without its compression (gzip or zlib, by its first bytes) and without a NUL at its end.

    Data that are broken, or longer than *limit* bytes, are returned as far as they could be read.
    """
    if data.startswith(_GZIP) or (data[:1] == b"\x78" and data[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda")):
        try:
            data = zlib.decompressobj(47).decompress(data, limit)
        except zlib.error:
            return data
    return data.rstrip(b"\0\n")


class GelfFrames:
    """The messages of one connection; *limit* is the most bytes of one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0

    @property
    def pending(self) -> bool:
        """Whether something waits for its end."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what the connection brought; return the messages that are whole by now."""
        self._buffer += data
        whole: list[bytes] = []
        while self._buffer and self._next(whole):
            self._searched = 0
        return whole

    def flush(self) -> list[bytes]:
        """Return what is left, though nothing says that it is whole."""
        rest = bytes(self._buffer).strip(b"\0\n\r")
        self._buffer.clear()
        self._searched = 0
        return _apart(inflated(rest, self._limit)) if rest else []

    def _next(self, whole: list[bytes]) -> bool:
        buffer = self._buffer
        if buffer[0] in b"\0\n\r":
            del buffer[: len(buffer) - len(buffer.lstrip(b"\0\n\r"))]
            return True
        if buffer.startswith(_GZIP):
            return self._member(whole)
        ends = [at for at in (buffer.find(b"\0", self._searched), buffer.find(b"\n", self._searched)) if at >= 0]
        if not ends and len(buffer) <= self._limit:
            self._searched = len(buffer)
            return False
        end = min(ends, default=self._limit)
        whole.extend(_apart(bytes(buffer[:end])))
        del buffer[:end]
        return True

    def _member(self, whole: list[bytes]) -> bool:
        """Move a compressed message to *whole*; False when it has not arrived."""
        reader = zlib.decompressobj(31)
        try:
            message = reader.decompress(bytes(self._buffer), self._limit)
        except zlib.error:
            whole.append(bytes(self._buffer))
            self._buffer.clear()
            return False
        if not reader.eof and len(self._buffer) <= self._limit and not reader.unconsumed_tail:
            return False
        whole.append(message.rstrip(b"\0\n"))
        self._buffer = bytearray(reader.unused_data)
        return True


def _apart(line: bytes) -> list[bytes]:
    """Return the JSON objects in *line* that follow each other without anything between; else the line as it is."""
    line = line.strip()
    if b"}{" not in line:
        return [line] if line else []
    found, text, at = [], line.decode("utf-8", "surrogateescape"), 0
    try:
        while at < len(text):
            _, end = LENIENT.first(text, at)
            found.append(text[at:end].encode("utf-8", "surrogateescape"))
            at = end
    except NotJSON:
        return [line]
    return found
