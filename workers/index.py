"""The index actor: carries into the index what the record holds and the index lacks, without a pause."""

from __future__ import annotations

from functools import partial

import dramatiq
from dramatiq import Actor, Broker
from periodiq import cron

from app.pipeline import indexing as pipeline
from app.pipeline.indexing import Indexing
from workers.shifts import TIME_LIMIT, Shifts


def declare(broker: Broker, indexing: Indexing, shifts: Shifts) -> Actor[[], None]:
    """Declare the index actor on *broker*."""

    @dramatiq.actor(
        broker=broker,
        queue_name="index",
        max_retries=0,
        time_limit=TIME_LIMIT,
        periodic=cron("* * * * *"),
    )
    def index_logs() -> None:
        """Index until the next shift has taken over."""
        pipeline.shift(indexing, partial(shifts.ended, shifts.begin()), shifts.rest)

    return index_logs
