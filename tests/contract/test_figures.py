"""What every FigureKeeper promises."""

from __future__ import annotations

import time

import msgspec

from app.backends import Backends
from app.log.envelope import DeadLetter
from app.log.record import IdSource
from app.ports.figures import SAMPLES_MS, SOURCES, FlowSample, Source, SourceRefusal, Visit
from tests.conftest import MakeRecord

HOSTILE = "a\0\u202e<b>🙂'"


def sample(at: int, accepted: int = 0) -> FlowSample:
    """Return a sample."""
    return FlowSample(at, accepted, accepted, accepted, 1, 2)


def test_a_reading_counts_what_was_stored_and_refused(each_backends: Backends, make_record: MakeRecord) -> None:
    """What was deleted counts on; what the index lacks is told until it is indexed. Time goes on."""
    parts, records = each_backends.record, [make_record() for _ in range(5)]
    before = parts.figures.reading()
    assert (before.stored, before.refused, before.lacking) == (0, 0, 0)
    added = parts.store.add(records)
    parts.letters.bury([DeadLetter(IdSource().take(1).to_bytes(16, "big"), b"x", "reason")])
    now = parts.figures.reading()
    assert (now.stored, now.refused, now.lacking) == (5, 1, 5)
    assert before.at <= now.at < before.at + 600_000
    parts.store.indexed([added.mark])
    parts.store.delete([records[0].id])
    assert msgspec.structs.replace(parts.figures.reading(), at=now.at) == msgspec.structs.replace(now, lacking=0)


def test_samples_are_kept_for_their_time(each_backends: Backends) -> None:
    """In order, with the one before; the old go, and so does what a clock that was set back left ahead."""
    keeper = each_backends.record.figures
    assert keeper.samples(0) == []
    base = 1_700_000_000_000
    keeper.keep_samples([sample(base), sample(base + 3_000, 5)])
    keeper.keep_samples([sample(base + 6_000, 9)])
    assert [one.accepted for one in keeper.samples(0)] == [0, 5, 9]
    assert [one.accepted for one in keeper.samples(base + 4_000)] == [5, 9]
    assert [one.accepted for one in keeper.samples(base + 9_000)] == [9]
    keeper.keep_samples([sample(base + SAMPLES_MS + 3_000, 10)])
    assert [one.accepted for one in keeper.samples(0)] == [5, 9, 10]
    keeper.keep_samples([sample(base + 5_000, 11)])
    assert keeper.samples(0) == [sample(base + 3_000, 5), sample(base + 5_000, 11)]


def test_sources_add_up(each_backends: Backends) -> None:
    """Over visits of any process; the last refusal stays until the next; hostile names are kept apart."""
    keeper = each_backends.record.figures
    refusal = SourceRefusal(HOSTILE, "message", b"\xff\0{")
    keeper.see([(("10.0.0.1", "curl"), Visit(1, 10)), (("10.0.0.1", HOSTILE), Visit(1, 0, 2, refusal))])
    keeper.see([(("10.0.0.1", "curl"), Visit(2, 5))])
    keeper.see([(("10.0.0.1", HOSTILE), Visit(1, 3))])
    found = keeper.sources(10)
    assert (found.kept, found.forgotten) == (2, 0)
    by_agent = {one.agent: one for one in found.sources}
    curl = by_agent.pop("curl")
    (hostile,) = by_agent.values()
    assert (curl.sender, curl.requests, curl.logs, curl.refused, curl.refusal) == ("10.0.0.1", 3, 15, 0, None)
    assert (hostile.requests, hostile.logs, hostile.refused) == (2, 3, 2)
    assert hostile.refusal is not None and hostile.refusal.sample == b"\xff\0{"
    assert "🙂" in hostile.refusal.reason and "🙂" in hostile.agent
    assert curl.first <= curl.last <= found.at and hostile.refused_at is not None
    # A test that begins in the last second of a minute sees two.
    assert 15 in (curl.minute_logs + curl.before_logs,)
    assert curl.rate(found.at) > 0
    assert [one.sender for one in keeper.sources(1).sources] == ["10.0.0.1"]


def test_sources_are_bounded(each_backends: Backends) -> None:
    """Those seen longest ago are forgotten, which is counted, with those that a process overlooked."""
    keeper = each_backends.record.figures
    keeper.see([((f"old {number}", ""), Visit(1, 1)) for number in range(5)])
    time.sleep(0.01)  # they are told apart by time, in ms
    keeper.see([((f"{number:04}", ""), Visit(1, 1)) for number in range(SOURCES - 2)], overlooked=4)
    found = keeper.sources(SOURCES)
    assert (found.kept, found.forgotten) == (SOURCES, 7)
    assert {one.sender for one in found.sources} >= {f"{number:04}" for number in range(SOURCES - 2)}


def test_a_rate_is_that_of_the_last_minute() -> None:
    """This minute's logs and a share of the last one's; a source that fell silent has none."""
    source = Source("a", "b", 0, 0, 1, 90, 0, 100, 30, 60)
    at = 100 * 60_000
    assert source.rate(at + 30_000) == (30 + 30) / 60
    assert source.rate(at + 75_000) == 30 * 0.75 / 60
    assert source.rate(at + 120_000) == 0
