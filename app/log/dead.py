"""Dead letters of what was accepted and can't be stored: logs that the record refuses, and messages that can't be decoded."""

from __future__ import annotations

import msgspec

from app.log.envelope import Batch, DeadLetter
from app.log.record import IdSource, LogRecord
from app.times.instant import now_ms

_ids = IdSource()


def unstorable(record: LogRecord, error: Exception) -> DeadLetter:
    """Return the dead letter of an accepted log that can't be stored; it keeps the log's id."""
    try:
        payload = msgspec.json.encode(record.sent_fields())
    except Exception:
        payload = repr(record).encode(errors="backslashreplace")
    return DeadLetter(record.id, payload, f"can't be stored: {type(error).__name__}: {error}"[:1000])


def unreadable(batch: Batch) -> list[DeadLetter]:
    """Return dead letters for the messages of a batch that can't be decoded."""
    if not batch.unreadable:
        return []
    first = _ids.take(len(batch.unreadable), now_ms())
    return [
        DeadLetter((first + place).to_bytes(16, "big"), body, "the queue's message can't be decoded")
        for place, body in enumerate(batch.unreadable)
    ]
