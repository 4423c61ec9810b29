"""The window of the search page: its ends as they are shown, quick ranges, and the ranges beside it.

An end is shown as the clock of the zone has it, in whatever form it was typed or pasted; relative times, days and
words stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from app.errors import InvalidQuery
from app.query.request import read_query
from app.times import instant, lengths, typed
from app.times.instant import Instant
from app.times.typed import Named, named
from app.times.zone import from_local, is_twofold, read_zone, text, to_local
from app.web.render import zone
from app.web.search.empty import RANGES
from app.web.search.form import SHOWN, SearchForm

#: Ranges of one click besides those from some time until now: start, end, name.
DAYS = (
    ("today", "", "today"),
    ("yesterday", "yesterday", "yesterday"),
    ("now/w", "", "this week"),
    ("now-1w/w", "now-1w/w", "last week"),
    ("now/M", "", "this month"),
    ("now-30d", "", "the last 30 days"),
)
#: Names of the inputs.
LABELS = {"from": "From", "to": "To", "tz": "Zone"}
#: The names of quick ranges in a sentence.
NAMED = {(start, ""): f"in {full}" for start, _, full in RANGES if start}
NAMED |= {(start, end): f"{'in' if full.startswith('the') else 'of'} {full}" for start, end, full in DAYS}

_SINCE = re.compile(r"now-(\d{1,8})(ms|[smhdwMy])", re.ASCII)
_MS = 1_000_000
_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Move:
    """A button that moves the time range; its `range` is None where it would leave the years that can be shown."""

    symbol: str
    title: str
    #: The value of the form's `range`; a link would hold the whole state.
    range: str | None


@dataclass(frozen=True, slots=True)
class PageWindow:
    """The window as the page shows it."""

    #: Both ends, as their inputs show them.
    start: str
    end: str
    moves: Sequence[Move]
    #: Both ends in full and the length of the range; the empty text where an end can't be read.
    said: str


@dataclass(frozen=True, slots=True)
class _Range:
    """A range in nanoseconds since 1970."""

    start: int
    end: int
    #: Whether `end` is the first instant after it, as of a day, rather than its last.
    whole: bool

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def last(self) -> int:
        return self.end - self.whole

    def moved(self, start: int, end: int) -> _Range:
        """Return the range with its ends moved so far."""
        return replace(self, start=self.start + start, end=self.end + end)


def settled(form: SearchForm, args: Mapping[str, str], now: int) -> SearchForm:
    """Return the state whose ends mean the same to whoever follows its link.

    A range that was pasted into one input is both ends, and a time without an offset gets that of the zone: of the
    one that it was shown in, where only the zone was changed.
    """
    here = zone.current()
    if form.start and _named(form.start, now, here) is None:
        ends = typed.split(form.start, now, here)
        if ends is not None:
            form = replace(form, start=ends[0], end=ends[1])
    if "range" in args:
        start, _, end = args["range"].partition("|")
        form = replace(form, start=start, end=end)
    form = replace(form, tz=args.get("zone", form.tz))
    before = _zone(args.get("was_tz") or "UTC", here)
    start, end = (
        zone.pinned(value, before if value == args.get(was) else here, end=was == "was_to")
        for value, was in ((form.start, "was_from"), (form.end, "was_to"))
    )
    return replace(form, start=start, end=end)


def _zone(name: str, other: tzinfo) -> tzinfo:
    try:
        return read_zone(name)
    except InvalidQuery:
        return other


def view(form: SearchForm, now: int) -> PageWindow:
    """Return what the page shows of the window of *form*."""
    here = zone.current()
    start, end = (_named(value, now, here) for value in (form.start, form.end))
    wrong = (form.start and start is None) or (form.end and end is None)
    range_ = None if wrong or start is None else _range(start.first, (now, 0) if end is None else end.last)
    return PageWindow(
        _shown(form.start, start, here),
        _shown(form.end, end, here),
        _moves(form, range_, here, now),
        "" if wrong else _said(start, end, range_),
    )


def phrase(form: SearchForm, now: int) -> str:
    """Return how a sentence on the logs found goes on with their window."""
    if (form.start, form.end) in NAMED:
        return f", {NAMED[form.start, form.end]}"
    seen = view(form, now)
    return "".join(f", {word} {at}" for word, at in (("from", seen.start), ("until", seen.end)) if at)


def _range(first: Instant, last: Instant) -> _Range | None:
    whole = last[1] == _MS - 1
    range_ = _Range(first[0] * _MS + first[1], last[0] * _MS + last[1] + whole, whole)
    return range_ if range_.length > 0 else None


def meant(args: Mapping[str, str], now: int) -> dict[str, object]:
    """Return what From and To in *args* mean: in words, whether they are wrong, and each as a calendar's input takes it."""
    try:
        zone.check()
        form = settled(SearchForm.read(args), args, now)
        read_query(dict(form.state(*SHOWN)), now=now)
    except InvalidQuery as error:
        faults = "; ".join(f"{LABELS.get(one.field or '', one.field)} {one.message}" for one in error.problems)
        return {"said": faults, "wrong": True, "from": "", "to": ""}
    here = zone.current()
    ends = {name: _named(value, now, here) for name, value in (("from", form.start), ("to", form.end))}
    shown = {
        name: _calendar(found.first if name == "from" else found.last, here) if found is not None else ""
        for name, found in ends.items()
    }
    return {"said": view(form, now).said, "wrong": False, **shown}


def _calendar(moment: Instant, here: tzinfo) -> str:
    return instant.text((to_local(moment[0], here) // 1000 * 1000, 0))[:19]


def _named(value: str, now: int, here: tzinfo) -> Named | None:
    try:
        return named(value, now, here) if value else None
    except ValueError:
        return None


def _shown(value: str, found: Named | None, here: tzinfo) -> str:
    """Return an end as its input shows it: a point in time by the clock of the zone."""
    if found is None or found.kind == "stretch":
        return value
    return local_text(found.first, here)


def local_text(moment: Instant, here: tzinfo) -> str:
    """Return an instant as a time that is read back in the zone: with its offset only where it needs that."""
    full = text(moment, here, brief=True)
    bare = full.removesuffix("Z") if here is UTC else full[:-6] if full[-6] in "+-" else full
    twofold = is_twofold(to_local(moment[0], here), here)
    return (full if twofold or bare == full else bare).replace("T", " ")


def _moves(form: SearchForm, range_: _Range | None, here: tzinfo, now: int) -> list[Move]:
    if range_ is None:
        return [Move(symbol, name, None) for symbol, name in (("‹", "Earlier"), ("−", "Zoom out"), ("›", "Later"))]
    length = lengths.brief(range_.length)
    later = None if not form.end or range_.end >= now * _MS else _beside(range_, 1, here)
    return [
        Move("‹", f"Earlier by {length}", _beside(range_, -1, here)),
        Move("−", f"Zoom out: twice {length}", _wider(form, range_, here)),
        Move("›", f"Later by {length}", later),
    ]


def _beside(range_: _Range, steps: int, here: tzinfo) -> str | None:
    """Return the range so many lengths of itself away; that of whole days goes by the calendar."""
    days = _days(range_, here)
    if days is None:
        away = steps * range_.length
        return _written(range_.moved(away, away), here)
    first, last = (day + steps * (days[1] - days[0]) for day in days)
    if not instant.FIRST[0] <= first * _DAY < last * _DAY <= instant.LAST[0]:
        return None
    return "|".join(instant.text((day * _DAY, 0))[:10] for day in (first, last - 1))


def _wider(form: SearchForm, range_: _Range, here: tzinfo) -> str | None:
    """Return the range twice as long: about its middle, or, where it reaches until now, from earlier."""
    if not form.end:
        since = _SINCE.fullmatch(form.start)
        if since:
            return f"now-{2 * int(since[1])}{since[2]}|"
        earlier = _text(range_.start - range_.length, here)
        return f"{earlier}|" if earlier else None
    half = range_.length // 2
    return _written(range_.moved(-half, half), here)


def _days(range_: _Range, here: tzinfo) -> tuple[int, int] | None:
    """Return the range as days since 1970 of the zone's calendar, the second not included; None where it isn't whole days."""
    found = []
    for end in (range_.start, range_.end):
        ms, rest = divmod(end, _MS)
        day, clock = divmod(to_local(ms, here), _DAY)
        # A day may begin later than at midnight, where the clock skips that.
        if rest or (clock and from_local(day * _DAY, here)[0] != ms):
            return None
        found.append(day)
    return found[0], found[1]


def _written(range_: _Range, here: tzinfo) -> str | None:
    """Return a range as the form's `range` carries it; None where it lies outside the years 1 to 9999."""
    start, end = _text(range_.start, here), _text(range_.last, here)
    return f"{start}|{end}" if start and end else None


def _text(ns: int, here: tzinfo) -> str:
    moment = divmod(ns, _MS)
    return text(moment, here, brief=True) if instant.FIRST <= moment <= instant.LAST else ""


def _said(start: Named | None, end: Named | None, range_: _Range | None) -> str:
    """Return both ends in full, and how long that is."""
    first = "the first log" if start is None else zone.exactly(start.first)
    last = "now" if end is None else zone.exactly(end.last)
    return f"{first} to {last}" + (f", {lengths.brief(range_.length)}" if range_ is not None else "")
