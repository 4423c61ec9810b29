"""A disk that fills up while logs are moved, or tidied away: nothing is lost, and the worker says why it waits."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from app.drain import drain
from app.log.envelope import Envelope
from app.log.record import LogRecord
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import writing
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.index.scan import marking
from app.systems.sqlite.letters import SqliteLetters
from app.systems.sqlite.move import Mover
from app.systems.sqlite.queue import SqliteQueue
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import sealing, storing
from tests.conftest import MakeRecord
from tests.prepared import empty

LOGS = 4_000


class Disk:
    """One file with queue, record and index, whose worker finds the disk full from a number of pages on."""

    def __init__(self, path: Path) -> None:
        empty(path)
        self.database = SqliteDatabase(path)
        self.queue = SqliteQueue(self.database, limit=1 << 40, min_free=0)
        self.store = SqliteStore(self.database, forget=writing.forget)
        self.index = SqliteIndex(self.database)
        self.mover = Mover(self.database, self.queue, SqliteLetters(self.database, 1 << 40))

    def room(self, pages: int) -> None:
        """Leave room for so many more pages to transactions that aren't synced, which are the worker's."""
        with self.database.write(durable=False) as connection:
            free, there = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count")
            )
            connection.execute(f"PRAGMA max_page_count={there + max(pages - free, 0)}")

    def work(self, times: int) -> None:
        """Let the worker drain and tidy so many times."""
        left = iter(range(times))
        drain.shift(
            self.mover.move,
            lambda: next(left, None) is None,
            batch_size=200,
            idle=0,
            tidy=[lambda: sealing.seal(self.database), lambda: marking.mark(self.database)],
        )

    def found(self) -> list[bytes]:
        """Return the ids of the stored logs, each as often as it is stored."""
        return [record.id for _, record in self.store.after(0, 2 * LOGS)]


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """An empty file."""
    monkeypatch.setattr(drain, "BACKOFF_SECONDS", (0.0, 0.0))
    return Disk(tmp_path / "store.db")


def filled(disk: Disk, make: Callable[..., LogRecord]) -> list[bytes]:
    """Accept logs; return their ids."""
    chance = random.Random(8)
    # Words that never come again, which take more room in the index than they do in the queue.
    records = [make(message=chance.randbytes(200).hex(" ", 4), trace_id=f"{number:032x}") for number in range(LOGS)]
    disk.queue.put([Envelope(records[start : start + 100]) for start in range(0, LOGS, 100)])
    return [record.id for record in records]


@pytest.mark.parametrize("pages", [0, 20, 60])
def test_what_is_accepted_waits_until_there_is_room(
    disk: Disk,
    make_record: MakeRecord,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    pages: int,
) -> None:
    """Each log waits or is stored, never both; with room again the worker goes on by itself."""
    # Rows take more room than the queue does.
    monkeypatch.setattr(storing, "SEALED_AT_ONCE", LOGS)
    sent = filled(disk, make_record)
    disk.room(pages)
    disk.work(8)
    assert "database or disk is full" in caplog.text
    waiting, stored = disk.queue.depth().logs, disk.found()
    assert waiting > 0
    assert waiting + len(stored) == LOGS
    disk.room(1 << 20)
    disk.work(8)
    assert disk.queue.depth().logs == 0
    assert disk.found() == sent
    with disk.database.snapshot() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_segments_need_less_room_than_the_queue_gives_back(
    disk: Disk, make_record: MakeRecord, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where batches become segments at once a disk that is full lets all that waits be stored."""
    monkeypatch.setattr(storing, "SEALED_AT_ONCE", 100)
    sent = filled(disk, make_record)
    disk.room(0)
    disk.work(60)
    assert caplog.text == ""
    assert disk.queue.depth().logs == 0
    assert disk.found() == sent
