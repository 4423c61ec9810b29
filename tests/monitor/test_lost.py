"""Logs that were lost before any door, in words: only what no log that waits can bring, and for an hour."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.backends import Backends
from app.log.envelope import Envelope
from app.log.numbers import ArrivedNumbers, Numberer
from app.log.record import IdSource
from app.monitor import listen_counts, lost
from app.monitor.listen_counts import ListenCounts
from app.monitor.lost import OPEN_MS, SETTLED_MS, UNSURE_MS, LostDatagramProbe, LostProbe, settled
from app.ports.queue import Depth
from app.times.instant import now_ms
from tests.conftest import MakeRecord

DAY_MS = 86_400_000
PROCESS = Numberer("process", "server-17", "812@1700000000000")


def tell(backends: Backends, numberer: Numberer, *runs: tuple[int, int, int, int]) -> None:
    """Have numbers arrive."""
    backends.record.gaps.arrived([ArrivedNumbers(numberer, 0, list(runs))])


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """By how many ms the probe's clock is ahead, as the only element."""
    ahead = [0]
    monkeypatch.setattr(lost, "now_ms", lambda: now_ms() + ahead[0])
    return ahead


def test_the_words(backends: Backends, later: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who, how many of how many, between which logs; that those which come late count, until none is missing."""
    probe = LostProbe(backends.record.gaps, backends.queue)
    # It is noon tomorrow, whenever this runs.
    monkeypatch.setattr(lost, "OPEN_MS", 3 * DAY_MS)
    today = now_ms() // DAY_MS * DAY_MS + DAY_MS
    start, end = today + 36_123_000, today + 36_129_000
    tell(backends, PROCESS, (1, 40_000, start - 60_000, start), (40_013, 48_110, end, end + 60_000))
    assert probe.look() == {}
    later[0] = today + DAY_MS // 2 - now_ms()
    (trouble,) = probe.look().values()
    said = "process 812 on server-17: 12 of 48,110 never arrived, between 10:02:03 and 10:02:09 UTC"
    assert (trouble.kind, trouble.severity) == ("logs_lost", "warning")
    assert trouble.text.startswith(f"{said[:1].upper()}{said[1:]}. They were lost before they reached this server")
    assert trouble.details == {"logs": 12, "senders": [said]}
    tell(backends, PROCESS, (40_001, 40_010, start, start))
    (trouble,) = probe.look().values()
    assert "2 of 48,110 never arrived" in trouble.text
    tell(backends, PROCESS, (40_011, 40_012, end, end))
    assert probe.look() == {}


def test_other_senders(backends: Backends, later: list[int]) -> None:
    """Each by its kind; times of another day with the day, and none where none is told. Many are one notice."""
    later[0] = SETTLED_MS + 1_000
    probe, old = LostProbe(backends.record.gaps, backends.queue), 1_700_000_000_000
    tell(backends, Numberer("syslog", "web-1", "10.0.0.7"), (1, 1, old, old), (3, 3, old, old))
    tell(backends, Numberer("journal", "web-2", "0" * 32), (1, 1, old, old), (3, 3, old + 86_400_000, old + 86_400_000))
    tell(backends, Numberer("syslog", "10.0.0.7", "10.0.0.7"), (1, 1, -1, -1), (3, 3, -1, -1))
    texts = {one.text.partition(". ")[0] for one in probe.look().values()}
    assert texts == {
        "Syslog of web-1 (10.0.0.7): 1 of 3 never arrived, at 2023-11-14 22:13:20 UTC",
        "The journal of web-2: 1 of 3 never arrived, between 2023-11-14 22:13:20 and 2023-11-15 22:13:20 UTC",
        "Syslog of 10.0.0.7: 1 of 3 never arrived",
    }
    tell(backends, Numberer("logplex", "", "frame"), (1, 1, old, old), (6, 6, old, old))
    (trouble,) = probe.look().values()
    assert trouble.text.startswith(
        "7 logs of 4 senders never arrived, most of them of one: Logplex drain an unnamed machine: 4 of 6"
    )


def test_what_waits_may_still_close_a_gap(backends: Backends, make_record: MakeRecord, later: list[int]) -> None:
    """A batch of a killed worker that comes back, say: while a log waits that is as old, nothing is told."""
    later[0] = SETTLED_MS + 1_000
    probe, identity = LostProbe(backends.record.gaps, backends.queue), IdSource().take(1, now_ms())
    backends.queue.put([Envelope([make_record(id=identity.to_bytes(16, "big"))])])
    tell(backends, PROCESS, (1, 1, 1, 1), (3, 3, 3, 3))
    assert probe.look() == {}
    backends.queue.ack(backends.queue.take(10, 0))
    assert len(probe.look()) == 1


def test_how_long_to_wait(later: list[int]) -> None:
    """Where the age of what waits is not known, longer than any batch can be away."""
    now = now_ms()
    assert abs(settled(Depth(0, 0, None)) - (now - SETTLED_MS)) < 5_000
    assert settled(Depth(5, 100, now - 60_000)) == now - 60_000 - SETTLED_MS
    assert abs(settled(Depth(5, 100, None)) - (now - UNSURE_MS)) < 5_000


def test_it_is_told_for_an_hour(backends: Backends, later: list[int]) -> None:
    """Then the notice is over; the overview knows it still."""
    probe = LostProbe(backends.record.gaps, backends.queue)
    tell(backends, PROCESS, (1, 1, 1, 1), (3, 3, 3, 3))
    later[0] = OPEN_MS - 10_000
    assert len(probe.look()) == 1
    later[0] = OPEN_MS + 10_000
    assert probe.look() == {}
    assert [one.numbers for one in lost.lost(backends.record.gaps, backends.queue.depth())] == [[(2, 2)]]


def test_datagrams_that_listeners_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why and where, as long as more are lost and for a minute; what was lost before somebody looked is in the figures alone."""
    clock = [1_000.0]
    monkeypatch.setattr(lost, "monotonic", lambda: clock[0])
    counts = {"udp://:5514": ListenCounts(lost_kernel=7), "gelf+udp://:12201": ListenCounts(lost_full=1)}
    probe = LostDatagramProbe(tmp_path)
    assert probe.look() == {}
    listen_counts.write(tmp_path, counts)
    probe = LostDatagramProbe(tmp_path)
    assert probe.look() == {}
    counts["udp://:5514"].lost_kernel += 1_500
    counts["gelf+udp://:12201"].lost_chunks += 2
    listen_counts.write(tmp_path, counts)
    (trouble,) = probe.look().values()
    assert (trouble.kind, trouble.details) == ("logs_lost", {"datagrams": 1_502})
    assert (
        "2 at gelf+udp://:12201 were chunks of GELF whose message never became whole; "
        "1,500 at udp://:5514 came faster than they were read." in trouble.text
    )
    clock[0] += 59
    assert len(probe.look()) == 1
    clock[0] += 2
    assert probe.look() == {}
