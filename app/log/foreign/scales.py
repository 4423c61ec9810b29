"""Scales of levels: what the numbers and names of each family of loggers mean.

A number counts by its scale alone: 40 is a warning for pino and an error for Python's logging. A name is kept as it was
written and ranks by app/log/ranks.py.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from app.log.fold import fold
from app.log.ranks import RANKS

#: Names of the severities 0 to 7 of syslog (RFC 5424, section 6.2.1).
SYSLOG = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

#: Scales whose numbers stand for one level each.
_EXACT: dict[str, dict[int, str]] = {
    "syslog": dict(enumerate(SYSLOG)),
    # Levels of npm and of winston's default set.
    "npm": dict(enumerate(("error", "warn", "info", "http", "verbose", "debug", "silly"))),
    "consola": {-999: "silent", 0: "error", 1: "warn", 2: "log", 3: "info", 4: "debug", 5: "trace", 999: "verbose"},
    "adze": dict(enumerate(("alert", "error", "warn", "info", "fail", "success", "log", "debug", "verbose"))),
    "tslog": dict(enumerate(("silly", "trace", "debug", "info", "warn", "error", "fatal"))),
    # Microsoft.Extensions.Logging's LogLevel.
    "dotnet": dict(enumerate(("trace", "debug", "information", "warning", "error", "critical"))),
    # Windows' event log and ETW.
    "windows": dict(enumerate(("information", "critical", "error", "warning", "information", "verbose"))),
    # Application Insights' SeverityLevel.
    "insights": dict(enumerate(("verbose", "information", "warning", "error", "critical"))),
    "zap": {-1: "debug", 0: "info", 1: "warn", 2: "error", 3: "dpanic", 4: "panic", 5: "fatal"},
    "android": {2: "verbose", 3: "debug", 4: "info", 5: "warn", 6: "error", 7: "fatal"},
    # Rust's log and tracing crates.
    "rust": dict(enumerate(("error", "warn", "info", "debug", "trace"), 1)),
}
#: Scales on which a number between two levels counts as the one below it: the least number of each level.
_BANDS: dict[str, tuple[tuple[int, str], ...]] = {
    # pino, bunyan, roarr.
    "tens": ((-1, "trace"), (20, "debug"), (30, "info"), (40, "warn"), (50, "error"), (60, "fatal")),
    "python": ((-1, "trace"), (10, "debug"), (20, "info"), (30, "warning"), (40, "error"), (50, "critical")),
    # OpenTelemetry's SeverityNumber (Logs Data Model).
    "otel": ((1, "trace"), (5, "debug"), (9, "info"), (13, "warn"), (17, "error"), (21, "fatal")),
    # Logback, Reload4j and log4js, in thousands.
    "thousands": (
        *((-1, "trace"), (10_000, "debug"), (20_000, "info"), (30_000, "warn"), (40_000, "error"), (50_000, "fatal")),
    ),
    # java.util.logging.
    "jul": (
        *((-1, "FINEST"), (400, "FINER"), (500, "FINE"), (700, "CONFIG"), (800, "INFO"), (900, "WARNING")),
        (1000, "SEVERE"),
    ),
    # Log4j 2's StandardLevel counts the other way round.
    "log4j": ((1, "fatal"), (101, "error"), (201, "warn"), (301, "info"), (401, "debug"), (501, "trace")),
    "monolog": (
        *((-1, "debug"), (200, "info"), (250, "notice"), (300, "warning"), (400, "error"), (500, "critical")),
        *((550, "alert"), (600, "emergency")),
    ),
    # Go's log/slog.
    "slog": ((-99, "trace"), (-4, "debug"), (0, "info"), (4, "warn"), (8, "error"), (12, "fatal")),
    # logr's verbosity: 0 is the most important, and what is not an error has no level beside it.
    "logr": ((-99, "trace"), (-1, "debug"), (0, "info"), (1, "debug"), (2, "trace")),
    # Google's LogSeverity as numbers.
    "google": (
        *((0, "default"), (100, "debug"), (200, "info"), (300, "notice"), (400, "warning"), (500, "error")),
        *((600, "critical"), (700, "alert"), (800, "emergency")),
    ),
}
#: Beyond these a number is none of a band's: `MARK` of log4js is 2^53.
_HIGHEST = {"tens": 100, "python": 100, "otel": 24, "log4j": 600, "monolog": 1_000, "google": 999, "thousands": 100_000}
_STARTS = {name: [start for start, _ in bands] for name, bands in _BANDS.items()}

#: Texts that programs write for a level that they have not: Log4j's layout for Google one of its own levels, for one.
_NOTHING = frozenset(("", "-", "null", "undefined", "none"))
_ANSI = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
#: How many words of a list are looked at, and the words that are levels there: others, such as `http`, `all` or `c`, are tags too.
_TAGS = 32
_TAGGED = frozenset(("trace", "debug", "info", "notice", "warn", "warning", "error", "critical", "fatal"))
#: Members that hold the level where a logger writes its level as an object, the best first.
_INNER = ("levelStr", "name", "text", "label", "levelName", "severity", "level", "standardLevel", "value", "no")


def from_number(number: int, scale: str) -> str | None:
    """Return the name of a number on a scale; None when the scale has no such number."""
    exact = _EXACT.get(scale)
    if exact is not None:
        return exact.get(number)
    if number > _HIGHEST.get(scale, 10_000):
        return None
    place = bisect_right(_STARTS[scale], number)
    return _BANDS[scale][place - 1][1] if place else None


def is_exact(number: int, scale: str) -> bool:
    """Return whether the number is one of the scale's own, rather than one between two."""
    return scale in _EXACT or scale == "logr" or number in _STARTS[scale] or number == 10


def guessed(number: int) -> str | None:
    """Return the level of a number on no known scale; None where several scales have it with different meanings."""
    if number % 10 == 0 and 10 <= number <= 60:
        return from_number(number, "tens")
    return from_number(number, "thousands") if number % 1_000 == 0 and 5_000 <= number <= 50_000 else None


def from_value(value: Any, scale: str | None = None) -> str | None:
    """Return the level in a field of a foreign log; a number's scale goes by the field's name. None where the value is no level.

    Colours are taken off, digits alone count as a number.
    """
    if type(value) is str:
        text = (_ANSI.sub("", value) if "\x1b" in value else value).strip()
        if not text.isascii() or not text.removeprefix("-").isdecimal() or len(text) > 6:
            return None if text.lower() in _NOTHING else text
        value = int(text)
    if type(value) is int:
        return guessed(value) if scale is None else from_number(value, scale)
    if type(value) is list:  # Kibana's tags, of which one is the level
        return next((one for one in value[:_TAGS] if type(one) is str and one.lower() in _TAGGED), None)
    if isinstance(value, Mapping):
        found = (from_value(value[name], scale) for name in _INNER if name in value)
        return next((level for level in found if level is not None), None)
    return None


def is_ranked(level: str) -> bool:
    """Return whether the level has a severity."""
    return level in RANKS or fold(level) in RANKS


def from_status(status: int) -> str:
    """Return the level of an HTTP answer: the server's fault is an error, the client's a warning."""
    return "error" if status >= 500 else "warn" if status >= 400 else "info"
