"""Lines whose layout is a program's own: a table of forms, each a pattern whose groups name the fields of the log.

A form is a row: the groups `time`, `level`, `letter` or `priority`, `resource` and `message` become fields, all others
metadata by their name. A pattern needs linear time: its repetitions are bounded or can't overlap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from app.log.foreign.scales import SYSLOG, from_status
from app.log.lines import tail, words
from app.log.lines.rows.applications import APPLICATIONS
from app.log.lines.rows.daemons import DAEMONS
from app.log.lines.rows.form import Form, form
from app.log.lines.rows.hosts import HOSTS
from app.log.lines.rows.languages import LANGUAGES
from app.log.lines.rows.loggers import LOGGERS
from app.log.lines.rows.machines import MACHINES
from app.log.lines.rows.native import NATIVE
from app.log.lines.rows.servers import REQUESTS, STATEMENTS
from app.log.lines.rows.services import SERVICES
from app.log.lines.rows.vendors import VENDORS
from app.times import stamps, written
from app.times.written import Assumed

_SYSLOG_TEXT = {str(number): name for number, name in enumerate(SYSLOG)}

#: The forms, tried in this order for a line that begins as they do.
FORMS: tuple[Form, ...] = (
    *LOGGERS,
    *REQUESTS,
    # Samba, its text beneath: [2026/11/29 14:53:38.734151,  0] ../../source3/smbd/server.c:1741(main)
    form(
        "samba",
        r"\[0",
        r"\[(?P<time>\d{4}/\d\d/\d\d [\d:.]{8,15}), +(?P<letter>\d{1,2})(?:, [^\]]{0,100})?\] (?P<source>\S{1,200}:\d+)\((?P<function>\w+)\)\s*(?P<message>.*)",
        {
            "0": "error",
            **dict.fromkeys("12", "warn"),
            **dict.fromkeys("34", "notice"),
            **dict.fromkeys("56789", "info"),
            "10": "debug",
        },
    ),
    # stunnel: 2026.11.29 15:01:02 LOG7[ui]: text
    form(
        "stunnel",
        r"\d",
        r"(?P<time>\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d) LOG(?P<letter>[0-7])\[(?P<thread>[^\]]{1,40})\]: (?P<message>.*)",
        _SYSLOG_TEXT,
    ),
    *HOSTS,
    # The kernel's ring, raw, with its names of levels, or as it is: <4>[    0.000000] text
    form(
        "kernel",
        r"[<a-z]|\[[ 0]",
        r"(?:<(?P<priority>\d{1,3})>|[a-z]++ *+:(?P<level>[a-z]++) *+: )?\[ *(?P<uptime>\d{1,9}\.\d{6})\](?:\[ *(?P<caller>[TC]\d+)\])? (?P<message>.*)",
    ),
    *STATEMENTS,
    # Erlang's reports: =ERROR REPORT==== 29-Nov-2026::14:55:49.334 ===, the text beneath
    form(
        "erlang",
        "=",
        r"=(?P<level>[A-Z]+) REPORT==== (?P<time>[\w:.+ -]{20,40}) ===\s*(?P<message>.*)",
        {"CRASH": "error", "SUPERVISOR": "error", "PROGRESS": "info"},
    ),
    # MySQL's and MariaDB's slow log: # Time: 261129 14:48:34, its statement beneath
    form(
        "slow",
        "#",
        r"(?P<message># Time: (?P<time>\d{6} [ \d]\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|[+-]\d\d:\d\d)).*|# User@Host: .*)",
    ),
    # coturn, seconds since the start: 0: : text
    form("coturn", r"\d", r"(?P<uptime>\d{1,10}): (?:\((?P<tid>\d+)\): )?(?P<level>[A-Z]{4,8})?: (?P<message>.*)"),
    # Java's XML logs
    form("xml", "<", r"(?P<message><record>.*)"),
    *APPLICATIONS,
    *VENDORS,
    *LANGUAGES,
    *SERVICES,
    *NATIVE,
    *DAEMONS,
    *MACHINES,
)
#: The groups of the time.
_TIMES = ("clock", "hexadecimal", "packed", "time")
#: The groups that hold values of their own, and what reads them.
_VALUES = (
    ("pairs", tail.pairs),
    ("payload", tail.payload),
    ("fields", tail.bracketed),
    ("labels", tail.labelled),
    ("json", tail.object_of),
)
#: Metadata that are numbers.
_NUMBERS = ("line", "status", "bytes", "duration", "uptime")
#: A date, a time of day and its zone at the beginning of a line, and the characters behind.
_DATED = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d:?\d\d(?!\d))?(.{0,3})", re.DOTALL
)
#: The beginning of a line with a level in capitals, a blank and a letter, as rows name it.
LEVELLED = "A a"
#: Forms that are asked at once: their patterns in one, without the names of the groups, and they themselves.
_Likely = tuple[re.Pattern[str], tuple[Form, ...]]


@lru_cache(maxsize=256)
def _together(names: tuple[str, ...]) -> _Likely:
    """Return the forms of these names: most lines are of none of them, and are asked once."""
    forms = tuple(one for one in FORMS if one.name in names)
    patterns = "|".join("(?:" + re.sub(r"\(\?P<\w+>", "(?:", one.pattern.pattern) + ")" for one in forms)
    return re.compile(patterns, re.DOTALL), forms


@lru_cache(maxsize=4_096)
def _likely(begins: str, names: frozenset[str] | None) -> _Likely | None:
    """Return the forms that a line with this beginning may have, of the named ones or of all; None where it may have none."""
    likely = [one.name for one in FORMS if may_be(one, begins) and (names is None or one.name in names)]
    return _together(tuple(likely)) if likely else None


def may_be(one: Form, begins: str) -> bool:
    """Return whether a line with this beginning may be of the form."""
    return one.begins.fullmatch(begins) is not None


def beginning(line: str) -> str:
    """Return what stands in the table for the beginning of a line (app/log/lines/rows/form.py)."""
    first = line[:1]
    if first == "[":
        if line[5:6] == "-" == line[8:9] and (dated := _DATED.match(line, 1)) is not None:
            return _classes(dated[1], "[0-")
        return _classes(line[:2], "")
    if first.isdecimal():
        sign = line[4:5]
        if sign in ("-", "/") and sign == line[7:8] and (dated := _DATED.match(line)) is not None:
            return _classes(dated[1], f"0{sign}")
        if line[2:3] == ":" == line[5:6] and line[1:2].isdecimal():
            return "0:"
    if first.isupper():
        end = line.find(" ", 2, words.LONGEST_PLAIN + 1)
        if end > 0 and line[end + 1 : end + 2].isalpha() and line[:end] in words.PLAIN:
            return LEVELLED
    return first


@lru_cache(maxsize=4_096)
def _classes(signs: str, before: str) -> str:
    return before + "".join("a" if sign.isalpha() else "0" if sign.isdigit() else sign for sign in signs)


def read(line: str, assumed: Assumed, names: frozenset[str] | None = None) -> dict[str, Any] | None:
    """Return the log in a line of one of the forms, or of those named; None for any other line."""
    likely = _likely(beginning(line), names)
    if likely is None or likely[0].fullmatch(line) is None:
        return None
    for one in likely[1]:
        found = one.pattern.fullmatch(line)
        if found is not None and (log := _log(one, found, assumed)) is not None:
            return log
    return None


def are_plain(lines: Sequence[str]) -> bool:
    """Return whether no line has a form, of lines that all begin with a level in capitals, a blank and a letter; False also where one may."""
    likely = _likely(LEVELLED, None)
    return likely is None or not any(map(likely[0].fullmatch, lines))


def _log(one: Form, found: re.Match[str], assumed: Assumed) -> dict[str, Any] | None:
    parts = {name: value for name, value in found.groupdict().items() if value is not None}
    if "quoted" in parts:
        parts["message"] = tail.plain(f'"{parts.pop("quoted")}"')
    log: dict[str, Any] = {"message": parts.pop("message", "" if "rest" in parts else found[0].strip())}
    parts.pop("rest", None)
    if not parts.keys().isdisjoint(_TIMES):
        log["timestamp"] = _instant(parts, assumed)
    if "timestamp" in log and log["timestamp"] is None:
        return None
    if (level := _level(one, parts, log["message"])) is not None:
        log["level"] = level
    if "resource" in parts:
        log["resourceId"] = parts.pop("resource")
    for name in _NUMBERS:
        if name in parts and (number := _number(parts[name])) is not None:
            parts[name] = number
    if one.pairs:
        log["message"], values = tail.split(log["message"])
        parts |= {name: value for name, value in values.items() if name not in parts}
        log |= tail.ids(parts)
    for group, values_of in _VALUES:
        if group in parts:
            more = values_of(parts.pop(group)) or {}
            parts |= {name: value for name, value in more.items() if name not in parts}
            log |= tail.ids(parts)
    if "traceId" in parts:
        log["traceId"] = parts.pop("traceId")
    return {**log, "metadata": {name: value for name, value in parts.items() if value != "-"}}


def _instant(parts: dict[str, Any], assumed: Assumed) -> str | int | float | None:
    """Take the time out of the parts; None where that is none, or has an offset that no zone has."""
    try:
        return _moment(parts, assumed)
    except ValueError:
        return None


def _moment(parts: dict[str, Any], assumed: Assumed) -> str | int | float | None:
    """Take the time out of the parts, in one of its forms."""
    if "zone" in parts and (offset := stamps.ABBREVIATIONS.get(parts["zone"])) is not None:
        del parts["zone"]
        assumed = replace(assumed, zone=UTC if offset == "Z" else datetime.strptime(offset, "%z").tzinfo or UTC)
    if "hours" in parts:
        assumed = replace(assumed, zone=timezone(timedelta(hours=float(parts.pop("hours")))))
    if "offset" in parts:
        assumed = replace(assumed, zone=datetime.strptime(parts.pop("offset"), "%z").tzinfo or UTC)
    if "clock" in parts:
        return _dated(parts, assumed)
    if "packed" in parts:
        day, clock = re.split("[:-]", parts.pop("packed"), maxsplit=1)
        clock = clock if ":" in clock else f"{clock[:2]}:{clock[2:4]}:{clock[4:]}"
        return written.compose(f"{day[:4]}-{day[4:6]}-{day[6:]}", clock, None, assumed)
    if "hexadecimal" in parts:
        seconds, _, nanoseconds = parts.pop("hexadecimal").partition(".")
        return int(seconds, 16) * 10**9 + int(nanoseconds, 16)
    time = parts.pop("time")
    if "microseconds" in parts and time[0].isdigit():
        time = f"{time}.{parts.pop('microseconds'):0>6}"
    return _time(time, assumed)


def _dated(parts: dict[str, Any], assumed: Assumed) -> str | None:
    """Take day and time of day out of the parts, the month by number or name; return their instant."""
    year, month, name, day, clock = (parts.pop(part, "") for part in ("year", "month", "name", "day", "clock"))
    if clock[2:3].isdigit() and ":" not in clock:
        clock = f"{clock[:2]}:{clock[2:4]}:{clock[4:]}"
    elif clock[2:3] == ".":
        clock = clock.replace(".", ":", 2)
    elif clock.count(":") == 3:
        hours, minutes, seconds, ms = clock.split(":")
        clock = f"{hours:0>2}:{minutes:0>2}:{seconds:0>2}.{ms:0>3}"
    month = month or f"{written.MONTHS.get(name.title(), 0):02}"
    clock = f"{clock}:00" if clock.count(":") == 1 else f"0{clock}" if clock[1:2] == ":" else clock
    if year:
        date = f"{year:0>2}-{month:0>2}-{day:0>2}"
        return written.compose(date if len(year) == 4 else f"20{date}", clock, None, assumed)
    return written.without_year(int(month), day, clock, assumed)


def _time(text: str, assumed: Assumed) -> str | int | float | None:
    stamp = stamps.at(text, 0, assumed)
    return None if stamp is None or stamp.end < len(text) else stamp.value


def _level(one: Form, parts: dict[str, Any], message: str) -> str | None:
    if (letter := parts.pop("letter", None)) is not None:
        return one.levels.get(letter)
    if (priority := parts.pop("priority", None)) is not None:
        return SYSLOG[int(priority) & 7]
    if (word := parts.pop("level", None) or parts.pop("word", None)) is not None:
        named = words.named(word)
        return one.levels.get(word) or (named[0] if named is not None else None)
    if parts.get("status", "").isdecimal():
        return from_status(int(parts["status"]))
    # A program that names no level is not the only one that writes its form: others' texts begin with theirs.
    return one.level and (words.leading(message) or one.level)


def _number(text: str) -> int | float | None:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return None
