"""Threads that work for an event loop: a job goes over with one hand-over and comes back with one.

`run_in_executor` makes two futures, a condition and several locks for each job; for a request that
takes a fraction of a millisecond that is a good part of the whole.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from app import fibers

#: A call: the future that waits for it, the function and its arguments.
_Call = tuple[asyncio.Future[Any], Callable[..., Any], tuple[Any, ...]]
#: A job of a thread: the loop on which the futures are, and calls that it carries out together.
_Job = tuple[asyncio.AbstractEventLoop, list[_Call]]
#: The end of a call: its future, what the function returned, or what it raised.
_Outcome = tuple[asyncio.Future[Any], Any, BaseException | None]


class _Idle:
    """A thread that waits: its bell rings when it has a job, or none any more."""

    __slots__ = ("bell", "job")

    def __init__(self) -> None:
        self.job: _Job | None = None
        self.bell = threading.Lock()
        self.bell.acquire()


class Threads:
    """A fixed number of threads, started with the first job.

    The one that became idle last takes the next job: what it needs is still at hand, and the others keep sleeping. From a queue that
    all wait at, each job wakes a second thread, which finds nothing.
    """

    def __init__(self, count: int, name: str) -> None:
        self._guard = threading.Lock()
        #: Jobs that wait while no thread is idle.
        self._jobs: deque[_Job] = deque()
        self._idle: list[_Idle] = []
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{number}") for number in range(count)]
        self._gathered: list[_Call] = []
        self._started = False
        self._closed = False

    async def run(self, function: Callable[..., Any], *arguments: Any, together: bool = False) -> Any:
        """Return what *function* returns in one of the threads, or raise what it raises.

        Calls that may be carried out *together* share a thread with those of the same turn of the loop (app/fibers.py).
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        call = (future, function, arguments)
        if together:
            if not self._gathered:
                loop.call_soon(self._hand_over, loop)
            self._gathered.append(call)
        else:
            self._put((loop, [call]))
        return await future

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        gathered, self._gathered = self._gathered, []
        self._put((loop, gathered))

    def _put(self, job: _Job) -> None:
        if not self._started:
            self._started = True
            for thread in self._threads:
                thread.start()
        with self._guard:
            if not self._idle:
                self._jobs.append(job)
                return
            one = self._idle.pop()
        one.job = job
        one.bell.release()

    def close(self) -> None:
        """Let the threads end after the jobs at hand; those that wait are not begun."""
        with self._guard:
            self._closed, idle, self._idle = True, self._idle, []
            self._jobs.clear()
        for one in idle:
            one.bell.release()

    def _work(self) -> None:
        own = _Idle()
        while (job := self._next(own)) is not None:
            self._do(*job)
            del job  # what it holds must not live until the next

    def _next(self, own: _Idle) -> _Job | None:
        """Return the next job, which may be long in coming; None when there will be no more."""
        with self._guard:
            if self._closed:
                return None
            if self._jobs:
                return self._jobs.popleft()
            self._idle.append(own)
        own.bell.acquire()
        job, own.job = own.job, None
        return job

    def _do(self, loop: asyncio.AbstractEventLoop, calls: list[_Call]) -> None:
        outcomes: list[_Outcome] = []
        fibers.run([partial(_carry_out, call, outcomes) for call in calls])
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, outcomes)


def _carry_out(call: _Call, outcomes: list[_Outcome]) -> None:
    future, function, arguments = call
    try:
        outcomes.append((future, function(*arguments), None))
    except BaseException as error:
        outcomes.append((future, None, error))


def _settle(outcomes: list[_Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():  # cancelled meanwhile
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
