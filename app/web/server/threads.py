"""Threads that work for an event loop: a job goes over with one hand-over and comes back with one.

`run_in_executor` makes two futures, a condition and several locks for each job; for a request that
takes a fraction of a millisecond that is a good part of the whole.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from app import fibers

log = logging.getLogger(__name__)

#: Seconds that a call on the loop may take. After one that took longer, on a disk that is slow just now, calls go to threads for AWAY
#: times as long: the loop stands still for a twentieth of the time at most.
HERE_SECONDS, AWAY = 0.005, 20

#: Is called on the loop with what a call returned, or what it raised.
Done = Callable[[Any, BaseException | None], None]
#: A call: what is called at its end, the function and its arguments.
_Call = tuple[Done, Callable[..., Any], tuple[Any, ...]]
#: Says whether a call may be carried out on the loop itself.
_Asked = Callable[[], bool]
#: A job of a thread: the loop to which the results go, and calls that it carries out together.
_Job = tuple[asyncio.AbstractEventLoop, list[_Call]]
#: The end of a call.
_Outcome = tuple[Done, Any, BaseException | None]


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
        #: Calls of this turn of the loop that share a thread.
        self._gathered: list[tuple[_Call, _Asked | None]] = []
        #: When a call may be carried out on the loop again (time.monotonic).
        self._here_from = 0.0
        self._started = False
        self._closed = False

    async def run(
        self, function: Callable[..., Any], *arguments: Any, together: bool = False, here: _Asked | None = None
    ) -> Any:
        """Return what *function* returns in one of the threads, or raise what it raises; the rest as `call`."""
        future = asyncio.get_running_loop().create_future()
        self.call(partial(_settle, future), function, *arguments, together=together, here=here)
        return await future

    def call(
        self,
        done: Done,
        function: Callable[..., Any],
        *arguments: Any,
        together: bool = False,
        here: _Asked | None = None,
    ) -> None:
        """Have one of the threads call *function*, and then the loop that runs now call *done*.

        Calls that may be carried out *together* share a thread with those of the same turn of the loop (app/fibers.py). One of them that is alone,
        while no thread is at work, is carried out on the loop where *here* allows it: to hand it over and back would cost more than the call.
        """
        loop, call = asyncio.get_running_loop(), (done, function, arguments)
        if together:
            if not self._gathered:
                loop.call_soon(self._hand_over, loop)
            self._gathered.append((call, here))
        else:
            self._put((loop, [call]))

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        gathered, self._gathered = self._gathered, []
        call, here = gathered[0]
        if here is not None and len(gathered) == 1 and self._rest() and here():
            self._do_here(call)
        else:
            self._put((loop, [call for call, _ in gathered]))

    def _rest(self) -> bool:
        """Return whether no thread is at work, and the loop may be: a thread that has just answered may still be on its way to its bell."""
        return len(self._idle) == len(self._threads) and time.monotonic() >= self._here_from

    def _do_here(self, call: _Call) -> None:
        began, outcomes = time.monotonic(), list[_Outcome]()
        _carry_out(call, outcomes)
        ended = time.monotonic()
        _end(outcomes)
        if ended - began > HERE_SECONDS:
            self._here_from = ended + AWAY * (ended - began)

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
            loop.call_soon_threadsafe(_end, outcomes)


def _carry_out(call: _Call, outcomes: list[_Outcome]) -> None:
    done, function, arguments = call
    try:
        outcomes.append((done, function(*arguments), None))
    except BaseException as error:
        outcomes.append((done, None, error))


def _end(outcomes: list[_Outcome]) -> None:
    for done, result, error in outcomes:
        try:
            done(result, error)
        except Exception:  # the others are to have their ends all the same
            log.exception("what a thread has done can't be handed on")


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # cancelled meanwhile
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
