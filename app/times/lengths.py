"""Lengths of time, in nanoseconds, as people read them: briefly, in full, in words, as they are typed."""

from __future__ import annotations

MS, SECOND = 10**6, 10**9
_MINUTE, _HOUR, _DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
#: Seconds of the units of periods in settings and rules: `30d`.
PERIODS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
#: Units with their names, largest first.
_UNITS = (
    (_DAY, "d", "day"),
    (_HOUR, "h", "hour"),
    (_MINUTE, "min", "minute"),
    (SECOND, "s", "second"),
    (MS, "ms", "millisecond"),
    (1_000, "µs", "microsecond"),
    (1, "ns", "nanosecond"),
)


def brief(ns: int) -> str:
    """Return a length in three digits and a unit, or from a minute on in its two largest: `12.3 ms`, `3 min 20 s`."""
    if ns <= 0:
        return "0 s"
    at = next(place for place, (size, _, _) in enumerate(_UNITS) if ns >= size)
    size, unit, _ = _UNITS[at]
    if size <= SECOND:
        return f"{ns / size:.3g} {unit}" if ns < 1_000 * size else f"{ns // size} {unit}"
    smaller, part, _ = _UNITS[at + 1]
    rest = ns % size // smaller
    return f"{ns // size:,} {unit}" + (f" {rest} {part}" if rest else "")


def full(ns: int) -> str:
    """Return a length to the nanosecond: `2 d 3 h 12.5 s`."""
    parts = []
    for size, unit, _ in _UNITS[:3]:
        count, ns = divmod(ns, size)
        if count:
            parts.append(f"{count:,} {unit}")
    if ns or not parts:
        seconds, rest = divmod(ns, SECOND)
        parts.append(f"{seconds}{f'.{rest:09}'.rstrip('0').rstrip('.')} s")
    return " ".join(parts)


def worded(ns: int) -> str:
    """Return a length in words, by the largest unit that measures it: `90 minutes`."""
    size, name = next((size, name) for size, _, name in _UNITS if ns % size == 0)
    return f"{ns // size:,} {name}{'' if ns == size else 's'}"


def typed(ns: int) -> str:
    """Return a length as it is typed in settings and queries, by the largest unit that measures it: `5m`."""
    size, unit = next((size, unit) for size, unit, _ in _UNITS if ns % size == 0)
    return f"{ns // size}{'m' if unit == 'min' else unit}"
