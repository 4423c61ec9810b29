"""Counts over the logs of a query: by time, by value, by field.

`histogram` and `fields` answer in full. A page shows what a short time suffices for: where it ends before all
is counted, what was counted is the newest, and says how far back it goes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from functools import partial

from app.errors import InvalidQuery, Problem, TimedOut
from app.log.scalars import as_text, scalars
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.query.filter import EVERYTHING
from app.query.query import BUCKET_LIMIT, Bucket, FieldInfo, Query, Value
from app.times.instant import Instant
from app.times.zone import offset_at

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_UNITS = {"ms": 1, "s": _SECOND, "m": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY}
#: Longest interval, in days: the range of all times has few buckets then.
INTERVAL_DAYS = 36_525
#: Intervals that `auto` chooses among, in ms; and how many buckets it makes at most, if one of them suffices.
AUTO_INTERVALS = (
    *(count * unit for unit in (_SECOND, _MINUTE) for count in (1, 5, 10, 30)),
    *(count * _HOUR for count in (1, 3, 6, 12)),
    *(count * _DAY for count in (1, 7, 30, 90, 365, 3650, INTERVAL_DAYS)),
)
AUTO_BUCKETS = 100
#: Widths of a bucket that a chart chooses among, in ms: each about twice the one before, so that a chart is never sparse.
INTERVALS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(count * _SECOND for count in (1, 2, 5, 10, 15, 30)),
    *(count * _MINUTE for count in (1, 2, 5, 10, 15, 30)),
    *(count * _HOUR for count in (1, 2, 3, 6, 12)),
    *(count * _DAY for count in (1, 2, 7, 14, 28, 91, 182, 365, 730, 1825, 3650, 7300, 18_250, 36_525)),
)
#: Shares of the whole time that the range of a chart, the chart, and the first try at fields and at values may take.
RANGE_SHARE, CHART_SHARE, TRY_SHARE = 0.2, 0.45, 0.16
#: The newest logs looked at where not all can be in time: enough for shares, few enough for a tenth of a second.
SAMPLE_LOGS = 3_000
#: The newest logs whose values are tallied where they are to come with the page.
TALLIED_LOGS = 1_000

_INTERVAL = re.compile(r"(\d{1,9})(ms|[smhdw])", re.ASCII)


def read_interval(text: str) -> int | None:
    """Return the interval in ms, None for `auto`; raises InvalidQuery naming `interval`."""
    if text == "auto":
        return None
    found = _INTERVAL.fullmatch(text)
    ms = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= ms <= INTERVAL_DAYS * _DAY:
        message = f"must be auto or a number and a unit (ms s m h d w) such as 1h, at most {INTERVAL_DAYS}d"
        raise InvalidQuery(Problem(message, "interval"))
    return ms


def histogram(
    index: SearchIndex, query: Query, interval: int | None, by_level: bool, zone: tzinfo, budget: Budget = Budget()
) -> tuple[int, Sequence[Bucket]]:
    """Return *interval* (ms; None chooses one) and the counts of the query by it, empty buckets included.

    An end that the query leaves open is the first or last of its logs. Buckets begin where the zone's
    clock shows a multiple of the interval, by the offset it has at the start of the range. Raises
    InvalidQuery naming `interval` for more than BUCKET_LIMIT buckets.
    """
    budget = Deadline(budget).shared()
    window = _window(query, lambda: index.span(query, budget))
    if window is None:
        return interval or AUTO_INTERVALS[0], []
    start, end = window
    if interval is None:
        least = (end[0] - start[0]) // AUTO_BUCKETS
        interval = next((step for step in AUTO_INTERVALS if step > least), AUTO_INTERVALS[-1])
    offset = alignment(interval, zone, start[0])
    count = (end[0] - offset) // interval - (start[0] - offset) // interval + 1
    if count > BUCKET_LIMIT:
        message = f"makes {count:,} buckets, more than {BUCKET_LIMIT:,}; take a longer one or a shorter range"
        raise InvalidQuery(Problem(message, "interval"))
    # With both ends given a log that arrives meanwhile can't stretch the range.
    query = replace(query, start=start, end=end, after=None)
    return interval, index.histogram(query, interval, by_level, offset, budget)


def fields(index: SearchIndex, query: Query, budget: Budget = Budget()) -> tuple[list[FieldInfo], bool]:
    """Return the fields that occur, by name, and whether all logs of the query were counted."""
    budget = Deadline(budget).shared()
    query = replace(query, after=None)
    found = index.fields(query, budget)
    page = index.find(replace(query, limit=1, count="auto"), budget)
    exact = page.exact and page.total is not None and page.total <= _seen(found)
    return found, exact


def _seen(found: Sequence[FieldInfo]) -> int:
    """Return how many logs were looked at: every log has a message."""
    return next((info.count for info in found if info.name == "message"), 0)


def _window(query: Query, span: Callable[[], tuple[Instant, Instant] | None]) -> tuple[Instant, Instant] | None:
    """Return the range of the query; an end that it leaves open is that of the *span* of its logs."""
    if query.start is not None and query.end is not None:
        return query.start, query.end
    found = span()
    return None if found is None else (query.start or found[0], query.end or found[1])


def alignment(interval: int, zone: tzinfo, start: int) -> int:
    """Return an instant at which a bucket begins, in ms: weeks begin on Mondays."""
    monday = 4 * _DAY if interval % (7 * _DAY) == 0 else 0
    return (monday - offset_at(start, zone) * _MINUTE) % interval


@dataclass(frozen=True, slots=True)
class Chart:
    """The logs of a query over time, by level."""

    interval: int
    #: Start of the first bucket, in ms, and how many there are up to the end of the range.
    start: int
    size: int
    #: The buckets that were counted: the newest, all of them if the time sufficed.
    buckets: Sequence[Bucket]

    @property
    def whole(self) -> bool:
        """Whether every bucket was counted."""
        return len(self.buckets) == self.size

    @property
    def counted_from(self) -> int:
        """Start of the oldest bucket that was counted, in ms."""
        return self.start + (self.size - len(self.buckets)) * self.interval

    @property
    def total(self) -> int:
        """How many logs were counted."""
        return sum(bucket.count for bucket in self.buckets)

    def levels(self) -> list[Value]:
        """Return the levels with their counts, most frequent first, then by name."""
        tally: Counter[str] = Counter()
        for bucket in self.buckets:
            tally.update(bucket.by)
        return _ranked(tally)


@dataclass(frozen=True, slots=True)
class Values:
    """The most frequent values of fields, and whether all logs of the query were looked at."""

    fields: dict[str, list[Value]]
    exact: bool


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that occur in the logs looked at, and how many logs those were."""

    fields: Sequence[FieldInfo]
    logs: int
    exact: bool


def chart(index: SearchIndex, query: Query, most: int, deadline: Deadline, zone: tzinfo = UTC) -> Chart | None:
    """Return the counts of the query in about *most* buckets or fewer; None when there is nothing to count.

    Buckets begin where the clock of the *zone* shows a multiple of their width. An end that the query leaves open
    is the first or last of its logs. Raises TimedOut when not even the newest part could be counted.
    """
    query = replace(query, after=None)
    window = _window(query, partial(_span, index, query, deadline))
    if window is None:
        return None
    start, end = window
    interval = suitable(end[0] - start[0], most)
    offset = alignment(interval, zone, start[0])
    first = start[0] - (start[0] - offset) % interval
    size = (end[0] - first) // interval + 1
    counted: list[Bucket] = []
    deadline = deadline.within(CHART_SHARE * deadline.seconds)
    for count in _parts(size):
        high = first + (size - len(counted)) * interval
        low = high - count * interval
        part = replace(query, start=max(start, (low, 0)), end=min(end, (high - 1, 999_999)))
        try:
            counted = [*deadline.ask(partial(index.histogram, part, interval, True, offset)), *counted]
        except TimedOut:
            if not counted:
                raise
            break
    return Chart(interval, first, size, counted)


def _span(index: SearchIndex, query: Query, deadline: Deadline) -> tuple[Instant, Instant] | None:
    try:
        return deadline.ask(partial(index.span, query), RANGE_SHARE)
    except TimedOut:
        # Where matching logs are rare their first is far to seek; that of all logs is known at once.
        return deadline.ask(partial(index.span, replace(query, filter=EVERYTHING)))


def suitable(ms: int, most: int) -> int:
    """Return the shortest interval that cuts a range of *ms* into *most* buckets or fewer, wherever it begins."""
    return next((step for step in INTERVALS if ms // step + 2 <= most), INTERVALS[-1])


def _parts(size: int) -> Iterator[int]:
    """Yield how many buckets to count at once, the newest first: few, then as many again as were counted."""
    part, done = max(size // 16, 1), 0
    while done < size:
        part = min(part, size - done)
        yield part
        done += part
        part = done if size - done > done else size - done


def values_beside(
    index: SearchIndex, query: Query, fields: Sequence[str], size: int, over: Chart, deadline: Deadline
) -> Values:
    """Return the *size* most frequent values of each field: in all logs or, if that takes long, in the newest.

    The *over* is the chart of the query. Raises TimedOut.
    """
    query = replace(query, after=None)
    if over.whole:
        with suppress(TimedOut):
            found = deadline.ask(partial(index.facets, query, fields, size), TRY_SHARE)
            return Values(found.fields, found.exact)
    found = deadline.ask(partial(index.facets, newest(query, over), fields, size))
    return Values(found.fields, found.exact and over.whole and over.total < SAMPLE_LOGS)


def values_tallied(
    index: SearchIndex, query: Query, fields: Sequence[str], size: int, deadline: Deadline
) -> tuple[Values, int]:
    """Return the *size* most frequent values of each field of the metadata in the newest logs, and how many those were.

    Raises TimedOut.
    """
    page = deadline.ask(partial(index.find, replace(query, after=None, sort="desc", limit=TALLIED_LOGS, count="none")))
    tallies: dict[str, Counter[str]] = {name: Counter() for name in fields}
    for record in page.records:
        pairs = {
            (path, as_text(value)) for path, value in scalars(record.metadata or {}, "metadata") if path in tallies
        }
        for path, text in pairs:
            tallies[path][text] += 1
    found = {name: _ranked(tally)[:size] for name, tally in tallies.items()}
    return Values(found, page.next is None), len(page.records)


def _ranked(tally: Counter[str]) -> list[Value]:
    return [Value(text, count) for text, count in sorted(tally.items(), key=lambda pair: (-pair[1], pair[0]))]


def fields_beside(index: SearchIndex, query: Query, over: Chart, deadline: Deadline) -> Fields:
    """Return the fields that occur in the logs of the query, or in the newest ones. Raises TimedOut."""
    query, found = replace(query, after=None), None
    if over.whole:
        with suppress(TimedOut):
            found = deadline.ask(partial(index.fields, query), TRY_SHARE)
    if found is None:
        found = deadline.ask(partial(index.fields, newest(query, over)))
    return Fields(found, _seen(found), over.whole and _seen(found) >= over.total)


def newest(query: Query, over: Chart) -> Query:
    """Return the query in the newest buckets of its chart that hold SAMPLE_LOGS logs, or all that were counted."""
    seen, at = 0, over.counted_from
    for bucket in reversed(over.buckets):
        seen += bucket.count
        if seen >= SAMPLE_LOGS:
            at = bucket.start
            break
    return replace(query, start=(at, 0) if query.start is None else max(query.start, (at, 0)))
