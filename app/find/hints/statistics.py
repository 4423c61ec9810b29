"""One field of the logs of a query in figures: how many have it, its values, their types, least, mean and greatest.

Where that would take long, only the newest logs that have the field are looked at, and the answer says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import fsum, isfinite
from typing import Any, TypeVar

from app.errors import TimedOut
from app.find.hints.explain import LowerBound
from app.log.scalars import as_text, number, type_of
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.query.filter import EVERYTHING, TIME_FIELDS, And, Exists
from app.query.meaning import values
from app.query.normal import normal
from app.query.query import Facets, Query, Value
from app.shown import total_is
from app.times.instant import Instant

#: The newest logs whose values are looked at one by one, and most different values that are distinguished.
LOOKED_AT, DISTINCT = 5_000, 10_000
PERCENTILES = (5, 25, 50, 75, 95, 99)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a field."""

    count: int
    least: float
    mean: float
    greatest: float
    #: By their percentage; each is a number that occurs.
    percentiles: dict[int, float]


@dataclass(slots=True)
class Statistics:
    """The figures of a field; None where a figure could not be computed in time or does not exist."""

    name: str
    #: How many logs the query has, and how many of them have the field.
    logs: LowerBound | None = None
    having: LowerBound | None = None
    #: How many of the newest logs that have it were looked at, and the types of their values.
    looked_at: int = 0
    types: dict[str, int] = field(default_factory=dict)
    numbers: Numbers | None = None
    distinct: LowerBound | None = None
    #: The most frequent values; of all logs if that is exact, else of the newest.
    top: Sequence[Value] = ()
    top_exact: bool = True
    first: Instant | None = None
    last: Instant | None = None
    unasked: list[str] = field(default_factory=list)

    @property
    def counted(self) -> bool:
        """Whether it is known how many logs have the field."""
        return self.having is not None and self.having.exact

    @property
    def whole(self) -> bool:
        """Whether all logs that have the field were looked at."""
        return self.having is not None and self.having.exact and self.having.total <= self.looked_at


def statistics(index: SearchIndex, query: Query, name: str, size: int, budget: Budget) -> Statistics:
    """Return the figures of a field, with its *size* most frequent values, as far as the budget reaches.

    Raises Unavailable.
    """
    query = replace(query, after=None, sort="desc")
    held = replace(query, filter=normal(And((query.filter, Exists(name)))))
    found, deadline = Statistics(name), Deadline(budget)

    def ask(what: str, question: Callable[[Budget], T], share: float) -> T | None:
        try:
            return deadline.ask(question, share)
        except TimedOut:
            found.unasked.append(what)
            return None

    page = ask("how many logs there are", partial(index.find, replace(query, limit=1, count="auto")), 0.2)
    if page is not None and page.total is not None:
        found.logs = LowerBound(page.total, total_is(page.exact))
    page = ask("the newest logs with the field", partial(index.find, replace(held, limit=LOOKED_AT)), 0.4)
    if page is not None and page.total is not None:
        found.having = LowerBound(page.total, total_is(page.exact))
    if query.filter == EVERYTHING and query.start is None and query.end is None and not found.counted:
        # The index keeps the fields of all logs.
        infos = ask("how many logs have it", partial(index.fields, query), 0.2) or ()
        found.having = next((LowerBound(info.count, "exact") for info in infos if info.name == name), found.having)
    each = [values(record, name) for record in page.records] if page is not None else []
    _look_at(found, each)
    span = ask("its first and last log", partial(index.span, held), 0.2)
    if span is not None:
        found.first, found.last = span
    if name not in (*TIME_FIELDS, "id", "message"):
        _tell_apart(found, ask("all its values", partial(index.facets, query, [name], DISTINCT), 1.0), each, size)
    return found


def _look_at(found: Statistics, each: Sequence[Sequence[Any]]) -> None:
    """Take types and numbers from the values of the newest logs."""
    found.looked_at = len(each)
    scalars = [value for one in each for value in one]
    time = found.name in TIME_FIELDS
    found.types = dict(Counter("time" if time else type_of(value) for value in scalars).most_common())
    numbers = sorted(one for value in scalars if (one := number(value)) is not None and isfinite(one))
    if numbers:
        last = len(numbers) - 1
        percentiles = {percent: numbers[-(-percent * last // 100)] for percent in PERCENTILES}
        mean = fsum(one / len(numbers) for one in numbers)
        found.numbers = Numbers(len(numbers), numbers[0], mean, numbers[-1], percentiles)


def _tell_apart(found: Statistics, facets: Facets | None, each: Sequence[Sequence[Any]], size: int) -> None:
    """Take the different values from what the index counted; without that, from the newest logs."""
    if facets is not None:
        held, exact = facets.fields[found.name], facets.exact
    elif each:
        tally = Counter(text for one in each for text in {as_text(value) for value in one})
        held, exact = [Value(text, count) for text, count in tally.most_common()], found.whole
    else:
        return
    found.distinct = LowerBound(len(held), total_is(exact and len(held) < DISTINCT))
    found.top, found.top_exact = held[:size], exact
