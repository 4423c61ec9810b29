"""Rows that were read to be sealed, and that a rebuild has replaced before their segment was written."""

from __future__ import annotations

import random
from pathlib import Path

from app.query.language.parse import parse
from app.query.query import Query
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.segments import sealing
from app.systems.sqlite.segments.places import BLOCK
from tests.conftest import MakeRecord
from tests.prepared import empty


def test_rows_of_an_index_that_was_rebuilt_meanwhile_are_not_replaced(tmp_path: Path, make_record: MakeRecord) -> None:
    """An index alone keeps rows of its own, and a rebuild gives them other places."""
    path = tmp_path / "index.db"
    empty(path)
    database = SqliteDatabase(path)
    index = SqliteIndex(database, shared=False)
    records = [make_record(message=f"number{number}") for number in range(BLOCK)]
    mixed = random.Random(1).sample(records, len(records))
    for start in range(0, BLOCK, 200):
        index.add(mixed[start : start + 200])
    with database.snapshot() as connection:
        run = sealing.read(connection, 0, BLOCK - 1)

    index.begin_rebuild()
    index.rebuild_add(records, BLOCK)
    index.finish_rebuild()
    sealing.put(database, run)

    found = [record for page in index.scan(Query(sort="asc", clock="received")) for record in page]
    assert found == records
    assert [record.message for record in index.find(Query(parse("number7"))).records] == ["number7"]
