"""Probes: what counts as wrong, on a real queue and record, and what it is said to mean."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.backends import Backends
from app.drain import pause
from app.errors import Unavailable
from app.log.envelope import DeadLetter, Envelope
from app.log.record import IdSource
from app.monitor import probes
from app.monitor.board import Board, NoticeWriter
from app.monitor.probes import Disk, Queue, RecordProbe
from app.ports.queue import Depth
from app.times.instant import now_ms
from tests.conftest import MakeRecord


class Clock:
    """The time of the probes."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock that only the test moves."""
    made = Clock()
    monkeypatch.setattr(probes, "monotonic", made)
    yield made


def aged(make_record: MakeRecord, seconds: float) -> Envelope:
    """Return an envelope whose log was accepted so long ago."""
    identity = IdSource().take(1, now_ms() - int(seconds * 1000)).to_bytes(16, "big")
    return Envelope([make_record(id=identity)])


def test_logs_that_wait_too_long(backends: Backends, make_record: MakeRecord) -> None:
    """From a minute on; what it means, who is at work, and that the drain is paused."""
    probe = Queue(backends.queue, backends.record, lambda: 2)
    assert probe.look() == {}
    backends.queue.put([aged(make_record, 50)])
    assert probe.look() == {}
    backends.queue.put([aged(make_record, 70)])
    assert probe.look() == {}  # the order is that of the queue
    backends.queue.ack(backends.queue.take(1, 0))
    (trouble,) = probe.look().values()
    assert trouble.kind == "backlog_growing"
    assert (
        "1 log wait" in trouble.text and "2 workers are at work" in trouble.text and "Nothing is lost" in trouble.text
    )
    pause.pause(backends.record.notes)
    assert "the drain is paused" in probe.look()["queue/backlog"].text
    assert probe.waiting == 1
    backends.queue.ack(backends.queue.take(1, 0))
    assert probe.look() == {}


class Carrier:
    """A queue that can't tell ages."""

    logs = 0

    def depth(self) -> Depth:
        """See LogQueue."""
        return Depth(self.logs, 0, None)


def test_a_queue_that_cannot_tell_ages(backends: Backends, clock: Clock, make_record: MakeRecord) -> None:
    """It stands still for a minute, or grows; that some logs are always under way is no backlog."""
    carrier = Carrier()
    probe = Queue(carrier, backends.record, lambda: 1)  # type: ignore[arg-type]

    def after(seconds: int, logs: int, *, stored: bool = True) -> bool:
        found = False
        for _ in range(seconds // 3):
            clock.now += 3
            carrier.logs = logs
            if stored:
                backends.store.add([make_record()])
            found = bool(probe.look())
        return found

    assert not after(300, 4_000)
    assert not after(57, 4_000, stored=False)
    assert after(9, 4_000, stored=False)
    assert not after(6, 4_000)
    assert not after(60, 4_000)
    assert after(30, 40_000)
    assert not after(120, 35_000)
    assert not after(3, 0, stored=False)
    assert not after(57, 1, stored=False)
    assert after(9, 1, stored=False)
    assert not after(3, 0, stored=False)


def test_refusals(backends: Backends, clock: Clock) -> None:
    """What was refused before is no news; it is over after a quiet minute."""
    # One source: what it gives ascends, also within a millisecond.
    source = IdSource()

    def refuse(count: int) -> None:
        ids = [source.take(1).to_bytes(16, "big") for _ in range(count)]
        backends.record.letters.bury([DeadLetter(identity, b"{", "is not JSON") for identity in ids])

    refuse(3)
    probe = RecordProbe(backends.record, alone=True)
    assert probe.look() == {}
    refuse(2)
    assert probe.look()["record/refused"].text.startswith("2 logs were refused. Last: is not JSON.")
    clock.now += 50
    backends.record.letters.bury([DeadLetter(source.take(1).to_bytes(16, "big"), b"{}", "is missing", "message")])
    assert "Last: message is missing." in probe.look()["record/refused"].text
    assert probe.look()["record/refused"].details["logs"] == 3
    clock.now += 50
    assert len(probe.look()) == 1
    clock.now += 20
    assert probe.look() == {}
    refuse(1)
    assert probe.look()["record/refused"].text.startswith("1 log was refused.")


def test_what_was_found_stays_while_nobody_can_look(backends: Backends, clock: Clock) -> None:
    """A service that does not answer is one more trouble, not one instead."""
    probe = RecordProbe(backends.record, alone=True)
    probe.look()
    backends.record.letters.bury([DeadLetter(IdSource().take(1).to_bytes(16, "big"), b"{", "is not JSON")])
    writer = NoticeWriter(Board(), lambda _: None)
    writer.apply("record", probe.look())
    found = probe.unreachable("disk I/O error.")
    writer.apply("record", found, whole=False)
    assert writer.keys == {"record/refused", "record/unreachable"}
    writer.apply("record", probe.look())
    assert writer.keys == {"record/refused"}
    assert found["record/unreachable"].text == (
        "The record does not work: disk I/O error. "
        "No log is accepted: senders are answered 503 and send again. What was accepted before is kept."
    )


def test_an_index_that_is_behind(backends: Backends, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a minute on."""
    probe = RecordProbe(backends.record, alone=False)
    backends.store.add([make_record(), make_record()])
    assert probe.look() == {}
    monkeypatch.setattr(probes, "LATE_MS", 0)
    (trouble,) = probe.look().values()
    assert (trouble.kind, trouble.details["logs"]) == ("index_behind", 2)
    assert "Nothing is lost" in trouble.text


@pytest.mark.parametrize(("share", "severity"), [(0.1, None), (0.6, "warning"), (2.0, "error")])
def test_the_disk(tmp_path: Path, share: float, severity: str | None) -> None:
    """Nearly full below twice the least, and then no log is accepted."""
    found = Disk(tmp_path, int(shutil.disk_usage(tmp_path).free * share)).look()
    assert [trouble.severity for trouble in found.values()] == ([severity] if severity else [])


def test_a_folder_that_is_gone_cannot_be_looked_at(tmp_path: Path) -> None:
    """That is told as such."""
    with pytest.raises((OSError, Unavailable)):
        Disk(tmp_path / "nowhere", 1).look()
