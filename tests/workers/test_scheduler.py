"""The schedule: it begins at once, ends when told to, and leaves nothing behind that could end the process later."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from periodiq import PeriodiqMiddleware, cron

from workers import console, scheduler

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)


@pytest.fixture
def broker() -> Iterator[StubBroker]:
    """Return a broker with one actor that is due each minute; the process's signals are as before afterwards."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    broker = StubBroker(middleware=[PeriodiqMiddleware()])
    dramatiq.actor(lambda: None, actor_name="each", broker=broker, periodic=cron("* * * * *"))
    yield broker
    broker.close()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_schedule_that_ends_leaves_no_alarm(broker: StubBroker, number: signal.Signals) -> None:
    """An alarm that rang while the interpreter ends would kill it."""
    stopping = threading.Event()
    armed, before = list[bool](), signal.getsignal(signal.SIGALRM)

    def alarmed() -> bool:
        """Return whether the schedule's alarm is set, which rings within a minute; the time limit of this test may have one that rings later."""
        return signal.getsignal(signal.SIGALRM) is not before and 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60

    def tell() -> None:
        # periodiq sleeps until a whole second before it sets the alarm.
        until = time.monotonic() + 60
        while not alarmed() and time.monotonic() < until:
            time.sleep(0.01)
        armed.append(alarmed())
        os.kill(os.getpid(), number)

    teller = threading.Thread(target=tell)
    teller.start()
    scheduler.keep(broker, stopping)
    teller.join()
    assert (stopping.is_set(), armed, signal.alarm(0)) == (True, [True], 0)


def test_one_that_is_told_before_it_begins_sends_nothing(broker: StubBroker) -> None:
    """A process that is told to stop while it starts does not begin."""
    stopping = threading.Event()
    stopping.set()
    scheduler.keep(broker, stopping)
    assert not any(broker.queues[name].qsize() for name in broker.queues)


@pytest.mark.usefixtures("broker")
def test_who_is_told_twice_stops_once() -> None:
    """A second signal interrupts the handler of the first, which may hold the lock that stopping takes."""
    told = list[str]()

    def stop() -> None:
        told.append("begins")
        if len(told) == 1:
            signal.raise_signal(signal.SIGTERM)
        told.append("ends")

    console.when_told_to_stop(stop)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert told == ["begins", "ends"]
