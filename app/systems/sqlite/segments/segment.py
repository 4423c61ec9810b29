"""A segment: up to 1,024 logs that are neighbours in the order of storing, compressed by column.

Its *keys* have what places a log: its place, id, time and level. Its *fields* have those other fields of which few
values differ, each value once and for each log its number: what a filter asks of such a field is asked of each value.
Its *skeletons* and *variables* are its messages (messages.py), its *digits* have trace and span ids as bytes (of hex digits
no method makes fewer than half), and its *chunks* of CHUNK logs each what is left of the logs; mostly nothing is, and
there are none. All parts are fetched and opened when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
import numpy as np

from app.log import codec
from app.log.record import LogRecord
from app.systems.sqlite import rows
from app.systems.sqlite.rows import Row
from app.systems.sqlite.segments import messages
from app.systems.sqlite.segments.columns import Coded, FewValues, Hexadecimal, OpenFewValues, OpenHexadecimal, Value
from app.systems.sqlite.segments.keys import Keys, OpenKeys
from app.systems.sqlite.segments.parts import Differences, IdRuns, Packed
from app.systems.sqlite.segments.places import CHUNK

#: Fields of `rows.Doc` by their numbers.
MESSAGE, RESOURCE, TRACE, SPAN, COMMIT, METADATA, TRUNCATED = range(7)
#: Fields that are asked for hex digits.
_DIGITS = (TRACE, SPAN)


class SegmentFields(msgspec.Struct, array_like=True, gc=False):
    """The columns of few different values by the number of their field; None for others. Metadata is packed."""

    columns: list[FewValues | None]


class SegmentDigits(msgspec.Struct, array_like=True, gc=False):
    """The columns of hex digits; None for what is anything else."""

    trace_id: Hexadecimal | None
    span_id: Hexadecimal | None


class SegmentChunk(msgspec.Struct, array_like=True, gc=False):
    """A sequence of CHUNK logs."""

    #: Which fields stand in `rest`, of each log a sequence of these.
    kept: list[int]
    rest: Packed


class SegmentParts(NamedTuple):
    """A segment's parts as they are kept."""

    keys: bytes
    fields: bytes
    skeletons: bytes
    variables: bytes
    digits: bytes
    #: None where all fields stand elsewhere.
    chunks: list[bytes]
    #: Bytes of messages, chunks and values before they were compressed.
    size: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SegmentChunk).decode
_decode_fields = msgspec.msgpack.Decoder(SegmentFields).decode
_decode_digits = msgspec.msgpack.Decoder(SegmentDigits).decode
_apart = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_together: Callable[[bytes], list[list[Any]]] = codec.decoder(list[list[Any]]).decode
_one: Callable[[Any], list[Any]] = codec.decoder(list[Any]).decode
#: Metadata as it is packed in a column of values.
metadata: Callable[[Any], dict[str, Any]] = codec.decoder(dict[str, Any]).decode
_several_metadata: Callable[[bytes], list[dict[str, Any]]] = codec.decoder(list[dict[str, Any]]).decode


def several_metadata(packed: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return what `metadata` returns of each: all are decoded as one sequence, whose head is its type and its length."""
    return _several_metadata(b"\xdd" + len(packed).to_bytes(4, "big") + b"".join(packed))


class LogColumns(NamedTuple):
    """Logs by column, one at least."""

    id: Sequence[bytes]
    t: Sequence[int]
    ns: Sequence[int]
    level: Sequence[str]
    #: The columns of `rows.Doc`.
    docs: Sequence[Sequence[Any]]
    #: The metadata of each, packed, where somebody has done so.
    metadata: Sequence[bytes | None] | None = None

    @classmethod
    def of_rows(cls, logs: Sequence[Row]) -> LogColumns:
        """Return the logs of rows."""
        identity, t, ns, level, packed = zip(*logs, strict=True)
        return cls(identity, t, ns, level, tuple(zip(*map(rows.decode, packed), strict=True)))

    @classmethod
    def of(cls, records: Sequence[LogRecord]) -> LogColumns:
        """Return the logs of *records*."""
        return cls(
            [one.id for one in records],
            [one.t for one in records],
            [one.ns for one in records],
            [one.level for one in records],
            [
                [one.message for one in records],
                [one.resource_id for one in records],
                [one.trace_id for one in records],
                [one.span_id for one in records],
                [one.commit for one in records],
                [one.metadata for one in records],
                [one.truncated for one in records],
            ],
        )

    def part(self, start: int, end: int) -> LogColumns:
        """Return the logs from the one at *start* up to the one before *end*."""
        some = slice(start, end)
        docs = [column[some] for column in self.docs]
        metadata = None if self.metadata is None else self.metadata[some]
        return LogColumns(self.id[some], self.t[some], self.ns[some], self.level[some], docs, metadata)


def pack(places: Sequence[int], logs: LogColumns) -> SegmentParts:
    """Return the parts of *logs*, stored at *places*, ascending; raises ValueError if they don't come back the same."""
    numbers = [np.array(column, dtype=np.int64) for column in (places, logs.t, logs.ns)]
    at, t, ns = map(Differences.of, numbers)
    packed = _encode(Keys(at, IdRuns.of(logs.id), t, ns, Coded.of(logs.level)))
    found = OpenKeys(packed)
    same = all(map(np.array_equal, (found.places, found.t, found.ns), numbers))
    # Ids of other lengths could be the same bytes, joined.
    if (
        not same
        or set(map(len, logs.id)) != {16}
        or found.joined_ids() != b"".join(logs.id)
        or found.levels() != list(logs.level)
    ):
        raise ValueError("keys don't come back from their segment as they were")
    digits = SegmentDigits(*(Hexadecimal.of(logs.docs[number]) for number in _DIGITS))
    beside = {
        number: column is not None for number, column in zip(_DIGITS, (digits.trace_id, digits.span_id), strict=True)
    }
    # Packed once, wherever they are kept.
    whole = logs.metadata or codec.encode_each(logs.docs[METADATA])
    docs = [*logs.docs[:METADATA], whole, *logs.docs[METADATA + 1 :]]
    columns = [
        None if number == MESSAGE or beside.get(number) else _values(column) for number, column in enumerate(docs)
    ]
    left = [number for number in range(RESOURCE, TRUNCATED + 1) if columns[number] is None and not beside.get(number)]
    if METADATA in left:
        docs[METADATA] = [None if one is None else msgspec.Raw(one) for one in whole]
    chunks = [_chunk(docs, left, start) for start in range(0, len(places), CHUNK) if left]
    texts, size = messages.pack(logs.docs[MESSAGE])
    return SegmentParts(
        packed,
        _encode(SegmentFields(columns)),
        texts.skeletons,
        texts.variables,
        _encode(digits),
        [chunk for chunk, _ in chunks],
        size + sum(size for _, size in chunks) + sum(column.values.size for column in columns if column is not None),
    )


def _values(column: Sequence[Value]) -> FewValues | None:
    """Return a field's column of few different values; None where too many differ."""
    found = FewValues.of(column)
    if found is not None and found.opened(len(column)).all() != list(column):
        raise ValueError("fields don't come back from their segment as they were")
    return found


def _chunk(docs: Sequence[Sequence[Any]], left: Sequence[int], start: int) -> tuple[bytes, int]:
    """Return a packed chunk, and its bytes before it was compressed; *left* are the fields that stand in no column."""
    rest = [docs[number][start : start + CHUNK] for number in left]
    others = codec.encode(list(zip(*rest, strict=True)))
    packed = _encode(SegmentChunk(list(left), Packed.of(others)))
    if OpenChunk(packed).others() != others:
        raise ValueError("logs don't come back from their segment as they were")
    return packed, len(others)


class OpenSegmentFields:
    """The fields of a segment of few different values, opened one by one."""

    def __init__(self, packed: bytes, count: int) -> None:
        self._columns = _decode_fields(packed).columns
        self._count = count
        self._open: dict[int, OpenFewValues] = {}
        #: Bytes that its values take when they are open, about.
        self.weight = sum(column.values.size for column in self._columns if column is not None)

    def values(self, at: int) -> list[Any]:
        """Return the values of a log in all fields; None in those that have no column here."""
        found: list[Any] = [None] * len(self._columns)
        for number, packed in enumerate(self._columns):
            column = None if packed is None else self.column(number)
            if column is not None:
                value = column.values[column.codes[at]]
                found[number] = metadata(value) if isinstance(value, bytes) else value
        return found

    def left(self, digits: Container[int]) -> bool:
        """Return whether a field stands neither here nor among *digits*: then there are chunks."""
        return any(column is None and number not in digits for number, column in enumerate(self._columns) if number)

    def column(self, number: int) -> OpenFewValues | None:
        """Return a field's column; None for a field that has none here."""
        found = self._open.get(number)
        column = self._columns[number]
        if found is None and column is not None:
            found = self._open[number] = column.opened(self._count)
        return found

    def all(self, number: int) -> list[Any] | None:
        """Return the values of all logs; None for a field that has no column here."""
        column = self.column(number)
        if column is None or number != METADATA:
            return None if column is None else column.all()
        return [metadata(value) if isinstance(value, bytes) else value for value in column.all()]


def open_digits(packed: bytes) -> dict[int, OpenHexadecimal]:
    """Return the fields of a segment that are kept as bytes of their hex digits."""
    digits = _decode_digits(packed)
    pairs = zip(_DIGITS, (digits.trace_id, digits.span_id), strict=True)
    return {number: column.opened() for number, column in pairs if column is not None}


class OpenChunk:
    """A chunk, to be read; its parts are opened as they are asked for."""

    def __init__(self, packed: bytes) -> None:
        self._chunk = _decode(packed)
        #: Bytes that it takes, about.
        self.weight = len(packed) + 2 * self._chunk.rest.size

    def others(self) -> bytes:
        """Return the fields of its logs that stand nowhere else, packed."""
        return self._chunk.rest.opened()

    @cached_property
    def _apart(self) -> list[msgspec.Raw]:
        return _apart(self.others())

    def fill(self, doc: list[Any], at: int) -> None:
        """Put what the chunk has of the log at this row of it into *doc*."""
        for number, value in zip(self._chunk.kept, _one(self._apart[at]), strict=True):
            doc[number] = value

    @cached_property
    def columns(self) -> dict[int, Sequence[Any]]:
        """The fields that the chunk has, each of all its logs."""
        return dict(zip(self._chunk.kept, zip(*_together(self.others()), strict=True), strict=True))

    def column(self, number: int) -> Sequence[Any]:
        """Return a field of all its logs, of those that the chunk has."""
        return self.columns[number]
