"""The counts beside the logs of the search page: its chart, its fields, and the most frequent values of each.

They never hold up or take away the rows: what is not counted at once is fetched after them, within COUNT_SECONDS, and
where the index can't count the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.errors import InvalidQuery, Problem, TimedOut, Unavailable
from app.find import counts
from app.find.counts import Chart
from app.find.hints.statistics import statistics
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.query.filter import EVERYTHING, FIELDS, TEXT_LIMIT, TIME_FIELDS
from app.query.names import check_name
from app.query.query import FieldInfo, Query, Value
from app.web.render import zone
from app.web.render.picks import picked
from app.web.search import chart, field_words
from app.web.search.form import SearchForm

#: Seconds that all counts of a page may take where the reader waits for nothing else, and beside the rows.
COUNT_SECONDS = 0.5
QUICK_SECONDS = 0.1
#: Values shown of a field, and fields listed.
VALUES, FIELDS_SHOWN = 8, 60
#: Fields whose values are shown at once, since the index keeps their counts; and how many fields are, with those of the
#: metadata that most logs have. Values of others are shown when they are opened.
OPEN, SHOWN_AT_ONCE = ("level", "resourceId", "commit"), 5
#: How the metadata fields shown at once are chosen: among the CHOSEN_AMONG most frequent, those whose values SHARING logs
#: share on average at least; those with 2 to HANDFUL values come first.
CHOSEN_AMONG, SHARING, HANDFUL = 12, 4, 30
#: Fields whose values are all different, or are the text itself: they are listed only.
PLAIN = ("message", "id", *TIME_FIELDS)


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value of a field."""

    value: str
    count: int
    #: The value of the form's `keep` and `exclude`; None where the value is too long for a filter.
    pick: str | None
    #: Share of the logs looked at, in percent, as the width of its bar.
    share: str


@dataclass(frozen=True, slots=True)
class FieldValues:
    """The most frequent values of one field."""

    name: str
    values: Sequence[ValueRow]
    #: Whether there are more values, and whether the counts are of all logs that match.
    more: bool
    exact: bool
    #: Why there are none.
    trouble: str = ""
    statistics: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field in the list: its name, the type of its values, and in how many of the logs it occurs."""

    name: str
    type: str
    count: int
    #: In percent, rounded so that 0 and 100 mean none and all.
    filled: str
    plain: bool
    listed: FieldValues | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Chart, fields and total, which the page shows beside its logs."""

    drawing: chart.Drawing | None = None
    lines: Sequence[FieldLine] = ()
    #: How many fields are not listed.
    hidden: int = 0
    #: Number of logs in which the fields were looked for, and whether these are all that match.
    logs: int = 0
    exact: bool = True
    #: Why there is no chart, or no fields.
    no_chart: str = ""
    no_fields: str = ""


@dataclass(slots=True)
class _Counter:
    """Counts for one page, in one time."""

    index: SearchIndex
    query: Query
    form: SearchForm
    deadline: Deadline
    chart: Chart | None = field(default=None, init=False)

    def count(self, *, partly: bool = True) -> Counts:
        """Return the counts; what can't be had says why. Unless *partly* is wanted no time is lost after the first such."""
        try:
            most = chart.most_bars(self.form)
            self.chart = counts.chart(self.index, self.query, most, self.deadline, zone.current())
        except Unavailable as error:
            return Counts(no_chart=_trouble(error), no_fields=_trouble(error))
        if self.chart is None:
            return Counts()
        if not (partly or self.chart.whole):
            return Counts(no_chart="Counting took too long to be done beside the rows.")
        drawing = chart.draw(self.chart, self.query, self.form)
        try:
            return replace(self.fields(self.chart), drawing=drawing)
        except Unavailable as error:
            return Counts(drawing, no_fields=_trouble(error))

    def fields(self, over: Chart) -> Counts:
        """Return the list of fields, with values of those that are open."""
        found = counts.fields_beside(self.index, self.query, over, self.deadline)
        infos = sorted(found.fields, key=_order)
        listed = self.listed([info.name for info in infos if info.name in OPEN], over, found.logs)
        listed |= self.chosen([info.name for info in infos], SHOWN_AT_ONCE - len(listed))
        if self.form.values in {info.name for info in infos if info.name not in PLAIN}:
            listed[self.form.values] = _looked_at(self.index, self.query, self.form.values, self.deadline)
        lines = [self.line(info, found.logs, listed.get(info.name)) for info in infos[:FIELDS_SHOWN]]
        return Counts(None, lines, len(infos) - len(lines), found.logs, found.exact)

    def chosen(self, names: Sequence[str], most: int) -> dict[str, FieldValues]:
        """Return the values, in the newest logs, of fields of the metadata that most logs have and many share."""
        own = [name for name in names if name.startswith("metadata.")][:CHOSEN_AMONG]
        if not own or most <= 0:
            return {}
        try:
            values, logs = counts.values_tallied(self.index, self.query, own, counts.TALLIED_LOGS, self.deadline)
        except Unavailable:
            return {}
        shared = [
            name
            for name in own
            if 0 < len(values.fields[name]) * SHARING <= sum(one.count for one in values.fields[name])
        ]
        # A handful of values to choose among is worth more than one that all share, or dozens.
        shared.sort(key=lambda name: not 2 <= len(values.fields[name]) <= HANDFUL)
        return {name: listed(name, values.fields[name], logs, exact=values.exact) for name in shared[:most]}

    def listed(self, names: Sequence[str], over: Chart, logs: int) -> dict[str, FieldValues]:
        """Return the values of the fields; those of levels are in the chart already."""
        found: dict[str, FieldValues] = {}
        if over.whole and "level" in names:
            found["level"] = listed("level", over.levels(), over.total, exact=True)
        names = [name for name in names if name not in found]
        if not names:
            return found
        try:
            values = counts.values_beside(self.index, self.query, names, VALUES + 1, over, self.deadline)
        except Unavailable as error:
            return found | {name: FieldValues(name, (), False, False, _trouble(error)) for name in names}
        of = over.total if values.exact else logs
        return found | {name: listed(name, values.fields[name], of, exact=values.exact) for name in names}

    def line(self, info: FieldInfo, logs: int, values: FieldValues | None) -> FieldLine:
        """Return a field as a line of the list."""
        share = field_words.percent(info.count, logs)
        return FieldLine(info.name, info.type, info.count, share, info.name in PLAIN, values)


def at_once(index: SearchIndex, query: Query, form: SearchForm, budget: Budget) -> Counts | None:
    """Return the counts of a page that is just made; None where they are better fetched after its rows.

    Those of all logs are kept by the index. Others are counted here only for who asked for that: without JavaScript
    nothing can follow.
    """
    if form.counts:
        return count(index, query, form, budget)
    if query.filter != EVERYTHING or query.start is not None or query.end is not None:
        return None
    found = _Counter(index, query, form, Deadline(replace(budget, seconds=QUICK_SECONDS))).count(partly=False)
    return None if found.no_chart or found.no_fields else found


def count(index: SearchIndex, query: Query, form: SearchForm, budget: Budget) -> Counts:
    """Return the counts of the page, as far as COUNT_SECONDS reach."""
    return _Counter(index, query, form, Deadline(replace(budget, seconds=COUNT_SECONDS))).count()


def values(index: SearchIndex, query: Query, form: SearchForm, name: str, budget: Budget) -> FieldValues:
    """Return the most frequent values of one field, in all logs of the query or in the newest.

    Raises InvalidQuery for what is no field with values.
    """
    if name in PLAIN or name == "metadata":
        raise InvalidQuery(Problem("has no values to count", "field"))
    try:
        check_name(name)
    except ValueError as error:
        raise InvalidQuery(Problem(str(error), "field")) from None
    return _looked_at(index, query, name, Deadline(replace(budget, seconds=COUNT_SECONDS)))


def _looked_at(index: SearchIndex, query: Query, name: str, deadline: Deadline) -> FieldValues:
    """Return one field's values with its statistics."""
    try:
        found = statistics(index, query, name, VALUES + 1, deadline.shared())
    except Unavailable as error:
        return FieldValues(name, (), False, False, _trouble(error))
    if found.distinct is None:
        return FieldValues(name, (), False, False, _trouble(TimedOut("")), field_words.lines(found))
    of = found.having.total if found.having is not None and found.top_exact else 0
    return replace(listed(name, found.top, of, exact=found.top_exact), statistics=field_words.lines(found))


def listed(name: str, values: Sequence[Value], logs: int, *, exact: bool) -> FieldValues:
    """Return values as the page shows them; their bars are shares of *logs*, or of the most frequent value."""
    of = max([logs, *(value.count for value in values)], default=1)
    shown = [
        ValueRow(
            value.value,
            value.count,
            picked(name, value.value) if len(value.value) <= TEXT_LIMIT else None,
            f"{100 * value.count / of:.1f}",
        )
        for value in values[:VALUES]
    ]
    return FieldValues(name, shown, len(values) > VALUES, exact)


def _order(info: FieldInfo) -> tuple[int, int, str]:
    """Return where a field stands: the fixed ones as in a log, then metadata that most logs have, then what all have."""
    if info.name in PLAIN:
        return len(FIELDS) + 1, 0, info.name
    return (FIELDS.index(info.name), 0, "") if info.name in FIELDS else (len(FIELDS), -info.count, info.name)


def _trouble(error: Unavailable) -> str:
    if isinstance(error, TimedOut):
        return f"Counting took longer than {COUNT_SECONDS:g} s. A narrower query or range is counted."
    return f"Counts can't be had now: {error}"
