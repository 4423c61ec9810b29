"""Lines of syslog: RFC 5424, RFC 3164, and both as they stand in /var/log/syslog."""

from __future__ import annotations

import re
from typing import Any

from app.files import level as formats_level
from app.log.record import SEVERITY
from app.times import written
from app.times.written import Assumed

_5424 = re.compile(
    r"<(\d{1,3})>1 (\S+) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,128}) "
    r'(-|(?:\[[^ =\]"]{1,64}(?: [^ =\]"]{1,64}="(?:[^"\\\]]|\\.)*")*\])+)(?: (.*))?',
    re.DOTALL,
)
_ELEMENT = re.compile(r'\[([^ =\]"]+)((?: [^ =\]"]+="(?:[^"\\\]]|\\.)*")*)\]', re.DOTALL)
_PARAMETER = re.compile(r' ([^ =\]"]+)="((?:[^"\\\]]|\\.)*)"', re.DOTALL)

_MESSAGE = r"([\w./+@()-]{1,255}) (?:([^\s:\[\]]{1,128})(?:\[(\d{1,10})\])?:(?!:) ?)?(.*)"
_3164 = re.compile(
    r"(?:<(\d{1,3})>)?([A-Z][a-z]{2})  ?(\d{1,2}) (?:\d{4} )?(\d\d:\d\d:\d\d(?:\.\d{1,6})?) " + _MESSAGE, re.DOTALL
)
#: What rsyslog writes by default today; without priority only with its six decimals, or any line would do.
_DATED = re.compile(
    rf"(?:<(\d{{1,3}})>{written.ISO}|(\d{{4}}-\d\d-\d\d)T(\d\d:\d\d:\d\d\.\d{{6}})(Z|[+-]\d\d:\d\d)) " + _MESSAGE,
    re.DOTALL,
)
_BARE = re.compile(
    r"<(\d{1,3})>(?:([A-Z][a-z]{2})  ?(\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) )?(?:([\w./+@()-]{1,128})(?:\[(\d{1,10})\])?:(?!:) ?)?(.*)",
    re.DOTALL,
)


def read(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line of syslog."""
    if line[:1] == "<":
        return _rfc5424(line, assumed) or _rfc3164(line, assumed) or _dated(line, assumed)
    return _rfc3164(line, assumed) if line[:1].isalpha() else _dated(line, assumed)


def read_bare(text: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a message without a host: as Python's SysLogHandler sends it, without a time too; as syslog(3) does."""
    found = _BARE.fullmatch(text)
    if found is None or int(found[1]) > 191:
        return None
    priority, month, day, clock, app, process, message = found.groups()
    timestamp = month and written.without_year(written.MONTHS.get(month, 0), day, clock, assumed)
    return _log(int(priority), timestamp or None, None, message, {"app": app, "pid": process})


def _rfc5424(line: str, assumed: Assumed) -> dict[str, Any] | None:
    found = _5424.fullmatch(line)
    if found is None or int(found[1]) > 191:
        return None
    time, host, app, process, kind, structured, message = (None if part == "-" else part for part in found.groups()[1:])
    timestamp = written.from_value(time, assumed)
    if time is not None and timestamp is None:
        return None
    metadata = {"app": app, "pid": process, "msgid": kind}
    for name, parameters in _ELEMENT.findall(structured or ""):
        metadata[name] = {key: re.sub(r'\\(["\\\]])', r"\1", value) for key, value in _PARAMETER.findall(parameters)}
    text = (message or "").removeprefix("\ufeff")
    return _log(int(found[1]), timestamp, host, text, metadata)


def _rfc3164(line: str, assumed: Assumed) -> dict[str, Any] | None:
    found = _3164.fullmatch(line)
    if found is None:
        return None
    priority, month, day, clock, host, app, process, message = found.groups()
    timestamp = written.without_year(written.MONTHS.get(month, 0), day, clock, assumed)
    if timestamp is None or int(priority or 0) > 191:
        return None
    return _log(None if priority is None else int(priority), timestamp, host, message, {"app": app, "pid": process})


def _dated(line: str, assumed: Assumed) -> dict[str, Any] | None:
    found = _DATED.fullmatch(line)
    if found is None:
        return None
    priority, host, app, process, message = found[1], *found.groups()[7:]
    timestamp = written.from_groups(found, 2 if priority else 5, assumed)
    if timestamp is None or int(priority or 0) > 191:
        return None
    if not priority and (app is None or host.lower() in SEVERITY):  # any program writes `TIME LEVEL name: text`
        return None
    return _log(None if priority is None else int(priority), timestamp, host, message, {"app": app, "pid": process})


def _log(
    priority: int | None, timestamp: Any, host: str | None, message: str, metadata: dict[str, Any]
) -> dict[str, Any]:
    level = formats_level.leading(message) or "info"
    if priority is not None:
        level = formats_level.SYSLOG[priority & 7]
        metadata["facility"] = formats_level.FACILITIES[priority >> 3]
    elif host is not None and host.lower() in SEVERITY:
        level, host = host, metadata.pop("app")
    kept = {name: value for name, value in metadata.items() if value is not None}
    return {"level": level, "message": message, "resourceId": host, "timestamp": timestamp, "metadata": kept}
