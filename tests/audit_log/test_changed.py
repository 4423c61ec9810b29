"""What was removed, changed or moved in the chain shows, and hides nothing else, on both databases."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from app.audit_log.spool import Spool, move, waiting
from app.audit_log.verify import verify
from app.errors import Unavailable
from app.monitor.audit_log import AuditLogProbe
from app.ports.audit_log.entry import EXPIRED, MENDED, entry
from app.query.query import Query
from app.systems.sql import audit_log
from tests.audit_log.conftest import Kept, filled


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


@pytest.mark.parametrize(
    "details", [{}, {"through": 3}, {"through": "3", "digest": ""}, {"through": 3, "digest": "x"}, {"digest": "00"}]
)
def test_what_only_pretends_to_be_retention_shows(kept: Kept, details: dict[str, Any]) -> None:
    """An entry that names no end is a fault, and no failure."""
    filled(kept)
    kept.log.append([entry(EXPIRED, by="server", details=details)])
    assert verify(kept.log).named == ["entry 11 does not say what retention took"]


def test_what_lies_behind_the_end_is_not_added_to(kept: Kept) -> None:
    """Whoever wants to add is told what is wrong and what says where, and nothing is kept; retention takes nothing."""
    filled(kept)
    kept.execute("UPDATE audit_chain SET seq = 7 WHERE place = 1")
    for add in (
        lambda: kept.log.append([entry("test")]),
        lambda: kept.log.append_change("a", 1, entry("settings")),
    ):
        with pytest.raises(Unavailable, match=r"audit-log verify"):
            add()
    assert kept.log.expire(2**47) == 0
    assert len(kept.entries()) == 10
    kept.execute("UPDATE audit_chain SET seq = 10 WHERE place = 1")
    assert kept.log.append_change("a", 1, entry("settings"))
    assert verify(kept.log).faults == 0


@pytest.mark.parametrize("moved", ["UPDATE audit_chain SET seq = 7 WHERE place = 1", "DELETE FROM audit_chain"])
def test_an_end_that_was_moved_back_is_mended(kept: Kept, moved: str) -> None:
    """Once, and the entry that says so stays; what else was done to the chain shows as before."""
    filled(kept)
    probe = AuditLogProbe(kept.log, lambda: 0.0)
    assert not kept.log.mend(entry(MENDED))
    assert probe.look() == {}
    kept.execute(moved)
    kept.execute("DELETE FROM audit_log WHERE seq = 3")
    (trouble,) = probe.look().values()
    assert (trouble.kind, trouble.severity) == ("audit_log_stuck", "error")
    assert kept.log.mend(entry(MENDED, actor="ann"))
    assert not kept.log.mend(entry(MENDED))
    assert probe.look() == {}
    assert verify(kept.log).named == ["entries 3 to 3 are missing"]
    filled(kept, 2)
    said = kept.entries()[-3]
    assert (said.action, said.actor) == (MENDED, "ann")
    assert said.details["moved_to"].startswith("7:" if moved.startswith("UPDATE") else "0:")
    assert said.details["mended_to"].startswith("10:")


def test_entries_that_wait_are_a_trouble(kept: Kept, tmp_path: Path) -> None:
    """Those that a process wrote long ago and nobody moves; not those that have just come."""
    folder = tmp_path / "spool"
    spool = Spool(folder)
    probe = AuditLogProbe(kept.log, lambda: waiting(folder))
    assert probe.look() == {}
    spool.write(entry("test"))
    assert probe.look() == {}
    (path,) = folder.glob("*.jsonl")
    path.rename(folder / f"{time.time_ns() - 90 * 10**9:020}-1.jsonl")
    (trouble,) = probe.look().values()
    assert (trouble.kind, trouble.severity) == ("audit_log_stuck", "warning")
    move(Spool(folder), kept.log)
    spool.let_go()
    move(Spool(folder), kept.log)
    assert probe.look() == {}


@pytest.mark.parametrize("body", ["{", "[]", "{}", "[" * 5_000, '{"id":"AA==","action": 1}'])
def test_an_entry_that_can_t_be_read_is_found_as_that(kept: Kept, body: str) -> None:
    """In its place, by its number; all others are found as before, and the look over the chain names it."""
    filled(kept, 3)
    kept.execute(f"UPDATE audit_log SET body = '{body}' WHERE seq = 2")
    for sort in ("asc", "desc"):
        found = [record for chunk in kept.log.walk(Query(sort=sort)) for record in chunk]
        assert {record.metadata["seq"]: record.message for record in found if record.metadata} == {
            1: "zoe test",
            2: "entry 2 can't be read",
            3: "zoe test",
        }
    assert "entry 2 can't be read" in verify(kept.log).named


@pytest.mark.parametrize("identity", [b"", b"\xff" * 16, b"\xff" * 40, b"\x00"])
def test_an_id_of_any_length_ends_a_walk(kept: Kept, identity: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entry is found once, whatever lies there in the place of an id."""
    monkeypatch.setattr(audit_log, "AT_ONCE", 1)
    filled(kept, 3)
    written = f"X'{identity.hex()}'" if kept.settings.store_url.startswith("sqlite") else f"'\\x{identity.hex()}'"
    kept.execute(f"UPDATE audit_log SET id = {written} WHERE seq = 2")
    for sort in ("asc", "desc"):
        found = [record for chunk in kept.log.walk(Query(sort=sort)) for record in chunk]
        assert sorted(record.metadata["seq"] for record in found if record.metadata) == [1, 2, 3]
        assert {len(record.id) for record in found} == {16}
    assert "entry 2 has another id than it was written with" in verify(kept.log).named


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
