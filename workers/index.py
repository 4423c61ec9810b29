"""The index actor: carries into the index what the record holds and the index lacks, without a pause."""

from __future__ import annotations

import threading
from collections.abc import Callable

import dramatiq
from dramatiq import Actor, Broker
from periodiq import cron

from app.backends import Backends
from app.drain import indexing as pipeline
from app.drain.indexing import Indexing
from workers.shifts import TIME_LIMIT, Work


def work(backends: Backends, indexing: Indexing, stopping: threading.Event) -> Work:
    """Return what a shift does: index until it is over."""
    # Where all is one file, a log is stored and indexed in one transaction.
    idle = pipeline.IDLE_SECONDS if backends.move is None else pipeline.RARE_SECONDS
    return lambda ended: pipeline.shift(indexing, ended, stopping.wait, idle)


def declare(broker: Broker, shift: Callable[[], None]) -> Actor[[], None]:
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
        shift()

    return index_logs
