"""What may stand at the end of a range: times (absolute, relative, whole days), levels and numbers.

A text can name a stretch rather than a point: a bare date is a whole day, `now/h` a whole hour.
Every reader of bounds gets its first and last instant, and takes the one that keeps the stretch whole.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import TypeAlias

from app.core import instant
from app.core.filter import TIME_FIELDS, Bound, Range
from app.core.fold import fold
from app.core.instant import Instant
from app.core.meaning import number
from app.core.record import SEVERITY, SEVERITY_NAMES

#: First and last value that a text names; the same but for whole days and rounded times.
Span: TypeAlias = tuple[Bound, Bound]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY = 86_400_000
#: Milliseconds of the units with a fixed length.
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "H": 3_600_000, "d": _DAY, "w": 7 * _DAY}
_MONTHS = {"M": 1, "y": 12}

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_STEP = re.compile(r"([+-])(\d{1,9})(ms|[smhHdwMy])|/([smhHdwMy])", re.ASCII)


def is_relative(text: str) -> bool:
    """Return whether the text names a time by its distance from now."""
    return text.startswith("now")


def time_span(value: str | int | float, now: int) -> tuple[Instant, Instant]:
    """Return the first and last instant that *value* names; *now* is in milliseconds since 1970.

    Takes RFC 3339, a bare date, an epoch number (its size tells the unit), and `now` with steps such
    as `-15m` and `/d`. Raises ValueError with a sentence that follows the value.
    """
    if isinstance(value, int | float):
        point = instant.from_number(value)
        return point, point
    text = value.strip()
    if is_relative(text):
        return _relative(text, now)
    if _NUMBER.fullmatch(text) is not None:
        point = instant.from_number(int(text) if text.lstrip("+-").isdigit() else float(text))
        return point, point
    try:
        point = instant.parse(text)
    except ValueError as error:
        if str(error).startswith("is not"):
            raise ValueError("is not a time; write 2023-09-15T08:00:00Z, 2023-09-15, now or now-15m") from None
        raise
    if _DATE.fullmatch(text) is not None:
        return point, (point[0] + _DAY - 1, 999_999)
    return point, point


def _relative(text: str, now: int) -> tuple[Instant, Instant]:
    ms, at, rounded = now, len("now"), None
    try:
        while at < len(text):
            step = _STEP.match(text, at)
            if step is None:
                raise ValueError("is not a relative time; write now, now-15m or now-1d/d (units: ms s m h d w M y)")
            sign, count, unit, rounded = step.groups()
            ms = _floor(ms, rounded) if rounded else _moved(ms, int(sign + count), unit)
            at = step.end()
        end = ms if rounded is None else _moved(ms, 1, rounded) - 1
    except OverflowError:
        raise ValueError("lies outside the years 0001 to 9999") from None
    if not instant.FIRST[0] <= ms <= end <= instant.LAST[0]:
        raise ValueError("lies outside the years 0001 to 9999")
    return (ms, 0), (end, 0 if rounded is None else 999_999)


def _moved(ms: int, count: int, unit: str) -> int:
    if unit in _UNITS:
        return ms + count * _UNITS[unit]
    days, rest = divmod(ms, _DAY)
    day = _date(days)
    year, month = divmod(day.year * 12 + day.month - 1 + count * _MONTHS[unit], 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    last = monthrange(year, month + 1)[1]
    return (date(year, month + 1, min(day.day, last)).toordinal() - _EPOCH_DAY) * _DAY + rest


def _floor(ms: int, unit: str) -> int:
    if unit == "w":  # weeks begin on Monday, and 1970 began on a Thursday
        return (ms + 3 * _DAY) // (7 * _DAY) * (7 * _DAY) - 3 * _DAY
    if unit in _UNITS:
        return ms - ms % _UNITS[unit]
    day = _date(ms // _DAY)
    first = day.replace(month=1, day=1) if unit == "y" else day.replace(day=1)
    return (first.toordinal() - _EPOCH_DAY) * _DAY


def _date(days: int) -> date:
    if not 1 <= days + _EPOCH_DAY <= date.max.toordinal():
        raise OverflowError
    return date.fromordinal(days + _EPOCH_DAY)


def span(field: str, value: str | int | float, now: int) -> Span:
    """Return the first and last value that *value* names at *field*; raises ValueError."""
    if field in TIME_FIELDS:
        return time_span(value, now)
    if field == "level":
        rank = SEVERITY.get(fold(value)) if isinstance(value, str) else None
        if rank is None:
            raise ValueError(f"is not a level with a severity; use one of {', '.join(SEVERITY_NAMES)}")
        return rank, rank
    if not field.startswith("metadata."):
        raise ValueError("can't be a bound here: ranges are for timestamp, received, level and metadata fields")
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) is None:
            raise ValueError("is not a number")
        value = float(value)
    converted = number(value)
    if converted is None:
        raise ValueError("is not a number")
    return converted, converted


def between(field: str, lower: Span | None, upper: Span | None, *, above: bool = False, below: bool = False) -> Range:
    """Return the range from *lower* to *upper*; *above* and *below* leave the bounds themselves out."""
    return Range(
        field,
        None if lower is None else lower[1 if above else 0],
        None if upper is None else upper[0 if below else 1],
        lower is None or not above,
        upper is None or not below,
    )
