"""Threads behind an event loop."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from app import fibers
from app.web.server.threads import AWAY, HERE_SECONDS, Threads


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


def test_a_call_alone_may_be_carried_out_on_the_loop() -> None:
    """Where it is asked for, no thread is at work and no other call came; what it raises is its caller's as ever."""
    threads, free = Threads(2, "test"), threading.Event()
    on_loop, may = [True], [True]

    def name() -> bool:
        return threading.current_thread() is threading.main_thread()

    def here() -> bool:
        return may[0]

    async def ask() -> None:
        # The first call finds no thread: it starts them.
        await threads.run(name)
        while len(threads._idle) < 2:
            await asyncio.sleep(0.001)
        assert await threads.run(name, together=True, here=here) is on_loop[0]
        with pytest.raises(ZeroDivisionError):
            await threads.run(divmod, 1, 0, together=True, here=here)
        assert await asyncio.gather(*[threads.run(name, together=True, here=here) for _ in range(2)]) == [False] * 2
        assert await threads.run(name, together=True) is False
        may[0] = False
        assert await threads.run(name, together=True, here=here) is False
        may[0] = True
        held = asyncio.ensure_future(threads.run(free.wait, 60))
        await asyncio.sleep(0)
        assert await threads.run(name, together=True, here=here) is False
        free.set()
        await held

    try:
        asyncio.run(ask())
    finally:
        threads.close()


def test_after_a_slow_call_the_loop_is_left_alone() -> None:
    """For some twenty times as long as it stood still."""
    threads = Threads(1, "test")

    async def ask() -> None:
        await threads.run(divmod, 7, 2)
        while not threads._idle:
            await asyncio.sleep(0.001)
        names = []

        def slow(seconds: float) -> None:
            names.append(threading.current_thread().name)
            time.sleep(seconds)

        for seconds in (2 * HERE_SECONDS, 0.0):
            await threads.run(slow, seconds, together=True, here=lambda: True)
        assert names == ["MainThread", "test-0"]
        await asyncio.sleep(4 * AWAY * HERE_SECONDS)
        while not threads._idle:
            await asyncio.sleep(0.001)
        await threads.run(slow, 0.0, together=True, here=lambda: True)
        assert names[2:] == ["MainThread"]

    try:
        asyncio.run(ask())
    finally:
        threads.close()


def test_an_end_that_fails_keeps_no_other_from_its_own() -> None:
    """The ends of calls that shared a thread are called one after the other."""
    threads, ended = Threads(1, "test"), list[object]()

    def failing(_: object, __: object) -> None:
        raise ZeroDivisionError

    async def ask() -> None:
        threads.call(failing, divmod, 7, 2, together=True)
        threads.call(lambda result, error: ended.append((result, error)), divmod, 7, 2, together=True)
        while not ended:
            await asyncio.sleep(0.001)

    try:
        asyncio.run(ask())
    finally:
        threads.close()
    assert ended == [((3, 1), None)]
