"""Heroku's Logplex drains (devcenter.heroku.com, "Log Drains", HTTPS): frames of syslog, each with its length before it.

The frames look like RFC 5424 and lack its structured data. `Logplex-Frame-Id` names a request, also when it comes again.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Response, make_response, request

from app.accept.accept import UNREADABLE_KEPT
from app.errors import InvalidRecord, Problem
from app.files import carried
from app.log.foreign.scales import from_status
from app.log.limits import REQUEST_LOGS, ensure_few
from app.log.lines.rfc5424 import FACILITIES
from app.log.numbers import Number, Numberer
from app.log.parsed import Refused
from app.times import written
from app.times.written import Assumed
from app.web.current import settings
from app.web.doors.taking import bury, door, read_body, take
from app.web.reading import assumed_of_source

bp = door("heroku")

#: Most messages that a request of Logplex can announce; it sends a hundred.
MOST = 100_000
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_FRAME = re.compile(rb"\s*(\d{1,8}) ")
_HEADER = re.compile(r"<(\d{1,3})>\d+ (\S+) (\S{1,255}) (\S{1,255}) (\S{1,255}) (\S{1,255}) ?(.*)", re.DOTALL)
_PAIR = re.compile(r'\b([A-Za-z_]\w*+)=(?:"([^"]*)"|(\S*))')


@bp.post("/drains/heroku", strict_slashes=False)
def logs() -> Response:
    """Accept frames; 204 when each is kept, or is a dead letter."""
    body = read_body()
    found = frames(body, settings().request_logs)
    announced, numbers = request.headers.get("Logplex-Msg-Count", ""), dict[int, Number]()
    frame, drain = request.headers.get("Logplex-Frame-Id", "")[:255], request.headers.get("Logplex-Drain-Token", "")
    if _COUNT.fullmatch(announced) is not None and int(announced) != len(found):
        problem = Problem(f"Logplex-Msg-Count says {announced}, and the body holds {len(found)}")
        if not found:
            bury(body, problem)
            raise InvalidRecord(problem)
        if len(found) < int(announced) <= MOST:
            numberer = Numberer("logplex", drain[:255], frame)
            numbers = {place: Number(numberer, place + 1, announced=int(announced)) for place in range(len(found))}
        found.append(Refused(problem, body[:UNREADABLE_KEPT]))
    assumed = assumed_of_source()
    values = [one if isinstance(one, Refused) else log(one, assumed) for one in found]
    # Frames are numbered by drain.
    take(values, body, key=f"{drain}:{frame}" if frame else None, numbers=numbers)
    return make_response(b"", 204)


def frames(body: bytes, most: int = REQUEST_LOGS) -> list[Any]:
    """Return the contents of the frames; what is no frame, or cut off, is a Refused with all that follows.

    Raises TooLarge for more than *most*.
    """
    found, place = list[Any](), 0
    while place < len(body) and (head := _FRAME.match(body, place)) is not None:
        end = head.end() + int(head[1])
        if end > len(body):
            break
        found.append(body[head.end() : end])
        ensure_few(len(found), most)
        place = end
    rest = body[place:]
    if rest.strip():
        found.append(Refused(Problem("is no frame of syslog with its length before it"), rest[:UNREADABLE_KEPT]))
    return found


def log(frame: bytes, assumed: Assumed) -> dict[str, Any]:
    """Return the log in a frame. Its priority says nothing of what an app wrote, whose own words give the level."""
    text = frame.decode("utf-8", "replace").rstrip("\n\0")
    head = _HEADER.fullmatch(text)
    if head is None or int(head[1]) > 191:
        return carried.opened({"message": text, "metadata": {}}, assumed)
    time, host, app, process, kind, message = (None if part == "-" else part for part in head.groups()[1:])
    facility = FACILITIES[int(head[1]) >> 3]
    metadata = {"host": host, "app": app, "dyno": process, "msgid": kind, "facility": facility}
    made = {
        "message": message or "",
        "timestamp": written.from_value(time, assumed),
        "resourceId": process or app or host,
        "metadata": {name: value for name, value in metadata.items() if value is not None},
    }
    if app == "heroku" and process == "router":
        return _request(made)
    return carried.opened(made, assumed)


def _request(made: dict[str, Any]) -> dict[str, Any]:
    """Return the router's log with its pairs as metadata, at the level of the request's status."""
    pairs = {key: quoted or bare for key, quoted, bare in _PAIR.findall(made["message"])}
    status = pairs.get("status", "")
    level = from_status(int(status)) if re.fullmatch(r"\d{3}", status, re.ASCII) else "info"
    if pairs.get("at") == "error":
        level = "error"
    return {**made, "level": level, "metadata": {**pairs, **made["metadata"]}}
