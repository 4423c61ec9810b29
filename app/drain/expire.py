"""Expire: delete what is older than the retention, and the oldest of what takes too much room."""

from __future__ import annotations

import time

from app.ports.index import IndexKeeper
from app.ports.record import LogStore
from app.settings.settings import Retention
from app.times.instant import now_ms

#: Logs deleted in one transaction: some 50 ms, so that ingest hardly waits.
STEP_LOGS = 2_000
#: Seconds between two steps, in which others write.
PAUSE_SECONDS = 0.02


def expire(store: LogStore, index: IndexKeeper, retention: Retention, *, seconds: float = 50.0) -> int:
    """Delete expired logs in small steps for at most *seconds*; return how many went from the record.

    Age counts from arrival, never from a log's own time.
    """
    until = time.monotonic() + seconds
    before = now_ms() - retention.seconds * 1000
    deleted = in_steps(store, index, before, None, until)
    if retention.bytes is not None:
        deleted += in_steps(store, index, None, too_many(store, retention.bytes), until)
    # Always: what an earlier call freed may be more than one can give back.
    index.compact()
    return deleted


def too_many(store: LogStore, limit: int) -> int:
    """Return how many of the oldest logs take the bytes over *limit*; room is freed only as indices merge."""
    size, stored = store.size(), store.stats()["stored"]
    if size <= limit or not stored:
        return 0
    return max(1, int(stored * (size - limit) / size))


def in_steps(store: LogStore, index: IndexKeeper, before: int | None, most: int | None, until: float) -> int:
    """Delete in small steps what was received before *before* (ms; None: all), *most* logs at most, until then by the monotonic clock."""
    deleted = 0
    while (most is None or deleted < most) and time.monotonic() < until:
        step = STEP_LOGS if most is None else min(STEP_LOGS, most - deleted)
        gone = store.expire(before, step)
        forgotten = index.expire(before, step)
        deleted += gone
        # PostgreSQL drops whole periods: it may have nothing to delete while the index still has.
        if max(gone, forgotten) < step:
            break
        time.sleep(PAUSE_SECONDS)
    return deleted
