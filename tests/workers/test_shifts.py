"""Shifts: somebody is always at work in every worker process, and never two for long."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from workers import shifts as shifts_module
from workers.shifts import Keeper, Shifts


def wait(condition: Callable[[], bool]) -> bool:
    """Return whether the condition comes true in time."""
    until = time.monotonic() + 30
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def test_a_new_shift_ends_the_last() -> None:
    """Who begins takes over; the one before goes home when it looks next."""
    stopping, at_work = threading.Event(), []

    def work(ended: Callable[[], bool]) -> None:
        mine = threading.get_ident()
        at_work.append(mine)
        while not ended():
            time.sleep(0.001)
        at_work.remove(mine)

    shifts = Shifts(stopping, work)
    threads = [threading.Thread(target=shifts.work) for _ in range(3)]
    for thread in threads:
        thread.start()
        assert wait(lambda thread=thread: at_work == [thread.ident])
    stopping.set()
    for thread in threads:
        thread.join(120)
    assert not at_work and shifts.vacant


def test_the_keeper_fills_every_vacancy(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shift is begun at once, and again after one that failed; a shift begun by a tick is left alone."""
    monkeypatch.setattr(shifts_module, "LOOK_SECONDS", 0.05)
    stopping, begun, fail = threading.Event(), [0], threading.Event()

    def work(ended: Callable[[], bool]) -> None:
        begun[0] += 1
        while not ended():
            if fail.is_set():
                fail.clear()
                raise RuntimeError("this shift fails")
            time.sleep(0.001)

    shifts = Shifts(stopping, work)
    keeper = Keeper(stopping, [shifts])
    keeper.start()
    assert wait(lambda: begun[0] == 1 and not shifts.vacant)
    with caplog.at_level(logging.ERROR):
        fail.set()
        assert wait(lambda: begun[0] == 2 and not shifts.vacant)
    assert "a shift failed" in caplog.text
    tick = threading.Thread(target=shifts.work)
    tick.start()
    assert wait(lambda: begun[0] == 3)
    time.sleep(6 * shifts_module.LOOK_SECONDS)
    assert begun[0] == 3 and not shifts.vacant
    stopping.set()
    keeper.join(120)
    tick.join(120)
    assert shifts.vacant
