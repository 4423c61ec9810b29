"""Lines of syslog: RFC 5424, RFC 3164, and both as daemons and their files write them, with a host or without."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from app.log.foreign import traces
from app.log.foreign.roles import WITHIN
from app.log.foreign.scales import SYSLOG
from app.log.lines import tail, words
from app.log.lines.heads.names import PROSE
from app.times import instant, stamps, written
from app.times.written import Assumed

#: Names of the facilities 0 to 23 (RFC 5424, section 6.2.1).
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp"),
    *("audit", "alert", "clock", *(f"local{number}" for number in range(8))),
)

#: Without an application syslog-pro for Node writes nothing in its place; pysyslogclient leaves the structured data out.
_5424 = re.compile(
    r"<(\d{1,3})>1 (\S+) (\S{1,255}) (\S{0,128}) (\S{1,128}) (?:(\S{1,128}) "
    r'(-|(?:\[[^ =\]"]{1,64}(?: [^ =\]"]{1,64}="[^"\\\]]*+(?:\\.[^"\\\]]*+)*+")*\])+)(?: (.*))?|(-|[A-Z]{1,8}\d{1,8}) (.*))',
    re.DOTALL,
)
#: The parts of structured data that _5424 took: the name of an element, or a parameter.
_PARTS = re.compile(r'\[([^ =\]"]+)| ([^ =\]"]+)="([^"\\\]]*+(?:\\.[^"\\\]]*+)*+)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
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
#: Cisco's program, which has the severity in it: `%ASA-4-106023`.
_CISCO = re.compile(r"%[A-Z][A-Z0-9_-]{1,60}-([0-7])-[A-Z0-9_]{2,60}")
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
#: Stands in WITHIN's place for a name that is no id's.
_NO_ID = ("", 0)
#: Characters within which a host must end: longer than any is.
_HOST = 300
_MICROSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d) ")
#: How rsyslog writes a control character within a line; behind a blank it is a number that somebody wrote.
_CONTROL = re.compile(r"(?<=\S)#(01[1-5]|033)")


def read(line: str, assumed: Assumed, hosts: frozenset[str] = frozenset()) -> dict[str, Any] | None:
    """Return the log in a line of syslog; *hosts* are those that the source is known to name behind the time."""
    if line.startswith("<") and (log := _rfc5424(line, assumed)) is not None:
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


def _rfc5424(line: str, assumed: Assumed) -> dict[str, Any] | None:
    found = _5424.fullmatch(line)
    if found is None or int(found[1]) > 191:
        return None
    priority, time, host, app, process, kind, structured, message, kind_alone, text_alone = found.groups()
    if structured is None:
        kind, structured, message = kind_alone, "-", text_alone
    timestamp = None if time == "-" else time if instant.is_plain(time) else written.from_value(time, assumed)
    if timestamp is None and time != "-":
        return None
    metadata: dict[str, Any] = {"app": app, "pid": process}
    if kind != "-":
        metadata["msgid"] = kind
    ids = {} if structured == "-" else _add_elements(metadata, structured)
    metadata["facility"] = FACILITIES[int(priority) >> 3]
    for name in ("app", "pid"):
        if metadata[name] in ("-", ""):  # as the header writes what it has not
            del metadata[name]
    text = "" if message is None or message == "-" else message.removeprefix("\ufeff").removeprefix(" ")
    fields = {"level": _level(int(priority), app, text), "message": _plain(text)}
    return {**ids, **fields, "resourceId": None if host == "-" else host, "timestamp": timestamp, "metadata": metadata}


def _add_elements(metadata: dict[str, Any], structured: str) -> dict[str, str]:
    """Add the elements of structured data; return the ids of trace and span among their parameters.

    These have the names that logs give them within any object. Of a parameter that stands in an element twice, as it may,
    all values are kept.
    """
    values: dict[str, Any] = {}
    ids: dict[str, tuple[int, str]] = {}
    for element, name, written_so in _PARTS.findall(structured):
        if element:
            metadata[element] = values = {}
            continue
        value = _ESCAPED.sub(r"\1", written_so) if "\\" in written_so else written_so
        if name in values:
            tail.add(values, name, value)
            continue
        values[name] = value
        field, rank = WITHIN.get(name, _NO_ID)
        if field and (field not in ids or rank < ids[field][0]):
            of = value if traces.is_plain(value) else traces.trace(value).trace
            if of is not None:
                ids[field] = (rank, of)
    return {field: of for field, (_, of) in ids.items()}


def _log(priority: int | None, timestamp: Any, parts: dict[str, str | None]) -> dict[str, Any]:
    message = _plain(parts["message"] or "")
    metadata = {name: part for name in ("app", "pid") if (part := parts[name]) is not None}
    if priority is not None:
        metadata["facility"] = FACILITIES[priority >> 3]
    level = _level(priority, parts["app"] or "", message)
    return {
        "level": level,
        "message": message,
        "resourceId": parts["host"],
        "timestamp": timestamp,
        "metadata": metadata,
    }


def _plain(message: str) -> str:
    """Return a message with the control characters that rsyslog wrote in digits."""
    return _CONTROL.sub(lambda code: chr(int(code[1], 8)), message) if "#0" in message else message


def _level(priority: int | None, app: str, message: str) -> str:
    """Return the level in the program's name, else that of the priority, else that at the beginning of the message."""
    cisco = _CISCO.fullmatch(app) if app.startswith("%") else None
    if cisco is not None:
        return SYSLOG[int(cisco[1])]
    return (words.leading(message) or "info") if priority is None else SYSLOG[priority & 7]
