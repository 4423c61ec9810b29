"""How many records a query has: read where it is kept, else counted block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.errors import TimedOut
from app.log.record import LogRecord
from app.ports.deadline import Deadline
from app.query.filter import Contains, Matches
from app.query.meaning import regex
from app.systems.sqlite import logs
from app.systems.sqlite.index import kept
from app.systems.sqlite.index.blocks import chunks, intervals
from app.systems.sqlite.index.evaluate import Evaluator
from app.systems.sqlite.index.search import SqliteQuery
from app.systems.sqlite.segments.window import Block

#: With `count=auto`: seconds of extra work, and verified hits, before the total becomes `at least`.
AUTO_SECONDS = 0.020
AUTO_HITS = 10_000
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
    counted, exact = count(search, deadline, AUTO_HITS if auto else None)
    if not exact and not auto:
        raise search.deadline.timed_out()
    return max(counted, shown + more), exact


def count(search: SqliteQuery, deadline: Deadline, most: int | None = None) -> tuple[int, bool]:
    """Return how many records the whole window holds, and whether that is all of them."""
    whole = search.again(replace(search.query, after=None), deadline)
    known = kept.total(whole)
    if known is not None:
        return known, True
    minutes = kept.whole_minutes(whole.query)
    if whole.query.clock == "event" and kept.by_level_only(whole.query.filter) and minutes is not None:
        try:
            known = sum(found for _, _, found in kept.in_minutes(whole, *minutes, kept.MINUTE, 0))
        except TimedOut:
            return 0, False
        parts = [_counted(part, deadline, most) for part in kept.ends(whole, *minutes)]
        return known + sum(found for found, _ in parts), all(exact for _, exact in parts)
    return _counted(whole, deadline, most)


def _counted(search: SqliteQuery, deadline: Deadline, most: int | None) -> tuple[int, bool]:
    found = 0
    try:
        for chunk in chunks(search.blocks, search.window, BLOCKS):
            found += _in_postings(search, chunk.blocks) if search.exact else _verified(search, chunk.blocks)
            if deadline.over() or (most is not None and not search.exact and found >= most):
                return found, chunk.bound is None
    except TimedOut:
        return found, False
    return found, True


def _in_postings(search: SqliteQuery, blocks: Sequence[Block]) -> int:
    """Return how many records in *blocks* satisfy an exact expression."""
    expression = search.expression
    if expression.text is None:
        return 0
    found = 0
    covered = [block for block in blocks if search.window.covers(block)]
    partly = [block for block in blocks if not search.window.covers(block)]
    for first, last in intervals(covered):
        if expression.everything:
            found += logs.count_places(search.connection, first, last)
        else:
            statement = "SELECT count(*) FROM terms WHERE terms MATCH ? AND rowid BETWEEN ? AND ?"
            found += search.run(statement, [expression.text, first, last])[0][0]
    return found + search.count(partly)


def _verified(search: SqliteQuery, blocks: Sequence[Block]) -> int:
    evaluator = search.evaluator
    if search.expression.text is None:
        return 0
    if evaluator is None:
        return search.count(blocks)
    evaluator.load(blocks)
    return sum(_in_block(search, evaluator, block) for block in blocks)


def _in_block(search: SqliteQuery, evaluator: Evaluator, block: Block) -> int:
    """Return how many records of *block* satisfy a filter that looks inside messages, with as few rows as possible."""
    search.deadline.check()
    covered = search.window.covers(block)
    # A sealed block has a record at each of its places, so that its mask is its count.
    sealed = covered and evaluator.sealed(block)
    if sealed and isinstance(search.query.filter, Contains):
        return evaluator.holding(search.query.filter, block)
    found = evaluator.block(block)
    if sealed and found.exact:
        return int(np.count_nonzero(found.mask))
    if covered and search.about_messages:
        places: list[int] = np.flatnonzero(found.mask).tolist()
        messages = evaluator.messages(block, places) if places and sealed else None
        if messages is not None:
            return _among(search, messages)
        return _in_messages(search, [place + block.first for place in places])
    return sum(1 for _ in search.hits_at(block, found))


def _among(search: SqliteQuery, messages: Sequence[bytes]) -> int:
    """Return how many of *messages* satisfy a filter about nothing but the message."""
    if isinstance(search.query.filter, Matches):
        find = regex(search.query.filter.pattern).search
        return sum(find(message) is not None for message in messages)
    return sum(search.holds(LogRecord(b"", 0, 0, "", message.decode())) for message in messages)


def _in_messages(search: SqliteQuery, places: Sequence[int]) -> int:
    """Return how many records at *places* satisfy a filter about nothing but the message."""
    found = 0
    for start in range(0, len(places), 256):
        search.deadline.check()
        messages = logs.messages_at(search.connection, places[start : start + 256])
        found += sum(search.holds(LogRecord(b"", 0, 0, "", message)) for message in messages)
    return found
