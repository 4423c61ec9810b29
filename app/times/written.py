"""Times as log files write them, to the RFC 3339 text that a log is accepted with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple, cast

from app.times import instant
from app.times import zone as zones

MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}

#: A date and a time of day, as most programs write them; the groups are date, time and offset.
#: A `Z` stands close to the time and ends the word: `… 14:55:48 zone` names none.
ISO = (
    r"(\d{4}[-/]\d\d[-/]\d\d)[Tt_ ](\d\d:\d\d:\d\d(?:[.,:]\d{1,9})?)"
    r"\s?(?:(?<!\s)|(?![Zz]))((?:Z|z|UTC|GMT)\b|[+-]\d\d:?\d\d(?!\d))?"
)

_ISO = re.compile(ISO, re.ASCII)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)
_CLF = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d)(?: ([+-]\d{4}))?", re.ASCII)
#: logmatic-python's time has a `Z` and behind it the offset, in which its hours are.
_BOTH = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z([+-]\d{4})", re.ASCII)
#: The end of a day, as ISO 8601 writes it.
_END = re.compile(r"(\d{4}-\d\d-\d\d)T24:00(?::00(?:\.0{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_CLOCK = r"(\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)"
_OFFSET = r"(?: (Z|UTC|GMT|[+-]\d\d:?\d\d))?"
#: `Fri, 15 Sep 2023 08:00:00 +0200` (RFC 2822); the name of the day and the time of day may be missing.
_DAY_FIRST = re.compile(rf"(?:[A-Z][a-z]{{2}}, )?(\d\d?) ([A-Z][a-z]{{2}}) (\d{{4}})(?: {_CLOCK}{_OFFSET})?", re.ASCII)
#: `Sep 15, 2023 @ 08:00:00.000`, as Kibana shows it; `Fri Sep 15 08:00:00 2023`, as C does; `Sep 15 08:00:00`, as syslog.
_MONTH_FIRST = re.compile(
    rf"(?:[A-Z][a-z]{{2}} )?([A-Z][a-z]{{2}}) {{1,2}}(\d\d?)(?:, (\d{{4}}))?(?: @)?(?: {_CLOCK}(?: (\d{{4}}))?{_OFFSET})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Assumed:
    """The assumptions of a source for what its lines leave out: the year is guessed from `now`, a time without offset is of `zone`."""

    now: datetime
    zone: tzinfo = UTC
    #: The order of dates in slashes, `dmy` or `mdy`, where the source shows it.
    order: str | None = None
    #: The dialect or form of text in which the source is known to write, and a pattern (RE2) that is found in the first line
    #: of each of its logs and in no other; None where they are recognised.
    form: str | None = None
    first_line: str | None = None

    @classmethod
    def here(cls, zone: tzinfo = UTC) -> Assumed:
        """Return what is assumed of lines read now."""
        return cls(datetime.now(zone), zone)


class Written(NamedTuple):
    """The parts of a time that a text names; a date alone has no clock."""

    day: str
    clock: str | None
    offset: str | None


def compose(day: str, clock: str, offset: str | None, assumed: Assumed) -> str | None:
    """Return the time in RFC 3339; None when there is no such day or hour."""
    day = day.replace("/", "-")
    clock = clock[:8] + clock[8:].replace(",", ".").replace(":", ".")
    if offset in (None, ""):
        offset = _offset(f"{day}T{clock[:8]}", assumed.zone)
    elif offset.upper() in ("Z", "UTC", "GMT"):
        offset = "Z"
    text = f"{day}T{clock}{offset}"
    try:
        instant.parse(text)
    except ValueError:
        return None
    return text


def _offset(local: str, zone: tzinfo) -> str:
    if zone is UTC:
        return "Z"
    try:
        offset = datetime.fromisoformat(local).replace(tzinfo=zone).utcoffset() or timedelta()
    except ValueError:
        return "Z"
    return offset_text(offset)


def offset_text(offset: timedelta | None) -> str:
    """Return an offset as RFC 3339 writes it, without seconds: zones had them before about 1930 only."""
    return zones.offset_text(round((offset or timedelta()).total_seconds() / 60))


def from_groups(found: re.Match[str], first: int, assumed: Assumed) -> str | None:
    """Return the time in three groups of a match, as ISO has them, from group *first* on."""
    return compose(found[first], found[first + 1], found[first + 2], assumed)


def from_value(value: Any, assumed: Assumed) -> str | int | float | None:
    """Return what a field of a time holds, as RFC 3339 or an epoch number; None when it is no time."""
    kind = type(value)
    if kind is int or kind is float:
        try:
            instant.from_number(value)
        except ValueError:
            return None
        return cast(int | float, value)
    return _from_text(value.strip(), assumed) if kind is str else None


def _from_text(text: str, assumed: Assumed) -> str | int | float | None:
    if text.endswith("Z") and instant.is_plain(text):
        return text
    if text[10:13] == "T24" and (found := _END.fullmatch(text)) is not None:
        return _end_of_day(found[1], found[2], assumed)
    if (found := _ISO.fullmatch(text)) is not None:
        return from_groups(found, 1, assumed)
    if (found := _CLF.fullmatch(text)) is not None:
        return _from_clf(found, assumed)
    said = _DAY_FIRST.fullmatch(text) and written(text, assumed)
    if said and said.clock is not None:
        return compose(said.day, said.clock, said.offset, assumed)
    if _NUMBER.fullmatch(text) is not None:
        return from_value(float(text) if "." in text else int(text), assumed)
    if (found := _BOTH.fullmatch(text)) is not None:
        return compose(found[1][:10], found[1][11:], found[2], assumed)
    try:
        instant.parse(text)
    except ValueError:
        return None
    return text


def _end_of_day(day: str, offset: str | None, assumed: Assumed) -> str | None:
    try:
        after = date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return compose(after.isoformat(), "00:00:00", offset, assumed)


def written(text: str, assumed: Assumed) -> Written | None:
    """Return what a time says that stands in one of the forms above, or in words; None for another form.

    The time need not exist: `15/Sep/2023:25:00:00`.
    """
    if (found := _ISO.fullmatch(text)) is not None:
        return _written(found[1].replace("/", "-"), found[2], found[3])
    if (found := _CLF.fullmatch(text)) is not None:
        return _named_month(found[3], found[2], found[1], found[4], found[5])
    if (found := _DAY_FIRST.fullmatch(text)) is not None:
        return _named_month(found[3], found[2], found[1], found[4], found[5])
    if (found := _MONTH_FIRST.fullmatch(text)) is None or (found[3] and found[5]):
        return None
    month, day, year, clock, later, offset = found.groups()
    if year or later:
        return _named_month(year or later, month, day, clock, offset)
    if month not in MONTHS or clock is None:
        return None
    guessed = latest(MONTHS[month], day, clock, assumed)
    return None if guessed is None else _written(guessed, clock, offset)


def _named_month(year: str, month: str, day: str, clock: str | None, offset: str | None) -> Written | None:
    return _written(f"{year}-{MONTHS[month]:02}-{int(day):02}", clock, offset) if month in MONTHS else None


def _written(day: str, clock: str | None, offset: str | None) -> Written:
    if clock is not None:
        clock = (f"{clock}:00" if len(clock) == 5 else clock[:8]) + clock[8:].replace(",", ".").replace(":", ".")
    return Written(day, clock, "Z" if offset and offset.upper() in ("Z", "UTC", "GMT") else offset)


def _from_clf(found: re.Match[str], assumed: Assumed) -> str | None:
    month = MONTHS.get(found[2])
    return None if month is None else compose(f"{found[3]}-{month:02}-{found[1]}", found[4], found[5], assumed)


def without_year(month: int, day: str, clock: str, assumed: Assumed) -> str | None:
    """Return the latest such time that is at most a day ahead: `Jun 14 15:16:01` names no year.

    The day of tolerance is for clocks and zones that differ; February 29 may lie years back.
    """
    guessed = latest(month, day, clock, assumed)
    return None if guessed is None else compose(guessed, clock, None, assumed)


def latest(month: int, day: str, clock: str, assumed: Assumed) -> str | None:
    """Return the latest such day, with its year, whose time is at most a day ahead of now."""
    for year in range(assumed.now.year + 1, assumed.now.year - 9, -1):
        try:
            moment = datetime.combine(date(year, month, int(day)), time.fromisoformat(clock[:8]), assumed.zone)
        except ValueError:
            continue
        if moment <= assumed.now + timedelta(days=1):
            return f"{year:04}-{month:02}-{int(day):02}"
    return None
