"""Answers from the record itself, for when the index can't be reached: its logs are looked at, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from app.errors import TimedOut
from app.log.record import LogRecord
from app.ports.deadline import Budget, Deadline
from app.query.meaning import predicate
from app.query.query import Page, Query

#: With `count=auto`: seconds of extra work before the total becomes `at least`.
COUNT_SECONDS = 0.2


class Walked(Protocol):
    """A LogStore, or another record of logs that can be walked over."""

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """See LogStore."""


def page(store: Walked, query: Query, budget: Budget, reason: str) -> Page:
    """Return the query's page; raises TimedOut, with the *reason* for all this, if it takes too long.

    Memory holds one page and one chunk of the record.
    """
    deadline = Deadline(budget)
    found: list[LogRecord] = []
    for records in _matching(store, query, deadline, reason):
        found += records
        if len(found) > query.limit:
            break
    shown, more = found[: query.limit], len(found) > query.limit
    total, exact = _total(store, query, deadline, reason, len(shown), more)
    return Page(shown, total, exact, shown[-1].key if more else None, "record")


def scan(store: Walked, query: Query, budget: Budget, reason: str) -> Iterator[list[LogRecord]]:
    """Yield all logs of the query in its order, in chunks; raises TimedOut as `page` does."""
    return _matching(store, query, Deadline(budget), reason)


def _total(
    store: Walked, query: Query, deadline: Deadline, reason: str, shown: int, more: bool
) -> tuple[int | None, bool]:
    if query.count == "none":
        return None, False
    if not more and query.after is None:
        return shown, True
    soon = deadline.within(COUNT_SECONDS)
    total = 0
    for records in _matching(store, replace(query, after=None), deadline, reason):
        total += len(records)
        if query.count == "auto" and soon.over():
            return max(total, shown + more), False
    return total, True


def _matching(store: Walked, query: Query, deadline: Deadline, reason: str) -> Iterator[list[LogRecord]]:
    """Yield what of the record fits, in the query's order, chunk by chunk."""
    holds = predicate(query.filter)
    for records in store.walk(query):
        if deadline.over():
            raise TimedOut(f"{reason}; the record could not be read within {deadline.seconds:g} s instead")
        yield [record for record in records if holds(record)]
