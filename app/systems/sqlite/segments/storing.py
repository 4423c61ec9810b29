"""Writing logs to a SQLite file, and deleting them: as rows, or as segments; what reads them is in app/systems/sqlite/logs.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.log.record import LogRecord
from app.systems.sqlite import logs, rows
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments import former, table
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.sealing import SEGMENT_BYTES
from app.systems.sqlite.segments.segment import LogColumns
from app.systems.sqlite.segments.stored import Segment

#: Logs of one block in one batch from which on they become a segment at once.
SEALED_AT_ONCE = 256
#: Segments written anew in one transaction when logs are deleted: some 50 ms, so that ingest hardly waits.
SEGMENTS_AT_ONCE = 16
#: In the table `state`: places that no log ever had.
SKIPPED = "skipped_places"


def new_records(connection: Connection, records: Iterable[LogRecord], suffix: str = "") -> list[LogRecord]:
    """Return the records whose id is not stored yet, the first of each id."""
    by_id: dict[bytes, LogRecord] = {}
    for item in records:
        by_id.setdefault(item.id, item)
    for known in logs.stored(connection, list(by_id), suffix):
        del by_id[known]
    return list(by_id.values())


def insert(connection: Connection, records: Sequence[LogRecord], suffix: str = "", *, at_once: bool = True) -> int:
    """Store new records; return the place of the first, behind which the others follow.

    Those of a large batch become segments *at_once*, which costs less than rows do; others are sealed later.
    """
    at_once = at_once and not suffix and len(records) >= SEALED_AT_ONCE
    first = place = rows.next_place(connection, suffix)
    left = BLOCK - place % BLOCK
    if at_once and left < min(len(records), BLOCK):
        # Places stay empty, so that the batch is one segment and not two small ones.
        rows.add_state(connection, SKIPPED, left)
        first = place = place + left
    last = first + len(records) - 1
    while place <= last:
        end = min(last, place - place % BLOCK + BLOCK - 1)
        some = records[place - first : end + 1 - first]
        if not at_once or len(some) < SEALED_AT_ONCE or not _sealed(connection, range(place, end + 1), some):
            rows.insert(connection, place, some, suffix)
        place = end + 1
    rows.set_state(connection, f"next_place{suffix}", place)
    rows.add_state(connection, f"stored{suffix}", len(records))
    return first


def _sealed(connection: Connection, places: Sequence[int], records: Sequence[LogRecord]) -> bool:
    """Write a segment of *records*; return whether that was possible."""
    if sum(len(record.message) for record in records) > SEGMENT_BYTES:
        return False
    columns = LogColumns.of(records)
    if table.crowded(connection, columns.id):
        return False
    parts = table.packed(places, columns)
    if parts is None or parts.size > SEGMENT_BYTES:
        return False
    table.insert(connection, places, columns.id, parts)
    return True


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
