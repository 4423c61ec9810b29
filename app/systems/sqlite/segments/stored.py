"""A stored segment: what is asked of it is fetched through the caller's transaction, and kept for the next to ask.

Segments never change; what is written in place of one has another stamp. So they are shared between threads, and
between transactions that see different states of the file; what two threads fetch at once is the same.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.log.record import LogRecord
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments import segment
from app.systems.sqlite.segments.keys import OpenKeys
from app.systems.sqlite.segments.places import CHUNK, CHUNKS
from app.systems.sqlite.segments.segment import OpenChunk

#: Columns in the order in which a Segment takes them.
COLUMNS = "first, last, logs, stamp, first_id, last_id"
#: Bytes of opened segments that a process keeps.
CACHE_BYTES = 32 << 20
#: Bytes that the keys of a log take when they are opened, where it has no `ns` and the places have no gap.
_KEY_BYTES = 25
#: From this share of a segment's logs on (1 in so many) all are read at once, which takes a fifth of the time for each.
_MANY = 4
#: Most chunks of a segment that are opened one by one and kept; more are read in one go for whoever asks.
_FEW_CHUNKS = 2

_ALL = ", ".join(f"docs{number}" for number in range(CHUNKS))
_tick = itertools.count().__next__


class Segment:
    """A row of the table `segments`, and its parts."""

    __slots__ = ("_chunks", "_keys", "first", "first_id", "last", "last_id", "logs", "stamp", "used")

    def __init__(self, first: int, last: int, logs: int, stamp: int, first_id: bytes, last_id: bytes) -> None:
        #: Its first and last place, between which some may be empty.
        self.first = first
        self.last = last
        self.logs = logs
        self.stamp = stamp
        #: The lowest and the highest id.
        self.first_id = first_id
        self.last_id = last_id
        #: Grows with each use.
        self.used = 0
        self._keys: OpenKeys | None = None
        self._chunks: dict[int, OpenChunk] = {}

    def close(self) -> None:
        """Let go of what was fetched."""
        self._keys, self._chunks = None, {}

    def _fetch(self, connection: Connection, columns: str) -> list[bytes]:
        statement = f"SELECT {columns} FROM segment_parts WHERE first = ?"
        return [part for part in connection.execute(statement, (self.first,)).fetchone() if part is not None]

    def keys(self, connection: Connection) -> OpenKeys:
        """Return the keys of its logs."""
        self.used = _tick()
        keys = self._keys
        if keys is None:
            keys = self._keys = OpenKeys(*self._fetch(connection, "keys"))
            _cache.opened(self, self.logs * _KEY_BYTES)
        return keys

    def _chunk(self, connection: Connection, number: int) -> OpenChunk:
        chunk = self._chunks.get(number)
        if chunk is None:
            self.used = _tick()
            chunk = self._chunks[number] = OpenChunk(*self._fetch(connection, f"docs{number}"))
            _cache.opened(self, chunk.weight)
        return chunk

    def _chunks_of(self, connection: Connection, rows: Sequence[int]) -> dict[int, OpenChunk]:
        """Return by number the chunks with *rows*; of many those that were not open yet are not kept."""
        numbers = {row // CHUNK for row in rows}
        if len(numbers) <= _FEW_CHUNKS:
            return {number: self._chunk(connection, number) for number in numbers}
        kept, packed = self._chunks, self._fetch(connection, _ALL)
        return {number: kept.get(number) or OpenChunk(packed[number]) for number in numbers}

    def messages(self, connection: Connection) -> list[str]:
        """Return all messages, in the order of places."""
        return [message for chunk in self._fetch(connection, _ALL) for message in segment.messages(chunk)]

    def messages_at(self, connection: Connection, rows: Sequence[int]) -> list[str]:
        """Return the messages of the logs at *rows*, in that order."""
        if len(rows) == self.logs:
            whole = self.messages(connection)
            return [whole[row] for row in rows]
        chunks = self._chunks_of(connection, rows)
        return [chunks[row // CHUNK].message(row % CHUNK) for row in rows]

    def records(self, connection: Connection, rows: Sequence[int]) -> list[LogRecord]:
        """Return the logs at *rows*, in that order."""
        if len(rows) * _MANY >= self.logs:
            found = self._all(connection)
            return [found[row] for row in rows]
        keys, chunks, at = self.keys(connection), self._chunks_of(connection, rows), np.array(rows, dtype=np.int64)
        return [
            LogRecord(identity, t, ns, level, *chunks[row // CHUNK].doc(row % CHUNK))
            for row, (t, ns, identity), level in zip(rows, keys.keys(at), keys.levels(at), strict=True)
        ]

    def _all(self, connection: Connection) -> list[LogRecord]:
        keys, fields = self.keys(connection), list[list[Any]]()
        for chunk in self._fetch(connection, _ALL):
            fields.append(segment.docs(chunk))
        joined = [list(itertools.chain.from_iterable(parts)) for parts in zip(*fields, strict=True)]
        return list(map(LogRecord, keys.ids(), keys.t.tolist(), keys.ns.tolist(), keys.levels(), *joined))


class _Cache:
    """The segments of which something is opened; when they take too much room, those that were used last stay."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._segments: dict[int, Segment] = {}
        self._weights: dict[int, int] = {}
        self._weight = 0

    def opened(self, one: Segment, weight: int) -> None:
        """Note that *weight* bytes more of a segment are open."""
        with self._guard:
            self._segments[one.stamp] = one
            self._weights[one.stamp] = self._weights.get(one.stamp, 0) + weight
            self._weight += weight
            if self._weight > CACHE_BYTES:
                self._shrink()

    def _shrink(self) -> None:
        """Close those that were not used for the longest time, down to three quarters of the room."""
        for one in sorted(self._segments.values(), key=lambda one: one.used):
            if self._weight <= CACHE_BYTES // 4 * 3:
                return
            one.close()
            del self._segments[one.stamp]
            self._weight -= self._weights.pop(one.stamp)


_cache = _Cache()
