"""The drain actor: every minute a new shift takes over from the last and drains without a pause."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import dramatiq
from dramatiq import Actor, Broker
from periodiq import cron

from app.backends import Backends
from app.drain import drain
from app.drain.indexing import Indexing
from app.drain.pause import Gate
from workers.shifts import TIME_LIMIT, Work


def work(backends: Backends, indexing: Indexing) -> Work:
    """Return what a shift does: drain until it is over."""
    gate = Gate(backends.record.notes, backends.move or partial(drain.drain, backends.queue, backends.record, indexing))
    tidy = [*backends.tidy, indexing.settle]
    # Where queue and record are one file, who accepts wakes who waits.
    idle = drain.IDLE_SECONDS if backends.move is None else drain.WOKEN_SECONDS

    def shift(ended: Callable[[], bool]) -> None:
        drain.shift(gate.step, ended, batch_size=backends.settings.batch_size, idle=idle, tidy=tidy)
        # The logs that this shift indexed are findable when the process ends, not when the leases of their marks do.
        indexing.settle(now=True)

    return shift


def declare(broker: Broker, shift: Callable[[], None]) -> Actor[[], None]:
    """Declare the drain actor on *broker*."""

    @dramatiq.actor(
        broker=broker,
        queue_name="drain",
        max_retries=0,
        time_limit=TIME_LIMIT,
        periodic=cron("* * * * *"),
    )
    def drain_logs() -> None:
        """Drain until the next shift has taken over."""
        shift()

    return drain_logs
