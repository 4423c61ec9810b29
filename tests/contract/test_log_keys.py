"""Keys of single logs: a log whose key came before, in whatever request, is stored once, whoever claims it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.accept.accept import Accept, Outcome
from app.accept.receipts import Receipts
from app.backends import Backends
from app.errors import Unavailable
from app.log.limits import Limits
from app.log.schema import read_items
from app.query.query import Query
from app.times.instant import now_ms
from tests.conftest import fill_backends

LIMITS = Limits(1 << 20, 1 << 18, 30 * 86_400_000)
A, B, C, NONE = b"a" * 16, b"b" * 16, b"c" * 16, b""


def receipts(backends: Backends) -> Receipts:
    """Return what makes receipts over the backends."""
    return Receipts(
        backends.queue, backends.store, backends.record.letters, backends.index, b"secret", LIMITS.retention_ms
    )


def take(backends: Backends, logs: Sequence[tuple[str, bytes]], key: str | None = None) -> Outcome:
    """Accept logs with their keys."""
    parsed = read_items([{"message": message} for message, _ in logs], LIMITS, now_ms())
    parsed.keys = [key for _, key in logs]
    return Accept(backends.queue, receipts(backends)).take(parsed, sender="s", key=key, digest=b"d")


def stored(backends: Backends) -> list[str]:
    """Return the messages that are found once nothing waits."""
    fill_backends(backends, [])
    return sorted(record.message for record in backends.index.find(Query(limit=100)).records)


@pytest.mark.parametrize("waits", [True, False])
def test_a_log_that_came_before_is_stored_once(each_backends: Backends, waits: bool) -> None:
    """In another request, with others beside it, whether the first is stored already or waits; receipts add up."""
    first = take(each_backends, [("a", A), ("b", B), ("plain", NONE)], "request 1")
    if not waits:
        assert stored(each_backends) == ["a", "b", "plain"]
    second = take(each_backends, [("b", B), ("c", C), ("plain", NONE), ("c", C)])
    assert second.accepted + second.duplicates == 4
    assert stored(each_backends) == ["a", "b", "c", "plain", "plain"]
    for outcome in (first, second):
        assert outcome.receipt is not None
        told = receipts(each_backends).status(outcome.receipt)
        assert told.accepted == told.stored == told.indexed == outcome.accepted


def test_a_batch_that_comes_back_loses_nothing(each_backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its keys are claimed already, by itself: the worker died before it was done with it."""
    if each_backends.move is not None:
        pytest.skip("queue and record are one file: a batch is moved in one transaction, and does not come back")
    take(each_backends, [("a", A), ("b", B)], "request 1")
    add, calls = each_backends.store.add, []

    def dies(*given: object, **more: object) -> object:
        calls.append(given)
        if len(calls) == 1:
            raise Unavailable("the worker dies")
        return add(*given, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(each_backends.store, "add", dies)
        with pytest.raises(Unavailable):
            fill_backends(each_backends, [])
    assert stored(each_backends) == ["a", "b"]
