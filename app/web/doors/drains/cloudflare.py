"""Cloudflare's Logpush to an HTTP destination (developers.cloudflare.com/logs): one JSON object a line, with gzip.

Before a job is made Cloudflare uploads a text of its own, a test or the token of its ownership challenge: it is kept as a
log, in which the token can be read.
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response

from app.files import carried
from app.log.body import read_item, split_lines
from app.log.foreign.scales import from_status
from app.log.parsed import Refused
from app.log.scalars import compact_json
from app.times import written
from app.times.written import Assumed
from app.web.current import settings
from app.web.doors.taking import door, read_body, take
from app.web.reading import assumed_of_source

bp = door("cloudflare")

#: Fields of the data sets that hold the time, the resource and the level, best first.
_TIMES = (
    *("EdgeStartTimestamp", "EventTimestampMs", "Datetime", "EventTimestamp", "Timestamp", "When", "QueryTimestamp"),
    *("ActionTimestamp", "SessionStartTime", "DateTime", "EdgeEndTimestamp", "timestamp"),
)
_RESOURCES = ("ClientRequestHost", "ScriptName", "Host", "QueryName", "ZoneName", "Application", "AppDomain")
_STATUSES = ("EdgeResponseStatus", "OriginResponseStatus")
_REQUEST = ("ClientRequestMethod", "ClientRequestHost", "ClientRequestURI")
_OUTCOMES = {"exception": "error", "exceededCpu": "error", "exceededMemory": "error", "canceled": "warn"}
_SHORT = 255


@bp.post("/drains/cloudflare", strict_slashes=False)
def logs() -> Response:
    """Accept lines; 200 when each is kept, or is a dead letter."""
    body = read_body()
    assumed = assumed_of_source()
    take([_line(line, assumed) for line in split_lines(body, settings().request_logs)], body)
    return make_response(b"", 200)


def _line(line: bytes, assumed: Assumed) -> Any:
    if not line.lstrip().startswith(b"{"):
        return {"message": line.decode("utf-8", "replace").strip(), "metadata": {}}
    item = read_item(line)
    return Refused(item.problem, line) if item.problem else log(item.value, assumed)


def log(item: dict[str, Any], assumed: Assumed) -> dict[str, Any]:
    """Return the log of a line of any data set; all its fields stay metadata."""
    times = (written.from_value(item[name], assumed) for name in _TIMES if item.get(name) not in (None, "", 0))
    time = next((time for time in times if time is not None), None)
    resources = (item.get(name) for name in _RESOURCES)
    resource = next((name for name in resources if isinstance(name, str) and 0 < len(name) <= _SHORT), None)
    status = next((item[name] for name in _STATUSES if type(item.get(name)) is int and item[name]), None)
    level = _OUTCOMES.get(str(item.get("Outcome")), from_status(status) if status is not None else None)
    about = {"timestamp": time, "resourceId": resource, "level": level, "metadata": item}
    if all(isinstance(item.get(name), str) for name in _REQUEST):
        asked = (
            " ".join(item[name] for name in _REQUEST[:1]) + f" {item['ClientRequestHost']}{item['ClientRequestURI']}"
        )
        return {"message": asked if status is None else f"{asked} {status}", **about}
    if isinstance(item.get("ScriptName"), str) and "Outcome" in item:
        return {"message": f"{item['ScriptName']} {item['Outcome']}", **about}
    if time is None and resource is None:
        return carried.read(item, assumed)
    return {"message": compact_json(item), **about}
