"""Levels as log files write them: words, letters and numbers."""

from __future__ import annotations

import re
from typing import Any

from app.log.record import SEVERITY

#: Every word that is a level, longest first so that `warning` is not read as `warn`.
WORDS = "|".join(sorted(SEVERITY, key=len, reverse=True))

#: Names of the severities 0 to 7 of syslog (RFC 5424, section 6.2.1).
SYSLOG = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
#: Names of the facilities 0 to 23 of syslog.
FACILITIES = (
    *[
        "kern",
        "user",
        "mail",
        "daemon",
        "auth",
        "syslog",
        "lpr",
        "news",
        "uucp",
        "cron",
        "authpriv",
        "ftp",
        "ntp",
        "audit",
        "alert",
        "clock",
    ],
    *(f"local{number}" for number in range(8)),
)
#: The numbers of pino and bunyan.
_TENS = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}
#: The letters of klog, glog and Android.
LETTERS = {"V": "trace", "D": "debug", "I": "info", "W": "warn", "E": "error", "F": "fatal"}

_LEADING = re.compile(
    rf"[\[(<]({WORDS})[\])>]|({WORDS})(?::|\s+-|\s*\|)|((?-i:{WORDS.upper()}))(?=\s|$)", re.IGNORECASE | re.ASCII
)


def leading(text: str) -> str | None:
    """Return the level that *text* starts with, as written: `[error]`, `Warning:`, `ERROR` in capitals."""
    found = _LEADING.match(text)
    return None if found is None else found[1] or found[2] or found[3]


def from_value(value: Any, *, syslog: bool = False) -> str | None:
    """Return the level that a field holds; numbers are syslog's where *syslog*, else pino's."""
    if isinstance(value, str):
        if not value.isdecimal() or not value.isascii() or len(value) > 2:
            return value or None
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    if syslog:
        return SYSLOG[value] if 0 <= value < len(SYSLOG) else None
    return _TENS.get(value)


def from_status(status: int) -> str:
    """Return the level of an HTTP answer: the server's fault is an error, the client's a warning."""
    return "error" if status >= 500 else "warn" if status >= 400 else "info"
