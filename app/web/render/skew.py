"""Skew: how far a log's own time lies from its arrival, where that is more than a delay on the way."""

from __future__ import annotations

from app.log.record import LogRecord

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
#: More than this ahead of its arrival, or behind it, in ms: no clock that is kept right is ahead by more than seconds,
#: while a log may well be sent late, after a night without a network.
AHEAD, BEHIND = 5 * _MINUTE, _DAY
_UNITS = (("year", 365 * _DAY), ("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE))


def skew(record: LogRecord) -> str | None:
    """Return in words how far the log's own time is ahead of its arrival or behind; None where it is neither."""
    ahead = record.t - record.received
    if -BEHIND <= ahead <= AHEAD:
        return None
    return f"{_length(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} its arrival"


def is_ahead(record: LogRecord) -> bool:
    """Return whether the log's own time lies after its arrival: then a clock or a zone is wrong."""
    return record.t - record.received > AHEAD


def _length(ms: int) -> str:
    """Return a length of time in its two largest units."""
    parts: list[str] = []
    for unit, size in _UNITS:
        count, ms = divmod(ms, size)
        if count or parts:
            parts.append(f"{count:,} {unit}{'' if count == 1 else 's'}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(filter(None, parts))
