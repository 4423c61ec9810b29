"""A backlog leaves free pages, which go back to the disk once nothing waits."""

from __future__ import annotations

from app.log.envelope import Envelope
from app.systems.sqlite.file import CHECKPOINT_BYTES, SqliteDatabase
from app.systems.sqlite.freeing import pages
from app.systems.sqlite.queue import SqliteQueue
from tests.conftest import MakeRecord


def count(database: SqliteDatabase, which: str) -> int:
    """Return a number of pages of the file."""
    with database.snapshot() as connection:
        return int(connection.execute(f"PRAGMA {which}").fetchone()[0])


def test_free_pages_go_once_nothing_waits(database: SqliteDatabase, make_record: MakeRecord) -> None:
    """But for a few, in steps; while logs wait they stay, for more will come."""
    queue = SqliteQueue(database, limit=1 << 40, min_free=0)
    queue.put([Envelope([make_record(message="x" * 9_000) for _ in range(10)]) for _ in range(80)])
    queue.ack(queue.take(750, 0))
    before = count(database, "page_count")
    assert count(database, "freelist_count") > pages.KEPT_PAGES + pages.PAGES_AT_ONCE
    assert pages.shrink(database) == 0
    assert count(database, "page_count") == before
    queue.ack(queue.take(750, 0))
    assert pages.shrink(database) > pages.PAGES_AT_ONCE
    assert count(database, "freelist_count") <= pages.KEPT_PAGES
    assert count(database, "page_count") < before / 2


def test_a_small_file_keeps_fewer(database: SqliteDatabase, make_record: MakeRecord) -> None:
    """A few logs would else lie in a file most of which is free; a large one keeps what a load needs again at once."""
    queue = SqliteQueue(database, limit=1 << 40, min_free=0)
    for logs in (40, 400):
        queue.put([Envelope([make_record(message="x" * 9_000) for _ in range(logs)])])
        if logs == 400:
            with database.write(durable=False) as connection:
                connection.execute("CREATE TABLE large AS SELECT zeroblob(9000000) AS body")
        while batch := queue.take(100, 0):
            queue.ack(batch)
        pages.shrink(database)
        most = pages.FEW_PAGES if logs == 40 else pages.KEPT_PAGES
        assert count(database, "freelist_count") == most


def test_the_write_ahead_log_does_not_grow_by_what_is_given_back(
    database: SqliteDatabase, make_record: MakeRecord
) -> None:
    """Pages behind the free ones are written anew; they are copied into the file on the way."""
    queue = SqliteQueue(database, limit=1 << 40, min_free=0)
    queue.put([Envelope([make_record(message="x" * 900_000)]) for _ in range(50)])
    with database.write(durable=False) as connection:
        connection.execute("CREATE TABLE behind AS SELECT seq, body FROM queue")
    while batch := queue.take(100, 0):
        queue.ack(batch)
    database.close()  # the last connection to a file takes its write-ahead log along
    again = SqliteDatabase(database.path)
    assert pages.shrink(again) > 0
    assert again.log_size() < 2 * CHECKPOINT_BYTES
    again.close()


def test_what_the_write_ahead_log_was_once_does_not_count(database: SqliteDatabase) -> None:
    """Its file keeps its size: only what is not in the database yet is copied there, once that is much."""

    def write(size: int) -> int:
        """Write so many bytes and fold the log; return when the database was written last."""
        with database.write(durable=False) as connection:
            connection.execute("INSERT INTO large VALUES (zeroblob(?))", (size,))
        database.checkpoint()
        return database.path.stat().st_mtime_ns

    with database.write(durable=False) as connection:
        connection.execute("CREATE TABLE large (body BLOB)")
    before = database.path.stat().st_mtime_ns
    assert write(CHECKPOINT_BYTES // 2) == before
    folded = write(CHECKPOINT_BYTES)
    assert folded > before
    assert database.log_size() > CHECKPOINT_BYTES
    assert write(10) == write(CHECKPOINT_BYTES // 2) == folded
    assert write(CHECKPOINT_BYTES) > folded
