"""What the search page says where nothing was found: whether there is anything, and what would find more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.core.errors import InvalidQuery, TimedOut
from app.core.filter import LEAF_LIMIT, And, Contains, Filter, Or, Words, leaves
from app.core.normal import normal
from app.core.ports import Budget, SearchIndex
from app.core.query import Query
from app.core.record import LogRecord
from app.core.text import text
from app.core.times import time_span
from app.web.page_form import Form

#: The time ranges of one click: start, short name, full name.
RANGES = (
    ("now-15m", "15 min", "the last 15 minutes"),
    ("now-1h", "1 h", "the last hour"),
    ("now-6h", "6 h", "the last 6 hours"),
    ("now-24h", "24 h", "the last 24 hours"),
    ("now-7d", "7 d", "the last 7 days"),
    ("", "All", "all time"),
)
#: Seconds that each look around an empty result may take; the page does not wait longer for an advice.
PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Advice:
    """What to try after a search that found nothing."""

    #: There are no logs at all.
    nothing: bool = False
    #: The newest log that matches at any time, in place of one in the range searched.
    newest: LogRecord | None = None
    #: No log of any time matches.
    never: bool = False
    #: Quick ranges that would find one, or may, as start and name.
    wider: Sequence[tuple[str, str]] = ()
    #: The query with its words found inside other words too.
    looser: str | None = None


def advise(index: SearchIndex, query: Query, form: Form, now: int) -> Advice:
    """Return what to try after *query*, the first page of *form*, found nothing."""
    try:
        if not index.find(Query(limit=1, count="none"), Budget(PATIENCE)).records:
            return Advice(nothing=True)
        newest = _newest(index, query)
    except TimedOut:
        return Advice(wider=_wider(form, None, now), looser=looser(query.filter))
    if newest is None:
        return Advice(never=True, looser=looser(query.filter))
    return Advice(newest=newest, wider=_wider(form, newest, now), looser=looser(query.filter))


def _newest(index: SearchIndex, query: Query) -> LogRecord | None:
    if query.start is None and query.end is None:
        return None
    anywhen = replace(query, start=None, end=None, after=None, sort="desc", limit=1, count="none")
    return next(iter(index.find(anywhen, Budget(PATIENCE)).records), None)


def _wider(form: Form, newest: LogRecord | None, now: int) -> list[tuple[str, str]]:
    """Return the shortest quick range that holds *newest*, and all time; every longer range if it is not known."""
    starts = [start for start, _, _ in RANGES]
    after = starts.index(form.start) + 1 if form.start in starts and not form.end else 0
    ranges = [(start, full) for start, _, full in RANGES[after:]]
    if newest is None:
        return ranges
    at = (newest.t, newest.ns) if form.clock == "event" else (newest.received, 0)
    holding = [(start, full) for start, full in ranges if not start or time_span(start, now)[0] <= at]
    return holding if len(holding) == 1 else [holding[0], holding[-1]]


def looser(tree: Filter) -> str | None:
    """Return the query in which words are looked for inside other words too, None where it has no words."""
    found = normal(_loosened(tree))
    if found == normal(tree) or sum(1 for _ in leaves(found)) > LEAF_LIMIT:
        return None
    try:
        return text(found)
    except InvalidQuery:
        return None


def _loosened(tree: Filter) -> Filter:
    match tree:
        case And(parts):
            return And(tuple(map(_loosened, parts)))
        case Or(parts):
            return Or(tuple(map(_loosened, parts)))
        case Words(words):
            return And(tuple(Contains("message", word) for word in words.split()))
    return tree
