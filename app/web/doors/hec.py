"""Splunk's HTTP Event Collector (docs.splunk.com, "HTTP Event Collector REST API endpoints"): events, raw lines, acknowledgements.

Clients look at `code` as well as at the status: every answer has one. An event that can't be taken is a dead letter and
costs no other, though Splunk itself ends at the first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from flask import Response, g, make_response, request

from app.accept import acks
from app.errors import InvalidRecord, LogIngestorError, Problem
from app.json_text import NotJSON, decode
from app.log.envelope import ENVELOPE_BYTES
from app.log.limits import ensure_few
from app.log.parsed import Refused
from app.web.current import parts
from app.web.doors import hec_events as events
from app.web.doors.taking import bury, door, read_body, take
from app.web.security.errors import refused_by

bp = door("hec")

#: Answers by code.
TEXTS = {
    0: "Success",
    2: "Token is required",
    3: "Invalid authorization",
    4: "Invalid token",
    5: "No data",
    6: "Invalid data format",
    8: "Internal server error",
    9: "Server is busy",
    10: "Data channel is missing",
    11: "Invalid data channel",
    12: "Event field is required",
    13: "Event field cannot be blank",
    15: "Error in handling indexed fields",
    17: "HEC is healthy",
    18: "HEC is unhealthy, queues are full",
    27: "Request entity too large",
}
#: Codes of statuses that are given before an event is looked at.
_CODES = {401: 3, 403: 4, 413: 27, 429: 9, 500: 8, 503: 9}
#: Longest name of a channel, in characters.
CHANNEL_LENGTH = 255
#: Seconds for which acknowledgements are looked up; what is not known by then is false.
ACK_SECONDS = 3.0


@bp.post("/services/collector", strict_slashes=False)
@bp.post("/services/collector/event", strict_slashes=False)
@bp.post("/services/collector/event/1.0", strict_slashes=False)
def event() -> Response:
    """Accept events, one JSON object after another, with or without anything between them."""
    return _take(lambda body: events.read(body, parts().settings.request_logs))


@bp.post("/services/collector/raw", strict_slashes=False)
@bp.post("/services/collector/raw/1.0", strict_slashes=False)
def raw() -> Response:
    """Accept lines of text; the address has their host, source, sourcetype, index and time."""
    return _take(lambda body: events.lines(body, request.args, parts().settings.request_logs))


@bp.get("/services/collector/health", strict_slashes=False)
@bp.get("/services/collector/health/1.0", strict_slashes=False)
def health() -> Response:
    """Say whether there is room for events now."""
    try:
        full = parts().backends().queue.depth().bytes + ENVELOPE_BYTES > parts().settings.queue_limit
    except LogIngestorError:
        full = True
    return _answer(18, 503) if full else _answer(17)


@bp.post("/services/collector/ack", strict_slashes=False)
@bp.post("/services/collector/ack/1.0", strict_slashes=False)
def ack() -> Response:
    """Say of each number whether all logs behind it are stored and findable."""
    channel = _channel()
    try:
        asked = decode(read_body(), dict[str, list[int]])["acks"]
    except (NotJSON, KeyError):
        return _answer(6, 400)
    ensure_few(len(asked), parts().settings.request_logs)
    if any(abs(number) >> 64 for number in asked):
        return _answer(6, 400)
    if channel is None:
        return _answer(10, 400)
    receipts, until = parts().receipts(), time.monotonic() + ACK_SECONDS
    found = {str(number): time.monotonic() < until and acks.is_findable(receipts, channel, number) for number in asked}
    return _json({"acks": found}, 200)


def _take(read: Any) -> Response:
    channel, body = _channel(), read_body()
    if not body.strip():
        return _answer(5, 400)
    try:
        values = read(body)
    except InvalidRecord as error:
        bury(body, error.problems[0])
        return _answer(6, 400)
    if not values:
        return _answer(5, 400)
    outcome = take(values, body)
    if not outcome.ok:
        return _refused(values, outcome.rejected)
    more = {}
    if channel is not None and outcome.receipt is not None:
        more["ackId"] = acks.give(parts().receipts(), channel, outcome.receipt)
    return _answer(0, **more)


def _refused(values: Sequence[Any], rejected: list[dict[str, Any]]) -> Response:
    """Answer that no event was taken, with the reason of the first."""
    first = rejected[0]
    value = values[first["index"]]
    code = events.CODES.get(value.problem.field or "", 6) if isinstance(value, Refused) else 6
    if code == 12 and isinstance(value, Refused) and value.problem.message == events.BLANK:
        code = 13
    return _answer(code, 400, **{"invalid-event-number": first["index"]})


def _channel() -> str | None:
    """Return the channel that a client names. Raises InvalidRecord for one that is too long."""
    channel = request.headers.get("X-Splunk-Request-Channel") or request.args.get("channel") or None
    if channel is not None and len(channel) > CHANNEL_LENGTH:
        raise InvalidRecord(Problem(f"is longer than {CHANNEL_LENGTH} characters", "channel"))
    return channel


def _answer(code: int, status: int = 200, **more: Any) -> Response:
    return _json({"text": TEXTS[code], "code": code, **more}, status)


def _json(answer: dict[str, Any], status: int) -> Response:
    g.worded = True
    return make_response(json.dumps(answer, separators=(",", ":")), status, {"Content-Type": "application/json"})


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    status, text, headers = refused_by(error)
    code = _CODES.get(status, 11 if text.startswith("channel") else 6)
    if status == 401 and not request.headers.get("Authorization"):
        code = 2
    response = _answer(code, status, reason=text)
    response.headers.extend(headers)
    return response


@bp.after_request
def _worded(response: Response) -> Response:
    """Give a code to what the framework refuses, such as another method: clients take an error without one for success."""
    if response.status_code >= 400 and not g.get("worded"):
        code = _CODES.get(response.status_code, 6)
        answer = {"text": TEXTS[code], "code": code}
        response.set_data(json.dumps(answer, separators=(",", ":")))
        response.content_type = "application/json"
    return response
