"""Flow: rates from samples; a sampler that writes nothing while nothing happens."""

from __future__ import annotations

import pytest

from app.backends import Backends
from app.log.envelope import DeadLetter, Envelope
from app.log.record import IdSource
from app.monitor.flow import BAR_MS, BARS, NOW_MS, Sampler, flow
from app.ports.figures import FlowSample
from tests.conftest import MakeRecord

#: A moment in the middle of a bar.
NOW = 1_700_000_005_000


def sample(at: int, accepted: int, refused: int = 0, waiting: int = 0) -> FlowSample:
    """Return a sample of a system that stores and indexes at once."""
    return FlowSample(at, accepted, accepted - waiting, accepted - waiting, refused, waiting)


def test_without_samples_nothing_is_known() -> None:
    """A rate needs two readings: none is made up."""
    found = flow([], sample(NOW, 5))
    assert set(found.now.values()) == {None}
    assert found.bars["accepted"] == [None] * BARS


def test_rates_are_those_between_samples() -> None:
    """Of now over the last seconds; of each bar; before the first sample nothing is known."""
    start = NOW - NOW % BAR_MS - 3 * BAR_MS
    samples = [sample(start, 0), sample(start + BAR_MS, 100), sample(start + 2 * BAR_MS, 100, 20)]
    found = flow(samples, sample(NOW, 350, 20, 50))
    assert found.bars["accepted"][:-4] == [None] * (BARS - 4)
    assert found.bars["accepted"][-4:-2] == [10.0, 0.0]
    assert found.bars["refused"][-4:-1] == [0.0, 2.0, 0.0]
    # 250 logs in the 15 seconds since the last sample, taken as even.
    assert found.now["accepted"] == pytest.approx(250 / 15)
    assert found.bars["accepted"][-2] == pytest.approx(250 / 15)
    assert found.now["stored"] == pytest.approx(200 / 15)
    assert found.bars["accepted"][-1] == found.now["accepted"]
    assert found.waiting[-1] == 50
    assert found.waiting[-4] == 0


def test_a_system_that_has_just_begun_has_a_rate() -> None:
    """Over the time since its first sample."""
    assert flow([sample(NOW - 2_000, 0)], sample(NOW, 10)).now["accepted"] == 5.0


def test_a_count_that_falls_is_no_negative_rate() -> None:
    """Nor does a clock that was set back break anything."""
    samples = [sample(NOW - 5_000, 10), sample(NOW + 60_000, 10)]
    found = flow(samples, sample(NOW, 8))
    assert found.now["accepted"] == 0.0
    assert set(flow([sample(NOW, 1)], sample(NOW, 1)).now.values()) == {None}


def test_the_sampler_keeps_what_happens(backends: Backends, make_record: MakeRecord) -> None:
    """First and last of a pause in which nothing does: so the pause has no rate. A new leader goes on."""
    parts, waiting = backends.record, [0]
    sampler = Sampler(backends.queue, parts.figures, lambda: waiting[0])
    for _ in range(3):
        assert sampler.look() == {}
    assert len(parts.figures.samples(0)) == 1
    backends.queue.put([Envelope([make_record(), make_record()])])
    waiting[0] = 2
    sampler.look()
    kept = parts.figures.samples(0)
    assert [(one.accepted, one.stored, one.waiting) for one in kept][-1] == (2, 0, 2)
    assert [one.accepted for one in kept[:-1]] in ([0, 0], [0])  # one, if all was within a millisecond
    assert backends.move is not None
    backends.move(100, 0)
    parts.letters.bury([DeadLetter(IdSource().take(1).to_bytes(16, "big"), b"", "r")])
    waiting[0] = 0
    other = Sampler(backends.queue, parts.figures, lambda: waiting[0])
    other.look()
    assert parts.figures.samples(0)[-1].like(FlowSample(0, 2, 2, 2, 1, 0))
    count = len(parts.figures.samples(0))
    Sampler(backends.queue, parts.figures, lambda: None).look()
    other.look()
    assert len(parts.figures.samples(0)) == count


def test_a_pause_of_all_processes_has_no_rate(backends: Backends, make_record: MakeRecord) -> None:
    """What happened since the first process began again is not smeared over the time before."""
    keeper = backends.record.figures
    at = keeper.reading().at
    keeper.keep_samples([FlowSample(at - 600_000, 0, 0, 0, 0, 0)])
    backends.queue.put([Envelope([make_record()])])
    Sampler(backends.queue, keeper, lambda: 1).look()
    kept = keeper.samples(0)
    assert [one.accepted for one in kept] == [0, 0, 1]
    assert kept[1].at == kept[2].at - NOW_MS
