"""Why a query finds nothing, or so little: what each of its clauses costs, what is near, and what may be mistyped.

Each look has a time of its own; what could not be asked is named in the answer, never taken for a no.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from typing import TypeVar

from app.errors import InvalidQuery, TimedOut
from app.find.hints.known import Known, Memory
from app.find.hints.near import near, resembling
from app.log.fold import fold
from app.log.record import LogRecord
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.query.edit import clauses, renamed, revalued, wanted
from app.query.filter import EVERYTHING, TIME_FIELDS, And, Contains, Equals, Exists, Filter, Not, Range, leaves
from app.query.language.parse import parse
from app.query.meaning import texts
from app.query.normal import normal
from app.query.query import Query
from app.query.text import text
from app.shown import Count, Shown, TotalIs, total_is
from app.times.instant import Instant

#: Seconds that all looks may take, and one of them.
EXPLAIN_SECONDS, LOOK_SECONDS = 1.5, 0.25
#: Most clauses, unknown fields, and values of the query that are looked after.
CLAUSES, FIELDS_LIMIT, VALUES_LIMIT = 12, 5, 5
#: Logs whose clocks are compared.
CLOCKS = 50
#: Most suggestions for one name or value.
SUGGESTIONS = 3

T = TypeVar("T")


class LowerBound(Shown):
    """How many logs there are; at least so many unless that is exact."""

    total: Count
    total_is: TotalIs

    @property
    def exact(self) -> bool:
        """Whether there are no more."""
        return self.total_is == "exact"


@dataclass(frozen=True, slots=True)
class Clause:
    """One of the conditions that must all hold."""

    filter: Filter
    #: The query without it, and how many logs that finds in the range; None where that could not be counted.
    rest: Filter
    without: LowerBound | None
    #: How many logs satisfy it by themselves; asked only where no single clause is to blame.
    alone: LowerBound | None = None


@dataclass(frozen=True, slots=True)
class Mistyped:
    """A field that no log has, or a value that no log has in this field, with what may have been meant."""

    field: str
    value: str | None
    #: Names or values that occur and resemble it, each with the query corrected by it.
    near: Sequence[tuple[str, Filter]] = ()


class Skew(LowerBound):
    """Logs that arrived in the range, whose own time lies outside, and how far it is typically ahead of their arrival; behind where negative."""

    typical_ms: int


@dataclass(slots=True)
class Explanation:
    """The findings about a query."""

    clauses: Sequence[Clause] = ()
    #: How many logs of any kind the range holds; None where it is open or that could not be counted. Where it holds
    #: none, the clauses are counted over all time.
    range: LowerBound | None = None
    #: The nearest logs before and after the range: of those that match, or of any kind where the range holds none.
    before: LogRecord | None = None
    after: LogRecord | None = None
    #: Whether those match the query.
    nearest_match: bool = True
    mistyped: list[Mistyped] = field(default_factory=list)
    skew: Skew | None = None
    #: Looks that there was no time for, in words.
    unasked: list[str] = field(default_factory=list)


class _Looks:
    """Looks at the surroundings of one query."""

    def __init__(self, index: SearchIndex, query: Query, memory: Memory, budget: Budget) -> None:
        self.index = index
        self.query = replace(query, filter=normal(query.filter), after=None, limit=1, sort="desc")
        self.memory = memory
        self.deadline = Deadline(budget)
        self.found = Explanation()

    @property
    def window(self) -> bool:
        """Whether the query has a time range."""
        return self.query.start is not None or self.query.end is not None

    def ask(self, what: str, question: Callable[[Budget], T]) -> T | None:
        """Return the answer to a look; None, noted, where its time did not suffice."""
        try:
            return self.deadline.ask(question, LOOK_SECONDS / EXPLAIN_SECONDS)
        except TimedOut:
            if what not in self.found.unasked:
                self.found.unasked.append(what)
            return None

    def count(self, what: str, tree: Filter) -> LowerBound | None:
        """Return how many logs of the range satisfy *tree*; of all time where the range holds none."""
        query = replace(self.query, start=None, end=None) if self.bare else self.query
        asked = replace(query, filter=tree, count="auto")
        page = self.ask(what, partial(self.index.find, asked))
        return None if page is None or page.total is None else LowerBound(page.total, total_is(page.exact))

    def first(self, what: str, query: Query) -> tuple[LogRecord | None, bool]:
        """Return the first log of a query, and whether that could be asked."""
        page = self.ask(what, partial(self.index.find, replace(query, count="none")))
        return (None, False) if page is None else (next(iter(page.records), None), True)

    def occurs(self, what: str, tree: Filter) -> bool | None:
        """Return whether any log of any time satisfies *tree*; None where that could not be asked."""
        record, asked = self.first(what, Query(tree, limit=1))
        return record is not None if asked else None

    def clauses(self) -> None:
        """Look how many logs each clause costs."""
        parts = clauses(self.query.filter)
        what = "how many logs there are without each condition"
        found = [self.clause(parts, number, what) for number in range(min(len(parts), CLAUSES))]
        if len(found) > 1 and not any(one.without and one.without.total for one in found):
            what = "how many logs each condition finds by itself"
            found = [replace(one, alone=self.count(what, one.filter)) for one in found]
        if len(parts) > CLAUSES:
            self.found.unasked.append(f"conditions beyond the first {CLAUSES}")
        self.found.clauses = found

    def clause(self, parts: Sequence[Filter], number: int, what: str) -> Clause:
        """Look at one clause."""
        rest = normal(And((*parts[:number], *parts[number + 1 :])))
        return Clause(parts[number], rest, self.count(what, rest))

    @property
    def bare(self) -> bool:
        """Whether the range is known to hold no log at all."""
        return self.found.range == LowerBound(0, "exact")

    def nearest(self) -> None:
        """Look for what lies next to the range."""
        matching = self.query.filter
        self.found.before, self.found.after = self.beside(matching)
        if not (self.found.before or self.found.after) and matching != EVERYTHING:
            self.found.nearest_match = False
            if self.bare:
                self.found.before, self.found.after = self.beside(EVERYTHING)

    def beside(self, tree: Filter) -> tuple[LogRecord | None, LogRecord | None]:
        """Return the nearest logs before and after the range."""
        what, query = "what is near the time range", replace(self.query, filter=tree)
        before = after = None
        if query.start is not None:
            before = self.first(what, replace(query, start=None, end=_previous(query.start)))[0]
        if query.end is not None:
            after = self.first(what, replace(query, start=_next(query.end), end=None, sort="asc"))[0]
        return before, after

    def names(self) -> set[str]:
        """Look which fields no log has; return them."""
        tree = self.query.filter
        named = dict.fromkeys(
            name for leaf in leaves(tree) if (name := getattr(leaf, "field", "")) not in ("", *_ALWAYS)
        )
        unknown: set[str] = set()
        for name in list(named)[:FIELDS_LIMIT]:
            if self.occurs("whether the fields occur", Exists(name)) is False:
                unknown.add(name)
                known = [info.name for info in self.known(Query()).fields() if info.name != name]
                offered = near(name, known, SUGGESTIONS)
                corrected = [(one, renamed(tree, name, one)) for one in offered]
                self.found.mistyped.append(Mistyped(name, None, [one for one in corrected if _sayable(one[1])]))
        return unknown

    def values(self, unknown: set[str]) -> None:
        """Look which values no log has in their field."""
        tree, what = self.query.filter, "whether the values occur"
        for name, value in list(dict.fromkeys(wanted(tree)))[:VALUES_LIMIT]:
            if name in (*unknown, *_UNLIKE) or self.occurs(what, Equals(name, value)) is not False:
                continue
            holding = self.ask(what, partial(self.index.find, Query(Contains(name, value), limit=20, count="none")))
            held = [one for record in (holding.records if holding else ()) for one in texts(record, name)]
            held = [one for one in held if fold(value) in fold(one)]
            known = [one.value for one in self.known(Query()).values(name)[0]]
            offered = resembling(value, [*held, *known], SUGGESTIONS)
            corrected = [(one, revalued(tree, name, value, one)) for one in offered]
            self.found.mistyped.append(Mistyped(name, value, corrected))

    def known(self, query: Query) -> Known:
        """Return what the index knows within one look's time."""
        return Known(self.index, query, "", self.memory, self.deadline.within(LOOK_SECONDS))

    def clocks(self) -> None:
        """Look for logs that arrived in the range though their own time lies outside."""
        query = self.query
        outside = normal(And((query.filter, Not(Range("timestamp", query.start, query.end)))))
        asked = replace(query, filter=outside, clock="received", limit=CLOCKS)
        page = self.ask("whether clocks of senders are off", partial(self.index.find, asked))
        if page is not None and page.records:
            typical = round(median(record.t - record.received for record in page.records))
            total = len(page.records) if page.total is None else page.total
            self.found.skew = Skew(total, total_is(page.exact), typical)


#: Fields that every log has; the values of _UNLIKE can't be mistyped for others.
_UNLIKE = ("message", "id", *TIME_FIELDS)
_ALWAYS = ("level", *_UNLIKE)


def explain(index: SearchIndex, query: Query, memory: Memory, budget: Budget = Budget()) -> Explanation:
    """Return what keeps *query* from finding logs, as far as EXPLAIN_SECONDS reach. Raises Unavailable."""
    looks = _Looks(index, query, memory, replace(budget, seconds=min(budget.seconds, EXPLAIN_SECONDS)))
    if looks.window:
        looks.found.range = looks.count("how many logs the time range holds", EVERYTHING)
    looks.clauses()
    if looks.window:
        looks.nearest()
        if query.clock == "event":
            looks.clocks()
    looks.values(looks.names())
    return looks.found


def _sayable(tree: Filter) -> bool:
    """Return whether a query can say the filter: not every field has ranges."""
    try:
        return parse(text(tree)) == normal(tree)
    except InvalidQuery:
        return False


def _previous(at: Instant) -> Instant:
    return (at[0], at[1] - 1) if at[1] else (at[0] - 1, 999_999)


def _next(at: Instant) -> Instant:
    return (at[0], at[1] + 1) if at[1] < 999_999 else (at[0] + 1, 0)
