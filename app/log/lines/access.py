"""Lines of web servers: access logs (common, combined and what is near them) and the error logs of Apache and nginx."""

from __future__ import annotations

import re
from typing import Any

from app.log.foreign.scales import from_status
from app.times import stamps, written
from app.times.written import Assumed

_QUOTED = r'"((?:[^"\\]|\\.)*+)"'
#: Before the bracket: up to a site, a client or a list of them, an identity and a user who may hold blanks.
_ACCESS = re.compile(
    r"(?!(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]{1,200}:|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?P<before>[^\[\]\"]{1,400}?) ?\[(?P<time>[^\]]{17,40})\] "
    + '"(?P<request>(?:[^"\\\\]|\\\\.)*+)"'
    r" (?P<status>\d{3}|-)(?: (?P<size>\d{1,18}|-))?(?P<rest>(?:\s.*)?)"
)
#: php-fpm's: the time without its brackets.
_FPM = re.compile(
    r'(?P<before>\S+ -) +(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4}) "(?P<request>[^"]*)" (?P<status>\d{3})(?P<rest>.*)'
)
#: Servers that write the time first, or none: granian, hypercorn, Django.
_TIMED = re.compile(
    r"(?:\[(?P<time>[^\]]{17,40})\] )(?:(?P<before>\S{3,60}) - )?"
    + '"(?P<request>(?:[^"\\\\]|\\\\.)*+)"'
    + r" (?P<status>\d{3})(?: (?P<size>\d{1,18}|-)(?=\s|$))?(?P<rest>.*)"
)
#: HAProxy's: client and port, the time with milliseconds, frontend, backend and server, timers, then the status.
_HAPROXY = re.compile(
    r"(?P<client>\S{3,60}):\d{1,5} \[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:[\d:.]{8,15})\] (?P<frontend>\S{1,100}) (?P<site>[^\s/]{1,100})/(?P<server>\S{1,100}) "
    r"[\d/+-]{3,60} (?P<status>-1|\d{3}) \+?(?P<size>\d{1,18}) .{0,400}?\"(?P<request>[^\"]*)\".*"
)
#: uvicorn's and actix', whose time is its logger's: the client, the request, the status with its phrase.
_UNTIMED = re.compile(
    r"(?P<client>[0-9a-fA-F.:]{3,45}|\[[0-9a-fA-F:]{2,39}\]:\d{1,5}) (?:- )?\"(?P<request>[A-Z]{1,20} \S+ HTTP/[\d.]{1,3})\" (?P<status>\d{3})(?: [A-Z][A-Za-z' -]{0,60}| \d{1,18} .*)?"
)
_AGENTS = re.compile(rf" {_QUOTED} {_QUOTED}(?:\s+(.*))?")
_REQUEST = re.compile(r"([A-Z]{1,20}) (\S+)(?: (HTTP/[\d.]+|[\d.]+))?")
#: An address, which the client is: the first that is one.
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|[0-9a-fA-F]*:[0-9a-fA-F:.]+|localhost")
#: Paste writes the minutes of an offset as hundredths of an hour, `+0550` in India; no zone has these.
_HUNDREDTHS = re.compile(r"(?<=\d [+-]\d\d)(?:25|50|75)\Z")
_APACHE_ERROR = re.compile(
    r"\[\w{3} (\w{3}) ( ?\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) (\d{4})\] \[(?:([\w-]+):)?(\w+)\] "
    r"(?:\[pid (\d+)(?::tid (\d+))?\] )?(?:\[client ([^\]]+)\] )?(.*)",
    re.DOTALL,
)
_NGINX_ERROR = re.compile(r"(\d{4}/\d\d/\d\d) (\d\d:\d\d:\d\d) \[(\w+)\] (\d+)#(\d+):? (?:\*(\d+) )?(.*)", re.DOTALL)


def read(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line of a web server."""
    if line[:1] == "[" and (log := _apache_error(line, assumed)) is not None:
        return log
    if '"' not in line:
        return _nginx_error(line, assumed)
    return _nginx_error(line, assumed) or _access(line, assumed) or _haproxy(line, assumed) or _untimed(line)


def _access(line: str, assumed: Assumed) -> dict[str, Any] | None:
    found = (_TIMED if line[:1] == "[" else _ACCESS).fullmatch(line) or _FPM.fullmatch(line)
    if found is None:
        return None
    time = _HUNDREDTHS.sub(_minutes, found["time"])
    stamp = stamps.at(time, 0, assumed)
    if stamp is None or stamp.end != len(time) or stamp.value is None:
        return None
    groups = found.groupdict()
    parts = _REQUEST.fullmatch(found["request"])
    method, path, protocol = (None, None, None) if parts is None else parts.groups()
    agents = _AGENTS.fullmatch(found["rest"])
    referrer, agent, more = (None, None, found["rest"].strip()) if agents is None else agents.groups()
    site, client, user = _who(groups["before"] or "")
    status, size = found["status"], groups.get("size")
    metadata = {
        "client": client,
        "user": user,
        "method": method,
        "path": path,
        "protocol": protocol,
        "status": None if status == "-" else int(status),
        "bytes": None if size in (None, "-") else int(size or 0),
        "referrer": referrer,
        "agent": agent,
        "more": more or None,
    }
    level = "info" if status == "-" else from_status(int(status))
    log = {"level": level, "message": line, "resourceId": site, "timestamp": stamp.value}
    return {**log, "metadata": _kept(metadata)}


def _minutes(hundredths: re.Match[str]) -> str:
    return str(int(hundredths[0]) * 60 // 100)


def _untimed(line: str) -> dict[str, Any] | None:
    found = _UNTIMED.fullmatch(line)
    parts = None if found is None else _REQUEST.fullmatch(found["request"])
    if found is None or parts is None:
        return None
    method, path, protocol = parts.groups()
    status = int(found["status"])
    metadata = {"client": found["client"], "method": method, "path": path, "protocol": protocol, "status": status}
    return {"level": from_status(status), "message": line, "metadata": metadata}


def _haproxy(line: str, assumed: Assumed) -> dict[str, Any] | None:
    found = _HAPROXY.fullmatch(line)
    stamp = None if found is None else stamps.at(found["time"], 0, assumed)
    if found is None or stamp is None or stamp.value is None:
        return None
    parts = _REQUEST.fullmatch(found["request"])
    method, path, protocol = (None, None, None) if parts is None else parts.groups()
    status = int(found["status"])
    metadata = {
        **{"client": found["client"], "method": method, "path": path, "protocol": protocol, "status": status},
        **{"bytes": int(found["size"]), "frontend": found["frontend"], "server": found["server"]},
    }
    level = from_status(status) if status > 0 else "error"
    return {
        "level": level,
        "message": line,
        "resourceId": found["site"],
        "timestamp": stamp.value,
        "metadata": _kept(metadata),
    }


def _who(before: str) -> tuple[str | None, str | None, str | None]:
    """Return site, client and user of what stands before the time: `[site] client[, proxies] identity user`."""
    if not before:
        return None, None, None
    head, *more = before.split(" ")
    if not more:
        return None, head, None
    if head.endswith(","):  # the addresses that proxies passed on, the client's first
        while more and head.endswith(","):
            head, more = f"{head} {more[0]}", more[1:]
        client, _, rest = head.partition(",")
        return None, client, " ".join(more[1:]) or rest.strip() or None
    if more[0] == "-" or (_ADDRESS.fullmatch(head) is not None and _ADDRESS.fullmatch(more[0]) is None):
        return None, head, " ".join(more[1:]) or None
    if len(more) >= 3:  # a site before the client
        return head, more[0], " ".join(more[2:]) or None
    if len(more) == 2:  # lighttpd names the site where others have the identity
        return more[0] if "." in more[0] or ":" in more[0] else None, head, more[1]
    return None, head, more[0]


def _apache_error(line: str, assumed: Assumed) -> dict[str, Any] | None:
    found = _APACHE_ERROR.fullmatch(line)
    if found is None:
        return None
    month, day, clock, year, module, level, process, thread, client, message = found.groups()
    number = written.MONTHS.get(month, 0)
    timestamp = written.compose(f"{year}-{number:02}-{int(day):02}", clock, None, assumed)
    if timestamp is None:
        return None
    metadata = _kept({"module": module, "pid": process, "tid": thread, "client": client})
    return {"level": level, "message": message, "timestamp": timestamp, "metadata": metadata}


def _nginx_error(line: str, assumed: Assumed) -> dict[str, Any] | None:
    found = _NGINX_ERROR.fullmatch(line)
    if found is None:
        return None
    date, clock, level, process, thread, connection, message = found.groups()
    timestamp = written.compose(date, clock, None, assumed)
    if timestamp is None:
        return None
    metadata = _kept({"pid": process, "tid": thread, "connection": connection})
    return {"level": level, "message": message, "timestamp": timestamp, "metadata": metadata}


def _kept(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if value not in (None, "-")}
