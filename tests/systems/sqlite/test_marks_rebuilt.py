"""Marks of blocks that are written while others write: what a rebuild has replaced gets none."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from app.query.language.parse import parse
from app.query.query import Query
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index import writing
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.index.scan import marking
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments.places import BLOCK
from tests.conftest import MakeRecord
from tests.prepared import empty


def test_marks_of_replaced_tables_are_not_written_to_the_new(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index alone keeps rows of its own, to which a rebuild gives other places."""
    path = tmp_path / "index.db"
    empty(path)
    database = SqliteDatabase(path)
    index, other = SqliteIndex(database, shared=False), SqliteIndex(SqliteDatabase(path), shared=False)
    records = [make_record(message=f"number{number} ends") for number in range(2 * BLOCK)]
    index.add(random.Random(1).sample(records, len(records)))
    of_block, marked = marking.of_block, list[int]()

    def made(connection: Connection, number: int) -> bytes | None:
        bits = of_block(connection, number)
        if not marked:
            other.begin_rebuild()
            other.rebuild_add(records, 2 * BLOCK)
            other.finish_rebuild()
        marked.append(number)
        return bits

    monkeypatch.setattr(marking, "of_block", made)
    while marking.mark(database):
        pass
    assert marked

    for number in range(0, 2 * BLOCK, 50):
        found = index.find(Query(parse(f'message:contains("number{number} ends")'))).records
        assert f"number{number} ends" in [record.message for record in found]


def test_blocks_that_a_rebuild_left_empty_are_not_marked(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it ended when their number was known: the logs that come to lie in them are found."""
    path = tmp_path / "index.db"
    empty(path)
    database = SqliteDatabase(path)
    index, other = SqliteIndex(database, shared=False), SqliteIndex(SqliteDatabase(path), shared=False)
    records = [make_record(message="hello") for _ in range(3 * BLOCK)]
    index.add(records)
    index.begin_rebuild()
    index.rebuild_add(records[:10], 10)
    full, calls = marking._full, list[int]()

    def ended(connection: Connection) -> int:
        found = full(connection)
        if not calls:
            other.finish_rebuild()
        calls.append(found)
        return found

    monkeypatch.setattr(marking, "_full", ended)
    marking.mark(database)
    index.add([make_record(message="hello") for _ in range(3 * BLOCK)])
    assert index.find(Query(parse("hello", 0), limit=1, count="exact")).total == 3 * BLOCK + 10


def test_logs_that_are_indexed_out_of_order_hold_up_no_marks(
    database: SqliteDatabase, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several workers do so all the time: marks are of what is in segments, which is indexed."""
    index, other = SqliteIndex(database, shared=False), SqliteDatabase(database.path)
    index.add([make_record() for _ in range(3 * BLOCK)])
    store, shared = SqliteStore(other, forget=writing.forget), SqliteIndex(other)
    of_block = marking.of_block

    def meanwhile(connection: Connection, number: int) -> bytes | None:
        first, second = [make_record()], [make_record()]
        store.add(first)
        store.add(second)
        shared.add(second)
        shared.add(first)
        return of_block(connection, number)

    monkeypatch.setattr(marking, "of_block", meanwhile)
    # The first block is empty, for the batch is whole segments.
    assert marking.mark(database) == 4
    with database.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM marks").fetchone()[0] == 4
    other.close()
