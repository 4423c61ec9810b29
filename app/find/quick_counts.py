"""Counts beside a page of logs, as far as a short time reaches: over time, by value, by field.

Where the time ends before all is counted, what was counted is the newest, and says how far back it goes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from functools import partial
from typing import TypeVar

from app.errors import TimedOut, Unavailable
from app.find.counts import alignment
from app.ports.deadline import Budget
from app.ports.index import SearchIndex
from app.query.filter import EVERYTHING
from app.query.meaning import as_text, scalars
from app.query.query import Bucket, FieldInfo, Query, Value
from app.times.instant import Instant

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
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

T = TypeVar("T")


class Time:
    """Seconds that several steps share."""

    def __init__(self, budget: Budget) -> None:
        self._until = time.monotonic() + budget.seconds
        self._budget = budget

    def left(self, share: float = 1.0) -> Budget:
        """Return what is left as the budget of one step, at most a *share* of the whole."""
        seconds = min(self._until - time.monotonic(), share * self._budget.seconds)
        return replace(self._budget, seconds=max(seconds, 0.0))

    def ask(self, question: Callable[[Budget], T], share: float = 1.0) -> T:
        """Return the answer to *question* in a *share* of the whole.

        Raises TimedOut also where the index, left no time to answer in, seems not to be there.
        """
        budget = self.left(share)
        until = time.monotonic() + budget.seconds
        try:
            return question(budget)
        except TimedOut:
            raise
        except Unavailable as error:
            if time.monotonic() >= until or budget.cancelled():
                raise TimedOut(str(error)) from None
            raise


@dataclass(frozen=True, slots=True)
class Chart:
    """The logs of a query over time, by level."""

    interval: int
    #: Start of the first bucket, in ms, and how many there are up to the end of the range.
    start: int
    size: int
    #: What was counted: the newest buckets, all of them if the time sufficed.
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


def chart(index: SearchIndex, query: Query, most: int, left: Time, zone: tzinfo = UTC) -> Chart | None:
    """Return the counts of the query in about *most* buckets or fewer; None when there is nothing to count.

    Buckets begin where the clock of the *zone* shows a multiple of their width. An end that the query leaves open is the first or last of its logs. Raises TimedOut when not even the newest
    part could be counted.
    """
    query = replace(query, after=None)
    window = _range(index, query, left)
    if window is None:
        return None
    start, end = window
    interval = suitable(end[0] - start[0], most)
    offset = alignment(interval, zone, start[0])
    first = start[0] - (start[0] - offset) % interval
    size = (end[0] - first) // interval + 1
    counted: list[Bucket] = []
    left = Time(left.left(CHART_SHARE))
    for count in _parts(size):
        high = first + (size - len(counted)) * interval
        low = high - count * interval
        part = replace(query, start=max(start, (low, 0)), end=min(end, (high - 1, 999_999)))
        try:
            counted[:0] = left.ask(partial(index.histogram, part, interval, True, offset))
        except TimedOut:
            if not counted:
                raise
            break
    return Chart(interval, first, size, counted)


def _range(index: SearchIndex, query: Query, left: Time) -> tuple[Instant, Instant] | None:
    if query.start is not None and query.end is not None:
        return query.start, query.end
    try:
        span = left.ask(partial(index.span, query), RANGE_SHARE)
    except TimedOut:
        # Where matching logs are rare their first is far to seek; that of all logs is known at once.
        span = left.ask(partial(index.span, replace(query, filter=EVERYTHING)))
    return None if span is None else (query.start or span[0], query.end or span[1])


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


def values(index: SearchIndex, query: Query, fields: Sequence[str], size: int, over: Chart, left: Time) -> Values:
    """Return the *size* most frequent values of each field.

    In all logs of the query, or in the newest ones if that takes long; *over* is its chart. Raises TimedOut.
    """
    query = replace(query, after=None)
    if over.whole:
        with suppress(TimedOut):
            found = left.ask(partial(index.facets, query, fields, size), TRY_SHARE)
            return Values(found.fields, found.exact)
    found = left.ask(partial(index.facets, newest(query, over), fields, size))
    return Values(found.fields, found.exact and over.whole and over.total < SAMPLE_LOGS)


def tallied(index: SearchIndex, query: Query, fields: Sequence[str], size: int, left: Time) -> tuple[Values, int]:
    """Return the *size* most frequent values of each field of the metadata in the newest logs, and how many those were.

    Raises TimedOut.
    """
    page = left.ask(partial(index.find, replace(query, after=None, sort="desc", limit=TALLIED_LOGS, count="none")))
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


def fields(index: SearchIndex, query: Query, over: Chart, left: Time) -> Fields:
    """Return the fields that occur in the logs of the query, or in the newest ones. Raises TimedOut."""
    query = replace(query, after=None)
    found = None
    if over.whole:
        with suppress(TimedOut):
            found = left.ask(partial(index.fields, query), TRY_SHARE)
    if found is None:
        found = left.ask(partial(index.fields, newest(query, over)))
    # Every log has a message, so its count is that of the logs looked at.
    logs = next((info.count for info in found if info.name == "message"), 0)
    return Fields(found, logs, over.whole and logs >= over.total)


def newest(query: Query, over: Chart) -> Query:
    """Return the query in the newest buckets of its chart that hold SAMPLE_LOGS logs, or all that were counted."""
    seen, at = 0, over.counted_from
    for bucket in reversed(over.buckets):
        seen += bucket.count
        if seen >= SAMPLE_LOGS:
            at = bucket.start
            break
    return replace(query, start=(at, 0) if query.start is None else max(query.start, (at, 0)))
