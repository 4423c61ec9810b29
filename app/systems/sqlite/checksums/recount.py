"""Bounds and counts that an index keeps of its logs, which have no checksum: they are compared with the logs themselves."""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index.kept import MINUTE, UNCOUNTED
from app.systems.sqlite.segments.directory import every
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.segment import COMMIT, RESOURCE
from app.systems.sqlite.segments.stored import Segment, let_go

_FIELDS = {"resourceId": RESOURCE, "commit": COMMIT}


class _Found:
    """The counts of the logs that were looked at, and the blocks whose bounds hide some of them."""

    def __init__(self, connection: Connection) -> None:
        self.minutes = Counter[tuple[int, str]]()
        self.values = {name: Counter[str]() for name in ("level", *_FIELDS)}
        self.hidden = set[int]()
        statement = "SELECT block, low_t, high_t, first_id, last_id FROM blocks"
        self._bounds: dict[int, Any] = {block: bounds for block, *bounds in connection.execute(statement)}

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
        ready = rows.get_state(connection, "indexed") and rows.get_state(connection, UNCOUNTED) == 0
        left = "SELECT 1 FROM unindexed UNION ALL SELECT 1 FROM segment_parts LIMIT 1"
        if not ready or connection.execute(left).fetchone():
            return []
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
    keys, fields = one.keys(connection), one.fields(connection)
    times, levels, ids = keys.t, keys.levels(), keys.ids()
    found.minutes.update(zip((times // MINUTE).tolist(), levels, strict=True))
    found.values["level"].update(levels)
    for name, number in _FIELDS.items():
        values = fields.all(number)
        if values is None:
            values = one.column(connection, number, one.chunks(connection))
        found.values[name].update(value for value in values if value is not None)
    found.add(one.first, (int(times.min()), int(times.max())), (min(ids), max(ids)))


def _rows(found: _Found, connection: Connection) -> None:
    for *row, place in connection.execute(f"SELECT {rows.COLUMNS}, place FROM logs"):
        record = rows.record(row)
        found.minutes[record.t // MINUTE, record.level] += 1
        values = {"level": record.level, "resourceId": record.resource_id, "commit": record.commit}
        for name, value in values.items():
            if value is not None:
                found.values[name][value] += 1
        found.add(place, (record.t, record.t), (record.id, record.id))


def _differences(found: _Found, connection: Connection) -> list[str]:
    differ = [
        f"the bounds of the places {block * BLOCK} to {block * BLOCK + BLOCK - 1}" for block in sorted(found.hidden)
    ]
    kept = {(minute, level): count for minute, level, count in connection.execute("SELECT * FROM minutes")}
    if kept != found.minutes:
        differ.append("the counts by minute")
    for name, counted in found.values.items():
        kept = dict(connection.execute("SELECT value, count FROM counts WHERE field = ?", (name,)).fetchall())
        if kept != counted:
            differ.append(f"the counts by {name}")
    return differ
