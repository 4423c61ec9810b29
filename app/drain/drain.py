"""Drain: move waiting logs into record and index, whatever fails and whenever.

Both writes are idempotent by the record's id, and the batch is acknowledged when the record holds it
with a mark for the index, so a crash between any two steps means repetition, never loss.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from app.drain.indexing import Indexing
from app.errors import LogIngestorError, Unavailable
from app.log.envelope import Claim, DeadLetter, Envelope, unreadable, unstorable
from app.log.record import LogRecord
from app.ports.memory import ClaimKeeper
from app.ports.parts import RecordParts
from app.ports.queue import LogQueue
from app.ports.record import LogStore
from app.times.retry import pause_after

log = logging.getLogger(__name__)

#: Batches taken into one commit when as many wait; a log in a commit of 4,000 costs a tenth less than in one of 2,000.
BATCHES_AT_ONCE = 40
#: Seconds to wait for the first log when none waits: by a queue that is asked again and again, and by one that wakes us.
IDLE_SECONDS, WOKEN_SECONDS = 0.25, 2.0
#: Seconds to rest after a batch that was not full, and to wait for logs while there is more to tidy.
LINGER_SECONDS = 0.01
#: Seconds to wait after the first and after many failures in a row.
BACKOFF_SECONDS = (0.2, 5.0)


def drain(queue: LogQueue, record: RecordParts, indexing: Indexing, limit: int, wait: float) -> int:
    """Move one batch of about *limit* logs from queue to record and index; return how many logs it had.

    It is acknowledged when the record holds it; the index follows. A batch that can't be stored,
    though the record answers, is stored log by log: what fails alone becomes a dead letter. Raises
    Unavailable, with nothing acknowledged, when queue or record are down.
    """
    batch = queue.take(limit, wait)
    if not batch:
        return 0
    try:
        mine = _claimed(record.claims, batch.claimed)
        records = [*batch.records, *(one for envelope in mine for one in envelope.records)]
        letters = [*batch.dead, *unreadable(batch), *(letter for envelope in mine for letter in envelope.dead)]
        if batch.numbers:
            # Before the logs: no stored log may count as missing. Noted twice, a number has arrived once.
            record.gaps.arrived(batch.numbers)
        stored, faults = _store(record.store, records, indexing.lease)
        letters += faults
        if letters:
            record.letters.bury(letters)
    except Unavailable:
        queue.release(batch)
        raise
    queue.ack(batch)
    for mark, some in stored:
        indexing.add(mark, some)
    indexing.settle()
    return len(batch.records) + sum(len(envelope.records) for envelope in batch.claimed)


def _claimed(claims: ClaimKeeper, envelopes: Sequence[Envelope]) -> list[Envelope]:
    """Return the envelopes that their requests may keep; the others were sent twice and are stored already."""
    if not envelopes:
        return []
    mine = [envelope for envelope, own in zip(envelopes, claims.claim(envelopes), strict=True) if own]
    # A record that has a key is claimed for itself. Its answer is its id: a batch that comes back finds its own claims.
    alone = [
        Envelope([record], claim=Claim(f"log:{key.hex()}", b"", record.id))
        for envelope in mine
        for record, key in zip(envelope.records, envelope.keys, strict=False)
        if key
    ]
    if not alone:
        return mine
    lost = {one.records[0].id for one, own in zip(alone, claims.claim(alone), strict=True) if not own}
    return [envelope.without(lost) for envelope in mine]


_Stored = list[tuple[int, Sequence[LogRecord]]]


def _store(store: LogStore, records: Sequence[LogRecord], lease: float) -> tuple[_Stored, list[DeadLetter]]:
    """Store the records, one by one if they can't be together; return marks with their records, and dead letters."""
    if not records:
        return [], []
    try:
        return [(store.add(records, lease).mark, records)], []
    except LogIngestorError:
        raise
    except Exception:
        log.exception("a batch of %d logs can't be stored; trying its logs one by one", len(records))
    stored: _Stored = []
    letters = []
    for record in records:
        try:
            stored.append((store.add([record], lease).mark, [record]))
        except LogIngestorError:
            raise
        except Exception as error:
            letters.append(unstorable(record, error))
    return stored, letters


def shift(
    step: Callable[[int, float], int],
    ended: Callable[[], bool],
    *,
    batch_size: int,
    idle: float = IDLE_SECONDS,
    tidy: Sequence[Callable[[], object]] = (),
) -> int:
    """Drain until *ended*; return how many logs were moved.

    *step* gets the number of logs to move, about, and the *idle* seconds to wait for the first: hardly any while one of
    *tidy* returns True. A store that is down is tried again for ever, ever more slowly; nothing is acknowledged meanwhile.
    """
    moved = failures = 0
    more = False
    while not ended():
        try:
            count = step(batch_size * BATCHES_AT_ONCE, LINGER_SECONDS if more else idle)
            more = True in [care() for care in tidy]
        except Unavailable as error:
            failures += 1
            pause = pause_after(failures, *BACKOFF_SECONDS)
            log.warning("drain waits %.1f s: %s", pause, error)
            time.sleep(pause)
            continue
        moved += count
        failures = 0
        if 0 < count < batch_size:
            # A trickle: let a few more arrive, so that they share a commit and senders find the lock free.
            time.sleep(LINGER_SECONDS)
    return moved
