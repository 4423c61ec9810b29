"""Times as they stand at the head of a line: a table of forms, each a pattern whose groups name the parts of a time."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.times import instant, tai, written
from app.times.names import DAYS, MONTHS
from app.times.written import Assumed

#: Offsets of the abbreviations that mean one zone only; those of America as RFC 2822 (section 4.3) has them.
ABBREVIATIONS: dict[str, str] = {
    **dict.fromkeys(("UTC", "GMT", "WET", "UCT"), "Z"),
    **dict.fromkeys(("CET", "WEST", "MEZ"), "+01:00"),
    **dict.fromkeys(("CEST", "EET", "SAST", "MESZ"), "+02:00"),
    **dict.fromkeys(("EEST", "MSK"), "+03:00"),
    **{"PKT": "+05:00", "WIB": "+07:00", "HKT": "+08:00", "AWST": "+08:00", "SGT": "+08:00", "JST": "+09:00"},
    **{"KST": "+09:00", "ACST": "+09:30", "ACDT": "+10:30", "AEST": "+10:00", "AEDT": "+11:00"},
    **{"NZST": "+12:00", "NZDT": "+13:00", "EST": "-05:00", "EDT": "-04:00", "CDT": "-05:00", "MST": "-07:00"},
    **{"MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "AKST": "-09:00", "AKDT": "-08:00", "HST": "-10:00"},
}
#: Abbreviations of several zones: the offset is known only where it is the assumed zone's own.
AMBIGUOUS = ("CST", "IST", "BST", "AST", "ADT", "GST", "ECT", "SST", "WST")

#: Words that say that a clock of twelve hours is behind noon, and before it.
_AFTER, _BEFORE = ("p", "午後", "م", "오후", "下午"), ("a", "午前", "ص", "오전", "上午")

#: structlog's console long wrote its seconds behind a point: `18:46.40`.
_CLOCK = r"(?P<clock>\d{1,2}:\d\d(?::\d\d(?:[.,:]\d{1,9}(?:\.\d{3}(?=[ \]]))?)?|\.\d\d(?=[ \]]))?)(?!\d)"
_HALF = r"(?:[ \u202f\xa0]?(?P<half>[AaPp]\.?[ \xa0\u202f]?[Mm](?![A-Za-z])\.?|午[前後]|[مص](?!\w)|오[전후]|[上下]午))?"
_NAMES = "|".join(sorted((*ABBREVIATIONS, *AMBIGUOUS), key=len, reverse=True))
#: A `Z` stands close to the time; an offset of four digits behind a blank is none that no zone has.
_ZONE = (
    r"(?:(?P<zone>[Zz](?!\w)|[ ]Z(?=\])|[+-]\d\d(?![\d:])|[ ]?[+-]\d\d:\d\d(?![\d:])|[ ]?[+-](?:0\d|1[0-4])(?:00|15|30|45)(?!\w)"
    rf"|[ ]?(?:UTC|GMT)[+-]\d\d?(?::?\d\d)?(?!\w)(?:[ ]\([A-Z][^()]{{2,60}}\))?|[ ](?:{_NAMES})(?!\w)|[ ][A-Z][a-z]{{2,9}}/[A-Z][\w/+-]{{2,30}}))?"
)
_DAYTIME = _CLOCK + _HALF + _ZONE
_NAME = r"(?P<name>[^\W\d_]{3,10}|\d{1,2}月)\.?"
_WEEKDAY = r"(?:(?P<week>[^\W\d_]{2,10}),? )"
_JOINT = r"(?:[Tt_ |]|-(?=\d\d:\d\d:\d\d\.)|\]\s?\[|::?|, | - | at | @ )\s?"

#: The forms by what they begin with; the order matters: the longest date is tried first.
_FORMS: dict[str, tuple[str, ...]] = {
    "digit": (
        rf"(?P<year>\d{{4}})[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?){_JOINT}{_DAYTIME}",
        rf"(?P<day>\d\d?)[-/ .](?P<name>[^\W\d_]{{3,10}})[-/ .,](?P<year>\d{{4}}){_JOINT}{_DAYTIME}",
        rf"(?P<a>\d\d?)(?P<sign>[/.-])(?P<b>\d\d?)(?P=sign)(?P<year>\d{{4}}),?{_JOINT}{_DAYTIME}",
        rf"(?P<day>\d\d)[- ](?P<name>[A-Z][a-z]{{2}})[- ](?P<short>\d\d)[ ]{_DAYTIME}",
        rf"(?P<a>\d\d)(?P<sign>[/.])(?P<b>\d\d)(?P=sign)(?P<c>\d\d),?[ ]{_DAYTIME}",
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)[T ]{_DAYTIME}",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)T(?P<packed>\d{6}(?:[.,]\d{1,9})?)" + _ZONE,
        rf"(?P<short>\d\d)(?P<month>\d\d)(?P<day>\d\d)[ ]{{1,2}}{_CLOCK}",
        r"(?P<short>\d\d)(?P<month>\d\d)(?P<day>\d\d)[ ](?P<packed>\d{6})(?:[ ]\d{1,3}(?!\d))?(?!\d)",
        rf"(?P<month>\d\d)-(?P<day>\d\d)[ |]{_CLOCK}",
        rf"(?P<name>\d\d?月)[ ](?P<day>\d\d?),?[ ](?P<year>\d{{4}})[ ]{_DAYTIME}",
        rf"(?P<day>\d\d)(?P<name>[A-Z][a-z]{{2}})(?P<year>\d{{4}})[ ]{_DAYTIME}",
        rf"(?P<day>\d\d?)[ ](?P<name>[A-Z][a-z]{{2}})[ ]{_DAYTIME}",
        rf"(?P<day>\d\d)[ ](?P<month>\d\d)[ ](?P<year>\d{{4}})[ ]{_DAYTIME}",
        rf"(?P<a>\d\d)(?P<sign>/)(?P<b>\d\d)[ -]{_DAYTIME}",
        r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?P<packed>\d{6}(?:\d{3})?)(?![\w.])",
        r"(?P<number>\d{9,10}(?:\.\d{1,9})?|\d{13}|\d{16}|\d{19}|\d\.\d{4,18}e\+0?9)(?![\w.])",
        r"(?P<clock>\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?)(?![\d:])"
        + _HALF
        + r"(?P<zone>[Zz](?!\w)|[ ][+-](?:0\d|1[0-4]):(?:00|15|30|45)(?![\d:]))?",
        r"(?P<clock>\d{1,2}:\d\d)(?P<half>[AP]M)(?!\w)",
    ),
    "word": (
        rf"{_WEEKDAY}(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[ ]{_DAYTIME}",
        rf"{_WEEKDAY}(?P<day>\d\d?)[ ]{_NAME}[ ](?P<year>\d{{4}}){_JOINT}{_DAYTIME}",
        rf"{_WEEKDAY}?{_NAME}[ ]{{1,2}}(?P<day>\d\d?),?[ ](?P<year>\d{{4}})(?:,|[ ]@|[ ]at|[ ]-)?[ ]{_DAYTIME}",
        rf"{_WEEKDAY}?{_NAME}[ ]{{1,2}}(?P<day>\d\d?)[ ]{_CLOCK}(?P<zone>[ ](?:{_NAMES}))?[ ](?P<year>(?:19|20)\d\d)(?!\w)",
        # Behind it stands syslog's host, which may be called `pm2` or `am-web1`.
        rf"{_NAME}[ ]{{1,2}}(?P<day>\d\d?)[ ]{_CLOCK}(?:{_HALF}(?![\w.-]))?{_ZONE}",
        rf"{_NAME}[-/](?P<day>\d\d?)[-/](?P<year>\d{{4}}),?{_JOINT}{_DAYTIME}",
        rf"(?P<name>[A-Z][a-z]{{2}})-(?P<day>\d\d)[ ]{_CLOCK}",
    ),
}
_TABLE = {kind: tuple(re.compile(form) for form in forms) for kind, forms in _FORMS.items()}
#: The usual time, where what follows it is no half of a day and no zone: the first form, recognised at once.
_USUAL = re.compile(
    r"(\d{4}-(?:0[1-9]|1[0-2])-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?"
    r"(?:(Z)(?!\w)|(?=$|[\]|]|[ ](?:[\[\d(|<]|-[ ]|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)[ :\]])))",
    re.ASCII,
)
#: How every time begins that begins with a word: a number behind the first word or the second.
_WORDED = re.compile(r"[^\W\d_]{2,10}(?:\.?,?[ ]{1,2}|[-/](?=\d))(?:[^\W\d_]{3,10}\.?[ ]{1,2})?\d")
#: Longest text in which a time is looked for.
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time at the head of a line: what it says, and where it ends."""

    #: RFC 3339 or a number since 1970; None where the form leaves the day open.
    value: str | int | float | None
    end: int
    #: `full` with its day, `clock` without one, `weak` where the digits may be something else.
    kind: str
    #: The written text where it could not be understood: `03/04/2026 10:00`, a zone that is two.
    said: str | None = None


def at(text: str, place: int, assumed: Assumed) -> Stamp | None:
    """Return the time that stands at *place* of *text* in one of the forms; None where none does."""
    first = text[place : place + 1]
    if first == "@" and (label := tai.read(text, place)) is not None:
        return Stamp(*label, "full")
    kind = "digit" if first.isdigit() else "word" if first.isalpha() else None
    if kind is None or (kind == "word" and _WORDED.match(text, place) is None):
        return None
    if kind == "digit" and (usual := _USUAL.match(text, place)) is not None:
        day, clock, fraction, zone = usual.groups()
        value = written.compose(day, f"{clock}.{fraction}" if fraction else clock, zone, assumed)
        if value is not None:
            return Stamp(value, usual.end(), "full")
    head = text[place : place + _LONGEST]
    if not head.isascii():
        head = "".join(str(unicodedata.digit(sign)) if sign.isdigit() and not sign.isascii() else sign for sign in head)
    for form in _TABLE[kind]:
        if (found := form.match(head)) is not None and (stamp := _stamp(found, place, assumed)) is not None:
            return stamp
    return None


def from_value(value: Any, assumed: Assumed) -> str | int | float | None:
    """Return what a field of a time holds, in any form of a line's head too; None when it is no time."""
    found = written.from_value(value, assumed)
    if found is not None or not isinstance(value, str):
        return found
    stamp = at(text := value.strip(), 0, assumed)
    return stamp.value if stamp is not None and stamp.end == len(text) and stamp.kind == "full" else None


def order_of(texts: list[str]) -> str | None:
    """Return the order of dates in slashes at the heads of *texts*, `dmy` or `mdy`, where one of them shows it."""
    for text in texts:
        found = _TABLE["digit"][2].match(text.lstrip("[( "))
        if found is not None and found["sign"] == "/" and (order := _order(found)) is not None:
            return order
    return None


def _order(found: re.Match[str]) -> str | None:
    if found["sign"] == ".":
        return "dmy"
    if int(found["a"]) > 12:
        return "dmy"
    return "mdy" if int(found["b"]) > 12 or found["half"] else None


def _stamp(found: re.Match[str], place: int, assumed: Assumed) -> Stamp | None:
    parts = {name: value for name, value in found.groupdict().items() if value is not None}
    end = place + found.end()
    if "week" in parts and parts["week"].lower() not in DAYS:
        return None  # another word before a date is of the text, or names who wrote it
    if "number" in parts:
        return Stamp(written.from_value(_number(parts["number"]), assumed), end, "weak")
    clock = _clock(parts)
    if clock is None:
        return None
    offset, said = _offset(parts)
    if "day" not in parts and "a" not in parts:
        return Stamp(_today(clock, offset, assumed), end, "full" if "half" in parts else "clock")
    kind = "weak" if _is_weak(parts) else "full"
    day = _day(found, parts, clock, assumed)
    if day is None:
        ambiguous = "a" in parts and int(parts["a"]) <= 12 and int(parts["b"]) <= 12
        return Stamp(None, end, kind, found[0].strip()) if ambiguous else None
    own = _own(day, clock, said, assumed)
    value = written.compose(day, clock, offset or own, assumed)
    return None if value is None else Stamp(value, end, kind, None if own else said)


def _number(digits: str) -> int | float:
    """Return the number; seconds with more digits than a float holds become nanoseconds."""
    whole, _, fraction = digits.partition(".")
    if len(whole) > 8 and len(fraction) > 6:
        return int(whole) * 10**9 + int(fraction.ljust(9, "0"))
    return float(digits) if fraction else int(digits)


def _is_weak(parts: dict[str, str]) -> bool:
    """Return whether the digits may be something else: all in one, or two numbers and a time of day."""
    if "packed" in parts:
        return "short" in parts or parts["packed"][6:7].isdigit()
    return not parts.keys() & {"year", "short", "name", "a"}


def _clock(parts: dict[str, str]) -> str | None:
    """Return the time of day as `hh:mm:ss` with its fraction, of twenty-four hours."""
    if "packed" in parts:
        packed = parts["packed"]
        return f"{packed[:2]}:{packed[2:4]}:{packed[4:6]}" + (f".{packed[6:].lstrip('.,')}" if packed[6:] else "")
    if parts["clock"][-3:-2] == "." and parts["clock"].count(":") == 1:
        parts["clock"] = parts["clock"].replace(".", ":")
    hour, minute, *rest = parts["clock"].replace(",", ".").split(":", 2)
    if rest and rest[0].count(".") > 1:  # log4cplus puts a point between milliseconds and microseconds
        rest = ["".join(rest[0].rsplit(".", 1))]
    number = int(hour)
    half = parts.get("half", "").lower()
    if half and not 1 <= number <= 12:
        return None
    if half.startswith(_AFTER):
        number = number % 12 + 12
    elif half.startswith(_BEFORE):
        number %= 12
    return f"{number:02}:{minute}:{rest[0] if rest else '00'}"


def _offset(parts: dict[str, str]) -> tuple[str | None, str | None]:
    """Return the offset that the written zone has at all times, or None and the zone's name where it depends on the date."""
    zone = parts.get("zone", "").partition(" (")[0].strip()  # JavaScript names it behind the offset
    if not zone or zone in "Zz":
        return ("Z" if zone else None), None
    if re.fullmatch(r"[+-]\d\d:?\d\d", zone) is not None:
        return zone, None
    if (found := re.fullmatch(r"(?:UTC|GMT)?([+-])(\d\d?)(?::?(\d\d))?", zone)) is not None:
        return f"{found[1]}{int(found[2]):02}:{found[3] or '00'}", None
    return ABBREVIATIONS.get(zone), zone if zone not in ABBREVIATIONS else None


def _own(day: str, clock: str, zone: str | None, assumed: Assumed) -> str | None:
    """Return the offset that the named *zone* has then: a region's, or the assumed zone's if that is its name."""
    if zone is None:
        return None
    try:
        local = datetime.fromisoformat(f"{day}T{clock[:8]}")
        region = ZoneInfo(zone) if "/" in zone else assumed.zone
        moment = local.replace(tzinfo=region)
    except (ValueError, OSError, LookupError):
        return None
    return written.offset_text(moment.utcoffset()) if "/" in zone or moment.tzname() == zone else None


def _day(found: re.Match[str], parts: dict[str, str], clock: str, assumed: Assumed) -> str | None:
    if "c" in parts:
        year, month, day = _two_digits(parts)
    elif "a" in parts:
        order = _order(found) or assumed.order
        if order is None:
            return None
        day, month = (parts["a"], parts["b"]) if order == "dmy" else (parts["b"], parts["a"])
        year = parts.get("year", "")
    else:
        year = parts.get("year") or (f"20{parts['short']}" if "short" in parts else "")
        month, day = parts.get("month") or _month(parts["name"]), parts["day"]
    if not month or not 1 <= int(month) <= 12:
        return None
    if not year:
        return written.latest(int(month), day, clock, assumed)
    return f"{year}-{int(month):02}-{int(day):02}"


def _two_digits(parts: dict[str, str]) -> tuple[str, str, str]:
    """Read `17/06/09`: the year first, as Spark writes it, where the first can be no month; dots are day first."""
    a, b, c = parts["a"], parts["b"], parts["c"]
    if parts["sign"] == ".":
        return f"20{c}", b, a
    if int(a) > 12:
        return f"20{a}", b, c
    return (f"20{c}", a, b) if int(b) > 12 else ("", "", "")


def _month(name: str) -> str:
    return name[:-1] if name[:-1].isdecimal() else str(MONTHS.get(name.lower().rstrip("."), ""))


def _today(clock: str, offset: str | None, assumed: Assumed) -> str | None:
    """Return the latest such time of day that is at most an hour ahead of what is assumed as now."""
    latest = instant.from_number(int((assumed.now + timedelta(hours=1)).timestamp() * 1000))
    for days in (1, 0, -1):
        day = (assumed.now + timedelta(days=days)).date()
        value = written.compose(day.isoformat(), clock, offset, assumed)
        # Not as a datetime, which has no leap seconds.
        if value is not None and instant.parse(value) <= latest:
            return value
    return None
