"""Durable commits: on the disk before anybody is answered, without keeping others from writing meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.errors import Unavailable
from app.log.envelope import Envelope
from app.systems import synced
from app.systems.sqlite import file
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.queue import SqliteQueue
from tests.conftest import MakeRecord
from tests.e2e.program import ROOT
from tests.prepared import empty


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A new file."""
    path = tmp_path / "a" / "logs.db"
    path.parent.mkdir()
    empty(path)
    made = SqliteDatabase(path)
    yield made
    made.close()


def waiting(path: Path) -> int:
    """Return how many envelopes wait in a file."""
    with closing(SqliteDatabase(path)) as database:
        return int(database.reader().execute("SELECT count(*) FROM queue").fetchone()[0])


def test_what_is_synced_is_the_log_with_all_that_was_committed(
    database: SqliteDatabase, make_record: MakeRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy made at the moment of the sync holds the logs: after a power cut they would be there, before the answer."""
    queue = SqliteQueue(database, limit=1 << 30, min_free=0)
    held = list[int]()

    def copied(number: int) -> None:
        """Note how many envelopes what the disk has by now holds."""
        assert Path(f"/proc/self/fd/{number}").readlink() == Path(f"{database.path}-wal")
        folder = shutil.copytree(database.path.parent, tmp_path / f"copy {len(held)}", ignore=_pipes)
        os.fdatasync(number)
        held.append(waiting(folder / database.path.name))

    monkeypatch.setattr(synced, "_synced", copied)
    for _ in range(3):
        queue.put([Envelope([make_record()])])
    assert held == [1, 2, 3]
    with database.write(durable=False) as connection:
        connection.execute("DELETE FROM queue")
    assert len(held) == 3
    # The log starts anew, and is the same file.
    with database.write(durable=False) as connection:
        connection.execute("CREATE TABLE large AS SELECT zeroblob(?) AS body", (file.CHECKPOINT_BYTES,))
    database.checkpoint()
    queue.put([Envelope([make_record()])])
    assert held == [1, 2, 3, 1]


def _pipes(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".wake")]


def test_others_write_while_the_disk_is_waited_for(
    database: SqliteDatabase, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another process, and in this one; the sync that came first takes nothing from them."""
    queue = SqliteQueue(database, limit=1 << 30, min_free=0)
    write = "import sys, pathlib\nfrom app.systems.sqlite.file import SqliteDatabase as D\nwith D(pathlib.Path(sys.argv[1])).write(durable=True) as c: c.execute('DELETE FROM queue')"

    def meanwhile(number: int) -> None:
        """Write from elsewhere before the sync ends."""
        subprocess.run([sys.executable, "-c", write, database.path], cwd=ROOT, check=True, timeout=60)
        with database.write(durable=False) as connection:
            connection.execute("CREATE TABLE here (body)")
        os.fdatasync(number)

    monkeypatch.setattr(synced, "_synced", meanwhile)
    queue.put([Envelope([make_record()])])
    assert waiting(database.path) == 0


def test_a_disk_that_fails_is_said_and_what_is_kept_is_not_known(
    database: SqliteDatabase, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The logs are there, until a power cut. No later sync is believed: what follows is kept once all is in the database itself."""
    queue = SqliteQueue(database, limit=1 << 30, min_free=0)

    def failing(number: int) -> None:
        """Say what a disk says that can't be written."""
        raise OSError(5, "Input/output error")

    def unknown(match: str) -> None:
        """Put a log of which nobody knows whether it is kept."""
        with pytest.raises(Unavailable, match=match) as raised:
            queue.put([Envelope([make_record()])])
        assert raised.value.kept_unknown

    with monkeypatch.context() as patch:
        patch.setattr(synced, "_synced", failing)
        unknown("Input/output error")
    assert waiting(database.path) == 1
    with closing(SqliteDatabase(database.path)) as reading, reading.snapshot() as connection:
        connection.execute("SELECT count(*) FROM queue").fetchone()
        unknown("somebody reads")
    queue.put([Envelope([make_record()])])
    # Without its log, as if the disk had lost that.
    copy = shutil.copy(database.path, tmp_path / "copy.db")
    assert waiting(Path(copy)) == 3
    queue.put([Envelope([make_record()])])
    assert waiting(database.path) == 4
    assert Path(f"{database.path}-wal").stat().st_size


def test_a_failure_is_not_taken_back_by_a_copy_that_began_before_it(
    database: SqliteDatabase, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each failure is followed by a copy of its own; and each sync has the file to itself, to which alone the system says it."""
    queue = SqliteQueue(database, limit=1 << 30, min_free=0)
    queue.put([Envelope([make_record()])])
    emptied, copies = database._emptied, list[bool]()

    def failing_meanwhile() -> bool:
        """Copy the log, while another thread's sync fails the first time."""
        copies.append(emptied())
        database._log.failures += len(copies) == 1
        return copies[-1]

    monkeypatch.setattr(database, "_emptied", failing_meanwhile)
    database._log.failures += 1
    for _ in range(3):
        queue.put([Envelope([make_record()])])
    assert copies == [True, True]
    first, second = database._log.hold(), database._log.hold()
    os.lseek(first, 9, os.SEEK_SET)
    assert os.lseek(second, 0, os.SEEK_CUR) == 0
    os.close(first)
    os.close(second)


def test_a_log_that_can_not_be_opened_keeps_nothing(
    database: SqliteDatabase, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process may have no number left for it: that is known before the commit."""
    queue = SqliteQueue(database, limit=1 << 30, min_free=0)

    opened = os.open

    def none_left(path: Any, *more: Any) -> int:
        """Say what the system says then."""
        if str(path).endswith("-wal"):
            raise OSError(24, "Too many open files")
        return opened(path, *more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", none_left)
        with pytest.raises(Unavailable, match="Too many open files") as raised:
            queue.put([Envelope([make_record()])])
    assert not raised.value.kept_unknown
    assert waiting(database.path) == 0
    queue.put([Envelope([make_record()])])
    assert waiting(database.path) == 1


def test_a_close_takes_no_log_from_its_sync(
    database: SqliteDatabase, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file that got its number would be synced instead; afterwards nothing of it is open."""
    queue = SqliteQueue(database, limit=1 << 30, min_free=0)
    log = os.fspath(database.path) + "-wal"
    numbers = list[int]()

    def closing_first(number: int) -> None:
        """Close the file from elsewhere, and open others, before the sync."""
        assert os.path.sameopenfile(number, other)
        database.close()
        taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]
        assert os.path.sameopenfile(number, other)
        os.fdatasync(number)
        numbers.append(number)
        for one in taken:
            os.close(one)

    with closing(SqliteDatabase(database.path)) as beside:
        beside.reader().execute("SELECT count(*) FROM queue").fetchone()
        other = os.open(log, os.O_RDONLY)
        monkeypatch.setattr(synced, "_synced", closing_first)
        queue.put([Envelope([make_record()])])
        os.close(other)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(numbers[0])
    assert waiting(database.path) == 1


def test_an_erased_text_is_off_the_disk_after_a_power_cut_too(
    database: SqliteDatabase, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk learns that the log was cut, which SQLite leaves to the system."""
    SqliteQueue(database, limit=1 << 30, min_free=0).put([Envelope([make_record()])])
    sizes = list[int]()

    def noting(number: int) -> None:
        """Note how long what is synced is."""
        sizes.append(os.fstat(number).st_size)
        os.fdatasync(number)

    monkeypatch.setattr(synced, "_synced", noting)
    with database.write(durable=True) as connection:
        connection.execute("DELETE FROM queue")
    database.erase()
    assert sizes[0] > 0 and sizes[-1] == 0
