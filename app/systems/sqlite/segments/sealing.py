"""Sealing: the oldest rows become segments, in the background.

A segment is written and its rows are deleted in one transaction: a process that is killed leaves the one or the
other. The first sealing of a file of an earlier release, which has rows only, is the same work, and goes on where it
was ended.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import msgspec

from app.log.fold import clean
from app.ports.parts import Sealed
from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.rows import Row
from app.systems.sqlite.segments import table
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.places import BLOCK, CHUNKS
from app.systems.sqlite.segments.segment import MESSAGE, LogColumns

log = logging.getLogger(__name__)

#: Newest logs that stay rows: most that is asked for is among them.
TAIL_LOGS = 4 * BLOCK
#: Bytes of rows from which a segment ends early.
SEGMENT_BYTES = 1 << 20
#: Seconds of sealing between two batches of the worker.
SECONDS = 0.2
#: Rows to be sealed from which on a worker seals even while logs wait in the queue, so that the file can't grow for ever.
BEHIND_LOGS = 256 * BLOCK
#: Logs waiting in the queue while which nothing is sealed.
BUSY_LOGS = 2_000
#: In the table `state`: logs that have become segments since the index's full-text table, which is of rows, was made anew.
STALE = "stale_terms"
#: In the table `state`: the place up to which rows were sealed.
SEALED_TO = "sealed_to"
#: In the table `state`: the last place whose log did not come back from its segment as it was.
FAILED = "seal_failed"


@dataclass(frozen=True, slots=True)
class Run:
    """Rows that are to become a segment: all behind the place `after` up to the place `last`."""

    after: int
    last: int
    places: list[int]
    logs: list[Row]


def seal(database: SqliteDatabase, seconds: float = SECONDS, *, indexed: bool = True) -> int:
    """Seal rows but for the newest TAIL_LOGS, for about *seconds* and while few logs wait; return how many segments were made.

    Where the file is *indexed*, what is not in the index yet waits for it: segments have no terms.
    """
    until, sealed = time.monotonic() + seconds, 0
    while True:
        with database.snapshot() as connection:
            due = _due(connection)
            run = None if due is None else read(connection, *due)
            if run is None:
                return sealed
            if indexed and not have_terms(connection, run.after + 1, run.last, len(run.places)):
                return sealed
        sealed += put(database, run)
        if time.monotonic() >= until:
            return sealed


def behind(connection: Connection) -> int:
    """Return how many places have rows that are to be sealed."""
    return max(rows.next_place(connection) - 1 - TAIL_LOGS - rows.get_state(connection, SEALED_TO), 0)


def standing(database: SqliteDatabase) -> Sealed:
    """Return how far sealing is; looks at every segment's row, not at what it holds."""
    sizes = " + ".join(
        f"coalesce(length({name}), 0)"
        for name in (
            "keys",
            "fields",
            "skeletons",
            "variables",
            "digits",
            *(f"docs{number}" for number in range(CHUNKS)),
        )
    )
    with database.snapshot() as connection:
        statement = (
            "SELECT coalesce(sum(logs), 0), count(*) FROM segments WHERE first {} (SELECT first FROM segment_parts)"
        )
        logs, segments = connection.execute(statement.format("NOT IN")).fetchone()
        former = connection.execute(statement.format("IN")).fetchone()[0]
        size = connection.execute(f"SELECT coalesce(sum({sizes}), 0) FROM segment_columns").fetchone()[0]
        stored, failed = (rows.get_state(connection, name) for name in ("stored", FAILED))
        block = (failed - failed % BLOCK, failed)
        left = connection.execute("SELECT count(*) FROM logs WHERE place BETWEEN ? AND ?", block).fetchone()[0]
        return Sealed(logs, segments, size, stored - logs, min(behind(connection) + former, stored - logs), left)


def _due(connection: Connection) -> tuple[int, int] | None:
    """Return behind which place and up to which the oldest rows may be sealed; None without any, or while there is other work."""
    after, newest = rows.get_state(connection, SEALED_TO), rows.next_place(connection) - 1
    last = block_end(after + 1)
    if last > newest - TAIL_LOGS:
        return None
    if newest - after < BEHIND_LOGS and rows.get_state(connection, "queued_logs") > BUSY_LOGS:
        return None
    return after, last


def block_end(place: int) -> int:
    """Return the last place of the block that *place* lies in."""
    return place - place % BLOCK + BLOCK - 1


def read(connection: Connection, after: int, last: int) -> Run:
    """Return the rows behind the place *after* and up to *last*, of one block, or the first of them that make a segment."""
    there = directory(connection)
    for number in there.between(after + 1, last)[:1]:
        # A batch became this segment at once: the run ends before it, or is empty and passes over it.
        near = there.segment(number)
        last = near.last if near.first <= after + 1 else near.first - 1
    statement = f"SELECT {rows.COLUMNS}, place FROM logs WHERE place > ? AND place <= ? ORDER BY place"
    run, size = Run(after, last, [], []), 0
    for row in connection.execute(statement, (after, last)):
        size += len(row[4])
        if run.places and size > SEGMENT_BYTES:
            return Run(after, run.places[-1], run.places, run.logs)
        run.places.append(row[5])
        run.logs.append(row[:5])
    return run


def put(database: SqliteDatabase, run: Run) -> int:
    """Put a segment in the place of the rows; return how many segments that made."""
    columns = _columns(run) if run.logs else None
    parts = None if columns is None else table.packed(run.places, columns)
    # Not synced: a power cut that undoes the segment brings the rows back.
    with database.write(durable=False) as connection:
        if rows.get_state(connection, SEALED_TO) != run.after:
            return 0
        there = "SELECT id, place FROM logs WHERE place > ? AND place <= ? ORDER BY place"
        rows_there = connection.execute(there, (run.after, run.last)).fetchall()
        if rows_there != [(row[0], place) for row, place in zip(run.logs, run.places, strict=True)]:
            # Some were deleted meanwhile, or a rebuild has put others in their places: the next round reads what is there.
            return 0
        rows.set_state(connection, SEALED_TO, run.last)
        if run.logs and parts is None:
            rows.set_state(connection, FAILED, run.places[-1])
        if columns is None or parts is None or table.crowded(connection, columns.id):
            return 0
        table.insert(connection, run.places, columns, parts)
        connection.execute("DELETE FROM logs WHERE place > ? AND place <= ?", (run.after, run.last))
        rows.add_state(connection, STALE, len(run.places))
    return 1


def _columns(run: Run) -> LogColumns | None:
    """Return what the rows hold; None where one of them is damaged: they stay as they are, and sealing goes on behind them."""
    try:
        columns = LogColumns.of_rows(run.logs)
    except (msgspec.MsgspecError, TypeError, ValueError):
        log.exception("the rows at the places %d to %d can't be read and stay", run.places[0], run.places[-1])
        return None
    messages = columns.docs[MESSAGE]
    if any("\0" in message for message in messages):
        # Doors have let it through in what a log wraps: it ends a message in a segment, and U+FFFD stands for it as in any clean one.
        return columns._replace(docs=[list(map(clean, messages)), *columns.docs[1:]])
    return columns


def have_terms(connection: Connection, first: int, last: int, logs: int) -> bool:
    """Return whether all *logs* that lie at the places from *first* to *last* are in the index."""
    statement = "SELECT count(*) FROM terms_docsize WHERE id BETWEEN ? AND ?"
    return bool(connection.execute(statement, (first, last)).fetchone()[0] >= logs)
