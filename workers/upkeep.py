"""The upkeep actor: every five minutes what is older than the retention goes, and its room returns."""

from __future__ import annotations

import logging
from collections.abc import Callable

import dramatiq
from dramatiq import Actor, Broker
from periodiq import cron

from app.audit_log.recorder import expire_audit_log
from app.backends import Backends
from app.drain.costing import book
from app.drain.retire import retire

log = logging.getLogger(__name__)

#: Milliseconds after which Dramatiq ends the actor; it ends itself within a minute.
TIME_LIMIT = 240_000


def work(backends: Backends) -> None:
    """Delete expired logs and claims, in small steps, forget who numbered logs long ago, book what the new logs cost, and expire the audit log.

    What fails keeps nothing else from being done; the first fault is raised at the end.
    """
    settings, record = backends.settings, backends.record
    steps: tuple[Callable[[], object], ...] = (
        lambda: retire(record, backends.index, settings.retention, settings.retention_rules),
        backends.queue.forget_claims,
        record.gaps.forget_gaps,
        lambda: book(record),
        lambda: expire_audit_log(record.audit_log, settings),
    )
    faults = []
    for step in steps:
        try:
            step()
        except Exception as error:
            faults.append(error)
    if faults:
        for other in faults[1:]:
            log.error("upkeep failed in more than one way: %s", other, exc_info=other)
        raise faults[0]


def declare(broker: Broker, work: Callable[[], None]) -> Actor[[], None]:
    """Declare the upkeep actor on *broker*."""

    @dramatiq.actor(
        broker=broker, queue_name="upkeep", max_retries=0, time_limit=TIME_LIMIT, periodic=cron("*/5 * * * *")
    )
    def expire_logs() -> None:
        """Delete expired logs and claims, in small steps."""
        work()

    return expire_logs
