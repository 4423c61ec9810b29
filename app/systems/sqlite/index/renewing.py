"""Making the full-text table anew once most of its terms are of logs that have become segments.

To take a log's terms out of it costs five times what they cost to write; the few rows that are left are written again. Where these
are many or large, that would hold up whoever writes: then the terms of segments are taken out, some in a transaction.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from app.errors import Damaged
from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index import terms
from app.systems.sqlite.index.rebuilding import OLD, definition, sweep
from app.systems.sqlite.index.writing import REBUILD
from app.systems.sqlite.segments import converting
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.sealing import SEALED_TO, SECONDS, STALE

log = logging.getLogger(__name__)

#: Terms of logs that are no rows any more, from which on the table is made anew or these are taken out.
STALE_LOGS = 32 * BLOCK
#: Most rows, and bytes of them, whose terms are written in one transaction.
MOST_ROWS, MOST_BYTES = 16 * BLOCK, 4 << 20
#: Logs whose terms are taken out in one transaction.
STEP_LOGS = 500


def renew(database: SqliteDatabase) -> bool:
    """Have the full-text table be of rows alone where it is due; return whether it was."""
    with database.snapshot() as connection:
        if not _due(connection):
            return False
        few = _few(connection)
    if not few:
        return _taken_out(database)
    sweep(database)
    with database.write(durable=False) as connection:
        if not _due(connection) or not _few(connection):
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


def _taken_out(database: SqliteDatabase) -> bool:
    """Take the terms of logs that are no rows out for about SECONDS, the lowest places first; return whether none is left."""
    until = time.monotonic() + SECONDS
    while True:
        with database.write(durable=False) as connection:
            if not _due(connection):
                return False
            statement = (
                "SELECT id FROM terms_docsize WHERE id <= ? AND NOT EXISTS (SELECT 1 FROM logs WHERE place = id)"
                " ORDER BY id LIMIT ?"
            )
            gone = connection.execute(statement, (rows.get_state(connection, SEALED_TO), STEP_LOGS)).fetchall()
            connection.executemany("DELETE FROM terms WHERE rowid = ?", gone)
            if len(gone) < STEP_LOGS:
                rows.set_state(connection, STALE, 0)
                return True
        if time.monotonic() >= until:
            return False


def _document(row: Sequence[Any]) -> str:
    """Return the terms of a row; none where it is damaged: it stays in the index, and reading it fails."""
    try:
        return terms.document(rows.record(row[:5]))
    except Damaged:
        log.exception("the row at the place %d can't be read and has no terms", row[5])
        return ""


def _due(connection: Connection) -> bool:
    if rows.get_state(connection, REBUILD) or rows.get_state(connection, STALE) < STALE_LOGS:
        return False
    # Terms of segments that are not written anew yet say which of their logs are indexed.
    return converting.lowest(connection) is None


def _few(connection: Connection) -> bool:
    """Return whether the rows are few and small enough for their terms to be written in one transaction."""
    there = directory(connection)
    if rows.get_state(connection, "stored") - there.logs(range(len(there))) > MOST_ROWS:
        return False
    size = connection.execute("SELECT coalesce(sum(length(doc)), 0) FROM logs").fetchone()[0]
    return int(size) <= MOST_BYTES
