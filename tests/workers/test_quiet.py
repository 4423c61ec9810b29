"""The quiet worker: a message is worked on at once and a stop obeyed at once, though its threads never look around."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import dramatiq
import pytest

from workers import quiet
from workers.quiet import LocalBroker, QuietWorker, Waking, WakingByPriority

#: Seconds within which what comes at once must have come, be the machine ever so busy.
SECONDS = 60


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBroker]:
    """A broker whose worker would not look around within the time of any test."""
    monkeypatch.setattr(quiet, "QUIET_MS", 3_600_000)
    made = LocalBroker()
    yield made
    made.close()


def test_messages_come_and_a_stop_is_obeyed(broker: LocalBroker) -> None:
    """Of more messages than threads each is worked on; after that every thread waits, and the stop wakes them all."""
    done = threading.Semaphore(0)
    actor = dramatiq.actor(done.release, actor_name="each", queue_name="some", broker=broker)
    worker = QuietWorker(broker, threads=3, timeout=100)
    worker.start()
    for _ in range(10):
        actor.send()
    assert all(done.acquire(timeout=SECONDS) for _ in range(10))
    worker.stop(timeout=SECONDS * 1000)
    threads = [*worker.workers, *worker.consumers.values()]
    assert len(threads) == 3 + 2
    assert not any(thread.is_alive() for thread in threads)


def test_a_message_under_way_at_the_stop_is_finished(broker: LocalBroker) -> None:
    """As with any worker of Dramatiq."""
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(SECONDS)
        ended.set()

    actor = dramatiq.actor(work, actor_name="long", broker=broker)
    worker = QuietWorker(broker, threads=2, timeout=100)
    worker.start()
    actor.send()
    assert begun.wait(SECONDS)
    threading.Timer(0.3, may_end.set).start()
    worker.stop(timeout=SECONDS * 1000)
    assert ended.is_set()


@pytest.mark.parametrize("kind", [Waking, WakingByPriority])
def test_who_waits_is_woken_with_nothing(kind: type[Waking]) -> None:
    """And waits are short from then on; what lies in the queue is still given out."""
    waiting, empty = kind(), threading.Event()

    def wait() -> None:
        with pytest.raises(quiet.queue.Empty):
            waiting.get(timeout=3_600)
        empty.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    while not waiting.not_empty._waiters:
        thread.join(0.01)
    waiting.hurry()
    assert empty.wait(SECONDS)
    with pytest.raises(quiet.queue.Empty):
        waiting.get(timeout=3_600)
    waiting.put(1)
    assert waiting.get(timeout=3_600) == 1
