"""Instants: (milliseconds since 1970, remaining nanoseconds 0 to 999,999), for the years 0001 to 9999.

A pair of integers keeps nanoseconds over all years, sorts as the time does, and is the same on
every backend; datetime has microseconds only, a 64-bit count of nanoseconds covers 1677 to 2262 only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import repeat
from operator import mul, truediv
from typing import TypeAlias

Instant: TypeAlias = tuple[int, int]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
#: RFC 3339, section 5.6; a blank may stand for the T, the offset may be missing (UTC) or lack its colon.
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?)?",
    re.ASCII,
)
_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z", re.ASCII)
#: First and last representable instant.
FIRST: Instant = ((1 - _EPOCH_DAY) * 86_400_000, 0)
LAST: Instant = ((date.max.toordinal() + 1 - _EPOCH_DAY) * 86_400_000 - 1, 999_999)

#: Seconds up to which two numbers with six decimals are never one float, so that a quotient is exactly what was written.
_EXACT = 4e9
#: Milliseconds since 1970 of minutes that were written so; the most that are remembered.
_minutes: dict[str, int] = {}
_REMEMBERED = 10_000
#: The seconds of plain times, and what may stand behind them, with the milliseconds that they mean.
_SECONDS = {f":{second:02}": second * 1000 for second in range(60)}
_ENDS = {"Z": 0, **{f".{ms:03}Z": ms for ms in range(1000)}}


def parse(text: str) -> Instant:
    """Return the instant that *text* names in RFC 3339 form; no offset means UTC.

    Digits beyond the ninth of the fraction are dropped; a leap second counts as the next second.
    Raises ValueError, with a sentence for the sender, when the text is no such time.
    """
    found_plain = plain(text)
    if found_plain is not None:
        return found_plain
    found = _RFC3339.fullmatch(text.strip())
    if found is None:
        raise ValueError("is not an RFC 3339 time such as 2023-09-15T08:00:00Z")
    year, month, day, hour, minute_, second_, fraction, _zulu, sign, off_hour, off_minute = found.groups(default="0")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        raise ValueError("names a day that does not exist") from None
    if int(hour) > 23 or int(minute_) > 59 or int(second_) > 60 or int(off_hour) > 23 or int(off_minute) > 59:
        raise ValueError("names an hour, minute, second or offset that does not exist")
    seconds = days * 86_400 + int(hour) * 3600 + int(minute_) * 60 + int(second_)
    if sign in "+-":
        seconds -= int(sign + "1") * (int(off_hour) * 3600 + int(off_minute) * 60)
    nanoseconds = int(fraction.ljust(9, "0"))
    instant = _checked(seconds * 1000 + nanoseconds // 1_000_000, nanoseconds % 1_000_000)
    if _PLAIN.fullmatch(text) is not None:
        if len(_minutes) >= _REMEMBERED:
            _minutes.clear()
        _minutes[text[:16]] = (seconds - int(second_)) * 1000
    return instant


def plain(text: str) -> Instant | None:
    """Return the instant of a time as programs write it most, of a minute that was read before; None for any other text."""
    minute, second, end = _minutes.get(text[:16]), _SECONDS.get(text[16:19]), _ENDS.get(text[19:])
    if minute is None or second is None or end is None:
        return None
    return minute + second + end, 0


class _Heads(dict[str, int]):
    """Milliseconds since 1970 of seconds as plain times begin, kept once they were asked for: many logs have the same."""

    def __missing__(self, head: str) -> int:
        found = _minutes[head[:16]] + _SECONDS[head[16:]]
        if len(self) >= _REMEMBERED:
            self.clear()
        self[head] = found
        return found


_heads = _Heads()


def all_plain(texts: Sequence[str]) -> list[int] | None:
    """Return the milliseconds since 1970 of texts, each a time as programs write it most; None where any is another."""
    for _ in range(2):
        try:
            return [_heads[text[:19]] + _ENDS[text[19:]] for text in texts]
        except KeyError:
            # Each minute that is new is read once.
            if not all(map(is_plain, {text[:16]: text for text in texts}.values())):
                return None
    return None


def is_plain(text: str) -> bool:
    """Return whether *text* is a time as programs write it most, to seconds or milliseconds in UTC, that exists."""
    if plain(text) is not None:
        return True
    if _PLAIN.fullmatch(text) is None:
        return False
    try:
        parse(text)
    except ValueError:
        return False
    return True


def names_offset(text: str) -> bool:
    """Return whether *text* is a time in RFC 3339 form that names its offset."""
    found = _RFC3339.fullmatch(text.strip())
    return found is not None and (found[8] or found[9]) is not None


def from_number(value: int | float) -> Instant:
    """Return the instant of an epoch number; its size shows the unit.

    Below 1e11 in size it counts seconds, below 1e14 milliseconds, below 1e17 microseconds, else
    nanoseconds. Raises ValueError when it is not finite or lies outside the years 0001 to 9999.
    """
    if type(value) is float and 0 < value < _EXACT:
        micro = round(value * 1e6)
        if micro / 1e6 == value:
            return micro // 1000, micro % 1000 * 1000
    if type(value) is int:
        if 10**11 <= value < 10**14:
            return value, 0
        if 10**17 <= value < 10**20:
            return value // 1_000_000, value % 1_000_000
    if isinstance(value, int):
        # Python has integers that no float holds.
        if abs(value) >= 10**30:
            raise ValueError("lies outside the years 0001 to 9999")
    elif not math.isfinite(value):
        raise ValueError("is not a finite number")
    size = abs(value)
    per_unit = 10**9 if size < 1e11 else 10**6 if size < 1e14 else 1000 if size < 1e17 else 1
    # The shortest text of a float is what the sender wrote; its product with 1e9 is not.
    nanoseconds = value * per_unit if isinstance(value, int) else int(Decimal(repr(value)) * per_unit)
    return _checked(nanoseconds // 1_000_000, nanoseconds % 1_000_000)


def from_seconds(values: Sequence[float]) -> list[Instant]:
    """Return the instants of positive counts of seconds, fewer than 4e9 each, as `from_number` does: all at once takes half as long."""
    micros = list(map(round, map(mul, values, repeat(1e6))))
    if list(map(truediv, micros, repeat(1e6))) != list(values):
        return list(map(from_number, values))
    return [(micro // 1000, micro % 1000 * 1000) for micro in micros]


def _checked(ms: int, ns: int) -> Instant:
    if not FIRST <= (ms, ns) <= LAST:
        raise ValueError("lies outside the years 0001 to 9999")
    return ms, ns


_seconds: dict[int, str] = {}


def text(instant: Instant) -> str:
    """Return *instant* as RFC 3339 in UTC, with as few of 0, 3, 6 or 9 decimals as keep it whole."""
    ms, ns = instant
    second, ms = divmod(ms, 1000)
    head = _seconds.get(second)
    if head is None:
        days, rest = divmod(second, 86_400)
        day = date.fromordinal(days + _EPOCH_DAY).isoformat()
        head = f"{day}T{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
        if len(_seconds) > 10_000:
            _seconds.clear()
        _seconds[second] = head
    if ns:
        fraction = f"{ms:03}{ns:06}"
        return f"{head}.{fraction[:6] if fraction.endswith('000') else fraction}Z"
    return f"{head}.{ms:03}Z" if ms else f"{head}Z"


def now_ms() -> int:
    """Return the milliseconds since 1970 by this machine's clock."""
    return int(datetime.now(UTC).timestamp() * 1000)
