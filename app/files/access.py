"""Lines of web servers: the access logs (common and combined) and error logs of Apache and nginx."""

from __future__ import annotations

import re
from typing import Any

from app.files import level as formats_level
from app.times import written
from app.times.written import Assumed

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_ACCESS = re.compile(
    r"(?:([\w.:-]+) )?([0-9A-Za-z.:_-]+) (\S+) (.{1,255}?) \[([^\]]{20,30})\] "
    + _QUOTED
    + r" (\d{3}) (\d+|-)(?: "
    + _QUOTED
    + " "
    + _QUOTED
    + r")?(?:\s+(.*))?"
)
_REQUEST = re.compile(r"([A-Z]{1,20}) (\S+)(?: (HTTP/[\d.]+))?")
_APACHE_ERROR = re.compile(
    r"\[\w{3} (\w{3}) ( ?\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) (\d{4})\] \[(?:([\w-]+):)?(\w+)\] "
    r"(?:\[pid (\d+)(?::tid (\d+))?\] )?(?:\[client ([^\]]+)\] )?(.*)",
    re.DOTALL,
)
_NGINX_ERROR = re.compile(r"(\d{4}/\d\d/\d\d) (\d\d:\d\d:\d\d) \[(\w+)\] (\d+)#(\d+): (?:\*(\d+) )?(.*)", re.DOTALL)


def read(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line of a web server."""
    if line[:1] == "[":
        return _apache_error(line, assumed)
    return _nginx_error(line, assumed) or (_access(line, assumed) if '] "' in line else None)


def _access(line: str, assumed: Assumed) -> dict[str, Any] | None:
    found = _ACCESS.fullmatch(line)
    if found is None:
        return None
    site, client, _identity, user, time, request, status, size, referrer, agent, more = found.groups()
    timestamp = written.from_clf(time, assumed)
    if timestamp is None:
        return None
    parts = _REQUEST.fullmatch(request)
    method, path, protocol = (None, None, None) if parts is None else parts.groups()
    metadata = {
        "client": client,
        "user": user,
        "method": method,
        "path": path,
        "protocol": protocol,
        "status": int(status),
        "bytes": None if size == "-" else int(size),
        "referrer": referrer,
        "agent": agent,
        "more": more or None,
    }
    return {
        "level": formats_level.from_status(int(status)),
        "message": line,
        "resourceId": site,
        "timestamp": timestamp,
        "metadata": _kept(metadata),
    }


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
