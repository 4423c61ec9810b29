"""Writing logs to a SQLite file, and deleting them: as rows, or as segments; what reads them is in app/systems/sqlite/logs.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.log.record import LogRecord
from app.systems.sqlite import logs, rows
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments import former, table
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.sealing import SEGMENT_BYTES
from app.systems.sqlite.segments.segment import MESSAGE, LogColumns, SegmentParts
from app.systems.sqlite.segments.stored import Segment

#: Logs of one block in one batch from which on they become a segment at once.
SEALED_AT_ONCE = 256
#: Segments written anew in one transaction when logs are deleted: some 50 ms, so that ingest hardly waits.
SEGMENTS_AT_ONCE = 16
#: In the table `state`: places that no log ever had.
SKIPPED = "skipped_places"


def new_records(connection: Connection, records: Iterable[LogRecord], suffix: str = "") -> list[LogRecord]:
    """Return the records whose id is not stored yet, the first of each id."""
    records = list(records)
    ids = [item.id for item in records]
    if len(set(ids)) == len(ids) and not logs.stored(connection, ids, suffix):
        return records
    by_id: dict[bytes, LogRecord] = {}
    for item in records:
        by_id.setdefault(item.id, item)
    for known in logs.stored(connection, list(by_id), suffix):
        del by_id[known]
    return list(by_id.values())


@dataclass(frozen=True, slots=True)
class Ahead:
    """Segments that were packed before the write lock was taken: they hold if the next place is still what it was."""

    next_place: int
    #: The logs of all of them.
    columns: LogColumns
    #: By first place; None for logs that don't go into a segment.
    parts: dict[int, SegmentParts | None]


def ahead(connection: Connection, columns: LogColumns) -> Ahead:
    """Pack the segments of new records, which takes long, without any lock; *columns* are theirs."""
    place = rows.next_place(connection)
    runs = _runs(place, len(columns.id), at_once=True)
    first = runs[0][0]
    parts = {run[0]: _packed(run, columns.part(run[0] - first, run[-1] + 1 - first)) for run in runs}
    return Ahead(place, columns, parts)


def insert(
    connection: Connection,
    records: Sequence[LogRecord],
    suffix: str = "",
    *,
    at_once: bool = True,
    packed: Ahead | None = None,
) -> int:
    """Store new records; return the place of the first, behind which the others follow.

    Those of a large batch become segments *at_once*, which costs less than rows do; others are sealed later. *packed* are the
    segments of the records, where they could be packed ahead.
    """
    at_once = at_once and not suffix
    place = rows.next_place(connection, suffix)
    packed = packed if packed is not None and packed.next_place == place else None
    columns = packed.columns if packed is not None else LogColumns.of(records) if at_once and records else None
    runs = _runs(place, len(records), at_once=at_once)
    first = runs[0][0] if runs else place
    if first > place:
        rows.add_state(connection, SKIPPED, first - place)
    for run in runs:
        start, end = run[0] - first, run[-1] + 1 - first
        some = None if columns is None else columns.part(start, end)
        parts = None if some is None else _packed(run, some) if packed is None else packed.parts[run[0]]
        if some is None or parts is None or table.crowded(connection, some.id):
            rows.insert(connection, run[0], records[start:end], suffix)
        else:
            table.insert(connection, run, some, parts)
        place = run[-1] + 1
    rows.set_state(connection, f"next_place{suffix}", place)
    rows.add_state(connection, f"stored{suffix}", len(records))
    return first


def _runs(place: int, count: int, *, at_once: bool) -> list[range]:
    """Return the places from *place* on that *count* new records get, block by block."""
    left = BLOCK - place % BLOCK
    if at_once and count >= SEALED_AT_ONCE and left < min(count, BLOCK):
        # Places stay empty, so that the batch is one segment and not two small ones.
        place += left
    last, found = place + count - 1, list[range]()
    while place <= last:
        found.append(range(place, min(last, place - place % BLOCK + BLOCK - 1) + 1))
        place = found[-1][-1] + 1
    return found


def _packed(places: range, columns: LogColumns) -> SegmentParts | None:
    """Return the segment of logs; None where they are too few or too large, or don't come back as they are."""
    if len(columns.id) < SEALED_AT_ONCE or sum(map(len, columns.docs[MESSAGE])) > SEGMENT_BYTES:
        return None
    parts = table.packed(places, columns)
    return None if parts is None or parts.size > SEGMENT_BYTES else parts


def steps(connection: Connection, ids: Sequence[bytes]) -> list[list[bytes]]:
    """Return *ids*, each once, in parts that lie in SEGMENTS_AT_ONCE segments at most."""
    left, found = dict.fromkeys(ids), list[list[bytes]]()
    for number, (one, at) in enumerate(logs.in_segments(connection, ids, "")):
        if number % SEGMENTS_AT_ONCE == 0:
            found.append([])
        keys = one.keys(connection)
        for identity in {keys.id(row) for row in at}:
            found[-1].append(identity)
            left.pop(identity, None)
    return [*found, list(left)] if left else found


def delete(connection: Connection, places: Sequence[int], suffix: str = "") -> set[int]:
    """Delete the logs at *places*; return which of these were in segments by column."""
    segments, others = logs.split(connection, places, suffix)
    sealed = by_column(connection, segments)
    connection.executemany(f"DELETE FROM logs{suffix} WHERE place = ?", [(place,) for place in others])
    for one, at in segments:
        table.remove(connection, one, at)
    rows.add_state(connection, f"stored{suffix}", -len(places))
    return sealed


def by_column(connection: Connection, segments: Iterable[tuple[Segment, Sequence[int]]]) -> set[int]:
    """Return the places of those rows of *segments* that are written by column: revision 0020 sealed what was not indexed yet, too."""
    found = set[int]()
    for one, at in segments:
        if not former.holds(connection, one.first):
            found.update(map(one.keys(connection).place, at))
    return found
