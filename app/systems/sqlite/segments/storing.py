"""Writing logs to a SQLite file, and deleting them: as rows, or as segments; what reads them is in app/systems/sqlite/logs.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.log.record import LogRecord
from app.systems.sqlite import logs, rows
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments import table
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.sealing import SEGMENT_BYTES
from app.systems.sqlite.segments.segment import LogColumns

#: Logs of one block in one batch from which on they become a segment at once.
SEALED_AT_ONCE = 256
#: Segments written anew in one transaction when logs are deleted: some 50 ms, so that ingest hardly waits.
SEGMENTS_AT_ONCE = 16


def new_records(connection: Connection, records: Iterable[LogRecord], suffix: str = "") -> list[LogRecord]:
    """Return the records whose id is not stored yet, the first of each id."""
    by_id: dict[bytes, LogRecord] = {}
    for item in records:
        by_id.setdefault(item.id, item)
    for known in logs.stored(connection, list(by_id), suffix):
        del by_id[known]
    return list(by_id.values())


def insert(connection: Connection, records: Sequence[LogRecord], suffix: str = "") -> int:
    """Store new records; return the place of the first, behind which the others follow.

    Those of a large batch become segments at once, which costs less than rows do; others are sealed later.
    """
    first = place = rows.next_place(connection, suffix)
    last = first + len(records) - 1
    while place <= last:
        end = min(last, place - place % BLOCK + BLOCK - 1)
        some = records[place - first : end + 1 - first]
        if suffix or len(some) < SEALED_AT_ONCE or not _sealed(connection, range(place, end + 1), some):
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


def delete(connection: Connection, places: Sequence[int], suffix: str = "") -> None:
    """Delete the logs at *places*."""
    segments, others = logs.split(connection, places, suffix)
    connection.executemany(f"DELETE FROM logs{suffix} WHERE place = ?", [(place,) for place in others])
    for one, at in segments:
        table.remove(connection, one, at)
    rows.add_state(connection, f"stored{suffix}", -len(places))
