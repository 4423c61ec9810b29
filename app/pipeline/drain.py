"""Drain: move waiting logs into record and index, whatever fails and whenever.

Both writes are idempotent by the record's id and the batch is acknowledged last, so a crash between
any two steps means repetition, never loss.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from app.core.errors import Unavailable
from app.core.instant import now_ms
from app.core.ports import Batch, DeadLetter, LogQueue, LogStore, SearchIndex
from app.core.record import IdSource

log = logging.getLogger(__name__)

#: Batches taken into one commit when as many wait; a commit of 1,000 logs costs little more than one of 100.
BATCHES_AT_ONCE = 20
#: Seconds to wait for the first log when none waits.
IDLE_SECONDS = 0.25
#: Seconds to wait after the first and after many failures in a row.
BACKOFF_SECONDS = (0.2, 5.0)

_ids = IdSource()


def drain(queue: LogQueue, store: LogStore, index: SearchIndex, limit: int, wait: float) -> int:
    """Move one batch of about *limit* logs from queue to record and index; return how many logs it had."""
    batch = queue.take(limit, wait)
    if not batch:
        return 0
    try:
        store.add(batch.records)
        index.add(batch.records)
        store.bury([*batch.dead, *unreadable(batch)])
    except Unavailable:
        queue.release(batch)
        raise
    queue.ack(batch)
    return len(batch.records)


def unreadable(batch: Batch) -> list[DeadLetter]:
    """Return dead letters for the messages of a batch that can't be decoded."""
    first = _ids.take(max(len(batch.unreadable), 1), now_ms())
    return [
        DeadLetter((first + place).to_bytes(16, "big"), body, "the queue's message can't be decoded")
        for place, body in enumerate(batch.unreadable)
    ]


def shift(
    step: Callable[[int, float], int],
    ended: Callable[[], bool],
    *,
    batch_size: int,
    tidy: Sequence[Callable[[], object]] = (),
) -> int:
    """Drain until *ended*; return how many logs were moved.

    *step* moves about as many logs as it is told, waiting for the first. A store that is down is
    tried again for ever, ever more slowly; nothing is acknowledged meanwhile.
    """
    moved = 0
    pause = BACKOFF_SECONDS[0]
    while not ended():
        try:
            count = step(batch_size * BATCHES_AT_ONCE, IDLE_SECONDS)
            for care in tidy:
                care()
        except Unavailable as error:
            log.warning("drain waits %.1f s: %s", pause, error)
            time.sleep(pause)
            pause = min(pause * 2, BACKOFF_SECONDS[1])
            continue
        moved += count
        pause = BACKOFF_SECONDS[0]
    return moved
