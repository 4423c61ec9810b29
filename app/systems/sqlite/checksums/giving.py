"""Segments that an earlier release wrote without checksums get them in the background.

Each is one transaction, in which all of it is read first: what is damaged already stays as it is, and gets no sum that
would call it whole. The parts stay the same bytes, so that what is open of them, and the stamp, stay too.
"""

from __future__ import annotations

import logging
import time

from app.errors import Damaged
from app.systems.sqlite import rows
from app.systems.sqlite.checksums import checksum
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.segments import converting
from app.systems.sqlite.segments.places import CHUNKS
from app.systems.sqlite.segments.sealing import BUSY_LOGS
from app.systems.sqlite.segments.stored import COLUMNS, Segment

log = logging.getLogger(__name__)

#: Seconds of work between two batches of the worker.
SECONDS = 0.2
#: In the table `state`: the number of the last segment that was looked at; beyond all once none is left.
SUMMED = "summed_to"
_ALL = 1 << 62
_PARTS = ("keys", "fields", "skeletons", "variables", "digits", *(f"docs{number}" for number in range(CHUNKS)))


def give(database: SqliteDatabase, seconds: float = SECONDS) -> int:
    """Give checksums to segments, the oldest first, for about *seconds* and while few logs wait; return how many got them."""
    until, made = time.monotonic() + seconds, 0
    while made == 0 or time.monotonic() < until:
        with database.snapshot() as connection:
            after = rows.get_state(connection, SUMMED)
            if after == _ALL or rows.get_state(connection, "queued_logs") > BUSY_LOGS:
                break
            # Those of revision 0020 are written anew first.
            if converting.lowest(connection) is not None:
                break
            statement = "SELECT min(number) FROM segments WHERE number > ? AND checksum IS NULL"
            number = connection.execute(statement, (after,)).fetchone()[0]
        with database.write(durable=False) as connection:
            if rows.get_state(connection, SUMMED) != after:
                continue
            rows.set_state(connection, SUMMED, _ALL if number is None else number)
            if number is None:
                break
            made += _give(connection, number)
    return made


def _give(connection: Connection, number: int) -> bool:
    """Write the checksums of one segment; return False where it is gone or damaged."""
    row = connection.execute(f"SELECT {COLUMNS} FROM segments WHERE number = ?", (number,)).fetchone()
    if row is None or row[-1] is not None:
        return False
    one = Segment(*row[:-1])
    try:
        found = one.records(connection, range(one.logs))
        ids, places = [record.id for record in found], one.keys(connection).places
        if (places[0], places[-1], len(found), min(ids), max(ids)) != (*row[:3], *row[4:6]):
            raise one.damaged("the row of their segment does not fit them")
    except Damaged as error:
        log.error("%s", error)
        return False
    finally:
        one.close()
    kept = connection.execute(
        f"SELECT {', '.join(_PARTS)} FROM segment_columns WHERE first = ?", (one.first,)
    ).fetchone()
    sealed = [
        part if part is None or checksum.has(part) else checksum.sealed(part, checksum.start(one.stamp, name))
        for name, part in zip(_PARTS, kept, strict=True)
    ]
    names = ", ".join(f"{name} = ?" for name in _PARTS)
    connection.execute(f"UPDATE segment_columns SET {names} WHERE first = ?", (*sealed, one.first))
    connection.execute("UPDATE segments SET checksum = ? WHERE number = ?", (checksum.of_row(row[:-1]), number))
    return True
