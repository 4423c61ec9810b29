"""Bounds of a range: times (app/times/typed.py), levels and numbers.

A text can name a stretch rather than a point: a bare date is a whole day, `now/h` a whole hour.
Every reader of bounds gets its first and last instant, and takes the one that keeps the stretch whole.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from app.log.fold import fold
from app.log.ranks import RANKS
from app.log.record import SEVERITY_NAMES
from app.log.scalars import number
from app.query.filter import TIME_FIELDS, Bound, Range
from app.times.typed import RequestTime, time_span

#: First and last value that a text names; the same but for whole days and rounded times.
Span: TypeAlias = tuple[Bound, Bound]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def span(field: str, value: str | int | float, now: RequestTime) -> Span:
    """Return the first and last value that *value* names at *field*; raises ValueError."""
    if field in TIME_FIELDS:
        return time_span(value, now.ms, now.zone)
    if field == "level":
        rank = RANKS.get(fold(value)) if isinstance(value, str) else None
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
