"""Segments of revision 0020 are written anew, by column, in the background.

Each is one transaction: a process that is killed leaves the one or the other, and the next goes on with the oldest that is
left. A segment keeps its row in the table `segments`, its stamp and its logs: it is asked by its columns before and after,
which are made in memory as long as they are not written (stored.py).
"""

from __future__ import annotations

import logging
import time

from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.segments import former, table
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.sealing import BUSY_LOGS, STALE, have_terms
from app.systems.sqlite.segments.segment import SegmentParts

log = logging.getLogger(__name__)

#: Seconds of work between two batches of the worker.
SECONDS = 0.2
#: In the table `state`: the first place of the last segment that could not be read.
PASSED = "former_passed"


def convert(database: SqliteDatabase, seconds: float = SECONDS, *, indexed: bool = False) -> int:
    """Write segments anew, the oldest first, for about *seconds* and while few logs wait; return how many.

    Where the file is *indexed*, what is not in the index yet waits for it: revision 0020 sealed that too, and only terms show it.
    """
    until, made = time.monotonic() + seconds, 0
    while made == 0 or time.monotonic() < until:
        with database.snapshot() as connection:
            first = lowest(connection)
            if first is None or rows.get_state(connection, "queued_logs") > BUSY_LOGS:
                break
            if indexed and not _has_terms(connection, first):
                break
            stamp, found = _stamp(connection, first), _parts(connection, first)
        with database.write(durable=False) as connection:
            # Logs may have been deleted from it meanwhile, or all of it.
            if lowest(connection) != first or _stamp(connection, first) != stamp:
                continue
            if found is None:
                rows.set_state(connection, PASSED, first)
            else:
                (logs,) = connection.execute("SELECT logs FROM segments WHERE first = ?", (first,)).fetchone()
                table.put(connection, first, stamp, found)
                connection.execute("DELETE FROM segment_parts WHERE first = ?", (first,))
                rows.add_state(connection, STALE, logs)
                made += 1
    return made


def lowest(connection: Connection) -> int | None:
    """Return the first place of the oldest segment that is to be written anew; None without any. What is damaged is passed over."""
    statement = "SELECT min(first) FROM segment_parts WHERE first > ?"
    found: int | None = connection.execute(statement, (rows.get_state(connection, PASSED),)).fetchone()[0]
    return found


def _parts(connection: Connection, first: int) -> SegmentParts | None:
    """Return the parts of a segment as they are written today; None where it is damaged: it stays as it is, and what lies behind it goes on."""
    try:
        return former.parts(connection, first)
    except DAMAGED:
        log.exception("the segment of the place %d can't be read and stays", first)
        return None


def _stamp(connection: Connection, first: int) -> int:
    found: int = connection.execute("SELECT stamp FROM segments WHERE first = ?", (first,)).fetchone()[0]
    return found


def _has_terms(connection: Connection, first: int) -> bool:
    last, logs = connection.execute("SELECT last, logs FROM segments WHERE first = ?", (first,)).fetchone()
    return have_terms(connection, first, last, logs)
