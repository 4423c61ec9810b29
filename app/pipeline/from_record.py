"""Answers from the record itself, for when the index can't be reached: every stored log is looked at, one by one."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from typing import Any

from app.core.errors import TimedOut
from app.core.meaning import predicate
from app.core.ports import Budget, LogStore
from app.core.query import Key, Page, Query
from app.core.record import LogRecord

#: Records read at once.
AT_ONCE = 1_000


def page(store: LogStore, query: Query, budget: Budget, reason: str) -> Page:
    """Return the query's page with its exact total; raises TimedOut, with the *reason* for all this, if it takes too long.

    Memory holds one page and AT_ONCE records.
    """
    descending = query.sort == "desc"
    place = _place_of(query)
    follows = _follows(query, place)
    best: list[LogRecord] = []
    total = 0
    for records in _matching(store, query, budget, reason):
        total += len(records)
        candidates = [*best, *filter(follows, records)]
        best = (heapq.nlargest if descending else heapq.nsmallest)(query.limit + 1, candidates, key=place)
    shown = best[: query.limit]
    following = shown[-1].key if len(best) > len(shown) else None
    counted = None if query.count == "none" else total
    return Page(shown, counted, counted is not None, following, "record")


def _place_of(query: Query) -> Callable[[LogRecord], Any]:
    return (lambda record: record.key) if query.clock == "event" else (lambda record: record.id)


def _follows(query: Query, place: Callable[[LogRecord], Any]) -> Callable[[LogRecord], bool]:
    """Return the function that tells whether a record comes after the query's cursor."""
    if query.after is None:
        return lambda record: True
    last: Key | bytes = query.after if query.clock == "event" else query.after[2]
    return lambda record: bool(place(record) < last if query.sort == "desc" else place(record) > last)


def _matching(store: LogStore, query: Query, budget: Budget, reason: str) -> Iterator[list[LogRecord]]:
    until = time.monotonic() + budget.seconds
    holds = predicate(query.filter)
    at = 0
    while found := store.after(at, AT_ONCE):
        if time.monotonic() > until or budget.cancelled():
            raise TimedOut(f"{reason}; the record could not be read within {budget.seconds:g} s instead")
        at = found[-1][0]
        yield [record for _, record in found if _within(query, record) and holds(record)]


def _within(query: Query, record: LogRecord) -> bool:
    moment = (record.t, record.ns) if query.clock == "event" else (record.received, 0)
    return (query.start is None or query.start <= moment) and (query.end is None or moment <= query.end)
