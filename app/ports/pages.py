"""Everything that fits a query, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.query.query import Page, Query

#: Records of a page: memory holds one.
SCAN_LOGS = 1_000


def pages(find: Callable[[Query, Budget], Page], query: Query, budget: Budget = Budget()) -> Iterator[list[LogRecord]]:
    """Yield what *find* returns, each page after the last. The budget holds for each."""
    query = replace(query, limit=SCAN_LOGS, count="none")
    while True:
        page = find(query, budget)
        if page.records:
            yield page.records
        if page.next is None:
            return
        query = replace(query, after=page.next)
