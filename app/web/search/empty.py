"""The search page where nothing was found: it says whether there are logs at all, and which query would find more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.errors import InvalidQuery, TimedOut
from app.find.hints.explain import Explanation, LowerBound, Skew, explain
from app.find.hints.known import Memory
from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.ports.index import SearchIndex
from app.query.filter import LEAF_LIMIT, And, Contains, Filter, Or, Words, leaves
from app.query.normal import normal
from app.query.query import Query
from app.query.sentence import logs
from app.query.text import text
from app.times import lengths
from app.times.typed import time_span
from app.web.search.form import SearchForm

#: The time ranges of one click: start, short name, full name.
RANGES = (
    ("now-15m", "15 min", "the last 15 minutes"),
    ("now-1h", "1 h", "the last hour"),
    ("now-6h", "6 h", "the last 6 hours"),
    ("now-24h", "24 h", "the last 24 hours"),
    ("now-7d", "7 d", "the last 7 days"),
    ("", "All", "all time"),
)
#: Seconds that a look for any log, and for the newest that matches, may take; the rest has its own time.
PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class Costs:
    """One condition of the query, and what it costs: how many logs are found without it."""

    query: str
    #: The query without it; how many logs that finds, and how many the condition by itself, in words.
    rest: str
    without: str
    alone: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A field or value that no log has, and queries with what may have been meant."""

    field: str
    value: str | None
    near: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Why:
    """The reasons why the query finds no logs, in words and links."""

    costs: Sequence[Costs] = ()
    corrections: Sequence[Correction] = ()
    #: Logs next to the range, each with where it lies, and whether they match.
    nearest: Sequence[tuple[str, LogRecord]] = ()
    nearest_match: bool = True
    #: The range holds no log of any kind.
    bare: bool = False
    skew: str = ""
    unasked: str = ""

    @property
    def window(self) -> dict[str, str]:
        """The changes to the state where the costs are those of all time."""
        return {"start": "", "end": ""} if self.bare else {}

    @classmethod
    def of(cls, found: Explanation) -> Why:
        """Return an explanation as the page says it."""
        costs = [
            Costs(text(one.filter), text(one.rest), _number(one.without), _number(one.alone) if one.alone else "")
            for one in found.clauses
        ]
        corrections = [
            Correction(one.field, one.value, [(name, text(query)) for name, query in one.near])
            for one in found.mistyped
        ]
        beside = [(where, log) for where, log in (("before", found.before), ("after", found.after)) if log is not None]
        bare = found.range is not None and found.range.total == 0
        skew = _skewed(found.skew) if found.skew else ""
        return cls(costs, corrections, beside, found.nearest_match, bare, skew, "; ".join(found.unasked))


@dataclass(frozen=True, slots=True)
class Advice:
    """Other searches to try after one that found nothing."""

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
    why: Why = Why()


def advise(index: SearchIndex, query: Query, form: SearchForm, now: int, memory: Memory, budget: Budget) -> Advice:
    """Return what to try after *query*, the first page of *form*, found nothing."""
    look = replace(budget, seconds=PATIENCE)
    try:
        if not index.find(Query(limit=1, count="none"), look).records:
            return Advice(nothing=True)
        newest, asked = _newest(index, query, look), True
    except TimedOut:
        newest, asked = None, False
    why = Why.of(explain(index, query, memory, budget))
    never = asked and newest is None
    return Advice(False, newest, never, () if never else _wider(form, newest, now), looser(query.filter), why)


def _number(counted: LowerBound | None) -> str:
    if counted is None:
        return "not counted in time"
    least = "" if counted.exact else "at least "
    return f"{least}{logs(counted.total)}"


def _skewed(skew: Skew) -> str:
    """Return how far off clocks are: `3 logs … typically 2 h behind their arrival`."""
    size = lengths.brief(abs(skew.typical_ms) * lengths.MS)
    side = "ahead of" if skew.typical_ms > 0 else "behind"
    return f"{_number(skew)}, whose own time lies outside it: typically {size} {side} their arrival"


def _newest(index: SearchIndex, query: Query, budget: Budget) -> LogRecord | None:
    if query.start is None and query.end is None:
        return None
    anywhen = replace(query, start=None, end=None, after=None, sort="desc", limit=1, count="none")
    return next(iter(index.find(anywhen, budget).records), None)


def _wider(form: SearchForm, newest: LogRecord | None, now: int) -> list[tuple[str, str]]:
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
