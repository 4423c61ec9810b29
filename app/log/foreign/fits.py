"""Whether a foreign value fits a field of a log, and what it becomes there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from app.json_text import UNWRITABLE
from app.log.dialects.dialect import Dialect, at, split
from app.log.fold import clean
from app.log.foreign import scales
from app.log.record import SEVERITY
from app.log.scalars import compact_json
from app.times import instant, stamps, written
from app.times.written import Assumed

#: Longest text of every field but the message.
SHORT = 255
#: Characters after which a sender cuts a message off, at least: pino-gelf does at 65, winston-graylog2 at 100, logstash-gelf
#: at 250. A shorter one that a longer text begins with is a title of its own.
CUT = 65
#: The least number that is the time of a log, in seconds: March 1973. A smaller one is a field of another meaning.
_LEAST = 10**8
#: Scales of numbers by the name under which they lie, where no dialect says another.
_SCALES = {
    **dict.fromkeys(("PRIORITY", "priority", "severity", "syslogseverity", "Severity", "pri"), "syslog"),
    **dict.fromkeys(("severityNumber", "SeverityNumber", "severity_number"), "otel"),
    **dict.fromkeys(("level_value", "levelValue"), "thousands"),
    **{"levelno": "python", "context.logLevel": "tens"},
}
#: Numbers below are milliseconds, or seconds, of a year before 10000; so are nanoseconds that have 18 to 20 digits.
_SAFE = 10**14
_UNITS = {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}
#: Members that hold the seconds of a time that is an object, and members that hold the rest, each with its unit in nanoseconds.
_SECONDS = ("seconds", "epochSecond", "sec", "secs", "s", "tv_sec", "epoch_second")
_RESTS = {
    **dict.fromkeys(("nanos", "nanoOfSecond", "nsec", "nanoseconds", "ns", "tv_nsec", "nano"), 1),
    **dict.fromkeys(("usec", "micros", "tv_usec"), 1000),
}
_TIMES = ("$date", "$numberLong", "timestamp", "iso", "value", "repr")
_LONG = re.compile(rb"\d{9,10}\.\d{8,9}(?!\d)")
#: A time as RFC 3339 or an epoch number; None for what is none.
Time = str | float | None
_json = msgspec.json.Encoder().encode


def dumped(value: Any) -> str:
    """Return a value as compact JSON."""
    try:
        return _json(value).decode()
    except UNWRITABLE:
        # An integer of more than 64 bits, or what is nested too deep.
        return compact_json(value)


def whole(message: Any, text: Any) -> str | None:
    """Return *text* where the *message* is its beginning, cut off within a line; else None."""
    if type(message) is not str or type(text) is not str or not CUT <= len(message) < len(text):
        return None
    return text.rstrip("\r\n") if text.startswith(message) and text[len(message)] not in "\r\n" else None


def from_bytes(value: Any) -> Any:
    """Return the text of a list of bytes, as which journald writes a text that is no plain one; else *value* itself."""
    if type(value) is not list or not value or not all(type(part) is int and 0 <= part < 256 for part in value):
        return value
    return clean(bytes(value).decode("utf-8", "replace"))


def message(value: Any) -> str:
    """Return the message that a value of any type stands for."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is dict:
        found = next((value[name] for name in ("message", "msg", "text") if type(value.get(name)) is str), None)
        return dumped(value) if found is None else found
    if kind is list and value:
        texts = [message(part) for part in value if type(part) is str or (type(part) is list and part)]
        if texts:
            return "\n".join(texts) if len(texts) == len(value) else " ".join(texts)
        if type(value[0]) is dict and type(value[0].get("message")) is str:
            return str(value[0]["message"])
    return dumped(value)


def level(value: Any, name: str, dialect: Dialect | None) -> str | None:
    """Return the level in the field *name*; None where the value is none."""
    if dialect is not None and dialect.levels:
        known = next((level for written, level in dialect.levels if written == str(value)), None)
        if known is not None:
            return known
    if name == "status" and type(value) is int:
        return None  # of HTTP
    scale = _SCALES.get(name)
    if scale is None and dialect is not None:
        scale = dialect.scale
    found = scales.from_value(value, scale)
    return None if found is None or len(found) > SHORT else found


def between(value: Any, name: str, dialect: Dialect | None) -> bool:
    """Return whether the value is a number between two levels of its scale, so that its level is only the one below."""
    scale = _SCALES.get(name) or (None if dialect is None else dialect.scale)
    return type(value) is int and scale is not None and not scales.is_exact(value, scale)


def timestamp(value: Any, unit: str | None, assumed: Assumed, raw: bytes, least: int = _LEAST) -> Time:
    """Return the time that a value is, as RFC 3339 or an epoch number; None when it is no time of a log.

    *raw* is the log as it was sent: a number's digits beyond a float's are read from there.
    """
    kind = type(value)
    if kind is str:
        return value if instant.is_plain(value) else _from_text(value.strip(), unit, assumed, least)
    if kind is dict:
        return _from_parts(value, assumed)
    if kind is not int and kind is not float:
        return None
    if kind is float and value < 1e11 and (found := _LONG.search(raw)) is not None and float(found[0]) == value:
        return _scaled(Decimal(found[0].decode()), 10**9)
    if unit is not None and _natural(value) != unit:
        return _scaled(value, _UNITS[unit])
    if not least <= value:
        return None
    return value if value < _SAFE or 10**17 <= value < 10**20 else _written(value, assumed)


def _natural(value: float) -> str:
    """Return the unit that a number of this size has by itself, as app/times/instant.py takes it."""
    return "s" if value < 1e11 else "ms" if value < 1e14 else "us" if value < 1e17 else "ns"


def _written(value: Any, assumed: Assumed) -> Time:
    return stamps.from_value(value, assumed)


def _from_text(text: str, unit: str | None, assumed: Assumed, least: int) -> Time:
    if text[:1] == "[" and text[-1:] == "]":  # as an access log has it
        text = text[1:-1]
    if text[:1].isdigit() and text.replace(".", "", 1).isdecimal() and text.isascii() and len(text) < 40:
        number = Decimal(text)
        if unit is not None:
            return _scaled(number, _UNITS[unit])
        if number < least:
            return None
        if "." in text and number < 10**11:
            return _scaled(number, 10**9)
        return _written(text, assumed)
    found = _written(text, assumed)
    if found is not None:
        return found
    said = written.written(text, assumed) if len(text) < 64 else None
    return None if said is None or said.clock is None else written.compose(said.day, said.clock, said.offset, assumed)


def _from_parts(value: dict[str, Any], assumed: Assumed) -> Time:
    for name in _SECONDS:
        seconds = value.get(name)
        if type(seconds) is str and seconds.isdecimal() and len(seconds) < 20:
            seconds = int(seconds)
        if type(seconds) is int:
            rest = next((value[rest] * per for rest, per in _RESTS.items() if type(value.get(rest)) is int), 0)
            return _scaled(Decimal(seconds * 10**9 + rest), 1)
    for name in _TIMES:
        if name in value:
            return timestamp(value[name], None, assumed, b"")
    return None


def _scaled(value: int | float | Decimal, per: int) -> str | None:
    """Return the time of a number of units, *per* nanoseconds each, in RFC 3339; None beyond the years 0001 to 9999."""
    try:
        nanoseconds = int(Decimal(repr(value) if type(value) is float else value) * per)
        ms, ns = divmod(nanoseconds, 10**6)
        return instant.text((ms, ns)) if instant.FIRST <= (ms, ns) <= instant.LAST else None
    except (ArithmeticError, ValueError):
        return None


def with_fraction(time: Time, value: dict[str, Any], dialect: Dialect, assumed: Assumed) -> Time:
    """Return the time with what its dialect keeps of it in a second number; the second's own milliseconds may stand in both."""
    if dialect.fraction is None or time is None:
        return time
    path, per = dialect.fraction
    more = at(value, split(path))
    if type(more) is str and more.isdecimal() and len(more) < 10:
        more = int(more)
    if type(more) is not int or not 0 <= more * per < 10**9:
        return time
    try:
        ms, _ = instant.from_number(time) if not isinstance(time, str) else instant.parse(time)
    except ValueError:
        return time
    return _scaled(Decimal(ms // 1000 * 10**9 + more * per), 1)


#: Names that are remembered.
_REMEMBERED = 4_096
#: How long something took, as Heroku's router writes it under `service`: no name of anything.
_LASTED = re.compile(r"\d{1,12}(?:\.\d{1,9})?(?:ns|us|µs|ms|s)", re.ASCII)


def short(value: Any) -> str | None:
    """Return a text, or a whole number as one, that is short enough for a field; a level is no name of anything."""
    if type(value) is int:
        value = str(value) if abs(value) < 1 << 64 else None
    return value if type(value) is str and 0 < len(value) <= SHORT and _is_name(value) else None


#: Texts that are such names.
_names: set[str] = set()


def are_known(values: Sequence[Any]) -> bool:
    """Return whether all values of one type, each of which is a text or a whole number, are texts that `short` takes as they are.

    A few thousand names are remembered; False also where others must be looked at one by one.
    """
    if _names.issuperset(values):
        return True
    if type(values[0]) is not str:
        return False
    if len(_names) >= _REMEMBERED:
        _names.clear()
    _names.update(name for name in values if short(name) is not None)
    return _names.issuperset(values)


@lru_cache(maxsize=_REMEMBERED)
def _is_name(text: str) -> bool:
    return text.lower() not in SEVERITY and text.strip() not in ("", "-", "?") and _LASTED.fullmatch(text) is None


def reason(name: str, value: Any) -> str:
    """Return why a value under a name of our own could not be read."""
    if name == "timestamp":
        return "is not a time that is read"
    if name == "level" and type(value) is int:
        return "is a number of no known scale"
    if type(value) is str:
        return f"is longer than {SHORT} characters" if len(value) > SHORT else "gave way to another field"
    return "is not a text"
