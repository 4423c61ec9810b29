"""The drain actor: every minute a new shift takes over from the last and drains without a pause."""

from __future__ import annotations

from functools import partial

import dramatiq
from dramatiq import Actor, Broker
from periodiq import cron

from app.backends import Backends
from app.pipeline import drain
from app.pipeline.indexing import Indexing
from app.pipeline.pause import Gate
from workers.shifts import TIME_LIMIT, Shifts


def declare(broker: Broker, backends: Backends, indexing: Indexing, shifts: Shifts) -> Actor[[], None]:
    """Declare the drain actor on *broker*."""
    gate = Gate(backends.store, backends.move or partial(drain.drain, backends.queue, backends.store, indexing))
    tidy = [*backends.tidy, indexing.settle]

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
        drain.shift(gate.step, ended, batch_size=backends.settings.batch_size, tidy=tidy)

    return drain_logs
