"""A segment: up to 1,024 logs that are neighbours in the order of storing, compressed.

Its *keys* have what places a log, by column: its place, id, time and level. Its *chunks* have the other fields of CHUNK
logs each, packed as in a row, but for trace and span ids: of hex digits no method makes fewer than half the bytes.
Keys and chunks are fetched and opened one by one, when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import msgspec
import numpy as np

from app.log import codec
from app.log.record import LogRecord
from app.systems.sqlite import rows
from app.systems.sqlite.rows import Doc, Row
from app.systems.sqlite.segments.columns import Coded, Hexadecimal
from app.systems.sqlite.segments.keys import Keys, OpenKeys
from app.systems.sqlite.segments.parts import Differences, IdRuns, Packed
from app.systems.sqlite.segments.places import CHUNK


class SegmentChunk(msgspec.Struct, array_like=True, gc=False):
    """A sequence of CHUNK logs, each as `rows.Doc`, without the ids that are kept beside them."""

    trace_id: Hexadecimal | None
    span_id: Hexadecimal | None
    docs: Packed


class SegmentParts(NamedTuple):
    """A segment's parts as they are kept."""

    keys: bytes
    chunks: list[bytes]
    #: Bytes of the chunks before they were compressed.
    size: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SegmentChunk).decode
_apart = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_together: Callable[[bytes], list[Doc]] = codec.decoder(list[Doc]).decode


class LogColumns(NamedTuple):
    """Logs by column, one at least."""

    id: Sequence[bytes]
    t: Sequence[int]
    ns: Sequence[int]
    level: Sequence[str]
    #: The columns of `rows.Doc`.
    docs: Sequence[Sequence[Any]]

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
    starts = range(0, len(places), CHUNK)
    chunks = [_chunk([field[start : start + CHUNK] for field in logs.docs]) for start in starts]
    return SegmentParts(packed, [chunk for chunk, _ in chunks], sum(size for _, size in chunks))


def _chunk(fields: Sequence[Sequence[Any]]) -> tuple[bytes, int]:
    """Return a packed chunk, and its bytes before it was compressed."""
    message, resource, trace, span, commit, metadata, truncated = fields
    beside = Hexadecimal.of(trace), Hexadecimal.of(span)
    kept = [column if short is None else repeat(None) for column, short in zip((trace, span), beside, strict=True)]
    whole = codec.encode(list(zip(message, resource, *kept, commit, metadata, truncated, strict=False)))
    chunk = SegmentChunk(*beside, Packed.of(whole))
    packed = _encode(chunk)
    found = _decode(packed)
    # Hex digits were seen to come back by `Hexadecimal.of`.
    if found != chunk or found.docs.opened() != whole:
        raise ValueError("logs don't come back from their segment as they were")
    return packed, len(whole)


class OpenChunk:
    """A chunk, decompressed; its logs are unpacked as they are asked for."""

    __slots__ = ("_docs", "_span", "_trace", "weight")

    def __init__(self, packed: bytes) -> None:
        chunk = _decode(packed)
        self._trace = None if chunk.trace_id is None else chunk.trace_id.opened()
        self._span = None if chunk.span_id is None else chunk.span_id.opened()
        whole = chunk.docs.opened()
        self._docs = _apart(whole)
        #: Bytes that it takes, about.
        self.weight = len(whole) + len(packed) + 64 * len(self._docs)

    def message(self, at: int) -> str:
        """Return the message of the log at this row of the chunk."""
        return codec.first_text(self._docs[at])

    def doc(self, at: int) -> Doc:
        """Return the fields of the log at this row of the chunk."""
        message, resource, trace, span, commit, metadata, truncated = rows.decode(self._docs[at])
        if self._trace is not None:
            trace = self._trace[at]
        if self._span is not None:
            span = self._span[at]
        return message, resource, trace, span, commit, metadata, truncated


def messages(packed: bytes) -> list[str]:
    """Return all messages of a chunk."""
    return list(map(codec.first_text, _apart(_decode(packed).docs.opened())))


def docs(packed: bytes) -> list[Sequence[Any]]:
    """Return the fields of all logs of a chunk, a sequence for each field."""
    chunk = _decode(packed)
    found = _together(chunk.docs.opened())
    fields: list[Sequence[Any]] = list(zip(*found, strict=True))
    for number, column in ((2, chunk.trace_id), (3, chunk.span_id)):
        if column is not None:
            fields[number] = column.opened().all(len(found))
    return fields
