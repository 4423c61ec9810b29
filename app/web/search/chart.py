"""The chart of the search page: bars of logs over time as the places and sizes that its SVG needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.find.counts import INTERVALS, Chart
from app.log.record import SEVERITY_NAMES
from app.query.query import Bucket, Query
from app.query.sentence import logs
from app.times import instant, lengths
from app.times.zone import from_local, to_local
from app.web.render import zone
from app.web.render.bars import by_kind, outline, short
from app.web.render.display import rank
from app.web.search.form import SearchForm

#: Height of the bars' room and least height of a piece of a bar, in px: one error among thousands is seen.
HEIGHT, LEAST = 72.0, 2.0
#: Most bars; fewer where the query's text is long, as each holds a link: together about BYTES, each BAR_BYTES and its link.
BARS, FEWEST_BARS, BYTES, BAR_BYTES = 64, 12, 21_500, 330
#: Share of its place that a bar fills, and its greatest share of the chart.
FILLED, WIDEST = 0.84, 0.04
#: Most marks on the time axis, and up to where it has room for one, on a narrow screen too.
MARKS, LAST_MARK, LAST_NARROW = 8, 0.93, 0.77
#: Ranks by the class of the style sheet, gravest first, with their names: the order in which pieces are stacked.
RANKS = {f"s{rank}": SEVERITY_NAMES[rank] for rank in range(len(SEVERITY_NAMES) - 1, -1, -1)} | {"sx": "other"}

_MINUTE, _DAY = 60_000, 86_400_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One bucket; `url` leads to the search within it, None where the bucket is empty."""

    label: str
    count: int
    #: Number by rank, gravest first.
    by: dict[str, int]
    url: str | None
    #: Its number from the left; a bar's room is 1 wide.
    place: int

    @property
    def title(self) -> str:
        """The text that is shown when a reader points at the bar."""
        parts = ", ".join(f"{count:,} {RANKS[rank]}" for rank, count in self.by.items())
        return f"{self.label}: {logs(self.count)} ({parts})"


@dataclass(frozen=True, slots=True)
class AxisMark:
    """A time on the axis."""

    x: str
    text: str
    #: Whether it would be cut on a narrow screen.
    late: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """The chart as its template needs it."""

    bars: Sequence[Bar]
    marks: Sequence[AxisMark]
    #: Names on the other axis, from above: of the greatest count and of half of it.
    top: str
    half: str
    #: Rank and outline of all its pieces in the bars.
    shapes: Sequence[tuple[str, str]]
    interval: str
    #: The whole range in words.
    range: str
    #: Rank, its name and its total, gravest first.
    legend: Sequence[tuple[str, str, int]]
    total: int
    whole: bool
    #: Since when was counted, and how many buckets were not.
    since: str
    uncounted: int
    #: For zooming by the mouse: start, width and number of the buckets; both ends of them all.
    start: int
    step: int
    size: int
    low: str
    high: str


def most_bars(form: SearchForm) -> int:
    """Return how many bars a chart of this state may have."""
    return min(BARS, max(FEWEST_BARS, BYTES // (BAR_BYTES + len(form.link()))))


def draw(chart: Chart, query: Query, form: SearchForm) -> Drawing:
    """Return the chart of *query*, whose state is *form*."""
    base = replace(form, start="", end="", cursor="", back="", open="")
    top = nice(max((bucket.count for bucket in chart.buckets), default=1) or 1)
    ends = Ends(chart, query)
    bars = _bars(chart, ends, base)
    totals: Counter[str] = sum((Counter(bar.by) for bar in bars), Counter())
    return Drawing(
        bars=bars,
        marks=_marks(chart),
        top=compact(top),
        half=compact(top // 2) if top % 2 == 0 else "",
        shapes=_shapes(bars, min(FILLED, WIDEST * chart.size), top),
        interval=lengths.worded(chart.interval * lengths.MS),
        range=_label(chart.start, chart.interval, chart.size),
        legend=[(rank, name, totals[rank]) for rank, name in RANKS.items() if totals[rank]],
        total=chart.total,
        whole=chart.whole,
        since=_moment(chart.counted_from, chart.interval),
        uncounted=chart.size - len(bars),
        start=chart.start,
        step=chart.interval,
        size=chart.size,
        low=ends.start(chart.start),
        high=ends.end(chart.start + (chart.size - 1) * chart.interval),
    )


def _bars(chart: Chart, ends: Ends, base: SearchForm) -> list[Bar]:
    bars = []
    for at, bucket in enumerate(chart.buckets, chart.size - len(chart.buckets)):
        bars.append(
            Bar(
                label=_label(bucket.start, chart.interval),
                count=bucket.count,
                by=_by_rank(bucket),
                url=base.link(start=ends.start(bucket.start), end=ends.end(bucket.start)) if bucket.count else None,
                place=at,
            )
        )
    return bars


@dataclass(frozen=True, slots=True)
class Ends:
    """First and last instant of a bucket, within the ends that the query names itself."""

    chart: Chart
    query: Query

    def start(self, at: int) -> str:
        """Return the first instant of the bucket that begins at *at*."""
        begin = max((at, 0), instant.FIRST)
        return zone.link_text(begin if self.query.start is None else max(begin, self.query.start))

    def end(self, at: int) -> str:
        """Return the last instant of the bucket that begins at *at*."""
        end = min((at + self.chart.interval - 1, 999_999), instant.LAST)
        return zone.link_text(end if self.query.end is None else min(end, self.query.end))


def _by_rank(bucket: Bucket) -> dict[str, int]:
    tally: Counter[str] = Counter()
    for level, count in bucket.by.items():
        tally[rank(level)] += count
    return {name: tally[name] for name in RANKS if tally[name]}


def _shapes(bars: Sequence[Bar], width: float, top: int) -> list[tuple[str, str]]:
    """Return the outline of all pieces of each rank."""
    pieces = []
    for bar in bars:
        bottom = HEIGHT
        for name, height in _heights(bar.by, top).items():
            pieces.append((name, outline(bar.place + (1 - width) / 2, bottom, width, height)))
            bottom -= height
    return by_kind(pieces, RANKS)


def _heights(by: dict[str, int], top: int) -> dict[str, float]:
    """Return how high the pieces of a bar are, the gravest first, which is at the bottom; none too low to be seen."""
    heights = {name: max(count / top * HEIGHT, LEAST) for name, count in by.items()}
    excess = sum(heights.values()) - HEIGHT
    if excess > 0:
        heights[max(heights, key=lambda name: heights[name])] -= excess
    return heights


def nice(count: int) -> int:
    """Return the least round number that is not below *count*: the top of an axis."""
    power = int(10 ** max(len(str(count)) - 2, 0))
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80):
            if factor * power >= count:
                return factor * power
        power *= 10


def compact(count: int) -> str:
    """Return a number in few characters: 1200 as 1.2k."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return str(count)


def _moment(ms: int, interval: int, *, offset: bool = True) -> str:
    """Return the start of a bucket with as much of the time as buckets of this width need.

    A day has a clock, too, where it doesn't begin at midnight: buckets keep their width when the zone's clock is set.
    """
    shown = zone.when((min(max(ms, instant.FIRST[0]), instant.LAST[0]), 0))
    day, clock, twofold = shown[:10], shown[11:23], shown[23:] if offset else ""
    if interval % _DAY == 0 and clock == "00:00:00.000":
        return day
    if interval % _MINUTE == 0:
        return f"{day} {clock[:5]}{twofold}"
    return f"{day} {clock if interval % 1_000 or not clock.endswith('.000') else clock[:8]}{twofold}"


def _label(ms: int, interval: int, count: int = 1) -> str:
    """Return start and end of *count* buckets in words."""
    start, end = _moment(ms, interval), _moment(ms + count * interval, interval)
    same = len(start) > 10 and start[:10] == end[:10]
    return f"{start} to {end[11:] if same else end}"


def _marks(chart: Chart) -> list[AxisMark]:
    """Return the times on the axis, round ones at starts of buckets; the day is named where it changes."""
    least = chart.interval * chart.size / MARKS
    # Where none is round, as of half years, every so many bars.
    some = chart.interval * -(-chart.size // MARKS)
    step = next((one for one in INTERVALS if one >= least and one % chart.interval == 0), some)
    # Weeks and longer begin where the chart does, on the next day.
    unit = min(step, _DAY)
    here, end = zone.current(), chart.start + chart.size * chart.interval
    first = -(-to_local(chart.start, here) // unit) * unit
    # Within one day the day is said by the range above the chart.
    first_day, last_day = (_moment(ms, chart.interval)[:10] for ms in (chart.start, end - 1))
    found, day = [], first_day if first_day == last_day else ""
    for local in range(first, to_local(end, here), step):
        ms, _ = from_local(local, here)
        at = (ms - chart.start) / (end - chart.start)
        if not 0 <= at < LAST_MARK:
            continue
        text = _moment(ms, _DAY if unit == _DAY else chart.interval, offset=False)
        shown = text if len(text) == 10 else text[11:] if text[:10] == day else text[5:]
        day = text[:10]
        found.append(AxisMark(short(100 * at), shown, at > LAST_NARROW))
    return found
