"""Bounds and counts that an index keeps of its logs, which have no checksum: they are compared with the logs themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index.kept import UNCOUNTED
from app.systems.sqlite.index.tallying import PATHS, tallies
from app.systems.sqlite.segments.directory import every
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.segment import COMMIT, METADATA, RESOURCE, SPAN, TRACE, TRUNCATED, LogColumns, metadata
from app.systems.sqlite.segments.stored import Segment, let_go

_FIELDS = ("level", "resourceId", "commit")


class _Found:
    """The counts of the logs that were looked at, and the blocks whose bounds hide some of them."""

    def __init__(self, connection: Connection) -> None:
        self.minutes = Counter[tuple[int, str]]()
        self.values = Counter[tuple[str, str]]()
        self.hidden = set[int]()
        statement = "SELECT block, low_t, high_t, first_id, last_id FROM blocks"
        self._bounds: dict[int, Any] = {block: bounds for block, *bounds in connection.execute(statement)}

    def count(self, logs: LogColumns) -> None:
        """Count logs."""
        minutes, values = tallies(logs)
        self.minutes.update(minutes)
        self.values.update(values)

    def add(self, place: int, times: tuple[int, int], ids: tuple[bytes, bytes]) -> None:
        """Compare the lowest and highest time and id of logs of one block with its bounds."""
        bounds = self._bounds.get(place // BLOCK)
        # Logs that went leave bounds wider than they need be.
        if bounds is None or not (
            bounds[0] <= times[0] and times[1] <= bounds[1] and bounds[2] <= ids[0] and ids[1] <= bounds[3]
        ):
            self.hidden.add(place // BLOCK)


def wrong(database: SqliteDatabase) -> list[str]:
    """Return which bounds and counts of an index are not those of its logs; none of a file that no index is in, or not all logs yet."""
    with database.snapshot() as connection:
        left = "SELECT 1 FROM unindexed UNION ALL SELECT 1 FROM segment_parts LIMIT 1"
        if not rows.get_state(connection, "indexed") or connection.execute(left).fetchone():
            return []
        if rows.get_state(connection, UNCOUNTED):
            return ["the counts, of which none is used, for they have damaged logs that are gone"]
        found, there = _Found(connection), every(connection)
        try:
            for one in map(there.segment, range(len(there))):
                _segment(found, connection, one)
                let_go(one)
            _rows(found, connection)
        except DAMAGED:
            # Damaged logs can't be counted, and are named already.
            return []
        return _differences(found, connection)


def _segment(found: _Found, connection: Connection, one: Segment) -> None:
    keys, fields, chunks = one.keys(connection), one.fields(connection), one.chunks(connection)
    times, ids = keys.t, keys.ids()
    docs: list[Sequence[Any]] = [()] * (TRUNCATED + 1)
    for number in (RESOURCE, TRACE, SPAN, COMMIT):
        docs[number] = one.column(connection, number, chunks)
    packed, column = None, fields.column(METADATA)
    if column is None:
        docs[METADATA] = one.column(connection, METADATA, chunks)
    else:
        # Each that differs is decoded once.
        values = [metadata(value) if isinstance(value, bytes) else None for value in column.values]
        docs[METADATA] = [values[code] for code in column.codes.tolist()]
        packed = [value if isinstance(value, bytes) else None for value in column.all()]
    found.count(LogColumns(ids, times.tolist(), keys.ns.tolist(), keys.levels(), docs, packed))
    found.add(one.first, (int(times.min()), int(times.max())), (min(ids), max(ids)))


def _rows(found: _Found, connection: Connection) -> None:
    cursor = connection.execute(f"SELECT {rows.COLUMNS}, place FROM logs")
    while some := cursor.fetchmany(BLOCK):
        records = [rows.record(row[:5]) for row in some]
        found.count(LogColumns.of(records))
        for record, (*_, place) in zip(records, some, strict=True):
            found.add(place, (record.t, record.t), (record.id, record.id))


def _differences(found: _Found, connection: Connection) -> list[str]:
    differ = [
        f"the bounds of the places {block * BLOCK} to {block * BLOCK + BLOCK - 1}" for block in sorted(found.hidden)
    ]
    kept = {(minute, level): count for minute, level, count in connection.execute("SELECT * FROM minutes")}
    if kept != found.minutes:
        differ.append("the counts by minute")
    kept_values = {(field, value): count for field, value, count in connection.execute("SELECT * FROM counts")}
    wrong = {field for (field, _), _ in kept_values.items() ^ found.values.items()}
    differ += [f"the counts by {name}" for name in _FIELDS if name in wrong]
    return [*differ, "the counts of fields"] if PATHS in wrong else differ
