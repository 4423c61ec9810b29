"""The full-text table is of rows: what was sealed leaves it, all at once, and nobody notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.query.filter import Words
from app.query.query import Query
from app.systems.sqlite import rows
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import rebuilding, renewing
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.segments import sealing
from app.systems.sqlite.segments.places import BLOCK
from tests.conftest import MakeRecord
from tests.prepared import empty

LOGS = sealing.TAIL_LOGS + 2 * BLOCK


@pytest.fixture
def database(tmp_path: Path, make_record: MakeRecord) -> SqliteDatabase:
    """An index whose oldest logs have become segments, and have terms still."""
    path = tmp_path / "search.db"
    empty(path)
    database = SqliteDatabase(path)
    index = SqliteIndex(database, shared=False)
    records = [make_record(message=f"hello w{number}") for number in range(LOGS)]
    for start in range(0, LOGS, 200):
        index.add(records[start : start + 200])
    assert sealing.seal(database, 60) == 2
    return database


def with_terms(database: SqliteDatabase) -> tuple[int, int]:
    """Return how many logs have terms, and how many are rows."""
    with database.snapshot() as connection:
        statement = "SELECT (SELECT count(*) FROM terms_docsize), (SELECT count(*) FROM logs)"
        return tuple(connection.execute(statement).fetchone())


@pytest.mark.parametrize("limit", [None, "MOST_ROWS", "MOST_BYTES"])
def test_terms_of_segments_go(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch, limit: str | None) -> None:
    """When there are many of them, and however many and large the rows are: these keep theirs, and each log is found as before."""
    index = SqliteIndex(database, shared=False)

    def answers() -> list[tuple[int, int | None]]:
        queries = [Query(Words(text), count="exact") for text in ("hello", "w5", f"w{LOGS - 5}", "nothing")]
        return [(len(page.records), page.total) for page in map(index.find, queries)]

    before = answers()
    assert [total for _, total in before] == [LOGS, 1, 1, 0]
    assert not renewing.renew(database)
    monkeypatch.setattr(renewing, "STALE_LOGS", BLOCK)
    assert with_terms(database)[0] == LOGS
    if limit is not None:
        monkeypatch.setattr(renewing, limit, 1)
    while not renewing.renew(database):
        pass
    there, left = with_terms(database)
    assert there == left < LOGS
    assert answers() == before
    assert not renewing.renew(database)
    with database.snapshot() as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%old%'")]
    assert names == []
    database.close()


def test_terms_of_large_rows_are_not_written_in_one_transaction(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hold up whoever writes: those of some logs that became segments are taken out in each."""
    monkeypatch.setattr(renewing, "STALE_LOGS", BLOCK)
    monkeypatch.setattr(renewing, "MOST_BYTES", 1)
    monkeypatch.setattr(renewing, "STEP_LOGS", 300)
    monkeypatch.setattr(renewing, "SECONDS", 0)
    there, left = LOGS, list[int]()
    while not renewing.renew(database):
        left.append(with_terms(database)[0])
        assert there - left[-1] == 300
        there = left[-1]
    assert len(left) == 2 * BLOCK // 300
    there, left_as_rows = with_terms(database)
    assert there == left_as_rows
    with database.snapshot() as connection:
        assert rows.get_state(connection, sealing.STALE) == 0
    database.close()


def test_a_rebuild_leaves_no_terms_of_segments(database: SqliteDatabase) -> None:
    """What was counted of those before it says nothing of the new table."""
    with database.snapshot() as connection:
        assert rows.get_state(connection, sealing.STALE) > BLOCK
    index = SqliteIndex(database, shared=False)
    index.begin_rebuild()
    index.finish_rebuild()
    with database.snapshot() as connection:
        assert rows.get_state(connection, sealing.STALE) == 0
    database.close()


def test_a_deleted_log_loses_the_terms_that_were_left(database: SqliteDatabase) -> None:
    """Though it lies in a segment: its words would stay on the disk."""
    index = SqliteIndex(database, shared=False)
    (found,) = index.find(Query(Words("w5"))).records
    index.remove([found.id])
    assert index.find(Query(Words("w5"))).records == []
    assert with_terms(database)[0] == LOGS - 1
    database.close()


def test_two_processes_drop_the_former_table_at_once(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a worker that has made it anew and a deletion: what the one has dropped the other leaves alone."""
    monkeypatch.setattr(renewing, "STALE_LOGS", BLOCK)
    other, thin, calls = SqliteDatabase(database.path), rebuilding._thin, list[str]()

    def interleaved(swept: SqliteDatabase, table: str) -> int:
        calls.append(table)
        if len(calls) == 1:
            SqliteIndex(other, shared=False).erase()
        return thin(swept, table)

    monkeypatch.setattr(rebuilding, "_thin", interleaved)
    assert renewing.renew(database)
    assert len(calls) > 1
    other.close()
    database.close()


def test_a_damaged_row_keeps_no_other_from_it(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It stays in the index, without its words."""
    monkeypatch.setattr(renewing, "STALE_LOGS", BLOCK)
    with database.write(durable=True) as connection:
        statement = "UPDATE logs SET doc = substr(doc, 1, length(doc) - 1) WHERE place = ?"
        connection.execute(statement, (LOGS - 7,))
    assert renewing.renew(database)
    assert f"the row at the place {LOGS - 7} can't be read and has no terms" in caplog.text
    there, left = with_terms(database)
    assert there == left
    assert SqliteIndex(database, shared=False).find(Query(Words(f"w{LOGS - 5}"), count="exact")).total == 1
    database.close()
