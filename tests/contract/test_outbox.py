"""What every outbox promises: each event once, in order, all or none, and the standing of who is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.backends import Backends
from app.notify.outbox import MemoryOutbox
from app.ports.notices import Notice
from app.ports.outbox import KEPT, Delivery, Outbox, Standing
from tests.contract.conftest import EACH, open_combination, services


def notice(name: str) -> Notice:
    """Return a notice with all that a text may hold."""
    return Notice(name, f"key {name}", "logs_refused", "warning", "text \u202e 🙂", 1, None, {"a": ["b", 1, "\0"]})


def delivery(name: str, notifier: str = "ops", event: str = "opened", **more: object) -> Delivery:
    """Return a delivery of a notice."""
    made = Delivery(notifier, event, notice(name), 5, f"{name}-{event}")
    return msgspec.structs.replace(made, **more)


@pytest.fixture(params=[*EACH, "memory"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    """The record of each combination, and what stands in for it while it is away."""
    if request.param == "memory":
        yield MemoryOutbox()
        return
    urls = {fixture: request.getfixturevalue(fixture) for fixture in services(request.param)}
    opened = open_combination(request.param, tmp_path, urls)
    yield opened.record.outbox
    opened.close()


def test_deliveries_wait_in_order_until_they_are_settled(outbox: Outbox) -> None:
    """As they were posted; one that is posted again keeps its place and what it tells."""
    outbox.post([delivery("a"), delivery("b"), delivery("c", "other")])
    assert outbox.waiting("ops", 10) == [delivery("a"), delivery("b")]
    assert outbox.waiting("ops", 1) == [delivery("a")]
    assert outbox.waiting_counts() == {"ops": 2, "other": 1}
    failed = delivery("a", tries=1, tried=7, reason="503 \u202e")
    outbox.post([failed, delivery("d")])
    assert outbox.waiting("ops", 10) == [failed, delivery("b"), delivery("d")]
    outbox.post([msgspec.structs.replace(failed, state="sent", tried=9, reason="")])
    assert [one.notice.id for one in outbox.waiting("ops", 10)] == ["b", "d"]
    assert outbox.waiting("nobody", 10) == []


def test_deliveries_of_notices(outbox: Outbox) -> None:
    """Settled ones too, in the order of posting."""
    outbox.post([delivery("a"), delivery("b"), delivery("a", "other", state="failed", reason="gone")])
    outbox.post([delivery("a", event="closed")])
    found = outbox.deliveries(["a", "nothing"])
    assert [(one.notifier, one.event, one.state) for one in found] == [
        ("ops", "opened", "waiting"),
        ("other", "opened", "failed"),
        ("ops", "closed", "waiting"),
    ]
    assert outbox.deliveries([]) == []


def test_when_somebody_was_told_is_counted_by_messages(outbox: Outbox) -> None:
    """A digest is one; what was refused counts, so that no refusal brings a storm; what waits and what others got does not."""
    sent = {"state": "sent", "tries": 1}
    outbox.post([delivery(name, message="digest", tried=30, **sent) for name in "abc"])
    outbox.post([delivery("d", tried=20, **sent), delivery("e", tried=10, **sent)])
    outbox.post(
        [delivery("f", tried=40, state="failed"), delivery("g", "other", tried=40, **sent), delivery("h", tried=50)]
    )
    assert outbox.told_at("ops", 10) == [20, 30, 40]


def test_settled_deliveries_are_bounded(outbox: Outbox) -> None:
    """The oldest go; what waits never does."""
    outbox.post([delivery("waits"), *(delivery(f"{n:05}", state="sent", tried=n) for n in range(KEPT + 20))])
    assert outbox.deliveries(["00019"]) == []
    assert len(outbox.deliveries(["00020"])) == 1
    assert outbox.waiting("ops", 10) == [delivery("waits")]


def test_standings_are_kept_and_tests_beside_them(outbox: Outbox) -> None:
    """Neither overwrites the other; a notifier without a standing is not made by its test."""
    assert outbox.standings() == []
    outbox.keep_test("ops", 3, "")
    assert outbox.standings() == []
    first = Standing("ops", 4, 1, 2, 3, 4, "it is \u202e", 5)
    outbox.post([], [first, Standing("a", 1)])
    outbox.keep_test("ops", 9, "refused")
    outbox.post([], [msgspec.structs.replace(first, revision=8, since=None, tested=1)])
    assert outbox.standings() == [
        Standing("a", 1),
        Standing("ops", 8, 1, 2, 3, None, "it is \u202e", 5, 9, "refused"),
    ]
    outbox.keep_test("ops", 10, "")
    assert outbox.standings()[1] == Standing("ops", 8, 1, 2, tested=10)


def test_all_or_none(each_backends: Backends) -> None:
    """Where a standing can't be kept, nothing of what it says was posted is."""
    with pytest.raises(Exception, match=r"(?i)range|int"):
        each_backends.record.outbox.post([delivery("a")], [Standing("ops", 1 << 70)])
    assert each_backends.record.outbox.waiting("ops", 10) == []
