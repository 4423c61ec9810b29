"""Shifts: how an actor that is scheduled each minute works without a pause, and how no worker is ever idle."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

log = logging.getLogger(__name__)

#: Longer than any shift, in ms: Dramatiq must not end one in the middle.
TIME_LIMIT = 24 * 3600 * 1000
#: Seconds between two looks whether somebody is on shift.
LOOK_SECONDS = 1.0

#: Works until the function that it is given says that the shift is over.
Work = Callable[[Callable[[], bool]], object]


class Shifts:
    """The shifts of this process: one ends when the next has begun here, or the process stops."""

    def __init__(
        self, stopping: threading.Event, work: Work, failed: Callable[[Exception], object] = lambda _: None
    ) -> None:
        """Let *failed* know of what a shift that fails raises."""
        self._guard = threading.Lock()
        self._current = 0
        self._working = 0
        self._stopping = stopping
        self._work = work
        self._failed = failed

    def work(self) -> None:
        """Take over from whoever is on shift, and work until somebody takes over."""
        with self._guard:
            self._current += 1
            self._working += 1
            mine = self._current
        try:
            self._work(partial(self._ended, mine))
        except Exception as error:
            self._failed(error)
            raise
        finally:
            with self._guard:
                self._working -= 1

    def _ended(self, shift: int) -> bool:
        return self._stopping.is_set() or shift != self._current

    @property
    def vacant(self) -> bool:
        """Whether nobody is on shift."""
        return self._working == 0


class Keeper:
    """Begins a shift wherever nobody is on one: at the start of the process, and after a shift that failed.

    A tick of the schedule goes to one worker only, and none comes while broker or scheduler are away.
    """

    def __init__(self, stopping: threading.Event, posts: Sequence[Shifts]) -> None:
        self._stopping = stopping
        self._posts = posts
        self._threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            for shifts in self._posts:
                if shifts.vacant:
                    self._threads.append(threading.Thread(target=_work, args=(shifts,), name="shift", daemon=True))
                    self._threads[-1].start()
            self._stopping.wait(LOOK_SECONDS)

    def join(self, seconds: float) -> None:
        """Wait until the shifts that were begun here have ended, at most *seconds* each."""
        self._thread.join(seconds)
        for thread in self._threads:
            thread.join(seconds)


def _work(shifts: Shifts) -> None:
    try:
        shifts.work()
    except Exception:
        log.exception("a shift failed, another begins")
