"""The drain actor: every minute a new shift takes over from the last and drains without a pause."""

from __future__ import annotations

import threading
from functools import partial

import dramatiq
from dramatiq import Actor, Broker
from periodiq import cron

from app.backends import Backends
from app.pipeline import drain

#: Longer than any shift, in ms: Dramatiq must not end one in the middle.
TIME_LIMIT = 24 * 3600 * 1000


class Shifts:
    """Who is on shift in this process: a shift ends when the next has begun, or the process stops."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._current = 0
        self.stopping = threading.Event()

    def begin(self) -> int:
        """Take over; return the number of this shift."""
        with self._guard:
            self._current += 1
            return self._current

    def ended(self, shift: int) -> bool:
        """Return whether shift number *shift* is to go home."""
        return self.stopping.is_set() or shift != self._current


def declare(broker: Broker, backends: Backends, shifts: Shifts) -> Actor[[], None]:
    """Declare the drain actor on *broker*."""
    step = backends.move or partial(drain.drain, backends.queue, backends.store, backends.index)

    @dramatiq.actor(
        broker=broker,
        queue_name="drain",
        max_retries=0,
        time_limit=TIME_LIMIT,
        periodic=cron("* * * * *"),
    )
    def drain_logs() -> None:
        """Drain until the next shift has taken over."""
        ended = partial(shifts.ended, shifts.begin())
        drain.shift(step, ended, batch_size=backends.settings.batch_size, tidy=backends.tidy)

    return drain_logs
