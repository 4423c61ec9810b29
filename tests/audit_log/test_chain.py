"""The chain: one, whoever writes and is killed; retention takes from its beginning, on both databases."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from app.audit_log.spool import FOLDER, Spool, move
from app.audit_log.verify import verify
from app.log.record import IdSource
from app.ports.audit_log.chain import ChainEnd
from app.ports.audit_log.entry import EXPIRED, AuditEntry, entry
from app.query.query import Query
from app.systems.sql import audit_log
from tests.audit_log.conftest import DAY_MS, Kept, aged, filled
from tests.e2e.program import ROOT


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


@pytest.mark.system
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
