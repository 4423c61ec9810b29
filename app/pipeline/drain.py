"""Drain: move waiting logs into record and index, whatever fails and whenever.

Both writes are idempotent by the record's id and the batch is acknowledged last, so a crash between
any two steps means repetition, never loss.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from app.core.errors import LogIngestorError, Unavailable
from app.core.instant import now_ms
from app.core.ports import Batch, DeadLetter, LogQueue, LogStore, SearchIndex
from app.core.record import IdSource, LogRecord

log = logging.getLogger(__name__)

#: Batches taken into one commit when as many wait; a log in a commit of 4,000 costs a tenth less than in one of 2,000.
BATCHES_AT_ONCE = 40
#: Seconds to wait for the first log when none waits.
IDLE_SECONDS = 0.25
#: Seconds to rest after a batch that was not full.
LINGER_SECONDS = 0.01
#: Seconds to wait after the first and after many failures in a row.
BACKOFF_SECONDS = (0.2, 5.0)

_ids = IdSource()


def drain(queue: LogQueue, store: LogStore, index: SearchIndex, limit: int, wait: float) -> int:
    """Move one batch of about *limit* logs from queue to record and index; return how many logs it had.

    A batch that can't be stored, though the systems answer, is stored log by log: what fails alone
    becomes a dead letter. Raises Unavailable, with nothing acknowledged, when a system is down.
    """
    batch = queue.take(limit, wait)
    if not batch:
        return 0
    letters = [*batch.dead, *unreadable(batch)]
    try:
        try:
            _store(store, index, batch.records)
        except LogIngestorError:
            raise
        except Exception:
            log.exception("a batch of %d logs can't be stored; trying its logs one by one", len(batch.records))
            letters += _one_by_one(store, index, batch.records)
        store.bury(letters)
    except Unavailable:
        queue.release(batch)
        raise
    queue.ack(batch)
    return len(batch.records)


def _store(store: LogStore, index: SearchIndex, records: Sequence[LogRecord]) -> None:
    store.add(records)
    index.add(records)


def _one_by_one(store: LogStore, index: SearchIndex, records: Sequence[LogRecord]) -> list[DeadLetter]:
    letters = []
    for record in records:
        try:
            _store(store, index, [record])
        except LogIngestorError:
            raise
        except Exception as error:
            letters.append(refused(record, error))
    return letters


def refused(record: LogRecord, error: Exception) -> DeadLetter:
    """Return the dead letter of an accepted log that can't be stored; it keeps the log's id."""
    try:
        payload = msgspec.json.encode(record.sent_fields())
    except Exception:
        payload = repr(record).encode(errors="backslashreplace")
    return DeadLetter(record.id, payload, f"can't be stored: {type(error).__name__}: {error}"[:1000])


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
        if 0 < count < batch_size:
            # A trickle: let a few more arrive, so that they share a commit and senders find the lock free.
            time.sleep(LINGER_SECONDS)
    return moved
