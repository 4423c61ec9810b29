"""How many records a query has: read where it is kept, else counted block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.errors import TimedOut
from app.ports.deadline import Deadline
from app.query.filter import EVERYTHING
from app.systems.sqlite import logs
from app.systems.sqlite.index import kept
from app.systems.sqlite.index.blocks import chunks, intervals
from app.systems.sqlite.index.search import SqliteQuery
from app.systems.sqlite.segments.window import Block

#: With `count=auto`: seconds of extra work before the total becomes `at least`.
AUTO_SECONDS = 0.020
#: Blocks counted in one statement, so that what was counted when the time is up is not lost.
BLOCKS = 64


def total(search: SqliteQuery, shown: int, more: bool) -> tuple[int | None, bool]:
    """Return the query's total and whether it is exact, when its page shows *shown* records and there are *more*."""
    query = search.query
    if query.count == "none":
        return None, False
    if not more and query.after is None:
        return shown, True
    auto = query.count == "auto"
    deadline = search.deadline.within(AUTO_SECONDS) if auto else search.deadline
    counted, exact = count(search, deadline)
    if not exact and not auto:
        raise search.deadline.timed_out()
    return max(counted, shown + more), exact


def count(search: SqliteQuery, deadline: Deadline) -> tuple[int, bool]:
    """Return how many records the whole window holds, and whether that is all of them."""
    whole = search.again(replace(search.query, after=None), deadline)
    known = kept.total(whole)
    if known is not None:
        return known, True
    minutes = kept.whole_minutes(whole.query) if kept.right(whole) else None
    if whole.query.clock == "event" and kept.by_level_only(whole.query.filter) and minutes is not None:
        try:
            known = kept.sum_of_minutes(whole, *minutes)
        except TimedOut:
            return 0, False
        parts = [_counted(part, search.deadline) for part in kept.ends(whole, *minutes)]
        return known + sum(found for found, _ in parts), all(exact for _, exact in parts)
    return _counted(whole, search.deadline)


def _counted(search: SqliteQuery, patient: Deadline) -> tuple[int, bool]:
    """Return how many were counted, and whether those are all; the first blocks are, however long they take."""
    found, asked = 0, search.again(search.query, patient)
    try:
        for chunk in chunks(search.blocks, search.window, BLOCKS):
            found, asked = found + _in_blocks(asked, chunk.blocks), search
            if search.deadline.over():
                return found, chunk.bound is None
    except TimedOut:
        return found, False
    return found, True


def _in_blocks(search: SqliteQuery, blocks: Sequence[Block]) -> int:
    """Return how many records of the query are in *blocks*: without a filter by what is kept of whole blocks."""
    if search.query.filter != EVERYTHING:
        return _filtered(search, blocks)
    covered = [block for block in blocks if block.number in search.covered]
    whole = sum(logs.count_places(search.connection, first, last) for first, last in intervals(covered))
    return whole + search.count([block for block in blocks if block.number not in search.covered])


def _filtered(search: SqliteQuery, blocks: Sequence[Block]) -> int:
    """Return the same with a filter: of whole blocks by the skeletons of messages where these show it."""
    known, left = search.sentences.split([block for block in blocks if block.number in search.covered])
    return known + search.count([*left, *(block for block in blocks if block.number not in search.covered)])
