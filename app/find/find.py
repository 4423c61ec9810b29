"""Find: what answers queries. Each answer says what it could not see, so that nothing missing looks like nothing there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from app.damage import passed
from app.errors import NotFound, TimedOut, Unavailable
from app.find import from_record
from app.log.fold import clean
from app.log.record import LogRecord, id_bytes
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.ports.parts import RecordParts
from app.ports.queue import Depth, LogQueue
from app.ports.record import Lacking, LogStore
from app.query.filter import And, Equals
from app.query.normal import normal
from app.query.query import Page, Query, Sort
from app.times.instant import now_ms

#: `unseen` returns this where all that was accepted can be seen.
NOTHING_UNSEEN: dict[str, Any] = {"pending": 0, "pending_is": "exact", "lag_ms": 0}


def answer(
    queue: LogQueue, store: LogStore, index: SearchIndex, query: Query, budget: Budget = Budget()
) -> tuple[Page, dict[str, Any]]:
    """Return the page of *query*, and how many accepted logs it can't have seen, as `unseen` does.

    When the index can't be reached the record answers, as far as the budget goes: `source` says so.
    Raises TimedOut, and Unavailable when neither can be read.
    """
    depth, behind = _depth(queue), _behind(store)
    found = page(store, index, query, budget)
    # An answer from the record itself holds what the index has yet to see.
    return found, _pending(depth, Lacking(0, None) if found.source == "record" else behind)


def page(store: LogStore, index: SearchIndex, query: Query, budget: Budget = Budget()) -> Page:
    """Return the page of *query*, from the record when the index can't be reached; raises as `answer` does."""
    try:
        return index.find(query, budget)
    except TimedOut:
        raise
    except Unavailable as error:
        return from_record.page(store, query, budget, str(error))


def total(index: SearchIndex, query: Query, deadline: Deadline, share: float) -> tuple[int | None, bool]:
    """Return how many logs *query* finds, if a *share* of the time suffices to say it, and whether exactly so many."""
    with suppress(Unavailable):
        found = deadline.ask(partial(index.find, replace(query, limit=1, after=None, count="auto")), share)
        return found.total, found.exact
    return None, False


def scan(
    store: LogStore, index: SearchIndex, query: Query, budget: Budget = Budget()
) -> tuple[bool, Iterator[list[LogRecord]]]:
    """Return all logs of *query* in its order, in chunks, and whether they come from the record.

    They do when the index can't be reached. The budget holds for each chunk. Raises as `answer` does.
    """
    found = index.scan(query, budget)
    try:
        first = next(found, [])
    except TimedOut:
        raise
    except Unavailable as error:
        return True, from_record.scan(store, query, budget, str(error))
    return False, chain((first,), found)


def unseen(queue: LogQueue, store: LogStore, index: SearchIndex) -> dict[str, Any]:
    """Return `pending`, `pending_is` and `lag_ms` for an answer; to be asked before the index is searched.

    Logs only move towards being found: from the queue to the record to the index. Asked in that order,
    and before the search, one on its way is counted, perhaps twice or though it is found, never missed.
    """
    return _pending(_depth(queue), _behind(store))


def trace(
    queue: LogQueue, store: LogStore, index: SearchIndex, trace_id: str, query: Query, budget: Budget = Budget()
) -> tuple[Page, dict[str, Any]]:
    """Return the page of the query among the logs of one trace, as `answer` does."""
    meant = normal(And((Equals("traceId", clean(trace_id)), query.filter)))
    return answer(queue, store, index, replace(query, filter=meant), budget)


def one(queue: LogQueue, parts: RecordParts, text: str) -> LogRecord:
    """Return the log whose id is written so.

    Raises Unavailable for one that is accepted and not stored yet, NotFound for one that is not there and for what is no id.
    """
    try:
        identity = id_bytes(text)
    except ValueError:
        raise NotFound(f"{text} is not the id of a log") from None
    found = parts.store.get([identity])
    if found:
        return found[0]
    for error in passed().values():
        raise error
    waits = queue.waiting(identity, identity)
    # Once more: it may have moved between the two looks.
    found = parts.store.get([identity])
    if found:
        return found[0]
    if waits:
        raise Unavailable("the log is accepted and waits to be stored; ask again", retry_after=1)
    if parts.letters.dead_between(identity, identity):
        raise NotFound("the log could not be stored; it lies among the dead letters with the reason")
    raise NotFound("there is no log with this id: it never arrived, or has expired")


def context(
    queue: LogQueue,
    parts: RecordParts,
    index: SearchIndex,
    identity: str,
    query: Query,
    before: int,
    after: int,
    budget: Budget = Budget(),
) -> tuple[list[LogRecord], dict[str, Any]]:
    """Return the log with up to *before* and *after* neighbours that the query means, oldest first, and `unseen`.

    The log itself is among them whether the query means it or not. Raises as `one` and `answer` do.
    """
    record = one(queue, parts, identity)
    pending = unseen(queue, parts.store, index)
    budget = Deadline(budget).shared()
    earlier, later = neighbours(partial(index.find, budget=budget), record, query, before, after)
    return [*earlier.records, record, *later.records], pending


def neighbours(
    find: Callable[[Query], Page], record: LogRecord, query: Query, before: int, after: int
) -> tuple[Page, Page]:
    """Return up to *before* logs before *record* and *after* behind it that the query means, as *find* finds them.

    Both pages are oldest first; `next` of each is where more of them would come from, away from the record.
    """
    around = replace(query, after=record.key, count="none")
    sides: tuple[tuple[Sort, int], ...] = (("desc", before), ("asc", after))
    earlier, later = (
        find(replace(around, sort=sort, limit=limit)) if limit else Page([], None, False, record.key)
        for sort, limit in sides
    )
    return replace(earlier, records=earlier.records[::-1]), later


def _depth(queue: LogQueue) -> Depth | None:
    try:
        return queue.depth()
    except Unavailable:
        return None


def _behind(store: LogStore) -> Lacking | None:
    try:
        return store.lacking()
    except Unavailable:
        return None


def _pending(depth: Depth | None, behind: Lacking | None) -> dict[str, Any]:
    if depth is None or behind is None:
        return {"pending": None, "pending_is": None, "lag_ms": None}
    count = depth.logs + behind.logs
    exactness = "at most" if count else "exact"
    return {"pending": count, "pending_is": exactness, "lag_ms": _lag_ms(depth, behind)}


def _lag_ms(depth: Depth, behind: Lacking) -> int | None:
    """Return the age of the oldest log that waits, 0 when none does, None when it is not known."""
    if depth.logs and depth.oldest is None:
        return None
    oldest = [moment for moment in (depth.oldest, behind.since) if moment is not None]
    return max(now_ms() - min(oldest), 0) if oldest else 0
