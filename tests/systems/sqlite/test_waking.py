"""Waking: who accepts wakes who waits for logs, in whatever process; a stop ends every wait; nothing depends on either."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app import bell
from app.backends import Backends, connect
from app.drain import drain
from app.errors import Unavailable
from app.log.envelope import Envelope
from app.settings.settings import Settings
from app.systems.sqlite import file
from app.systems.sqlite.file import SqliteDatabase
from tests.conftest import MakeRecord
from tests.e2e.program import ROOT, wait_for

#: Seconds within which what happens at once must have happened, and longer than any test waits.
SOON, NEVER = 60.0, 3_600.0


def waiting(database: SqliteDatabase) -> tuple[threading.Thread, Callable[[], bool]]:
    """Begin to wait for a ring, for ever; return the thread, and whether it still waits."""
    thread = threading.Thread(target=database.wait, args=(NEVER,), daemon=True)
    thread.start()
    return thread, thread.is_alive


def test_a_ring_of_another_process_wakes(tmp_path: Path) -> None:
    """Also one that came just before the wait began."""
    database = SqliteDatabase(tmp_path / "a.db")
    ring = "import sys, pathlib; from app.systems.sqlite.file import SqliteDatabase as D; D(pathlib.Path(sys.argv[1])).ring()"
    for early in (True, False):
        if early:
            subprocess.run([sys.executable, "-c", ring, database.path], cwd=ROOT, check=True)
        thread, waits = waiting(database)
        if not early:
            thread.join(0.2)
            assert waits()
            subprocess.run([sys.executable, "-c", ring, database.path], cwd=ROOT, check=True)
        thread.join(SOON)
        assert not waits()
    database.close()


def test_a_stop_ends_every_wait_of_this_process_only(tmp_path: Path) -> None:
    """Those under way, in all threads, and those that begin later."""
    database, other = SqliteDatabase(tmp_path / "a.db"), SqliteDatabase(tmp_path / "a.db")
    threads = [waiting(database)[0] for _ in range(3)]
    _, elsewhere = waiting(other)
    database.hurry()
    for thread in (*threads, waiting(database)[0]):
        thread.join(SOON)
        assert not thread.is_alive()
    assert elsewhere()
    other.ring()
    wait_for(lambda: not elsewhere(), SOON, "the other")
    for one in (database, other):
        one.close()
        one.close()


def shift(backends: Backends, idle: float, *tidy: Callable[[], object]) -> tuple[threading.Thread, threading.Event]:
    """Begin a shift that waits *idle* seconds at a time."""
    assert backends.move is not None
    move, ended = backends.move, threading.Event()
    thread = threading.Thread(
        target=lambda: drain.shift(move, ended.is_set, batch_size=100, idle=idle, tidy=tidy), daemon=True
    )
    thread.start()
    return thread, ended


def test_a_shift_that_waits_long_moves_what_comes(
    settings: Settings, backends: Backends, make_record: MakeRecord
) -> None:
    """And ends when it is told to, without waiting to the end."""
    worker = connect(settings)
    thread, ended = shift(worker, NEVER)
    for count in range(1, 4):
        backends.queue.put([Envelope([make_record()])])
        wait_for(lambda count=count: backends.store.stats()["stored"] == count, SOON, "the log")
    ended.set()
    for hurry in worker.hurry:
        hurry()
    thread.join(SOON)
    assert not thread.is_alive()
    worker.close()


def test_a_shift_goes_on_tidying_while_there_is_more(
    settings: Settings, backends: Backends, make_record: MakeRecord
) -> None:
    """It does not wait for logs meanwhile; then it does."""
    worker = connect(settings)
    rounds = list[int]()
    backends.queue.put([Envelope([make_record()])])
    thread, ended = shift(worker, NEVER, lambda: rounds.append(1), lambda: len(rounds) < 5)
    wait_for(lambda: len(rounds) == 5, SOON, "five rounds")
    thread.join(0.2)
    assert len(rounds) == 5
    ended.set()
    for hurry in worker.hurry:
        hurry()
    thread.join(SOON)
    worker.close()


def test_where_nobody_can_ring_logs_are_found_by_looking(
    settings: Settings, backends: Backends, make_record: MakeRecord
) -> None:
    """Some file systems have no named pipes: then nobody waits long, however long a wait was meant to be."""
    pipe = Path(f"{settings.database}.wake")
    pipe.unlink()
    pipe.mkdir()  # can't be opened for writing
    worker, deaf = connect(settings), connect(settings)
    thread, ended = shift(worker, NEVER)
    thread.join(2 * bell.DEAF_SECONDS)
    deaf.queue.put([Envelope([make_record()])])
    wait_for(lambda: backends.store.stats()["stored"] == 1, SOON, "the log")
    ended.set()
    thread.join(SOON)
    assert not thread.is_alive()
    worker.close()
    deaf.close()


def test_a_close_ends_every_wait_before_its_ends_are_another_files(tmp_path: Path) -> None:
    """Who waits meanwhile neither fails nor reads from a file that got the number; who writes afterwards is told."""
    failed: list[BaseException] = []

    def go(database: SqliteDatabase) -> None:
        try:
            database.wait(NEVER)
            database.ring()
        except BaseException as error:
            failed.append(error)

    for _ in range(20):
        database = SqliteDatabase(tmp_path / "a.db")
        threads = [threading.Thread(target=go, args=(database,), daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        database.close()
        with (tmp_path / "other").open("wb"):
            for thread in threads:
                thread.join(SOON)
                assert not thread.is_alive()
    assert failed == []
    with pytest.raises(Unavailable, match="closed"), database.write(durable=False):
        pass


def test_a_log_that_someone_reads_keeps_no_writer_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To let it start anew waits for who reads from it a moment only, as writers wait meanwhile; it is tried again."""
    monkeypatch.setattr(file, "CHECKPOINT_BYTES", 1)
    monkeypatch.setattr(file, "RESTART_BYTES", 1)
    ours, theirs = SqliteDatabase(tmp_path / "a.db"), SqliteDatabase(tmp_path / "a.db")
    with ours.write(durable=False) as connection:
        connection.execute("CREATE TABLE one (body)")
    reading = theirs.reader()
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM one").fetchone()
    with ours.write(durable=False) as connection:
        connection.execute("INSERT INTO one VALUES (1)")
    began = time.monotonic()
    ours.checkpoint()
    assert time.monotonic() - began < file.BUSY_SECONDS / 2
    reading.execute("ROLLBACK")
    ours.checkpoint()
    for one in (ours, theirs):
        one.close()
