"""Skew: how far a log's own time lies from its arrival, where that is more than a delay on the way."""

from __future__ import annotations

from app.log.record import LogRecord
from app.times import lengths

_MINUTE, _DAY = 60_000, 86_400_000
#: More than this ahead of its arrival, or behind it, in ms: no clock that is kept right is ahead by more than seconds,
#: while a log may well be sent late, after a night without a network.
AHEAD, BEHIND = 5 * _MINUTE, _DAY


def skew(record: LogRecord) -> str | None:
    """Return in words how far the log's own time is ahead of its arrival or behind; None where it is neither."""
    ahead = record.t - record.received
    if -BEHIND <= ahead <= AHEAD:
        return None
    return f"{lengths.brief(abs(ahead) * lengths.MS)} {'ahead of' if ahead > 0 else 'behind'} its arrival"


def is_ahead(record: LogRecord) -> bool:
    """Return whether the log's own time lies after its arrival: then a clock or a zone is wrong."""
    return record.t - record.received > AHEAD
