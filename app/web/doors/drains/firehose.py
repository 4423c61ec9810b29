"""Amazon Data Firehose to an HTTP endpoint (docs.aws.amazon.com/firehose, "HTTP endpoint delivery request and response
specifications"): records in base64, of which those of CloudWatch Logs hold several logs each, with gzip.

`X-Amz-Firehose-Request-Id` names a request, also when it comes again, and stands in the answer; every answer but 200 is repeated.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flask import Response, g, make_response, request

from app.errors import InvalidInput, InvalidRecord, LogIngestorError, Problem
from app.files import carried
from app.json_text import NotJSON, decode
from app.log.body import read_item, text_lines
from app.log.limits import Sharing, ensure_few
from app.log.packed import inflate
from app.log.parsed import Refused
from app.log.schema import payload_of
from app.times import written
from app.times.instant import now_ms
from app.times.written import Assumed
from app.web.current import settings
from app.web.doors.hec_events import objects
from app.web.doors.taking import bury, door, read_body, take
from app.web.reading import assumed_of_source, sparse
from app.web.security.errors import refused_by

bp = door("firehose")

#: Longest message of an error, in characters.
MESSAGE_LENGTH = 8_192
_GZIP = b"\x1f\x8b"


class _Record(msgspec.Struct):
    data: str


@dataclass
class _Room:
    """The bytes and logs that a request may yet hold."""

    #: Bytes that may be inflated.
    bytes: int
    #: Most logs, in all records together.
    logs: int
    sharing: Sharing = field(default_factory=Sharing)


class _Delivery(msgspec.Struct, rename="camel"):
    request_id: str
    records: list[_Record]
    timestamp: int | None = None


@bp.post("/drains/firehose", strict_slashes=False)
def logs() -> Response:
    """Accept records; 200 when each of their logs is kept, or is a dead letter."""
    body = read_body()
    try:
        sent = decode(body, _Delivery)
    except NotJSON as error:
        problem = Problem(f"is no delivery of Firehose: {error}")
        bury(body, problem)
        raise InvalidRecord(problem) from error
    asked = request.headers.get("X-Amz-Firehose-Request-Id")
    if asked and asked != sent.request_id:
        raise InvalidInput(Problem("is not the requestId of the body", "X-Amz-Firehose-Request-Id"))
    shared, assumed, room = _common(), assumed_of_source(), _Room(settings().inflated_limit, settings().request_logs)
    values = list[Any]()
    for record in sent.records:
        values += _values(record.data, shared, assumed, room)
        ensure_few(len(values), room.logs)
    # When it was made is no part of a request: it comes again with the same records.
    take(values, b"\n".join(record.data.encode() for record in sent.records), key=sent.request_id[:255])
    return _answer(200, {})


def _values(data: str, shared: dict[str, Any], assumed: Assumed, room: _Room) -> Iterator[Any]:
    """Yield the logs of a record. Raises TooLarge."""
    try:
        raw = base64.b64decode(data, validate=True)
        inner = sparse(inflate(raw, "gzip", room.bytes) if raw.startswith(_GZIP) else raw)
    except (binascii.Error, ValueError):
        yield Refused(Problem("is not base64", "data"), data.encode("utf-8", "replace"))
        return
    except InvalidRecord as error:
        yield Refused(error.problems[0], raw)
        return
    room.bytes -= len(inner)
    yield from _of_record(inner, shared, assumed, room)


def _of_record(inner: bytes, shared: dict[str, Any], assumed: Assumed, room: _Room) -> Iterator[Any]:
    """Yield the logs in a record's bytes: JSON objects in any row, of CloudWatch Logs or not, or lines of text."""
    if not inner.lstrip().startswith(b"{"):
        lines = text_lines(inner, room.logs)
        room.sharing.add(shared, len(lines))
        for line in lines:
            yield carried.opened({"message": line, "metadata": dict(shared)}, assumed)
        return
    try:
        found = objects(inner)
    except InvalidRecord as error:
        yield Refused(error.problems[0], inner)
        return
    ensure_few(len(found), room.logs)
    room.sharing.add(shared, len(found))
    for one in found:
        if isinstance(one, Refused):
            yield one
        elif isinstance(one, dict) and "messageType" in one and isinstance(one.get("logEvents"), list):
            yield from _events(one, shared, assumed, room)
        else:
            yield carried.within(carried.read(one, assumed), {"metadata": shared}) if isinstance(one, dict) else one


def _events(subscription: dict[str, Any], shared: dict[str, Any], assumed: Assumed, room: _Room) -> Iterator[Any]:
    """Yield the logs of a message of CloudWatch Logs' subscription; a CONTROL_MESSAGE only asks whether anybody is there."""
    if subscription["messageType"] != "DATA_MESSAGE":
        return
    about = {name: subscription[name] for name in ("logGroup", "logStream", "owner") if name in subscription} | shared
    group = subscription.get("logGroup")
    ensure_few(len(subscription["logEvents"]), room.logs)
    room.sharing.add(about, len(subscription["logEvents"]))
    for event in subscription["logEvents"]:
        if not isinstance(event, dict) or not isinstance(event.get("message"), str):
            yield Refused(Problem("is no event with a message", "logEvents"), payload_of(event))
            continue
        made = {
            "message": event["message"].rstrip("\r\n"),
            "timestamp": written.from_value(event.get("timestamp"), assumed),
            "resourceId": group if isinstance(group, str) and 0 < len(group) <= 255 else None,
            "metadata": about | ({"eventId": event["id"]} if "id" in event else {}),
        }
        yield carried.opened(made, assumed)


def _common() -> dict[str, Any]:
    """Return the attributes that the stream's configuration adds to every record."""
    item = read_item(request.headers.get("X-Amz-Firehose-Common-Attributes", "{}").encode("latin-1"))
    found = item.value.get("commonAttributes") if isinstance(item.value, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def _answer(status: int, more: dict[str, Any]) -> Response:
    """Return the answer in the one form that Firehose takes for one; it has the request's own id."""
    g.worded = True
    answer = {"requestId": request.headers.get("X-Amz-Firehose-Request-Id", ""), "timestamp": now_ms(), **more}
    return make_response(msgspec.json.encode(answer), status, {"Content-Type": "application/json"})


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    status, text, headers = refused_by(error)
    response = _answer(status, {"errorMessage": text[:MESSAGE_LENGTH]})
    response.headers.extend(headers)
    return response


@bp.after_request
def _worded(response: Response) -> Response:
    """Give what the framework refuses, such as another method, the form in which Firehose shows the reason."""
    if response.status_code >= 400 and not g.get("worded"):
        made = _answer(response.status_code, {"errorMessage": f"refused with {response.status_code}"})
        response.set_data(made.get_data())
        response.content_type = "application/json"
    return response
