"""Making the full-text table anew once most of its terms are of logs that have become segments.

To take a log's terms out of it costs five times what they cost to write; the few rows that are left are written again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index import terms
from app.systems.sqlite.index.rebuilding import OLD, definition, sweep
from app.systems.sqlite.index.writing import REBUILD
from app.systems.sqlite.segments import converting
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.sealing import STALE

log = logging.getLogger(__name__)

#: Terms of logs that are no rows any more, from which on the table is made anew; and most rows whose terms are written for that.
STALE_LOGS, MOST_ROWS = 32 * BLOCK, 16 * BLOCK


def renew(database: SqliteDatabase) -> bool:
    """Make the full-text table anew where it is due; return whether it was."""
    with database.snapshot() as connection:
        if not _due(connection):
            return False
    sweep(database)
    with database.write(durable=False) as connection:
        if not _due(connection):
            return False
        statement = definition(connection, "terms", "terms")
        # The old table may be large: it is dropped piece by piece, by `sweep`.
        connection.execute(f"ALTER TABLE terms RENAME TO terms{OLD}")
        connection.execute(statement)
        known = (
            f"SELECT {rows.COLUMNS}, place FROM logs WHERE place IN (SELECT id FROM terms{OLD}_docsize) ORDER BY place"
        )
        connection.executemany(
            "INSERT INTO terms (rowid, term) VALUES (?, ?)",
            [(row[5], _document(row)) for row in connection.execute(known).fetchall()],
        )
        rows.set_state(connection, STALE, 0)
    sweep(database)
    return True


def _document(row: Sequence[Any]) -> str:
    """Return the terms of a row; none where it is damaged: it stays in the index, and reading it fails."""
    try:
        return terms.document(rows.record(row[:5]))
    except ValueError:
        log.exception("the row at the place %d can't be read and has no terms", row[5])
        return ""


def _due(connection: Connection) -> bool:
    if rows.get_state(connection, REBUILD) or rows.get_state(connection, STALE) < STALE_LOGS:
        return False
    if converting.lowest(connection) is not None:
        # Their terms say which of their logs are indexed.
        return False
    there = directory(connection)
    return rows.get_state(connection, "stored") - there.logs(range(len(there))) <= MOST_ROWS
