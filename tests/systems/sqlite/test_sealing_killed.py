"""Processes that seal and that delete, killed with SIGKILL at any moment: each log is there once, or gone for good."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from app.log.record import LogRecord
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import sealing
from tests.conftest import MakeRecord
from tests.prepared import empty
from tests.process import ROOT

ROUNDS = int(os.environ.get("KILL_ROUNDS", "15"))
LOGS = sealing.TAIL_LOGS + 40_000

#: Begins to work when it has said that it is ready, and goes on until there is nothing more to do.
BEGIN = """
import sys
from pathlib import Path
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import sealing
database = SqliteDatabase(Path(sys.argv[1]))
store = SqliteStore(database)
print("ready", flush=True)
"""
SEAL = BEGIN + "while sealing.seal(database, 0.01, indexed=False): pass\n"
#: Deletes every seventh log.
DELETE = (
    BEGIN
    + "for start in range(0, 40_000, 490):\n    store.delete([log.id for _, log in store.after(0, 50_000) if log.ns == 7][:200])\n"
)


def killed(script: str, path: Path, after: float) -> None:
    """Run a script on the file at *path*, and kill it some time after it has begun to work."""
    with subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(after)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)


@pytest.fixture
def filled(tmp_path: Path, make_record: MakeRecord) -> tuple[Path, list[LogRecord]]:
    """A file with rows only, as an earlier release left it, and its logs; every seventh has 7 as its `ns`."""
    path = tmp_path / "store.db"
    empty(path)
    sent = [make_record(message=f"hello {number}", ns=7 * (number % 7 == 0)) for number in range(LOGS)]
    database = SqliteDatabase(path)
    for start in range(0, LOGS, 200):
        SqliteStore(database).add(sent[start : start + 200])
    database.close()
    return path, sent


@pytest.mark.system
def test_every_log_is_there_once_whenever_it_is_killed(filled: tuple[Path, list[LogRecord]]) -> None:
    """While all is taken over into segments and some of it deleted, each process goes on where another was ended."""
    path, sent = filled
    chance, rest = random.Random(6), [record for record in sent if record.ns == 0]
    for number in range(ROUNDS):
        killed(DELETE if number % 3 == 2 else SEAL, path, chance.uniform(0, 0.2))
        database = SqliteDatabase(path)
        store = SqliteStore(database)
        there = [record for _, record in store.after(0, LOGS + 1)]
        assert len(there) == store.stats()["stored"] == store.count(bytes(16), b"\xff" * 16)
        assert [record for record in there if record.ns == 0] == rest
        database.close()
    database = SqliteDatabase(path)
    store = SqliteStore(database)
    before = [record for _, record in store.after(0, LOGS + 1)]
    while sealing.seal(database, indexed=False):
        pass
    with database.snapshot() as connection:
        assert sealing.behind(connection) < 1024
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM segments").fetchone()[0] > 10
    assert [record for _, record in store.after(0, LOGS + 1)] == before
    database.close()
