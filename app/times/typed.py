"""Times as people write and paste them: absolute in every usual form, relative to now, in words.

A text can name a stretch rather than a point: a bare date is a whole day, `now/h` a whole hour. So can a time
that a zone's clock shows twice. Every reader gets the first and the last instant, and takes the one that
keeps the stretch whole.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

from app.times import instant, written
from app.times.instant import Instant
from app.times.zone import from_local, offset_at, to_local

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY = 86_400_000
#: Milliseconds of the units with a fixed length; d and w go by the calendar of the zone.
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "H": 3_600_000, "d": _DAY, "w": 7 * _DAY}
_MONTHS = {"M": 1, "y": 12}
_CALENDAR = ("d", "w", *_MONTHS)
#: Days in words, as days from today.
_WORDS = {"yesterday": -1, "today": 0, "tomorrow": 1}

_DATE = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_STEP = re.compile(r"([+-])(\d{1,9})(ms|[smhHdwMy])|/([smhHdwMy])", re.ASCII)
_CLOCK = re.compile(r"(\d\d?:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(Z|z|\s?[+-]\d\d:?\d\d)?", re.ASCII)
_OFFSET = re.compile(r"[Zz]\Z|\b(?:UTC|GMT)\Z|[+-]\d\d:?\d\d\Z", re.ASCII)
_AGO = re.compile(
    r"(\d{1,9})\s*(ms|[smhdwy]|sec|min|(?:second|minute|hour|day|week|month|year)s?) ago|-(\d{1,9}(?:ms|[smhdwMy]))",
    re.ASCII,
)
_AGO_UNITS = {"sec": "s", "min": "m", "month": "M", "months": "M"}
#: Characters of the longest text of a range.
LONGEST = 200
#: Signs and words that may stand between the two ends of a range in one text.
_BETWEEN = re.compile(r"\s+(?:–|—|-|to|until|till)\s+|\s*(?:–|—|→|\.\.\.?|…)\s*|/", re.ASCII)


@dataclass(frozen=True, slots=True)
class RequestTime:
    """The time of a request, in milliseconds since 1970, and the zone in which it means its times."""

    ms: int
    zone: tzinfo = UTC


class Named(NamedTuple):
    """The time that a text names: its first and last instant, and what besides the text decides them."""

    first: Instant
    last: Instant
    #: `instant`: nothing; `local`: the clock of the zone; `stretch`: its calendar, or now.
    kind: Literal["instant", "local", "stretch"]


def time_span(value: str | int | float, now: int, zone: tzinfo = UTC) -> tuple[Instant, Instant]:
    """Return the first and last instant that *value* names; *now* is in milliseconds since 1970.

    A time without an offset, and a day, are of the *zone*. Raises ValueError with a sentence that follows the value.
    """
    first, last, _ = named(value, now, zone)
    return first, last


def named(value: str | int | float, now: int, zone: tzinfo = UTC) -> Named:
    """Return what *value* names.

    Takes RFC 3339 and the forms of `formats_time`, a bare date, a time of today, an epoch number (its size
    shows the unit), `now` with steps such as `-15m` and `/d`, `15m ago`, yesterday, today and tomorrow. Raises ValueError.
    """
    if isinstance(value, int | float):
        point = instant.from_number(value)
        return Named(point, point, "instant")
    text = value.strip()
    if text.startswith("now"):
        return _relative(text, now, zone)
    if _NUMBER.fullmatch(text) is not None:
        point = instant.from_number(int(text) if text.lstrip("+-").isdigit() else float(text))
        return Named(point, point, "instant")
    if (ago := _AGO.fullmatch(text)) is not None:
        return _relative(
            f"now-{ago[3] or ago[1] + _AGO_UNITS.get(ago[2], ago[2] if ago[2] == 'ms' else ago[2][0])}", now, zone
        )
    if text.lower() in _WORDS:
        return _day(to_local(now, zone) // _DAY * _DAY + _WORDS[text.lower()] * _DAY, zone)
    return _absolute(text, now, zone)


def _absolute(text: str, now: int, zone: tzinfo) -> Named:
    if (found := _DATE.fullmatch(text)) is not None:
        return _day(instant.parse("-".join(found.groups()))[0], zone)
    said = written.written(text, written.Assumed(_moment(now, zone), zone))
    if said is not None and said.clock is None:
        return _day(instant.parse(said.day)[0], zone)
    if said is not None:
        text = f"{said.day}T{said.clock}{said.offset or ''}"
    elif (found := _CLOCK.fullmatch(text)) is not None:
        text = f"{_today(now, zone)}T{_padded(text)}"
    try:
        point = instant.parse(text)
    except ValueError as error:
        if str(error).startswith("is not"):
            raise ValueError("is not a time; write 2023-09-15T08:00:00Z, 2023-09-15, now or now-15m") from None
        raise
    return Named(point, point, "instant") if instant.names_offset(text) else _local(point, zone)


def _padded(clock: str) -> str:
    return f"0{clock}" if clock[1] == ":" else clock


def _moment(now: int, zone: tzinfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now)).astimezone(zone)


def _today(now: int, zone: tzinfo) -> str:
    return instant.text((to_local(now, zone), 0))[:10]


def _local(point: Instant, zone: tzinfo) -> Named:
    first, last = from_local(point[0], zone)
    return Named(_checked((first, point[1])), _checked((last, point[1])), "local")


def _day(local: int, zone: tzinfo) -> Named:
    return _stretch(from_local(local, zone)[0], from_local(local + _DAY, zone)[0] - 1)


def _stretch(first: int, last: int) -> Named:
    return Named(_checked((first, 0)), _checked((last, 999_999)), "stretch")


def _checked(point: Instant) -> Instant:
    if not instant.FIRST <= point <= instant.LAST:
        raise ValueError("lies outside the years 0001 to 9999")
    return point


def _relative(text: str, now: int, zone: tzinfo) -> Named:
    ms, at, end = now, len("now"), None
    try:
        while at < len(text):
            step = _STEP.match(text, at)
            if step is None:
                fault = f"“{text[at : at + 20]}” at place {at} is no step" if at else ""
                raise ValueError(
                    f"is not a relative time: {fault}; write now, now-15m or now-1d/d (units: ms s m h d w M y)"
                )
            sign, count, unit, rounded = step.groups()
            if rounded:
                ms, end = _rounded(ms, rounded, zone)
            else:
                ms, end = _moved(ms, int(sign + count), unit, zone), None
            at = step.end()
    except OverflowError:
        raise ValueError("lies outside the years 0001 to 9999") from None
    return Named(_checked((ms, 0)), _checked((ms, 0)), "stretch") if end is None else _stretch(ms, end)


def _moved(ms: int, count: int, unit: str, zone: tzinfo) -> int:
    if unit not in _CALENDAR:
        return ms + count * _UNITS[unit]
    return from_local(_along(to_local(ms, zone), count, unit), zone)[0]


def _rounded(ms: int, unit: str, zone: tzinfo) -> tuple[int, int]:
    """Return the first and last millisecond of the unit that holds *ms*."""
    if unit not in _CALENDAR:
        # By the offset of this very instant: the hour in which a clock is set back is two.
        first = ms - to_local(ms, zone) % _UNITS[unit]
        return first, first + _UNITS[unit] - 1
    floor = _floor(to_local(ms, zone), unit)
    # The next unit begins where this one ends, even where the clock shows midnight twice.
    return from_local(floor, zone)[0], from_local(_along(floor, 1, unit), zone)[0] - 1


def _along(local: int, count: int, unit: str) -> int:
    if unit in _UNITS:
        return local + count * _UNITS[unit]
    days, rest = divmod(local, _DAY)
    day = _date(days)
    year, month = divmod(day.year * 12 + day.month - 1 + count * _MONTHS[unit], 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    last = monthrange(year, month + 1)[1]
    return (date(year, month + 1, min(day.day, last)).toordinal() - _EPOCH_DAY) * _DAY + rest


def _floor(local: int, unit: str) -> int:
    if unit == "w":  # weeks begin on Monday, and 1970 began on a Thursday
        return (local + 3 * _DAY) // (7 * _DAY) * (7 * _DAY) - 3 * _DAY
    if unit == "d":
        return local - local % _DAY
    day = _date(local // _DAY)
    first = day.replace(month=1, day=1) if unit == "y" else day.replace(day=1)
    return (first.toordinal() - _EPOCH_DAY) * _DAY


def _date(days: int) -> date:
    if not 1 <= days + _EPOCH_DAY <= date.max.toordinal():
        raise OverflowError
    return date.fromordinal(days + _EPOCH_DAY)


def split(text: str, now: int, zone: tzinfo = UTC) -> tuple[str, str] | None:
    """Return both ends of a range written as one text, such as `2023-09-15 08:00 – 09:00`; None where the text is not a range.

    A second end that is a time of day only is of the day, and has the offset, of the first.
    """
    if len(text) > LONGEST:
        return None
    for between in _BETWEEN.finditer(text):
        low, high = text[: between.start()].strip(), text[between.end() :].strip()
        try:
            start = named(low, now, zone)
            if _CLOCK.fullmatch(high):
                high = _of_day(high, low, start, zone)
            named(high, now, zone)
        except ValueError:
            continue
        return low, high
    return None


def _of_day(clock: str, low: str, start: Named, zone: tzinfo) -> str:
    """Return a time of day as one of the day of another time, which may name its offset."""
    found = _OFFSET.search(low) if start.kind == "instant" else None
    offset = "" if found is None else "Z" if found[0] in ("UTC", "GMT") else found[0]
    minutes = instant.parse(f"1970-01-01T00:00{offset}")[0] // -60_000 if offset else offset_at(start.first[0], zone)
    day = instant.text((start.first[0] + minutes * 60_000, 0))[:10]
    return f"{day} {_padded(clock)}{'' if _OFFSET.search(clock) else offset}"
