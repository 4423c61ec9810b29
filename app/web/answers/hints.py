"""Answers of the routes that help who is asking."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from app.find.hints.complete import Completion, Completions
from app.find.hints.explain import Clause, Explanation, LowerBound, Mistyped, Skew
from app.find.hints.statistics import Numbers, Statistics
from app.log.record import LogRecord, id_text
from app.query.query import Clock, Value
from app.query.text import text
from app.shown import Count, Moment, Shown, ShownProblem
from app.times import instant
from app.times.instant import Instant
from app.web.answers.find import Exact, PartialAnswer, PendingAnswer

Unasked = Annotated[list[str], Meta(description="What could not be found out in the time there is.")]


class CompletionsAnswer(PartialAnswer):
    """`start` and `end` are the characters of `q` that `insert` replaces."""

    start: Count
    end: Count
    completions: list[Completion]
    exact: Exact
    problem: ShownProblem | None

    @classmethod
    def of(cls, found: Completions) -> CompletionsAnswer:
        """Return the answer that shows what may be written."""
        return cls(
            True,
            found.place.start,
            found.place.end,
            list(found.found),
            found.exact,
            None if found.problem is None else ShownProblem.of(found.problem),
        )


class ShownClause(Shown, omit_defaults=True):
    """One of the conditions that must all hold, and how many logs there are without it, and by itself if that was counted."""

    query: str
    rest: str
    without: LowerBound | None
    alone: LowerBound | None = None

    @classmethod
    def of(cls, one: Clause) -> ShownClause:
        """Return a clause as answers show it."""
        return cls(text(one.filter), text(one.rest), one.without, one.alone)


class ShownPlace(Shown):
    """Where a log is."""

    id: str
    at: Moment

    @classmethod
    def of(cls, record: LogRecord | None, clock: Clock) -> ShownPlace | None:
        """Return the place of a log by a clock."""
        if record is None:
            return None
        at = (record.t, record.ns) if clock == "event" else (record.received, 0)
        return cls(id_text(record.id), instant.text(at))


class Nearest(Shown):
    """The logs before and after the time range, and whether they match the query."""

    match: bool
    before: ShownPlace | None
    after: ShownPlace | None


class ShownCorrection(Shown):
    """A word that may have been meant, and the query with it."""

    text: str
    query: str


class ShownMistyped(Shown):
    """A field that no log has, or a value that no log has in it."""

    field: str
    value: str | None
    near: list[ShownCorrection]

    @classmethod
    def of(cls, one: Mistyped) -> ShownMistyped:
        """Return what may be mistyped as answers show it."""
        return cls(one.field, one.value, [ShownCorrection(near, text(corrected)) for near, corrected in one.near])


class ExplanationAnswer(PendingAnswer):
    """The reasons why a query finds no logs."""

    clauses: list[ShownClause]
    range: LowerBound | None
    nearest: Nearest
    mistyped: list[ShownMistyped]
    skew: Skew | None
    unasked: Unasked

    @classmethod
    def of(cls, found: Explanation, clock: Clock, pending: dict[str, Any]) -> ExplanationAnswer:
        """Return the answer that shows an explanation."""
        return cls(
            True,
            [ShownClause.of(one) for one in found.clauses],
            found.range,
            Nearest(found.nearest_match, ShownPlace.of(found.before, clock), ShownPlace.of(found.after, clock)),
            [ShownMistyped.of(one) for one in found.mistyped],
            found.skew,
            found.unasked,
            **pending,
        )


class StatisticsAnswer(PendingAnswer):
    """One field in figures."""

    field: str
    logs: LowerBound | None
    having: LowerBound | None
    looked_at: Count
    types: dict[str, Count]
    numbers: Numbers | None
    distinct: LowerBound | None
    values: list[Value]
    exact: Exact
    first: Moment | None
    last: Moment | None
    unasked: Unasked

    @classmethod
    def of(cls, found: Statistics, pending: dict[str, Any]) -> StatisticsAnswer:
        """Return the answer that shows the figures of a field."""
        return cls(
            True,
            found.name,
            found.logs,
            found.having,
            found.looked_at,
            found.types,
            found.numbers,
            found.distinct,
            list(found.top),
            found.top_exact,
            _moment(found.first),
            _moment(found.last),
            found.unasked,
            **pending,
        )


def _moment(at: Instant | None) -> str | None:
    return None if at is None else instant.text(at)
