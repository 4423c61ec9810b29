"""The report on a span in a log's metadata: its parent, and since when and how long it ran.

Senders name these in many ways. A name counts where it has one meaning: `duration_ms` does, a bare number called
`duration` does not, for some mean seconds, others nanoseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.log.record import LogRecord
from app.log.scalars import scalars
from app.times import instant

#: Values of a log that are looked at.
VALUES = 200
#: Longest span that is believed, in ns: beyond a day it is a wrong unit rather than a request.
LONGEST = 86_400 * 10**9
#: Characters of the longest text that says a duration.
SPOKEN = 40

_MS, _S = 10**6, 10**9
#: Prefixes of a name that do not change its meaning.
_BEFORE = ("metadata.", "attributes.", "fields.", "otel.", "labels.")
#: Names as `_plain` writes them: OpenTelemetry, ECS, B3 and Zipkin, Serilog (`@ps`, `@st`), Data Prepper, and usual ones.
_PARENTS = frozenset(
    ("parentspanid", "span.parentid", "span.parentspanid", "xb3parentspanid", "parentid", "parent.id", "@ps")
)
_STARTS = frozenset(("event.start", "starttime", "startedat", "starttimeunixnano", "span.start", "@st"))
_ENDS = frozenset(("event.end", "endtime", "endedat", "finishedat", "endtimeunixnano", "span.end"))
_UNITS = (
    (("ms", ".ms", "millis", "milliseconds", "inmillis"), _MS),
    (("us", ".us", "micros", "microseconds", "inmicros"), 1_000),
    (("ns", ".ns", "nanos", "nanoseconds", "innanos"), 1),
    (("sec", "seconds", "inseconds", ".s"), _S),
)
_TAKEN = ("duration", "elapsed", "took", "latency", "responsetime", "span.duration", "transaction.duration")
_DURATIONS = {f"{name}{unit}": factor for name in _TAKEN for units, factor in _UNITS for unit in units}
_DURATIONS["event.duration"] = 1
_TIMED = re.compile(
    r"(?=.)(?:(\d+)h)?\s*(?:(\d+)m(?!s))?\s*(?:(\d+(?:\.\d+)?)\s*(ns|us|µs|μs|ms|s|sec|seconds?))?", re.ASCII
)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)
_ISO = re.compile(r"PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", re.ASCII)
_FACTORS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": _MS}


@dataclass(frozen=True, slots=True)
class SpanReport:
    """The report of one log on its span: its parent's id, and an interval, in ns since 1970."""

    parent: str | None = None
    start: int | None = None
    end: int | None = None


NOTHING = SpanReport()


def read_span(record: LogRecord, at: int) -> SpanReport:
    """Return what the log, of the time *at* in ns, reports of its span.

    A duration without start or end is that of something which ended at the log.
    """
    if not record.metadata:
        return NOTHING
    parent: str | None = None
    found = dict[str, int]()
    for name, value in _named(record.metadata):
        if name in _PARENTS:
            parent = parent or (value if isinstance(value, str) else None)
        elif (read := _reader(name)) is not None:
            kind, number = read[0], read[1](value)
            if number is not None:
                found.setdefault(kind, number)
    return SpanReport(parent, *_interval(at, found.get("start"), found.get("end"), found.get("duration")))


def _named(metadata: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, value in islice(scalars(metadata, "metadata"), VALUES):
        name = path.lower().replace("_", "").replace("-", "")
        for before in _BEFORE:
            name = name.removeprefix(before)
        yield name, value


def _reader(name: str) -> tuple[str, Callable[[Any], int | None]] | None:
    """Return what a name means, and how its value is read."""
    if name in _STARTS:
        return "start", _moment
    if name in _ENDS:
        return "end", _moment
    if name in _DURATIONS:
        return "duration", lambda value: _times(value, _DURATIONS[name])
    return ("duration", _spoken) if name in _TAKEN else None


def _interval(at: int, start: int | None, end: int | None, duration: int | None) -> tuple[int | None, int | None]:
    if start is None and end is None and duration is None:
        return None, None
    if end is None:
        end = at if start is None or duration is None else start + duration
    if start is None:
        start = end - duration if duration is not None else min(at, end)
    return (start, end) if 0 <= end - start <= LONGEST and abs(at - start) <= LONGEST else (None, None)


def _moment(value: Any) -> int | None:
    try:
        if isinstance(value, str):
            value = int(value) if value.isdecimal() else value
        ms, ns = instant.parse(value) if isinstance(value, str) else instant.from_number(value)
    except (ValueError, OverflowError):
        return None
    return None if isinstance(value, bool) else ms * _MS + ns


def _times(value: Any, factor: int) -> int | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value * factor <= LONGEST:
        return None
    return int(value * factor)


def _spoken(value: Any) -> int | None:
    """Return a duration that names its unit: `1m2.5s`, `350 ms`, `00:00:01.234`, `PT1.5S`."""
    if not isinstance(value, str) or len(value) > SPOKEN:
        return None
    if (found := _CLOCK.fullmatch(value) or _ISO.fullmatch(value)) is not None:
        hours, minutes, seconds = found.groups()
        factor = _S
    elif (found := _TIMED.fullmatch(value.strip())) is not None:
        hours, minutes, seconds, unit = found.groups()
        factor = _FACTORS.get(unit, _S)
    else:
        return None
    return _times(int(hours or 0) * 3600 * _S + int(minutes or 0) * 60 * _S + int(float(seconds or 0) * factor), 1)
