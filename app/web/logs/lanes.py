"""Lanes of a trace as places in an SVG: what is known is drawn, to scale, and each log stays large enough to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.find.trace import Lane, TraceEntry
from app.log.record import id_text
from app.times import lengths
from app.web.render.display import plain, rank, shorten
from app.web.search.chart import RANKS

#: Places for marks in all lanes together, and in one: logs at one place are one mark of the gravest level.
MARKS, FEWEST, MOST = 2_400, 24, 400
#: Most marks of a page that have a tooltip each.
TITLED = 500
#: Depth to which names are indented.
DEEPEST = 8
#: Marks on the axis, at most.
TICKS = 5
#: Errors and worse, by their class.
_BAD = ("s6", "s5")
_GRAVITY = {name: place for place, name in enumerate(RANKS)}


@dataclass(frozen=True, slots=True)
class Scale:
    """From instants, in ns, to places in percent of the whole."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The whole time; 0 of a single moment."""
        return self.end - self.start

    def place(self, at: int) -> float:
        """Return where an instant is, in percent."""
        return 100 * (at - self.start) / self.length if self.length else 0.0

    def extent(self, start: int, end: int) -> tuple[str, str]:
        """Return place and width of a stretch of time, in percent."""
        return _short(self.place(start)), _short(100 * (end - start) / self.length if self.length else 0.0)

    def offset(self, at: int) -> str:
        """Return the distance of an instant from the start, as exact as the length of the whole asks for."""
        ns = at - self.start
        if self.length >= 3_600 * 10**9:
            hours, rest = divmod(ns // 10**6, 3_600_000)
            return f"+{hours}:{rest // 60_000:02}:{rest % 60_000 // 1000:02}.{rest % 1000:03}"
        if self.length >= 10**9:
            return f"+{ns / 10**9:.3f} s"
        if self.length >= 10**6 or self.length == 0:
            return f"+{ns / 10**6:.3f} ms"
        return f"+{ns / 1000:.3f} µs"

    def ticks(self) -> list[tuple[str, str]]:
        """Return place and name of round distances from the start."""
        if not self.length:
            return [("0", "0")]
        step = _round(self.length / TICKS)
        return [
            (_short(100 * at / self.length), lengths.brief(at) if at else "0") for at in range(0, self.length, step)
        ]


@dataclass(frozen=True, slots=True)
class LaneMark:
    """Logs at one place of a lane."""

    x: str
    rank: str
    #: The id of the log where the mark stands for a single one, else empty; the mark's tooltip.
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One lane as the page shows it."""

    lane: Lane
    count: int
    #: Number of errors and worse; class of the gravest level.
    bad: int
    rank: str
    start: str
    length: str
    #: Place and width of the time that its logs cover, and of the time that they say it took beyond that.
    extent: tuple[str, str]
    claimed: tuple[str, str] | None
    marks: Sequence[LaneMark]
    #: Class of its indentation.
    indent: str
    #: Whether it begins before the span that it is a part of.
    early: bool


def rows_of(lanes: Sequence[Lane], scale: Scale) -> list[LaneRow]:
    """Return the lanes as rows."""
    places = min(max(MARKS // max(len(lanes), 1), FEWEST), MOST)
    titled = sum(min(len(lane.logs), places) for lane in lanes) <= TITLED
    begins = {lane.span: lane.start for lane in lanes if lane.span is not None}
    rows = []
    for lane in lanes:
        ranks = [rank(entry.level) for entry in lane.logs]
        rows.append(
            LaneRow(
                lane,
                len(lane.logs),
                sum(1 for one in ranks if one in _BAD),
                min(ranks, key=_GRAVITY.__getitem__),
                scale.offset(lane.start),
                lengths.brief(lane.end - lane.start) if lane.end > lane.start else "",
                scale.extent(lane.first, lane.last),
                scale.extent(lane.start, lane.end) if lane.reported else None,
                _marks(lane.logs, scale, places, titled=titled),
                f"d{min(lane.depth, DEEPEST)}",
                lane.nested and lane.start < begins.get(lane.parent or "", lane.start),
            )
        )
    return rows


def _marks(logs: Sequence[TraceEntry], scale: Scale, places: int, *, titled: bool) -> list[LaneMark]:
    """Return the marks of a lane, the gravest last so that none hides it."""
    found = dict[int, list[TraceEntry]]()
    for entry in logs:
        found.setdefault(round(scale.place(entry.at) * places / 100), []).append(entry)
    marks = []
    for some in found.values():
        gravest = min(some, key=lambda entry: _GRAVITY[rank(entry.level)])
        alone = len(some) == 1
        text = f"{scale.offset(some[0].at)} {gravest.level}: {gravest.message}" if alone else _several(some, scale)
        marks.append(
            LaneMark(
                _short(scale.place(gravest.at)),
                rank(gravest.level),
                id_text(gravest.key[2]),
                plain(shorten(text, 120)) if titled else "",
            )
        )
    return sorted(marks, key=lambda mark: -_GRAVITY[mark.rank])


def _several(some: Sequence[TraceEntry], scale: Scale) -> str:
    return f"{len(some):,} logs from {scale.offset(some[0].at)} to {scale.offset(some[-1].at)}"


def _round(ns: float) -> int:
    """Return the least round length of time that is not shorter."""
    for size, steps in ((1, _decimal()), (60 * 10**9, (1, 2, 5, 10, 30, 60, 120, 360, 720))):
        for step in steps:
            if step * size >= ns:
                return step * size
    day = 86_400 * 10**9
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * day >= ns:
                return factor * power * day
        power *= 10


def _decimal() -> list[int]:
    steps = [factor * 10**power for power in range(11) for factor in (1, 2, 5)]
    return [step for step in steps if step <= 30 * 10**9]


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".") or "0"
