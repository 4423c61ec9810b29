"""A batch that the queue hands out twice has two marks, and is counted once all the same."""

from __future__ import annotations

from pathlib import Path

from app.query.language.parse import parse
from app.query.query import Query
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import writing
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.record import SqliteStore
from tests.conftest import MakeRecord
from tests.prepared import empty


def test_a_batch_with_two_marks_is_counted_once(tmp_path: Path, make_record: MakeRecord) -> None:
    """Though ids of others lie among its own, as when several processes accept at once."""
    path = tmp_path / "search.db"
    empty(path)
    database = SqliteDatabase(path)
    store, index = SqliteStore(database, forget=writing.forget), SqliteIndex(database)
    every = [make_record() for _ in range(3_000)]
    batch, others = every[::5], [record for number, record in enumerate(every) if number % 5]
    for start in range(0, len(others), 200):
        some = others[start : start + 200]
        store.indexed([store.add(some).mark])
        index.add(some)
    for _ in range(2):
        store.add(batch)
    marks, records = store.lacking_records(2_000, 60)
    assert len(marks) == 2
    assert len(records) == len(batch)
    index.add(records)
    assert sum(bucket.count for bucket in index.histogram(Query(parse("", 0)), 60_000, by_level=False)) == len(every)
    database.close()
