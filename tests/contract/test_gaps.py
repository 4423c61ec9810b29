"""What every GapKeeper promises, and that numbers arrive with their logs whoever drains and dies."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from app.accept.accept import Accept
from app.accept.receipts import Receipts
from app.backends import Backends
from app.drain import drain
from app.drain.indexing import Indexing
from app.errors import Problem, Unavailable
from app.log import schema
from app.log.limits import Limits
from app.log.numbers import ArrivedNumbers, Number, Numberer
from app.log.parsed import Refused
from app.ports.gaps import Gap
from app.times.instant import now_ms

HOST = Numberer("syslog", "a\0\u202e<b>🙂'", "10.0.0.7")
PROCESS = Numberer("process", "server-17", "812@1700000000000")
LIMITS = Limits(1 << 20, 1 << 18, 86_400_000)


def runs(*pairs: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Return runs, each number a ms after the one before."""
    return [(first, last, first, last) for first, last in pairs]


def test_what_is_missing_is_kept_and_healed(each_backends: Backends) -> None:
    """By numberer, the last noticed first; what came is told twice without harm; who misses nothing is not told of."""
    keeper = each_backends.record.gaps
    assert keeper.gaps(10) == []
    keeper.arrived([ArrivedNumbers(PROCESS, 0, runs((1, 50)))])
    assert keeper.gaps(10) == []
    for _ in range(2):
        keeper.arrived([ArrivedNumbers(HOST, 5, runs((1, 10), (13, 20)))])
    (found,) = keeper.gaps(10)
    assert (found.numberer.name, found.numbered, found.older) == ("a\ufffd\u202e<b>🙂'", 20, None)
    (gap,) = found.gaps
    assert msgspec.structs.replace(gap, noticed=0) == Gap(11, 12, 10, 13, 0)
    assert abs(gap.noticed - now_ms()) < 600_000
    keeper.arrived([ArrivedNumbers(PROCESS, 0, runs((52, 60))), ArrivedNumbers(HOST, 5, runs((21, 30)))])
    assert [one.numberer.kind for one in keeper.gaps(10)] == ["process", "syslog"]
    assert len(keeper.gaps(1)) == 1
    keeper.arrived([ArrivedNumbers(PROCESS, 0, runs((51, 51))), ArrivedNumbers(HOST, 5, runs((11, 11)))])
    (left,) = keeper.gaps(10)
    assert [(gap.first, gap.last) for gap in left.gaps] == [(12, 12)]


def test_many_tell_at_once(each_backends: Backends) -> None:
    """Threads, as workers do, that all bring parts of the same sequences from the beginning on: nothing is forgotten."""
    keeper, count, threads = each_backends.record.gaps, 40, 4

    def bring(thread: int) -> None:
        for start in range(thread, count, threads):
            keeper.arrived([ArrivedNumbers(who, 0, runs((start * 10 + 1, start * 10 + 10))) for who in (HOST, PROCESS)])

    workers = [threading.Thread(target=bring, args=(thread,)) for thread in range(threads)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
    assert keeper.gaps(10) == []
    keeper.arrived([ArrivedNumbers(PROCESS, 0, runs((count * 10 + 2, count * 10 + 2)))])
    (found,) = keeper.gaps(10)
    assert (found.numbered, [(gap.first, gap.last) for gap in found.gaps]) == (count * 10 + 2, [(count * 10 + 1,) * 2])


def test_who_is_silent_for_long_is_forgotten(each_backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    """And who is one too many, the one silent longest first."""
    keeper = each_backends.record.gaps
    for number in range(5):
        keeper.arrived([ArrivedNumbers(Numberer("journal", f"host-{number}", "id"), 0, runs((1, 1), (3, 3)))])
    monkeypatch.setattr("app.systems.sql.gaps.NUMBERERS", 3)
    keeper.forget_gaps()
    assert len(keeper.gaps(10)) == 3
    monkeypatch.setattr("app.systems.sql.gaps.REMEMBERED_MS", -600_000)
    keeper.forget_gaps()
    assert keeper.gaps(10) == []


def accept(backends: Backends, numbered: dict[int, int], **given: Any) -> None:
    """Have logs accepted, of which those at the places of *numbered* have numbers; a place without a log is refused."""
    values = [{"message": f"number {place}"} for place in range(max(numbered) + 1)]
    parsed = schema.read_items(values, LIMITS, now_ms())
    refused = given.pop("refused", None)
    if refused is not None:
        place = parsed.places.index(refused)
        del parsed.logs[place], parsed.places[place], parsed.sizes[place]
        parsed.refused.append(Refused(Problem("is bad", index=refused), b"x"))
    parsed.numbers = {place: Number(PROCESS, number) for place, number in numbered.items()}
    receipts = Receipts(
        backends.queue, backends.record.store, backends.record.letters, backends.index, b"k" * 32, 86_400_000
    )
    Accept(backends.queue, receipts).take(parsed, sender="test", **given)


def work(backends: Backends) -> None:
    """Do what a worker does until nothing waits."""
    step = backends.move or drained(backends)
    while step(1_000, 0.3) or backends.queue.depth().bytes:
        pass


def drained(backends: Backends) -> Any:
    """Return the step of a worker where not all is one file."""
    indexing = Indexing(backends.store, backends.record.letters, backends.index)
    return lambda limit, wait: drain.drain(backends.queue, backends.record, indexing, limit, wait)


def test_numbers_arrive_with_their_logs(each_backends: Backends) -> None:
    """Through the queue, of refused logs and of logs under a key too; what waits has not arrived, what was sent again has."""
    keeper = each_backends.record.gaps
    accept(each_backends, {place: place + 1 for place in range(150)})
    accept(each_backends, {place: 201 + place for place in range(150)}, refused=3)
    assert keeper.gaps(10) == []
    work(each_backends)
    (found,) = keeper.gaps(10)
    assert (found.numbered, [(gap.first, gap.last) for gap in found.gaps]) == (350, [(151, 200)])
    for _ in range(2):
        accept(each_backends, {place: 151 + place for place in range(49)}, key="http:again", digest=b"d")
    work(each_backends)
    (found,) = keeper.gaps(10)
    assert [(gap.first, gap.last) for gap in found.gaps] == [(200, 200)]


def test_a_batch_that_comes_back_was_lost_by_nobody(each_backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its worker died before the record held it or behind: in the end all has arrived."""
    if each_backends.move is not None:
        pytest.skip("here a move is one transaction")
    store = each_backends.record.store
    accept(each_backends, {0: 1, 1: 2})
    add = type(store).add
    monkeypatch.setattr(type(store), "add", lambda *_: (_ for _ in ()).throw(Unavailable("away")))
    with pytest.raises(Unavailable):
        drained(each_backends)(100, 3)
    monkeypatch.setattr(type(store), "add", add)
    accept(each_backends, {0: 3, 1: 5})
    work(each_backends)
    (found,) = each_backends.record.gaps.gaps(10)
    assert (found.numbered, [(gap.first, gap.last) for gap in found.gaps]) == (5, [(4, 4)])
