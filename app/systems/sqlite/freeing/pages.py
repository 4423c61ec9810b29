"""Pages that a backlog has left free, back to the file system once it is gone."""

from __future__ import annotations

from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection, SqliteDatabase

#: Free pages that a file may keep: what comes and goes under an ordinary load needs them again at once.
KEPT_PAGES = 256
#: A small file, of which they would be the larger part, keeps one for so many in use, and at least so many.
OF_USED, FEW_PAGES = 8, 64
#: Pages given back in one transaction, some 20 ms, so that who sends hardly waits.
PAGES_AT_ONCE = 1024


def shrink(database: SqliteDatabase) -> int:
    """Give back the free pages beyond those that are kept, in steps, until logs wait; return how many."""
    freed = 0
    while (step := _step(database)) > 0:
        freed += step
        # Pages that lay behind free ones were written anew, into the write-ahead log: it would grow by what the file loses.
        database.checkpoint()
    return freed


def _step(database: SqliteDatabase) -> int:
    with database.snapshot() as connection:
        if _free(connection) <= _kept(connection) or rows.get_state(connection, "queued_logs"):
            return 0
    # Not synced: a power cut brings free pages back.
    with database.write(durable=False) as connection:
        before = _free(connection)
        connection.execute(f"PRAGMA incremental_vacuum({min(before - _kept(connection), PAGES_AT_ONCE)})").fetchall()
        return before - _free(connection)


def _kept(connection: Connection) -> int:
    """Return how many free pages the file may keep."""
    used = int(connection.execute("PRAGMA page_count").fetchone()[0]) - _free(connection)
    return min(KEPT_PAGES, max(FEW_PAGES, used // OF_USED))


def _free(connection: Connection) -> int:
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0])
