"""Segments as revision 0020 wrote them, which have the fields of their logs row by row: read until they are written anew (converting.py)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from app.log import codec
from app.log.fold import clean
from app.systems.sqlite.file import Connection
from app.systems.sqlite.rows import Doc
from app.systems.sqlite.segments import segment
from app.systems.sqlite.segments.columns import Hexadecimal
from app.systems.sqlite.segments.keys import OpenKeys
from app.systems.sqlite.segments.parts import Packed
from app.systems.sqlite.segments.places import BLOCK, CHUNKS
from app.systems.sqlite.segments.segment import LogColumns, SegmentParts


class FormerChunk(msgspec.Struct, array_like=True, gc=False):
    """A sequence of logs, each as `rows.Doc`, without the ids that are kept beside them."""

    trace_id: Hexadecimal | None
    span_id: Hexadecimal | None
    docs: Packed


_decode = msgspec.msgpack.Decoder(FormerChunk).decode
_together: Callable[[bytes], list[Doc]] = codec.decoder(list[Doc]).decode
_COLUMNS = ", ".join(("keys", *(f"docs{number}" for number in range(CHUNKS))))


def parts(connection: Connection, first: int) -> SegmentParts:
    """Return the parts of the segment whose first place is *first*, as they are written today."""
    statement = f"SELECT {_COLUMNS} FROM segment_parts WHERE first = ?"
    found = connection.execute(statement, (first,)).fetchone()
    if found is None:
        raise ValueError(f"the segment of the place {first} has no parts")
    packed, *chunks = found
    keys = OpenKeys(packed)
    fields = zip(*(_fields(chunk) for chunk in chunks if chunk is not None), strict=True)
    docs = [list(itertools.chain.from_iterable(field)) for field in fields]
    # Doors have let NUL through in what a log wraps: it ends a message here, and U+FFFD stands for it as in any clean one.
    docs[segment.MESSAGE] = list(map(clean, docs[segment.MESSAGE]))
    ids = keys.ids()
    columns = LogColumns(ids, keys.t.tolist(), keys.ns.tolist(), keys.levels(), docs)
    if set(map(len, docs)) != {len(ids)}:
        raise ValueError(f"the segment of the place {first} has other logs than keys")
    return segment.pack(keys.places.tolist(), columns)


def holds(connection: Connection, first: int) -> bool:
    """Return whether the segment whose first place is *first* is not written anew yet."""
    return connection.execute("SELECT 1 FROM segment_parts WHERE first = ?", (first,)).fetchone() is not None


def places(connection: Connection, first: int, last: int) -> list[int]:
    """Return the places from *first* to *last* between the ends of segments that are not written anew yet."""
    statement = (
        "SELECT s.first, s.last FROM segment_parts p JOIN segments s ON s.first = p.first WHERE p.first BETWEEN ? AND ?"
    )
    # None crosses the border of a block.
    found = connection.execute(statement, (first - BLOCK + 1, last))
    return [place for start, end in found for place in range(max(start, first), min(end, last) + 1)]


def _fields(packed: bytes) -> list[Sequence[Any]]:
    """Return the fields of all logs of a chunk, a sequence for each field."""
    chunk = _decode(packed)
    found = _together(chunk.docs.opened())
    fields: list[Sequence[Any]] = list(zip(*found, strict=True))
    for number, column in ((segment.TRACE, chunk.trace_id), (segment.SPAN, chunk.span_id)):
        if column is not None:
            fields[number] = column.opened().all(len(found))
    return fields
