"""Damaged logs of a record that is indexed anew: the new index knows of them that they are there, so that no answer is given without them."""

from __future__ import annotations

from typing import Any

from app.damage import Passed
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index.writing import NEXT
from app.systems.sqlite.segments.directory import every
from app.systems.sqlite.segments.places import BLOCK
from app.times import instant

_COLUMNS = "low_t, low_ns, low_id, high_t, high_ns, high_id, first_id, last_id"
_LOWEST, _HIGHEST = bytes(16), b"\xff" * 16
#: The bounds of a block of which nothing is known: it may hold any log.
_ANY = (*instant.FIRST, _LOWEST, *instant.LAST, _HIGHEST, _LOWEST, _HIGHEST)


def carry(connection: Connection, lost: Passed) -> int:
    """Take the blocks of what was passed over into a rebuild's tables, with the bounds that the former index has of them; return how many logs that was.

    What has gone meanwhile is in neither.
    """
    there = _places(connection, lost)
    for place in there.values():
        number = place // BLOCK
        (before, made) = (_bounds(connection, number, suffix) for suffix in ("", NEXT))
        bounds = before or _ANY
        if made is not None:
            low, high = min(bounds[:3], made[:3]), max(bounds[3:6], made[3:6])
            bounds = (*low, *high, min(bounds[6], made[6]), max(bounds[7], made[7]))
        statement = f"INSERT OR REPLACE INTO blocks{NEXT} (block, {_COLUMNS}) VALUES (?{', ?' * 8})"
        connection.execute(statement, (number, *bounds))
    return sum(lost[key].logs for key in there)


def _places(connection: Connection, lost: Passed) -> dict[int | bytes, int]:
    """Return a place of each that is lost and still there, by its key: the stamp of a segment, or the id of a row."""
    there = every(connection)
    found: dict[int | bytes, int] = {
        one.stamp: one.first for one in map(there.segment, range(len(there))) if one.stamp in lost
    }
    for key in lost:
        if isinstance(key, bytes):
            rows = connection.execute("SELECT place FROM logs WHERE id = ?", (key,))
            found.update((key, place) for (place,) in rows)
    return found


def _bounds(connection: Connection, number: int, suffix: str) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = connection.execute(
        f"SELECT {_COLUMNS} FROM blocks{suffix} WHERE block = ?", (number,)
    ).fetchone()
    return found
