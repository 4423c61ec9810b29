"""A message with NUL that lies in the file as a row: doors have let it through in what a log wraps."""

from __future__ import annotations

from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.record import SqliteStore
from tests.conftest import MakeRecord
from tests.sealing import seal_all


def test_it_keeps_no_other_from_being_sealed(
    store: SqliteStore, database: SqliteDatabase, make_record: MakeRecord
) -> None:
    """U+FFFD stands for it, as in any clean message."""
    records = [make_record(message=text) for text in ("a", "b\0c", "d")]
    store.add(records)
    seal_all(database)
    with database.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM logs").fetchone()[0] == 0
    assert [found.message for found in store.get([record.id for record in records])] == ["a", "b\ufffdc", "d"]
