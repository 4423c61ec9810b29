"""Zones: from a name to a zone, from an instant to what a clock there shows, and back.

A local time is an instant as though its clock were in UTC. Offsets count whole minutes, as RFC 3339 writes
them; zones had seconds in them before about 1930 only.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from app.errors import InvalidQuery, Problem
from app.times import instant
from app.times.instant import Instant

_DAY = 86_400_000
_MINUTE = 60_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: First and last instant, in ms, that the calendar of every zone can show.
SAFE = (instant.FIRST[0] + 2 * _DAY, instant.LAST[0] - 2 * _DAY)
#: UTC as one zone among others.
DEFAULT: tzinfo = UTC
_OFFSET = re.compile(r"([+-])(\d\d?)(?::?(\d\d))?", re.ASCII)


def read_zone(text: str) -> tzinfo:
    """Return the zone of an IANA name or an offset such as +05:30; raises InvalidQuery naming `tz`.

    Case does not count: names of zones differ in more than that.
    """
    found = _OFFSET.fullmatch(text)
    if found and int(found[2]) < 24 and int(found[3] or 0) < 60:
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(offset if found[1] == "+" else -offset)
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    with suppress(ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(text)
    name = _names().get(text.lower())
    if name is not None:
        return ZoneInfo(name)
    message = f"“{text[:100]}” is neither a zone such as Europe/Berlin nor an offset such as +02:00"
    raise InvalidQuery(Problem(message, "tz"))


@cache
def _names() -> dict[str, str]:
    """Return the names of all zones by themselves in small letters; to find them takes many files to be looked at."""
    return {name.lower(): name for name in available_timezones()}


def name_of(zone: tzinfo) -> str:
    """Return the name that `read_zone` takes for *zone*: UTC, Europe/Berlin, +02:00."""
    if zone is UTC:
        return "UTC"
    return zone.key if isinstance(zone, ZoneInfo) else offset_text(offset_at(0, zone))


def offset_text(minutes: int) -> str:
    """Return an offset as RFC 3339 writes it."""
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def offset_at(ms: int, zone: tzinfo) -> int:
    """Return the zone's offset at an instant, in minutes."""
    if zone is UTC:
        return 0
    moment = _EPOCH + timedelta(milliseconds=min(max(ms, SAFE[0]), SAFE[1]))
    return _minutes(moment.astimezone(zone).utcoffset())


def _minutes(offset: timedelta | None) -> int:
    return round((offset or timedelta()).total_seconds() / 60)


def to_local(ms: int, zone: tzinfo) -> int:
    """Return what the zone's clock shows at an instant, in ms."""
    return ms + offset_at(ms, zone) * _MINUTE


def from_local(local: int, zone: tzinfo) -> tuple[int, int]:
    """Return the first and the last instant, in ms, at which the zone's clock shows *local*.

    They differ where it was set back and shows a time twice. Where it was set forward and never shows
    *local*, both are the instant of that step.
    """
    before, after = _offsets(local, zone)
    if before == after:
        return local - before * _MINUTE, local - before * _MINUTE
    if before > after:
        return local - before * _MINUTE, local - after * _MINUTE
    low, high = local - after * _MINUTE, local - before * _MINUTE
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if offset_at(middle, zone) == after else (middle, high)
    return high, high


def is_twofold(local: int, zone: tzinfo) -> bool:
    """Return whether the zone's clock shows *local* at two instants."""
    before, after = _offsets(local, zone)
    return before > after


def _offsets(local: int, zone: tzinfo) -> tuple[int, int]:
    """Return the offsets, in minutes, before and after a change at *local*; the same ones where there is none."""
    if zone is UTC:
        return 0, 0
    shown = (_EPOCH + timedelta(milliseconds=min(max(local, SAFE[0]), SAFE[1]))).replace(tzinfo=zone)
    return _minutes(shown.utcoffset()), _minutes(shown.replace(fold=1).utcoffset())


def text(moment: Instant, zone: tzinfo, *, brief: bool = False) -> str:
    """Return the instant in RFC 3339 as the zone's clock shows it, with its offset.

    It has milliseconds at least, or, if it is to be *brief*, as few decimals as keep it whole.
    """
    if zone is UTC:
        return instant.text(moment)
    ms, ns = moment
    offset = offset_at(ms, zone)
    local = ms + offset * _MINUTE
    if not instant.FIRST[0] <= local <= instant.LAST[0]:  # its year would have five digits, or none
        return instant.text(moment)
    shown = instant.text((local, ns))[:-1]
    return f"{shown if brief or len(shown) > 19 else f'{shown}.000'}{offset_text(offset)}"
