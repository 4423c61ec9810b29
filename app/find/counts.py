"""Counts over the logs of a query, as JSON answers: by time, by value, by field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from app.errors import InvalidQuery, Problem
from app.find.find import together
from app.ports.deadline import Budget
from app.ports.index import SearchIndex
from app.query.query import BUCKET_LIMIT, Query
from app.times import instant
from app.times.instant import Instant
from app.times.zone import offset_at

_SECOND, _DAY = 1_000, 86_400_000
_UNITS = {"ms": 1, "s": _SECOND, "m": 60 * _SECOND, "h": 3600 * _SECOND, "d": _DAY, "w": 7 * _DAY}
#: Longest interval, in days: the range of all times has few buckets then.
INTERVAL_DAYS = 36_525
#: Intervals that `auto` chooses among, in seconds; and how many buckets it makes at most, if one of them suffices.
_SECONDS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
_DAYS = (1, 7, 30, 90, 365, 3650, INTERVAL_DAYS)
AUTO_INTERVALS = (*(seconds * _SECOND for seconds in _SECONDS), *(days * _DAY for days in _DAYS))
AUTO_BUCKETS = 100

_INTERVAL = re.compile(r"(\d{1,9})(ms|[smhdw])", re.ASCII)


def read_interval(text: str) -> int | None:
    """Return the interval in ms, None for `auto`; raises InvalidQuery naming `interval`."""
    if text == "auto":
        return None
    found = _INTERVAL.fullmatch(text)
    ms = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= ms <= INTERVAL_DAYS * _DAY:
        message = f"must be auto or a number and a unit (ms s m h d w) such as 1h, at most {INTERVAL_DAYS}d"
        raise InvalidQuery(Problem(message, "interval"))
    return ms


def histogram(
    index: SearchIndex, query: Query, interval: int | None, by_level: bool, zone: tzinfo, budget: Budget = Budget()
) -> dict[str, Any]:
    """Return the counts of the query by *interval* (ms; None chooses one), empty buckets included.

    An end that the query leaves open is the first or last of its logs. Buckets begin where the zone's
    clock shows a multiple of the interval, by the offset it has at the start of the range. Raises
    InvalidQuery naming `interval` for more than BUCKET_LIMIT buckets.
    """
    budget = together(budget)
    window = _window(index, query, budget)
    if window is None:
        return {"interval_ms": interval or AUTO_INTERVALS[0], "buckets": []}
    start, end = window
    if interval is None:
        interval = suitable(end[0] - start[0])
    offset = alignment(interval, zone, start[0])
    count = (end[0] - offset) // interval - (start[0] - offset) // interval + 1
    if count > BUCKET_LIMIT:
        message = f"makes {count:,} buckets, more than {BUCKET_LIMIT:,}; take a longer one or a shorter range"
        raise InvalidQuery(Problem(message, "interval"))
    # With both ends given a log that arrives meanwhile can't stretch the range.
    buckets = index.histogram(replace(query, start=start, end=end, after=None), interval, by_level, offset, budget)
    shown = [{"start": _text(bucket.start), "count": bucket.count, "by": bucket.by} for bucket in buckets]
    return {"interval_ms": interval, "buckets": shown}


def suitable(ms: int) -> int:
    """Return the interval that `auto` takes for a range of *ms*."""
    return next((step for step in AUTO_INTERVALS if ms < step * AUTO_BUCKETS), AUTO_INTERVALS[-1])


def facets(
    index: SearchIndex, query: Query, fields: Sequence[str], size: int, budget: Budget = Budget()
) -> dict[str, Any]:
    """Return the *size* most frequent values of each field, and whether all logs of the query were counted."""
    found = index.facets(replace(query, after=None), fields, size, budget)
    shown = {
        name: [{"value": value.value, "count": value.count} for value in values]
        for name, values in found.fields.items()
    }
    return {"facets": shown, "exact": found.exact}


def fields(index: SearchIndex, query: Query, budget: Budget = Budget()) -> dict[str, Any]:
    """Return the fields that occur, by name, and whether all logs of the query were counted."""
    budget = together(budget)
    query = replace(query, after=None)
    found = index.fields(query, budget)
    # Every log has a message, so its count is that of the logs looked at.
    seen = next((info.count for info in found if info.name == "message"), 0)
    page = index.find(replace(query, limit=1, count="auto"), budget)
    exact = page.exact and page.total is not None and page.total <= seen
    return {
        "fields": [{"name": info.name, "type": info.type, "count": info.count} for info in found],
        "exact": exact,
    }


def _window(index: SearchIndex, query: Query, budget: Budget) -> tuple[Instant, Instant] | None:
    if query.start is not None and query.end is not None:
        return query.start, query.end
    span = index.span(query, budget)
    if span is None:
        return None
    return query.start or span[0], query.end or span[1]


def alignment(interval: int, zone: tzinfo, start: int) -> int:
    """Return an instant at which a bucket begins, in ms: weeks begin on Mondays."""
    monday = 4 * _DAY if interval % (7 * _DAY) == 0 else 0
    return (monday - offset_at(start, zone) * 60 * _SECOND) % interval


def _text(ms: int) -> str:
    # The first bucket may begin before the first day there is.
    return instant.text(max((ms, 0), instant.FIRST))
