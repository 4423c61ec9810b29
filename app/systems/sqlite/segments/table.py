"""The tables of segments: writing one, and taking logs out of one."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence

from app.systems.sqlite.checksums import checksum
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments import segment
from app.systems.sqlite.segments.directory import changed, directory
from app.systems.sqlite.segments.segment import LogColumns, SegmentParts
from app.systems.sqlite.segments.stored import COLUMNS, Segment

log = logging.getLogger(__name__)

#: Segments that the ids of a new one may lie among; beyond, its logs stay rows: an id is found by these ranges.
OVERLAPS = 16
#: Segments whose logs are kept in memory, and bytes of the largest of them.
_FRESH, _FRESH_BYTES = 5, 512 << 10
#: The logs of the segments that this process wrote last, by stamp, and what guards them.
_fresh, _guard = dict[int, LogColumns](), threading.Lock()


def crowded(connection: Connection, ids: Sequence[bytes]) -> bool:
    """Return whether too many segments can hold ids of the range of *ids* for one more."""
    return len(directory(connection).with_ids(min(ids), max(ids))) >= OVERLAPS


def packed(places: Sequence[int], logs: LogColumns) -> SegmentParts | None:
    """Return the parts of a segment; None where *logs* would not come back as they are."""
    try:
        return segment.pack(places, logs)
    except (ValueError, OverflowError):
        log.exception("the logs at the places %d to %d stay rows", places[0], places[-1])
        return None


def insert(connection: Connection, places: Sequence[int], logs: LogColumns, parts: SegmentParts) -> None:
    """Write the segment of *logs* at *places*, ascending and of one block, as `segment.pack` has packed them."""
    # A stamp is never given twice, in this file or another, nor by a transaction that was undone.
    stamp = int.from_bytes(os.urandom(8), "big", signed=True)
    row = (places[0], places[-1], len(places), stamp, min(logs.id), max(logs.id))
    connection.execute(
        f"INSERT INTO segments ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*row, checksum.of_row(row)),
    )
    put(connection, places[0], stamp, parts)
    if parts.size <= _FRESH_BYTES:
        with _guard:
            _fresh[stamp] = logs
            while len(_fresh) > _FRESH:
                del _fresh[next(iter(_fresh))]


def fresh(one: Segment) -> LogColumns | None:
    """Return the logs of a segment that this process wrote a moment ago, for the one who asks first; None where they are to be read.

    Its stamp belongs to no other logs, whatever became of the transaction that wrote it.
    """
    with _guard:
        return _fresh.pop(one.stamp, None)


def put(connection: Connection, first: int, stamp: int, parts: SegmentParts) -> None:
    """Write the parts of a segment, each with its checksum."""
    names = ["keys", "fields", "skeletons", "variables", "digits"]
    names += [f"docs{number}" for number in range(len(parts.chunks))]
    packed = (parts.keys, parts.fields, parts.skeletons, parts.variables, parts.digits, *parts.chunks)
    sealed = [checksum.sealed(part, checksum.start(stamp, name)) for name, part in zip(names, packed, strict=True)]
    connection.execute(
        f"INSERT INTO segment_columns (first, {', '.join(names)}) VALUES (?{', ?' * len(names)})", (first, *sealed)
    )


def remove(connection: Connection, found: Segment, at: Sequence[int]) -> None:
    """Take the logs at the rows *at* out of a segment: it is written anew without them, or goes."""
    gone = set(at)
    left = [row for row in range(found.logs) if row not in gone]
    places = found.keys(connection).places[left].tolist()
    records = found.records(connection, left)
    if not connection.execute("DELETE FROM segments WHERE first = ?", (found.first,)).rowcount:
        # The first place that its row names is damaged: its keys know it (directory.py), and its stamp is there once.
        connection.execute("DELETE FROM segments WHERE stamp = ?", (found.stamp,))
    for table in ("segment_columns", "segment_parts"):
        connection.execute(f"DELETE FROM {table} WHERE first = ?", (found.first,))
    if left:
        columns = LogColumns.of(records)
        insert(connection, places, columns, segment.pack(places, columns))
    changed(connection)
