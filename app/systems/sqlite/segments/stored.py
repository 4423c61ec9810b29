"""A stored segment: what is asked of it is fetched through the caller's transaction, and kept for the next to ask.

Segments never change; what is written in place of one has another stamp. So they are shared between threads, and
between transactions that see different states of the file; what two threads fetch at once is the same.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from app.errors import Damaged
from app.log.record import LogRecord
from app.systems.sqlite.checksums import checksum, said
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments import former, segment
from app.systems.sqlite.segments.columns import OpenHexadecimal
from app.systems.sqlite.segments.keys import OpenKeys
from app.systems.sqlite.segments.messages import OpenMessages
from app.systems.sqlite.segments.places import CHUNK, CHUNKS
from app.systems.sqlite.segments.segment import OpenChunk, OpenSegmentFields, SegmentParts

#: Columns in the order in which a Segment takes them.
COLUMNS = "first, last, logs, stamp, first_id, last_id, checksum"
#: Bytes of opened segments that a process keeps.
CACHE_BYTES = 32 << 20
#: Bytes that the keys of a log take when its time and level are opened, with what is packed.
_KEY_BYTES = 12
#: Bytes that the numbers of a log's values take, about.
_FIELD_BYTES = 6
#: Most chunks of a segment that are opened one by one and kept; more are read in one go for whoever asks.
_FEW_CHUNKS = 2
#: From this share of a segment's logs on (1 in so many) all are read at once, which takes a fifth of the time for each.
_MANY = 4

_ALL = ", ".join(f"docs{number}" for number in range(CHUNKS))
_tick = itertools.count().__next__


class Segment:
    """A row of the table `segments`, and its parts."""

    __slots__ = (
        "_chunks",
        "_digits",
        "_fields",
        "_former",
        "_keys",
        "_texts",
        "first",
        "first_id",
        "last",
        "last_id",
        "logs",
        "sealed",
        "stamp",
        "used",
    )

    def __init__(
        self, first: int, last: int, logs: int, stamp: int, first_id: bytes, last_id: bytes, *, sealed: bool = False
    ) -> None:
        #: Its first and last place, between which some may be empty.
        self.first = first
        self.last = last
        # Anything may stand in a damaged row, which is noticed by its checksum.
        self.logs = logs if isinstance(logs, int) else 0
        self.stamp = stamp if isinstance(stamp, int) else hash(stamp)
        #: The lowest and the highest id.
        self.first_id = first_id
        self.last_id = last_id
        #: Whether its row has a checksum: then each of its parts has one.
        self.sealed = sealed
        #: Grows with each use.
        self.used = 0
        self._keys: OpenKeys | None = None
        self._fields: OpenSegmentFields | None = None
        self._digits: dict[int, OpenHexadecimal] | None = None
        self._texts: OpenMessages | None = None
        #: Its parts where they are not written yet.
        self._former: SegmentParts | None = None
        self._chunks: dict[int, OpenChunk] = {}

    def close(self) -> None:
        """Let go of what was fetched."""
        self._keys = self._fields = self._digits = self._texts = self._former = None
        self._chunks = {}

    def _fetch(self, connection: Connection, columns: str) -> list[bytes]:
        statement = f"SELECT {columns} FROM segment_columns WHERE first = ?"
        found, names = connection.execute(statement, (self.first,)).fetchone(), columns.split(", ")
        if found is not None:
            there = [self._checked(*each) for each in zip(names, found, strict=True)]
            return [part for part in there if part is not None]
        parts = self._former
        if parts is None:
            self.used = _tick()
            parts = self._former = former.parts(connection, self.first)
            _cache.opened(self, parts.size // 2)
        named = {**parts._asdict(), **{f"docs{number}": chunk for number, chunk in enumerate(parts.chunks)}}
        return [part for part in map(named.get, names) if part is not None]

    def _checked(self, name: str, part: Any) -> bytes | None:
        """Return a part as it was written; None for a chunk that it does not have. Raises Damaged."""
        if part is None and name.startswith("docs"):
            return None
        try:
            if not isinstance(part, bytes):
                raise checksum.DamagedPart(f"{type(part).__name__} stands in their place")
            return checksum.opened(part, checksum.start(self.stamp, name), always=self.sealed)
        except checksum.DamagedPart as error:
            raise self.damaged(f"the {name} of their segment are not what was written") from error

    def has_sums(self, connection: Connection) -> bool:
        """Return whether its keys have a checksum, as all parts of a segment have or none."""
        row = connection.execute("SELECT keys FROM segment_columns WHERE first = ?", (self.first,)).fetchone()
        return row is not None and isinstance(row[0], bytes) and checksum.has(row[0])

    def check(self, connection: Connection) -> None:
        """Compare each part with its checksum. Raises Damaged."""
        self._fetch(connection, "keys, fields, skeletons, variables, digits")
        self._every_chunk(connection)

    def damaged(self, why: str) -> Damaged:
        """Return the error that says which logs can't be read."""
        named = said.segment(self.logs, self.first, self.last, self.first_id, self.last_id)
        return Damaged(named, why, self.stamp, self.logs)

    def keys(self, connection: Connection) -> OpenKeys:
        """Return the keys of its logs."""
        self.used = _tick()
        keys = self._keys
        if keys is None:
            (packed,) = self._fetch(connection, "keys")
            keys = self._keys = OpenKeys(packed, partial(_cache.opened, self))
            _cache.opened(self, self.logs * _KEY_BYTES)
        return keys

    def fields(self, connection: Connection) -> OpenSegmentFields:
        """Return the fields of its logs of which few values differ."""
        fields = self._fields
        if fields is None:
            self.used = _tick()
            (packed,) = self._fetch(connection, "fields")
            fields = self._fields = OpenSegmentFields(packed, self.logs)
            _cache.opened(self, len(packed) + fields.weight + self.logs * _FIELD_BYTES)
        return fields

    def digits(self, connection: Connection) -> dict[int, OpenHexadecimal]:
        """Return the fields of its logs that are hex digits, by the number of the field."""
        digits = self._digits
        if digits is None:
            self.used = _tick()
            (packed,) = self._fetch(connection, "digits")
            digits = self._digits = segment.open_digits(packed)
            _cache.opened(self, len(packed))
        return digits

    def digits_once(self, connection: Connection) -> dict[int, OpenHexadecimal]:
        """Return the same for one question: what was not open yet is not kept, for it takes as much room as all else that is counted."""
        return self._digits or segment.open_digits(*self._fetch(connection, "digits"))

    def texts(self, connection: Connection) -> OpenMessages:
        """Return the messages of its logs; they stay open."""
        texts = self._texts
        if texts is None:
            self.used = _tick()
            skeletons, variables = self._fetch(connection, "skeletons, variables")
            texts = self._texts = OpenMessages(skeletons, self.logs, lambda: variables, partial(_cache.opened, self))
            _cache.opened(self, len(skeletons) + len(variables) + texts.weight)
        return texts

    def texts_once(self, connection: Connection) -> OpenMessages:
        """Return the same for one question: what was not open yet is not kept."""
        if (texts := self._texts) is not None:  # read once: another thread may close it meanwhile
            return texts
        (skeletons,) = self._fetch(connection, "skeletons")
        return OpenMessages(skeletons, self.logs, lambda: self._fetch(connection, "variables")[0])

    def chunk(self, connection: Connection, number: int) -> OpenChunk:
        """Return a chunk."""
        chunk = self._chunks.get(number)
        if chunk is None:
            self.used = _tick()
            packed = self._fetch(connection, f"docs{number}")
            if not packed:
                raise self.damaged(f"the docs{number} of their segment are missing")
            chunk = self._chunks[number] = OpenChunk(*packed)
            _cache.opened(self, chunk.weight)
        return chunk

    def _chunks_of(self, connection: Connection, rows: Sequence[int]) -> dict[int, OpenChunk]:
        """Return by number the chunks with *rows*; of many those that were not open yet are not kept."""
        numbers = {row // CHUNK for row in rows}
        if len(numbers) <= _FEW_CHUNKS:
            return {number: self.chunk(connection, number) for number in numbers}
        kept, packed = self._chunks, self._every_chunk(connection)
        return {number: kept.get(number) or OpenChunk(packed[number]) for number in numbers}

    def chunks(self, connection: Connection) -> list[OpenChunk]:
        """Return all chunks, fetched at once and not kept; none where all fields stand elsewhere."""
        return list(map(OpenChunk, self._every_chunk(connection)))

    def _every_chunk(self, connection: Connection) -> list[bytes]:
        found = self._fetch(connection, _ALL)
        if len(found) != (-(-self.logs // CHUNK) if self.fields(connection).left(self.digits(connection)) else 0):
            raise self.damaged("the docs of their segment are more or less than it needs")
        return found

    def records(self, connection: Connection, rows: Sequence[int]) -> list[LogRecord]:
        """Return the logs at *rows*, in that order."""
        if len(rows) * _MANY >= self.logs:
            found = self._all(connection)
            return [found[row] for row in rows]
        keys, fields, digits = self.keys(connection), self.fields(connection), self.digits(connection)
        chunks = self._chunks_of(connection, rows) if fields.left(digits) else {}
        texts = self.texts(connection).some(np.array(rows, dtype=np.int64))
        return [
            LogRecord(
                keys.id(row),
                int(keys.t[row]),
                int(keys.ns[row]),
                keys.level(row),
                text.decode(),
                *_doc(fields, digits, chunks.get(row // CHUNK), row),
            )
            for row, text in zip(rows, texts, strict=True)
        ]

    def column(self, connection: Connection, number: int, chunks: Sequence[OpenChunk]) -> list[Any]:
        """Return a field of all its logs, whose *chunks* are all."""
        if number == segment.MESSAGE:
            return list(self.texts_once(connection).all())
        found = self.fields(connection).all(number)
        if found is None and (digits := self.digits(connection).get(number)) is not None:
            found = list(digits.all(self.logs))
        if found is None:
            found = list(itertools.chain.from_iterable([chunk.column(number) for chunk in chunks]))
        return found

    def _all(self, connection: Connection) -> list[LogRecord]:
        keys, chunks = self.keys(connection), self.chunks(connection)
        docs = [self.column(connection, number, chunks) for number in range(segment.TRUNCATED + 1)]
        return list(map(LogRecord, keys.ids(), keys.t.tolist(), keys.ns.tolist(), keys.levels(), *docs))


def _doc(fields: OpenSegmentFields, digits: dict[int, OpenHexadecimal], chunk: OpenChunk | None, row: int) -> list[Any]:
    """Return the fields of `rows.Doc` of the log at *row*, which lies in *chunk*, without its message."""
    doc = fields.values(row)
    for number, column in digits.items():
        doc[number] = column[row]
    if chunk is not None:
        chunk.fill(doc, row % CHUNK)
    return doc[segment.RESOURCE :]


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

    def let_go(self, one: Segment) -> None:
        """Close a segment that nobody is likely to ask again here."""
        with self._guard:
            if self._segments.pop(one.stamp, None) is not None:
                self._weight -= self._weights.pop(one.stamp)
            one.close()

    def _shrink(self) -> None:
        """Close those that were not used for the longest time, down to three quarters of the room."""
        for one in sorted(self._segments.values(), key=lambda one: one.used):
            if self._weight <= CACHE_BYTES // 4 * 3:
                return
            one.close()
            del self._segments[one.stamp]
            self._weight -= self._weights.pop(one.stamp)


_cache = _Cache()

#: Closes a segment, as what goes through all of them does behind it: else it would keep as many as fit.
let_go = _cache.let_go
