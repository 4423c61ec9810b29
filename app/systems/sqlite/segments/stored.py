"""A stored segment: what is asked of it is fetched through the caller's transaction, and kept for the next to ask.

Segments never change; what is written in place of one has another stamp. So they are shared between threads, and
between transactions that see different states of the file; what two threads fetch at once is the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from app.errors import Damaged
from app.log.record import LogRecord
from app.systems.sqlite.checksums import checksum, said, unsummed
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments import former, segment
from app.systems.sqlite.segments.columns import OpenHexadecimal
from app.systems.sqlite.segments.keys import OpenKeys
from app.systems.sqlite.segments.messages import OpenMessages
from app.systems.sqlite.segments.opened import OpenedCache
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.places import CHUNK, CHUNKS
from app.systems.sqlite.segments.segment import OpenChunk, OpenSegmentFields, SegmentParts

T = TypeVar("T")

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
            there = [self._checked(connection, *each) for each in zip(names, found, strict=True)]
            return [part for part in there if part is not None]
        parts = self._former
        if parts is None:
            self.used = _tick()
            parts = self._former = self._opened(lambda: former.parts(connection, self.first))
            _cache.opened(self, parts.size // 2)
        named = {**parts._asdict(), **{f"docs{number}": chunk for number, chunk in enumerate(parts.chunks)}}
        return [part for part in map(named.get, names) if part is not None]

    def _checked(self, connection: Connection, name: str, part: Any) -> bytes | None:
        """Return a part as it was written; None for a chunk that it does not have. Raises Damaged."""
        if part is None and name.startswith("docs"):
            return None
        try:
            if not isinstance(part, bytes):
                raise checksum.DamagedPart(f"{type(part).__name__} stands in their place")
            always = self.sealed and (checksum.has(part) or not self._unsealed(connection))
            return checksum.opened(part, checksum.start(self.stamp, name), always=always)
        except checksum.DamagedPart as error:
            raise self.damaged(f"the {name} of their segment are not what was written") from error

    def _unsealed(self, connection: Connection) -> bool:
        """Return whether the connection's transaction sees it without checksums, which it got since (checksums/giving.py)."""
        statement = "SELECT 1 FROM segments WHERE first = ? AND stamp = ? AND checksum IS NULL"
        return connection.execute(statement, (self.first, self.stamp)).fetchone() is not None

    def _opened(self, make: Callable[[], T], read: Callable[[T, int], None] | None = None) -> T:
        """Return an opened part; one without a checksum is read to its end, so that damage shows here. Raises Damaged."""
        try:
            part = make()
            if read is not None and not self.sealed:
                read(part, self.logs)
        except Damaged:
            raise
        except DAMAGED as error:
            raise self.damaged(f"what is written in their place is no part of a segment ({error})") from error
        return part

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
            keys = self._keys = self._opened(lambda: OpenKeys(packed, partial(_cache.opened, self)), unsummed.keys)
            _cache.opened(self, self.logs * _KEY_BYTES)
        return keys

    def fields(self, connection: Connection) -> OpenSegmentFields:
        """Return the fields of its logs of which few values differ."""
        fields = self._fields
        if fields is None:
            self.used = _tick()
            (packed,) = self._fetch(connection, "fields")
            fields = self._fields = self._opened(lambda: OpenSegmentFields(packed, self.logs), unsummed.fields)
            _cache.opened(self, len(packed) + fields.weight + self.logs * _FIELD_BYTES)
        return fields

    def digits(self, connection: Connection) -> dict[int, OpenHexadecimal]:
        """Return the fields of its logs that are hex digits, by the number of the field."""
        digits = self._digits
        if digits is None:
            self.used = _tick()
            (packed,) = self._fetch(connection, "digits")
            digits = self._digits = self._opened(lambda: segment.open_digits(packed), unsummed.digits)
            _cache.opened(self, len(packed))
        return digits

    def digits_once(self, connection: Connection) -> dict[int, OpenHexadecimal]:
        """Return the same for one question: what was not open yet is not kept, for it takes as much room as all else that is counted."""
        return self._digits or self._opened(
            lambda: segment.open_digits(*self._fetch(connection, "digits")), unsummed.digits
        )

    def texts(self, connection: Connection) -> OpenMessages:
        """Return the messages of its logs; they stay open."""
        texts = self._texts
        if texts is None:
            self.used = _tick()
            skeletons, variables = self._fetch(connection, "skeletons, variables")
            opened = partial(OpenMessages, skeletons, self.logs, lambda: variables, partial(_cache.opened, self))
            texts = self._texts = self._opened(opened, unsummed.texts)
            _cache.opened(self, len(skeletons) + len(variables) + texts.weight)
        return texts

    def texts_once(self, connection: Connection) -> OpenMessages:
        """Return the same for one question: what was not open yet is not kept."""
        if (texts := self._texts) is not None:  # read once: another thread may close it meanwhile
            return texts
        (skeletons,) = self._fetch(connection, "skeletons")
        opened = partial(OpenMessages, skeletons, self.logs, lambda: self._fetch(connection, "variables")[0])
        return self._opened(opened, unsummed.texts)

    def chunk(self, connection: Connection, number: int) -> OpenChunk:
        """Return a chunk."""
        chunk = self._chunks.get(number)
        if chunk is None:
            self.used = _tick()
            packed = self._fetch(connection, f"docs{number}")
            if not packed:
                raise self.damaged(f"the docs{number} of their segment are missing")
            chunk = self._chunks[number] = self._chunk(number, *packed)
            _cache.opened(self, chunk.weight)
        return chunk

    def _chunks_of(self, connection: Connection, rows: Sequence[int]) -> dict[int, OpenChunk]:
        """Return by number the chunks with *rows*; of many those that were not open yet are not kept."""
        numbers = {row // CHUNK for row in rows}
        if len(numbers) <= _FEW_CHUNKS:
            return {number: self.chunk(connection, number) for number in numbers}
        kept, packed = self._chunks, self._every_chunk(connection)
        return {number: kept.get(number) or self._chunk(number, packed[number]) for number in numbers}

    def _chunk(self, number: int, packed: bytes) -> OpenChunk:
        logs = min(CHUNK, self.logs - number * CHUNK)
        return self._opened(lambda: OpenChunk(packed), lambda part, _: unsummed.chunk(part, logs))

    def chunks(self, connection: Connection) -> list[OpenChunk]:
        """Return all chunks, fetched at once and not kept; none where all fields stand elsewhere."""
        return list(itertools.starmap(self._chunk, enumerate(self._every_chunk(connection))))

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


_cache = OpenedCache(CACHE_BYTES)

#: Closes a segment, as what goes through all of them does behind it: else it would keep as many as fit.
let_go = _cache.let_go
