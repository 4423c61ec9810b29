"""Threads behind an event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from app import fibers
from app.web.server.threads import Threads


def test_results_and_errors_come_back() -> None:
    """What a job returns or raises is what its caller gets, while the loop goes on."""
    threads = Threads(4, "test")

    async def ask() -> None:
        names = await asyncio.gather(*[threads.run(lambda: threading.current_thread().name) for _ in range(50)])
        assert {name.rpartition("-")[0] for name in names} == {"test"}
        assert await threads.run(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await threads.run(divmod, 7, 0)
        assert await threads.run(divmod, 7, 2) == (3, 1)

    try:
        asyncio.run(ask())
    finally:
        threads.close()


def test_a_caller_that_is_cancelled_harms_nobody() -> None:
    """Its job ends, its result goes nowhere, and the thread takes the next."""
    threads, free = Threads(1, "test"), threading.Event()

    async def ask() -> None:
        left = asyncio.ensure_future(threads.run(free.wait, 60))
        await asyncio.sleep(0.05)
        left.cancel()
        free.set()
        assert await threads.run(divmod, 7, 2) == (3, 1)
        assert left.cancelled()

    try:
        asyncio.run(ask())
    finally:
        threads.close()


def test_the_thread_that_became_idle_last_takes_the_next_job() -> None:
    """No other is woken for it, and the other threads open nothing that only one needs."""
    threads = Threads(4, "test")

    async def ask() -> set[str]:
        names = set[str]()
        for _ in range(20):
            names.add(await threads.run(lambda: threading.current_thread().name))
            while len(threads._idle) < 4:
                await asyncio.sleep(0)
        return names

    try:
        # The first job may come before any thread is idle.
        assert len(asyncio.run(ask())) <= 2
    finally:
        threads.close()


def test_closed_threads_begin_nothing_new() -> None:
    """Jobs at hand end, those that wait are dropped, and the threads are gone."""
    threads, held, free, begun = Threads(1, "test"), threading.Event(), threading.Event(), list[int]()

    def hold() -> bool:
        held.set()
        return free.wait(60)

    async def ask() -> None:
        at_hand = asyncio.ensure_future(threads.run(hold))
        waiting = asyncio.ensure_future(threads.run(begun.append, 1))
        while not held.is_set():
            await asyncio.sleep(0.001)
        threads.close()
        free.set()
        assert await at_hand is True
        waiting.cancel()

    asyncio.run(ask())
    for thread in threads._threads:
        thread.join(60)
        assert not thread.is_alive()
    assert begun == []


def test_calls_of_one_turn_share_a_thread() -> None:
    """Those that may be carried out together; results and errors are each caller's own, and who is cancelled harms nobody."""
    threads, done = Threads(4, "test"), list[list[int]]()

    def call(number: int) -> str:
        assert fibers.joins(done.append, number)
        if number == 1:
            raise ZeroDivisionError
        return threading.current_thread().name

    async def ask() -> None:
        asked = [asyncio.ensure_future(threads.run(call, number, together=True)) for number in range(5)]
        await asyncio.sleep(0)
        asked[2].cancel()
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(found[1], ZeroDivisionError)
        assert isinstance(found[2], asyncio.CancelledError)
        assert len({found[0], found[3], found[4]}) == 1
        assert done == [[0, 1, 2, 3, 4]]
        # By itself it is a call like any other.
        assert await threads.run(divmod, 7, 2, together=True) == (3, 1)

    try:
        asyncio.run(ask())
    finally:
        threads.close()
