"""The chain: one, whoever writes and is killed; what was removed, changed or moved in it shows, on both databases."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from app import backends
from app.audit_log.spool import FOLDER, Spool, move
from app.audit_log.verify import verify
from app.log.record import IdSource
from app.ports.audit_log.chain import AuditLog, ChainEnd
from app.ports.audit_log.entry import EXPIRED, AuditEntry, decode, entry
from app.query.query import Query
from app.settings.settings import Settings
from app.systems.sql import audit_log
from tests.e2e.program import ROOT

DAY_MS = 86_400_000


@dataclass
class Kept:
    """An audit log and the database beneath it."""

    settings: Settings
    log: AuditLog

    def execute(self, statement: str) -> None:
        """Do what no part of the program does."""
        url, options = backends.engine(self.settings)
        engine = create_engine(url, **options)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def entries(self) -> list[AuditEntry]:
        """Return all entries in the order of the chain."""
        return [decode(one.body) for chunk in self.log.chained(0) for one in chunk]


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """An empty audit log in a file, and on a server."""
    given = {"LOGINGESTOR_DATA_DIR": str(tmp_path), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB"}
    if request.param == "postgres":
        given["LOGINGESTOR_STORE_URL"] = request.getfixturevalue("postgres_database")
    settings = Settings.from_env(given)
    backends.upgrade(settings)
    with closing(backends.connect_record(settings, settings.store_url, None)) as opened:
        yield Kept(settings, opened.record.audit_log)


def filled(kept: Kept, count: int = 10) -> list[AuditEntry]:
    """Append some entries."""
    made = [entry("test", actor="zoe", details={"number": n}) for n in range(count)]
    assert kept.log.append(made) == count
    return made


def test_entries_are_kept_once_in_their_order(kept: Kept) -> None:
    """However often they are handed over; numbered from 1, and found newest first, a page after the other."""
    assert (verify(kept.log).faults, kept.log.ends()) == (0, (ChainEnd(), ChainEnd()))
    made = filled(kept, 1_200)
    assert kept.log.append(made[5:9]) == 0
    assert kept.entries() == made
    found = [record for chunk in kept.log.walk(Query()) for record in chunk]
    assert [record.id for record in found] == [one.id for one in made[::-1]]
    assert found[0].metadata == {
        **{"action": "test", "actor": "zoe", "outcome": "done", "seq": 1_200},
        "details": {"number": 1_199},
    }
    seen = verify(kept.log)
    assert (seen.faults, seen.entries, seen.head.seq) == (0, 1_200, 1_200)
    assert kept.log.ends() == (ChainEnd(), seen.head)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM audit_log WHERE seq = 1", "entries 1 to 1 are missing"),
        ("DELETE FROM audit_log WHERE seq IN (5, 6)", "entries 5 to 6 are missing"),
        ("DELETE FROM audit_log WHERE seq > 8", "entries 9 to 10, the last, are missing"),
        ("DELETE FROM audit_log", "entries 1 to 10, the last, are missing"),
        (
            "UPDATE audit_log SET body = (SELECT body FROM audit_log WHERE seq = 4) WHERE seq = 5",
            "entry 5 is not the one that was written",
        ),
        (
            "UPDATE audit_log SET seq = CASE seq WHEN 4 THEN -1 ELSE 4 END WHERE seq IN (4, 5)",
            "entries 5 to 5 are missing",
        ),
        ("UPDATE audit_log SET seq = 100 WHERE seq = 4", "entries 4 to 4 are missing"),
        ("UPDATE audit_chain SET seq = 7 WHERE place = 1", "entries 8 to 10 lie behind the end"),
        (
            "UPDATE audit_chain SET digest = (SELECT digest FROM audit_log WHERE seq = 9) WHERE place = 1",
            "entry 10 is not the one with which the chain ended",
        ),
        ("INSERT INTO audit_chain SELECT 0, 3, digest FROM audit_log WHERE seq = 3", "lies before the beginning"),
    ],
)
def test_what_was_done_to_it_shows(kept: Kept, statement: str, fault: str) -> None:
    """Removed at the beginning, within and at the end, changed, and moved."""
    filled(kept)
    kept.execute(statement)
    seen = verify(kept.log)
    assert seen.faults >= 1
    assert any(fault in text for text in seen.named), seen.named


def test_a_beginning_that_retention_did_not_take_shows(kept: Kept) -> None:
    """Though its digest is put where retention would have put it."""
    filled(kept)
    kept.execute("INSERT INTO audit_chain SELECT 0, 3, digest FROM audit_log WHERE seq = 3")
    kept.execute("DELETE FROM audit_log WHERE seq <= 3")
    assert verify(kept.log).named == ["what is missing up to entry 3 was taken by nobody's retention"]


def test_a_chain_that_was_written_anew_shows_to_a_witness(kept: Kept) -> None:
    """A head that somebody noted is there still, or the chain is another one."""
    filled(kept)
    noted = verify(kept.log).head
    filled(kept)
    assert verify(kept.log, noted).faults == 0
    for table in ("audit_log", "audit_chain"):
        kept.execute(f"DELETE FROM {table}")
    filled(kept, 20)
    assert verify(kept.log).faults == 0
    assert "digest that was noted" in verify(kept.log, noted).named[0]


def test_retention_takes_from_the_beginning_and_the_chain_goes_on(kept: Kept) -> None:
    """Whole, with an entry that says how many went; one that came late keeps those behind it until it is old too."""
    ids, now = IdSource(), 400 * DAY_MS
    old, new = (
        [AuditEntry(id=ids.take(1, at + n).to_bytes(16, "big"), action="test") for n in range(5)]
        for at in (now - 100 * DAY_MS, now)
    )
    kept.log.append([*old, *new])
    assert kept.log.expire(now - 200 * DAY_MS) == 0
    assert kept.log.expire(now - 50 * DAY_MS) == 5
    assert kept.log.expire(now - 50 * DAY_MS) == 0
    assert kept.entries()[:5] == new
    said = kept.entries()[5]
    assert (said.action, said.details["entries"], said.details["through"]) == (EXPIRED, 5, 5)
    seen = verify(kept.log)
    assert (seen.faults, seen.entries, seen.anchor.seq, seen.head.seq) == (0, 6, 5, 11)
    assert kept.log.expire(now + DAY_MS) == 5
    assert verify(kept.log).faults == 0


def aged(count: int, at: int) -> list[AuditEntry]:
    """Return entries of a time, in ms since 1970."""
    ids = IdSource()
    return [AuditEntry(id=ids.take(1, at + n).to_bytes(16, "big"), action="test") for n in range(count)]


def test_retention_takes_a_piece_at_a_time(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a transaction of its own, between two of which others write; broken off there, the chain is whole, and the next call goes on."""
    monkeypatch.setattr(audit_log, "PIECE", 4)
    kept.log.append([*aged(10, DAY_MS), *aged(3, 3 * DAY_MS)])
    pauses = 0

    def pause(_: float) -> None:
        nonlocal pauses
        pauses += 1
        assert kept.log.append([entry("test")]) == 1
        if pauses == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(audit_log, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pause))
    with pytest.raises(KeyboardInterrupt):
        kept.log.expire(2 * DAY_MS)
    seen = verify(kept.log)
    assert (seen.faults, seen.anchor.seq) == (0, 8)
    assert kept.log.expire(2 * DAY_MS) == 2
    said = [one.details for one in kept.entries() if one.action == EXPIRED]
    assert [(one["entries"], one["through"]) for one in said] == [(4, 4), (4, 8), (2, 10)]
    assert verify(kept.log).faults == 0


def test_retention_begins_no_piece_after_its_time(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the round of upkeep ends."""
    monkeypatch.setattr(audit_log, "PIECE", 4)
    monkeypatch.setattr(audit_log, "EXPIRE_SECONDS", 0.0)
    kept.log.append(aged(10, DAY_MS))
    assert kept.log.expire(2 * DAY_MS) == 0


def test_retention_keeps_what_shows_that_something_is_missing(kept: Kept) -> None:
    """Where the last entry that would go is missing, all stay."""
    kept.log.append([*aged(5, DAY_MS), *aged(5, 3 * DAY_MS)])
    kept.execute("DELETE FROM audit_log WHERE seq = 5")
    assert kept.log.expire(2 * DAY_MS) == 0
    kept.execute("DELETE FROM audit_log WHERE seq > 5")
    assert kept.log.expire(2 * DAY_MS) == 0
    assert verify(kept.log).named == ["entries 5 to 10, the last, are missing"]


def test_a_change_is_an_entry_once(kept: Kept) -> None:
    """For each state that is another than the last."""
    added = [kept.log.append_change("a", state, entry("settings")) for state in (1, 1, 2, 1)]
    assert added == [True, False, True, True]
    assert len(kept.entries()) == 3


def test_one_chain_for_all_who_write_at_once(kept: Kept) -> None:
    """Threads here, as processes do."""
    threads = [threading.Thread(target=lambda: [filled(kept, 3) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = verify(kept.log)
    assert (seen.faults, seen.entries) == (0, 120)


def test_nothing_is_lost_nor_doubled_when_writers_are_killed(kept: Kept) -> None:
    """Three processes at once, killed wherever they are: what was written is there once, and the chain is whole."""
    environment = {name: one for name, one in os.environ.items() if not name.startswith("LOGINGESTOR_")}
    environment |= {
        "LOGINGESTOR_DATA_DIR": str(kept.settings.data_dir),
        "LOGINGESTOR_STORE_URL": kept.settings.store_url,
        "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
    }
    written: list[str] = []
    for _ in range(2):
        writers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.audit_log.writer", name],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in "abc"
        ]
        seen = [_lines(writer, 300) for writer in writers]
        for writer in writers:
            writer.kill()
        for writer, lines in zip(writers, seen, strict=True):
            rest, _ = writer.communicate()
            written += [*lines, *(line for line in rest.splitlines() if len(line) == 32)]
    move(Spool(kept.settings.data_dir / FOLDER), kept.log)
    found = [one.id.hex() for one in kept.entries()]
    assert len(found) == len(set(found))
    assert set(written) <= set(found)
    assert len(written) >= 1_800
    assert verify(kept.log).faults == 0
    assert list((kept.settings.data_dir / FOLDER).glob("*.jsonl")) == []


def _lines(writer: subprocess.Popen[str], count: int) -> list[str]:
    assert writer.stdout is not None
    read: Callable[[], Any] = writer.stdout.readline
    return [read().strip() for _ in range(count)]
