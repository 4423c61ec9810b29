"""kill -9 while an earlier release's file is taken over, its rows and its segments, logs come, and some are deleted: each log is there once, or gone.

KILL_ROUNDS says how often it kills. More rows, as an earlier release wrote them, come in each round, so that there is always something to take over.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from app.backends import upgrade
from app.log.record import IdSource, LogRecord, id_text
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.segments import sealing
from app.systems.sqlite.segments.places import BLOCK
from tests.e2e.load import Client, outcome, sending
from tests.e2e.program import ROOT, Server, wait_for
from tests.former import age, left_as_rows
from tests.sealing import seal_all

pytestmark = pytest.mark.system

ROUNDS = int(os.environ.get("KILL_ROUNDS", "6"))
#: Logs of the earlier release at first, half in segments of its own, half rows, and in each round; a seventh are deleted.
FIRST, MORE = 20_000, 2_000
OLD = FIRST + MORE * ROUNDS
CLIENTS = 2
#: Seconds within which the rest is sealed, once nothing disturbs.
SEAL_SECONDS = 120.0 + OLD / 1_000
VICTIMS = ("worker", "delete", "group")


def old_logs() -> list[LogRecord]:
    """Return the logs that are there before; their numbers lie below 0."""
    ids = IdSource()
    return [
        LogRecord(
            ids.take(1).to_bytes(16, "big"),
            1_700_000_000_000 + number,
            number % 3,
            ("info", "error")[number % 2],
            f"number {-number}",
            metadata={"n": -number, "user": "ann" if number % 7 == 0 else "bob", "float": float(number % 5)},
        )
        for number in range(1, OLD + 1)
    ]


@contextmanager
def opened(path: Path) -> Iterator[SqliteDatabase]:
    """Open the database beside the program."""
    database = SqliteDatabase(path)
    yield database
    database.close()


def left(path: Path, records: list[LogRecord]) -> None:
    """Store and index *records* as earlier releases did: half as segments of revision 0020, half as rows."""
    half = len(records) // 2
    with opened(path) as database:
        left_as_rows(database, records[:half])
        seal_all(database)
        assert age(database) > 0
        left_as_rows(database, records[half:])


def deleting(server: Server) -> subprocess.Popen[bytes]:
    """Begin to delete the seventh of the old logs."""
    command = [sys.executable, "-m", "app.cli", "delete", "metadata.user:ann", "--yes", "--wait", "30"]
    return subprocess.Popen(command, cwd=ROOT, env=server.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def kill(server: Server, victim: str, chance: random.Random) -> None:
    """Kill -9 the victim; after the whole group the program is started again."""
    if victim == "group":
        server.kill_all()
        server.start()
    elif victim == "worker":
        with suppress(ProcessLookupError, IndexError):  # none may be there just now
            os.kill(chance.choice(server.workers()), signal.SIGKILL)
    else:
        with deleting(server) as process:
            time.sleep(chance.uniform(0.3, 3))
            process.kill()


@pytest.mark.timeout(900 + 30 * ROUNDS)
def test_an_earlier_file_is_taken_over_whatever_is_killed(make_server: Callable[..., Server]) -> None:
    """By number and by id, after rounds of kill -9 under load; what was deleted is gone, and what was there before is as it was."""
    chance, server, old = random.Random(20260102), make_server(), old_logs()
    settings = Settings.from_env({name: text for name, text in server.environment.items() if "LOGINGESTOR_" in name})
    upgrade(settings)
    left(settings.database, old[:FIRST])
    server.start()
    amid = 0
    with sending(server, CLIENTS, pause=0.02) as load, opened(settings.database) as database:
        for number in range(ROUNDS):
            left_as_rows(database, old[FIRST + MORE * number :][:MORE])
            time.sleep(chance.uniform(0.05, 1.2))
            amid += sealing.standing(database).due >= BLOCK
            kill(server, VICTIMS[number % len(VICTIMS)], chance)
        time.sleep(1)
    server.drained()
    with deleting(server) as process:
        output, _ = process.communicate(timeout=SEAL_SECONDS)
        assert process.returncode == 0, output
    with opened(settings.database) as database:
        wait_for(lambda: sealing.standing(database).due < BLOCK, SEAL_SECONDS, "the rest to be sealed")
        assert sealing.standing(database).segments > OLD // BLOCK // 2
        assert sealing.standing(database).failed == 0
    kept = {record for record in range(1, OLD + 1) if record % 7}
    load.clients.append(Client(server, load.clients[0].numbers, 0, accepted={-number for number in kept}))
    found = outcome(server, load)
    print(f"rounds {ROUNDS}, {amid} of them amid taking over, {found}")
    found.check()
    export = server.get("/logs/export?format=ndjson&sort=asc&to=2023-12-01").splitlines()
    there = {log["id"]: (log["message"], log["metadata"]) for log in map(json.loads, export)}
    expected = {
        id_text(record.id): (record.message, record.metadata)
        for record in old
        if int(record.message.split("-")[1]) in kept
    }
    assert json.dumps(there, sort_keys=True) == json.dumps(expected, sort_keys=True)
