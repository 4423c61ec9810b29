"""Lines whose layout is a program's own: a table of forms, each a pattern whose groups name the fields of the log.

A form is a row: the groups `time`, `level`, `letter` or `priority`, `resource` and `message` become fields, all others
metadata by their name. A pattern needs linear time: its repetitions are bounded or can't overlap.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from app.log.foreign.scales import SYSLOG, from_status
from app.log.lines import tail, words
from app.log.lines.rows.form import DATED, Form, form
from app.log.lines.rows.hosts import HOSTS
from app.log.lines.rows.languages import LANGUAGES
from app.log.lines.rows.servers import REQUESTS, STATEMENTS
from app.log.lines.rows.services import SERVICES
from app.log.lines.rows.vendors import VENDORS
from app.times import stamps, written
from app.times.written import Assumed

_ISO = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,9}"
_SYSLOG_TEXT = {str(number): name for number, name in enumerate(SYSLOG)}

#: The forms, tried in this order for a line that begins as they do.
FORMS: tuple[Form, ...] = (
    # klog, glog, whose newer releases write the year too: I0915 08:00:00.123456  1234 file.go:12] text
    form(
        "klog",
        "[IWEF]",
        r"(?P<letter>[IWEF])(?P<year>\d{4})??(?P<month>\d\d)(?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d\.\d{6})\s+(?P<tid>\d+) "
        r"(?P<file>[^\s:\]]+):(?P<line>\d+)\] (?P<message>.*)",
        words.LETTERS,
        pairs=True,
    ),
    # Android's logcat: 03-17 16:13:38.811  1702  2395 D Tag: text
    form(
        "logcat",
        r"\d",
        r"(?P<month>\d\d)-(?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d\.\d{3}) +(?P<pid>\d+) +(?P<tid>\d+) (?P<letter>[VDIWEF]) "
        r"(?P<resource>.{1,255}?) *: (?P<message>.*)",
        words.LETTERS,
    ),
    # The same in its shorter forms: 11-29 14:19:07.123 D/Tag( 1234): text
    form(
        "logcat-brief",
        r"[\dVDIWEF]",
        r"(?:(?P<month>\d\d)-(?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d\.\d{3}) )?(?P<letter>[VDIWEF])/(?P<resource>[^()\s]{1,255}) *"
        r"\( *(?P<pid>\d+)\): (?P<message>.*)",
        words.LETTERS,
    ),
    # .NET's console, the text beneath: fail: Shop.Pay[0]
    form(
        "dotnet",
        r"[tdiwfc\d\[]|0-",
        r"(?:\[?(?P<time>(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:\.\d{1,7})?(?:Z|[+-]\d\d:\d\d)?)\]? )?"
        r"(?P<level>trce|dbug|info|warn|fail|crit): (?P<resource>[A-Za-z_][\w.+`<>]{0,250})\[(?P<event>-?\d{1,10})\](?: (?P<message>.*)|(?P<rest>\s*))",
        {"trce": "trace", "dbug": "debug", "fail": "error", "crit": "critical"},
    ),
    # npm and what writes as it does, and its debug log: npm ERR! code E404; gyp verb cli; 17 verbose stack Error: x
    form(
        "npm",
        r"[nglp\d]",
        r"(?:(?P<program>npm|gyp|lerna|node-pre-gyp|prebuild-install) (?P<level>ERR!|WARN|warn|error|notice|info|http|verb|sill)|(?P<line>\d{1,7}) (?P<word>error|warn|info|http|verbose|silly|timing|notice)) (?P<message>.*)",
    ),
    # Python's logging without a format: ERROR:root:text
    form(
        "logging",
        "[DIWECL]",
        r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL|Level \d{1,3}):(?P<resource>[A-Za-z_][\w.-]{0,254}):(?P<message>.*)",
    ),
    # OpenStack's oslo.log: time, process, level, module, [request and user]
    form(
        "oslo",
        r"0-|[\dA-Za-z]",
        rf"(?:(?P<file>\S{{1,200}}\.log\S{{0,50}}) )?(?P<time>{_ISO}) (?P<pid>\d+) (?P<level>[A-Z]{{4,8}}) (?P<resource>[\w.-]{{1,255}}) "
        r"\[(?:(?P<traceId>req-[\w-]{1,200})[^\]]*|-)\] (?P<message>.*)",
    ),
    # Redis and Valkey: 21865:M 29 Nov 2026 14:45:38.297 # text
    form(
        "redis",
        r"\d",
        r"(?P<pid>\d{1,10}):(?P<role>[XCSM]) (?P<time>\d\d? [A-Z][a-z]{2} \d{4} [\d:.]{8,15}) (?P<letter>[.*#-]) (?P<message>.*)",
        {".": "debug", "-": "info", "*": "notice", "#": "warn"},
    ),
    # Tornado, Jupyter: [W 261129 18:46:40 web:2348] text
    form(
        "tornado",
        r"\[",
        r"\[(?P<letter>[DIWEC]) (?P<time>\d{6} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d [\d:.]{8,15}) (?P<resource>[^\]\s:]{1,100})(?::(?P<line>\d{1,7}))?\] (?P<message>.*)",
        words.LETTERS,
    ),
    # Log4j's and Logback's TTCC, milliseconds since the start: 2265 [main] WARN acme.Pay ctx - text
    form(
        "ttcc",
        r"0-|\d",
        r"(?P<uptime>\d{1,10}) +\[(?P<thread>[^\]]{1,80})\] (?P<level>[A-Z]{4,6}) +(?P<resource>[\w.$]{1,250})(?: \[\]| (?P<context>[^\s-]{1,100}))? - (?P<message>.*)",
    ),
    # Gin: [GIN] 2026/11/29 - 18:59:42 | 404 | 70ns | 192.0.2.1 | GET "/nope"
    form(
        "gin",
        r"\[",
        r"\[GIN\] (?P<time>\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d) \| *(?P<message>(?P<status>\d{3}) \| +(?P<took>\S{1,40}) \| +(?P<client>\S{1,60}) \| (?P<method>[A-Z]{1,20}) +\"(?P<path>[^\"]*)\".*)",
    ),
    form("gin-debug", r"\[", r"\[GIN-debug\] (?:\[(?P<level>[A-Z]{4,8})\] )?(?P<message>.*)", level="debug"),
    # MySQL 8's error log: 2026-11-29T18:46:40.123456Z 8 [Warning] [MY-010055] [Server] text
    form(
        "mysqld",
        "0-",
        r"(?P<time>\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|[+-]\d\d:\d\d)) +(?P<thread>\d{1,20}) \[(?P<level>System|Note|Warning|ERROR)\] \[(?P<code>MY-\d{6})\] "
        r"\[(?P<resource>[\w-]{1,60})\] (?P<message>.*)",
        {"System": "notice"},
    ),
    # Semantic Logger: 2026-11-29 18:46:40.123456 E [123:main pay.rb:6] Pay -- text
    form(
        "semantic",
        "0-",
        rf"(?P<time>{_ISO}) (?P<letter>[TDIWEF]) \[(?P<pid>\d{{1,10}}):(?P<thread>[^\] ]{{1,60}})(?: (?P<source>[^\]]{{1,200}}))?\] (?:\[[^\]]{{0,200}}\] |\{{[^}}]{{0,300}}\}} |\([\d.]{{1,12}}m?s\) ){{0,3}}"
        r"(?P<resource>[\w:.]{1,250}) -- (?P<message>.*?)(?: -- (?P<payload>\{.*+(?<=\})))?",
        words.LETTERS,
    ),
    *REQUESTS,
    # Samba, its text beneath: [2026/11/29 14:53:38.734151,  0] ../../source3/smbd/server.c:1741(main)
    form(
        "samba",
        r"\[",
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
        r"[<\[a-z]",
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
    *VENDORS,
    *LANGUAGES,
    *SERVICES,
)
#: The groups of the time.
_TIMES = ("clock", "packed", "time")
#: Metadata that are numbers.
_NUMBERS = ("line", "status", "bytes", "duration", "uptime")


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
    """Return the forms of lines that begin so, or those of them that are named."""
    likely = [one.name for one in FORMS if one.begins.fullmatch(begins) and (names is None or one.name in names)]
    return _together(tuple(likely)) if likely else None


def read(line: str, assumed: Assumed, names: frozenset[str] | None = None) -> dict[str, Any] | None:
    """Return the log in a line of one of the forms, or of those named; None for any other line."""
    begins = line[:1]
    if begins.isdecimal() and line[4:5] == "-" == line[7:8]:
        begins = DATED
    likely = _likely(begins, names)
    if likely is None or likely[0].fullmatch(line) is None:
        return None
    for one in likely[1]:
        found = one.pattern.fullmatch(line)
        if found is not None and (log := _log(one, found, assumed)) is not None:
            return log
    return None


def _log(one: Form, found: re.Match[str], assumed: Assumed) -> dict[str, Any] | None:
    parts = {name: value for name, value in found.groupdict().items() if value is not None}
    log: dict[str, Any] = {"message": parts.pop("message", "" if "rest" in parts else found[0].strip())}
    parts.pop("rest", None)
    if not parts.keys().isdisjoint(_TIMES):
        log["timestamp"] = _instant(parts, assumed)
    if "timestamp" in log and log["timestamp"] is None:
        return None
    if (level := _level(one, parts)) is not None:
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
    for more in (tail.pairs(parts.pop("pairs", "")), tail.payload(parts.pop("payload", ""))):
        parts |= {name: value for name, value in (more or {}).items() if name not in parts}
    if "traceId" in parts:
        log["traceId"] = parts.pop("traceId")
    return {**log, "metadata": {name: value for name, value in parts.items() if value != "-"}}


def _instant(parts: dict[str, Any], assumed: Assumed) -> str | int | float | None:
    """Take the time out of the parts, in one of its forms."""
    if "zone" in parts and (offset := stamps.ABBREVIATIONS.get(parts["zone"])) is not None:
        del parts["zone"]
        assumed = replace(assumed, zone=UTC if offset == "Z" else datetime.strptime(offset, "%z").tzinfo or UTC)
    if "clock" in parts:
        return _dated(parts, assumed)
    if "packed" in parts:
        day, _, clock = parts.pop("packed").partition(":")
        clock = f"{clock[:2]}:{clock[2:4]}:{clock[4:]}"
        return written.compose(f"{day[:4]}-{day[4:6]}-{day[6:]}", clock, None, assumed)
    time = parts.pop("time")
    if "microseconds" in parts and time[0].isdigit():
        time = f"{time}.{parts.pop('microseconds'):0>6}"
    return _time(time, assumed)


def _dated(parts: dict[str, Any], assumed: Assumed) -> str | None:
    """Take day and time of day out of the parts, the month by number or name; return their instant."""
    year, month, name, day, clock = (parts.pop(part, "") for part in ("year", "month", "name", "day", "clock"))
    clock = f"{clock}:00" if clock.count(":") == 1 else f"0{clock}" if clock[1:2] == ":" else clock
    if year:
        date = f"{year:0>2}-{month:0>2}-{day:0>2}"
        return written.compose(date if len(year) == 4 else f"20{date}", clock, None, assumed)
    return written.without_year(written.MONTHS.get(name, 0) if name else int(month), day, clock, assumed)


def _time(text: str, assumed: Assumed) -> str | int | float | None:
    stamp = stamps.at(text, 0, assumed)
    return None if stamp is None or stamp.end < len(text) else stamp.value


def _level(one: Form, parts: dict[str, Any]) -> str | None:
    if (letter := parts.pop("letter", None)) is not None:
        return one.levels.get(letter)
    if (priority := parts.pop("priority", None)) is not None:
        return SYSLOG[int(priority) & 7]
    if (word := parts.pop("level", None) or parts.pop("word", None)) is not None:
        named = words.named(word)
        return one.levels.get(word) or (named[0] if named is not None else None)
    if parts.get("status", "").isdecimal():
        return from_status(int(parts["status"]))
    return one.level


def _number(text: str) -> int | float | None:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return None
