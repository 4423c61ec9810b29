"""Erasing: what keeps deleted text on the disk is said, and gone when it is asked again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.backends import Backends
from app.errors import Unavailable
from app.maintain.delete import delete, erase
from app.query.language.parse import parse
from app.query.query import Query
from app.systems.sqlite import file
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index import index as index_module
from app.systems.sqlite.index.index import SqliteIndex
from tests.conftest import Fill, MakeRecord
from tests.prepared import empty

SECRET = "xk7pzq0vwm"


def held(path: Path) -> list[str]:
    """Return what of a database holds the secret."""
    files = (path, Path(f"{path}-wal"))
    return [one.name for one in files if SECRET.encode() in one.read_bytes()]


def test_who_reads_is_named(
    backends: Backends, make_record: MakeRecord, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that began before the deletion sees the log still, so the text has to stay; afterwards it goes."""
    monkeypatch.setattr(file, "ERASE_TRIES", 2)
    fill([make_record(message=SECRET), make_record()])
    path, database = backends.settings.database, SqliteDatabase(backends.settings.database)
    with database.snapshot() as connection:
        connection.execute("SELECT count(*) FROM logs").fetchone()
        assert delete(backends.record, backends.index, Query(parse(SECRET, 0))).logs == 1
        left = erase(backends.queue, backends.store, backends.index)
        assert left == [f"{path}-wal: somebody reads from it, and deleted text stays there until it is emptied"]
        assert held(path)
    assert erase(backends.queue, backends.store, backends.index) == []
    assert held(path) == []
    database.close()


def test_pages_that_are_used_again_keep_nothing(tmp_path: Path) -> None:
    """A large value's last page has room left, in which stood what the page held before: one of another table, or the queue's."""
    empty(tmp_path / "store.db")
    database, chance = SqliteDatabase(tmp_path / "store.db"), random.Random(6)
    insert = "INSERT INTO segment_columns (first, keys, fields, skeletons, variables, digits) VALUES (?, ?, x'', x'', x'', x'')"
    for number in range(20):
        with database.write(durable=False) as connection:
            connection.execute(insert, (number, SECRET.encode() * 3_000))
        with database.write(durable=False) as connection:
            connection.execute("DELETE FROM segment_columns WHERE first = ?", (number,))
            connection.execute(insert, (number, chance.randbytes(chance.randrange(5_000, 15_000))))
    database.erase()
    assert held(database.path) == []
    database.close()


def test_words_go_while_others_index(tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transaction between two steps lets the merge begin anew; it gets through, or says that it does not."""
    path = tmp_path / "search.db"
    empty(path)
    database = SqliteDatabase(path)
    index = SqliteIndex(database, shared=False)
    hers = make_record(message=SECRET)
    index.add([hers])
    for _ in range(8):
        # In batches that stay rows, which have words in the full-text table.
        for start in range(0, 2_000, 200):
            index.add([make_record(message=f"{number} {number * 7919:x}") for number in range(start, start + 200)])
    index.remove([hers.id])
    monkeypatch.setattr(index_module, "ERASE_PAGES", 4)
    own, write = SqliteIndex(SqliteDatabase(path), shared=False), SqliteDatabase.write

    @contextmanager
    def between(self: SqliteDatabase, *, durable: bool) -> Iterator[Connection]:
        with write(self, durable=durable) as connection:
            yield connection
        if self is database:
            own.add([make_record(message="others")])

    with monkeypatch.context() as patched:
        patched.setattr(SqliteDatabase, "write", between)
        patched.setattr(index_module, "ERASE_MOST_PAGES", 8)
        with pytest.raises(Unavailable, match="too much is indexed just then"):
            index.erase()
        assert held(path)
        patched.setattr(index_module, "ERASE_MOST_PAGES", 1 << 20)
        index.erase()
    assert held(path) == []
    assert [record.message for record in index.find(Query(parse("1 1eef", 0))).records] == ["1 1eef"] * 8


def test_a_file_that_keeps_free_pages_is_named(tmp_path: Path, make_record: MakeRecord) -> None:
    """A file that another program has copied may be unable to give pages back."""
    path = tmp_path / "search.db"
    empty(path)
    database = SqliteDatabase(path)
    SqliteIndex(database, shared=False).add([make_record()])
    with database.write(durable=True) as connection:
        connection.execute("COMMIT")
        connection.execute("PRAGMA auto_vacuum=NONE")
        connection.execute("VACUUM")
        connection.execute("BEGIN")
    with pytest.raises(Unavailable, match="can't give back free pages"):
        database.erase()
