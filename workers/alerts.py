"""The alert actor: each minute the alerts are evaluated, by one of all workers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import dramatiq
from dramatiq import Actor, Broker
from periodiq import cron

from app.alerts import rounds
from app.alerts.counts import CountSources
from app.backends import Backends
from app.errors import Unavailable
from app.times.instant import now_ms

log = logging.getLogger(__name__)

#: Milliseconds after which Dramatiq ends the actor; it ends itself within a minute.
TIME_LIMIT = 120_000


def work(stopping: threading.Event) -> Callable[[Backends], None]:
    """Return what a tick lets the worker do: evaluate what is due, once the last minute may be evaluated."""
    # A tick that comes while the round before still works is left to that round.
    turn = threading.Lock()

    def evaluate(backends: Backends) -> None:
        if not turn.acquire(blocking=False):
            return
        try:
            if not stopping.wait(rounds.settled_in(now_ms())):
                sources = CountSources(backends.queue, backends.store, backends.index)
                rounds.work(backends.record.alerts, sources, lambda seconds: not stopping.wait(seconds))
        except Unavailable as error:
            # The record is away: its probe reports that, and the minutes are evaluated when it is back.
            log.warning("alerts could not be evaluated: %s", error)
        finally:
            turn.release()

    return evaluate


def declare(broker: Broker, work: Callable[[], None]) -> Actor[[], None]:
    """Declare the alert actor on *broker*."""

    @dramatiq.actor(
        broker=broker, queue_name="alerts", max_retries=0, time_limit=TIME_LIMIT, periodic=cron("* * * * *")
    )
    def evaluate_alerts() -> None:
        """Evaluate the alerts that are due."""
        work()

    return evaluate_alerts
