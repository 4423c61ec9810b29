"""The overview of a bound reader: counts of the logs that it may see, and which resources sent them; of the system nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.damage import passed
from app.errors import LogIngestorError
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.query.query import Query, Value
from app.times.instant import now_ms

#: The logs that are counted arrived within so many ms; None stands for all of them.
SPANS = (("the last hour", 3_600_000), ("the last day", 86_400_000), ("all", None))
#: Levels of each that are shown, most frequent first; seconds that all counts may take.
LEVELS, PATIENCE = 8, 2.0


@dataclass(frozen=True, slots=True)
class SpanCount:
    """How many logs arrived in a span of time, and the most frequent of their levels."""

    name: str
    logs: int
    levels: Sequence[Value]
    #: False where only the newest could be counted in time.
    exact: bool


def counts(index: SearchIndex) -> tuple[list[SpanCount], str | None]:
    """Return what the index holds, by span; and why the rest is not known, None where all is."""
    found, budget = list[SpanCount](), Deadline(Budget(PATIENCE)).shared()
    now = now_ms()
    try:
        for name, length in SPANS:
            start = None if length is None else (now - length, 0)
            page = index.find(Query(clock="received", start=start, limit=1, count="exact"), budget)
            facets = index.facets(Query(clock="received", start=start), ("level",), LEVELS, budget)
            found.append(
                SpanCount(name, page.total or 0, facets.fields["level"], page.exact and facets.exact and not passed())
            )
    except LogIngestorError as error:
        return found, str(error)
    return found, None
