"""The upkeep actor: every five minutes what is older than the retention goes, and its room returns."""

from __future__ import annotations

from collections.abc import Callable

import dramatiq
from dramatiq import Actor, Broker
from periodiq import cron

from app.audit_log.recorder import expire_audit_log
from app.backends import Backends
from app.drain.costing import book
from app.drain.retire import retire

#: Milliseconds after which Dramatiq ends the actor; it ends itself within a minute.
TIME_LIMIT = 240_000


def work(backends: Backends) -> None:
    """Delete expired logs and claims, in small steps, forget who numbered logs long ago, book what the new logs cost, and expire the audit log."""
    settings = backends.settings
    retire(backends.record, backends.index, settings.retention, settings.retention_rules)
    backends.queue.forget_claims()
    backends.record.gaps.forget_gaps()
    book(backends.record)
    # Last: a chain that can't be moved on keeps nothing else from being done.
    expire_audit_log(backends.record.audit_log, settings)


def declare(broker: Broker, work: Callable[[], None]) -> Actor[[], None]:
    """Declare the upkeep actor on *broker*."""

    @dramatiq.actor(
        broker=broker, queue_name="upkeep", max_retries=0, time_limit=TIME_LIMIT, periodic=cron("*/5 * * * *")
    )
    def expire_logs() -> None:
        """Delete expired logs and claims, in small steps."""
        work()

    return expire_logs
