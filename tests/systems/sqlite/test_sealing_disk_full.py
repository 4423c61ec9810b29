"""A disk that fills up while rows become segments: no log is lost, and who seals is told why."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from app.errors import Unavailable
from app.log.record import LogRecord
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import sealing
from app.systems.sqlite.segments.places import BLOCK
from tests.conftest import MakeRecord
from tests.prepared import empty

LOGS = sealing.TAIL_LOGS + 5 * BLOCK


def limited(database: SqliteDatabase, pages: int) -> None:
    """Leave room for so many more pages to transactions that aren't synced, which are those that seal."""
    with database.write(durable=False) as connection:
        free, there = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
        connection.execute(f"PRAGMA max_page_count={there + max(pages - free, 0)}")


@pytest.mark.parametrize("pages", [0, 5, 12])
def test_rows_stay_until_there_is_room(tmp_path: Path, make_record: MakeRecord, pages: int) -> None:
    """Each log is a row or in a segment, never both; with room again sealing goes on."""
    path, chance = tmp_path / "store.db", random.Random(8)
    empty(path)
    database = SqliteDatabase(path)
    store = SqliteStore(database)
    sent: list[LogRecord] = [
        make_record(message=f"{number} {chance.randbytes(60).hex()}", metadata={"n": number}) for number in range(LOGS)
    ]
    for start in range(0, LOGS, 200):
        store.add(sent[start : start + 200])
    limited(database, pages)
    with pytest.raises(Unavailable, match="database or disk is full"):
        sealing.seal(database, 60, indexed=False)
    assert [record for _, record in store.after(0, 2 * LOGS)] == sent
    assert store.count(bytes(16), b"\xff" * 16) == store.stats()["stored"] == LOGS
    limited(database, 1 << 20)
    assert sealing.seal(database, 60, indexed=False) > 0
    assert [record for _, record in store.after(0, 2 * LOGS)] == sent
    assert store.sealed().due < BLOCK
    with database.snapshot() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
