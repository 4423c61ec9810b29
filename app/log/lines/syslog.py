"""Lines of syslog: RFC 5424, RFC 3164, and both as daemons and their files write them, with a host or without."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from app.log.lines import rfc5424, words
from app.log.lines.heads.names import PROSE
from app.times import stamps, written
from app.times.written import Assumed

#: The priority; srslog for Go writes a blank behind it.
_PRIORITY = re.compile(r"<(\d{1,3})>(?!1 ) ?")
#: The part behind the time: a host, a program and its process; without a host the program ends with its colon.
_BARE = re.compile(r"(?P<app>[\w./+@()<>-]{1,128})(?:\[(?P<pid>\d{1,10})\])?:(?!:) ?(?P<message>.*)", re.DOTALL)
#: A program's name has no signs of JSON, or of `key="value"`: where one stands before the colon, there is no program.
_HOSTED = re.compile(
    r"(?P<host>[\w./+@()-]{1,255}) (?:(?P<app>[^\s:\[\]{}\x22'=]{1,128})(?:\[(?P<pid>\d{1,10})\])?:(?!:) ?)?(?P<message>.*)",
    re.DOTALL,
)
_BARE_MESSAGE = re.compile(
    r"<(\d{1,3})>(?:([A-Z][a-z]{2})  ?(\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) )?(?:([\w./+@()-]{1,128})(?:\[(\d{1,10})\])?:(?!:) ?)?(.*)",
    re.DOTALL,
)
#: The program of a line whose host is known, without its colon: rsyslog leaves it out for RFC 5424.
_TAGGED = re.compile(r"(?P<app>[\w./+@()-]{1,128})(?:\[(?P<pid>\d{1,10})\])?:? (?P<message>.*)", re.DOTALL)
#: How journalctl writes a time in its forms `short-unix` and `short-full`, before a host and a program.
_JOURNAL = re.compile(
    r"(?:\d{10}\.\d{6}|[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{6})? (?:[A-Z]{2,5}|[+-]\d\d)) "
    r"(?=[\w.-]{1,255} (?:[\w./@:-]{1,128}\[\d{1,10}\]|kernel): )"
)
#: A word that no host is called, where no program stands behind it: `Loading`, `DNSBackend`.
_TITLE = re.compile(r"[A-Z]{1,10}[a-z]{2,30}")
#: The severity of ESXi's lines, with the priority in numbers, in a host's place: `Wa(180)`.
_SEVERE = re.compile(r"[A-Z][a-z]\(\d{1,3}\)")
#: Texts of syslogd itself, behind a host and without a program.
_SYSLOGD = re.compile(r"(?:last )?message repeated \d{1,9} times|-- MARK --")
_MONTH = re.compile(r"[A-Z][a-z]{2} [ \d]\d ")
_ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d) ")
#: Characters within which a host must end: longer than any is.
_HOST = 300
_MICROSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d) ")


def read(line: str, assumed: Assumed, hosts: frozenset[str] = frozenset()) -> dict[str, Any] | None:
    """Return the log in a line of syslog; *hosts* are those that the source is known to name behind the time."""
    if line.startswith("<") and (log := rfc5424.read(line, assumed)) is not None:
        return log
    found = _PRIORITY.match(line)
    if (line.startswith("<") and found is None) or (found is not None and int(found[1]) > 191):
        return None
    place = 0 if found is None else found.end()
    month = (_MONTH.match(line, place) or (_JOURNAL.match(line) if found is None else None)) is not None
    if not month and (found is None or not line[place : place + 1].isdigit()):
        zoned = _ZONED.match(line)
        if zoned is None or words.is_level(line[zoned.end() : zoned.end() + _HOST].lstrip(": ").partition(" ")[0]):
            return None
    stamp = stamps.at(line, place, assumed)
    if (
        stamp is None
        or stamp.kind not in ("full", "weak" if month else "full")
        or stamp.value is None
        or line[stamp.end : stamp.end + 1] not in (" ", ":")
    ):
        return None
    if line[stamp.end - 1] in "Mm":  # no daemon has a clock of twelve hours
        return None
    rest = line[stamp.end :].lstrip(": ")
    parts = _parts(rest, line, hosts, sure=month or found is not None)
    return None if parts is None else _log(None if found is None else int(found[1]), stamp.value, parts)


def read_bare(text: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a message without a host: as Python's SysLogHandler sends it, without a time too; as syslog(3) does."""
    found = _BARE_MESSAGE.fullmatch(text)
    if found is None or int(found[1]) > 191:
        return None
    priority, month, day, clock, app, process, message = found.groups()
    timestamp = month and written.without_year(written.MONTHS.get(month, 0), day, clock, assumed)
    parts = {"host": None, "app": app, "pid": process, "message": message}
    return _log(int(priority), timestamp or None, parts)


class Host(NamedTuple):
    """A word in the place of a host: with the program before a colon behind it, and whether its process is named."""

    host: str
    program: str | None
    process: bool


def host_of(line: str) -> Host | None:
    """Return the word that may be the host of a line of rsyslog's or journald's."""
    found = _ZONED.match(line)
    parts = None if found is None else _HOSTED.fullmatch(line, found.end())
    if parts is None or words.is_level(parts["host"]):
        return None
    return Host(parts["host"], parts["app"], parts["pid"] is not None)


def _parts(rest: str, line: str, hosts: frozenset[str], *, sure: bool) -> dict[str, str | None] | None:
    """Split what follows the time into host, program, process and message; None where it is no syslog."""
    bare, hosted = _BARE.fullmatch(rest), _HOSTED.fullmatch(rest)
    if sure:
        found = bare if bare is not None and not words.is_level(bare["app"]) else hosted
        if found is None or (found is hosted and words.is_level(found["host"])):
            return None
        if found is hosted and found["app"] is None and found["message"].startswith(" "):
            if not line.startswith("<"):
                return None  # the first of several columns
            return {**found.groupdict(), "message": found["message"][1:]}  # syslog-pro's program without a name
        if found is hosted and found["app"] is None and not line.startswith("<") and _is_title(found):
            return None  # the first word of a text; behind a priority it may be one too, but the line is syslog's
        return {"host": None, **found.groupdict()}
    if hosted is None or words.is_level(hosted["host"]) or _SEVERE.fullmatch(hosted["host"]) is not None:
        return None
    if hosted["host"] in hosts:
        tagged = _TAGGED.fullmatch(rest, hosted.end("host") + 1)
        return {"host": hosted["host"], **(hosted.groupdict() if tagged is None else tagged.groupdict())}
    if hosted["app"] is None or words.is_level(hosted["app"]):  # any program writes `TIME LEVEL name: text`
        return None
    if "," in line[:24]:  # dmesg's: its text has no host
        return hosted.groupdict() if hosted["pid"] is not None else None
    plain = hosted["host"].lower() not in PROSE and hosted["app"].lower() not in PROSE
    return hosted.groupdict() if hosted["pid"] is not None or _MICROSECONDS.match(line) or plain else None


def _is_title(found: re.Match[str]) -> bool:
    """Return whether the word in a host's place begins a text, and is no host of which syslogd itself speaks."""
    return _TITLE.fullmatch(found["host"]) is not None and _SYSLOGD.match(found["message"]) is None


def _log(priority: int | None, timestamp: Any, parts: dict[str, str | None]) -> dict[str, Any]:
    message = rfc5424.plain(parts["message"] or "")
    metadata = {name: part for name in ("app", "pid") if (part := parts[name]) is not None}
    if priority is not None:
        metadata["facility"] = rfc5424.FACILITIES[priority >> 3]
    level = rfc5424.level(priority, parts["app"] or "", message)
    return {
        "level": level,
        "message": message,
        "resourceId": parts["host"],
        "timestamp": timestamp,
        "metadata": metadata,
    }
