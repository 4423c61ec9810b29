"""Loki: `POST /loki/api/v1/push`, JSON and protobuf, answered 204 without a body, and `/ready`, which clients ask before.

A 400 makes some clients repeat for ever, so an entry that can't be taken is a dead letter beside the others; only what
is no push at all is refused. python-logging-loki counts nothing but 204 as delivered.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, make_response, request

from app.errors import InvalidRecord, LogIngestorError
from app.files import carried
from app.log.foreign.many import Columns, LayoutParts, Odd, records
from app.log.foreign.many import parts as parts_of
from app.log.limits import sizes_of
from app.log.loki import push
from app.log.own import Ready
from app.times.written import Assumed
from app.web.current import parts
from app.web.doors.taking import PATIENCE, bury, door, read_body, take
from app.web.reading import assumed_of_source
from app.web.security.errors import in_words

bp = door("loki")

PROTOBUF = ("application/x-protobuf", "application/protobuf")


@bp.post("/loki/api/v1/push")
@bp.post("/api/prom/push")
def ingest() -> Response:
    """Accept entries; 204 when each is kept, or is a dead letter."""
    # tracing-loki names the one layer of snappy that every push in protobuf has.
    body = read_body(also=("snappy",))
    assumed, most = assumed_of_source(), parts().settings.request_logs
    take_usual = partial(usual, assumed=assumed)
    try:
        if _is_packed():
            found = push.from_protobuf(body, parts().settings.inflated_limit, most, take_usual)
        else:
            found = push.from_json(body, most, take_usual)
    except InvalidRecord as error:
        bury(body, error.problems[0])
        raise
    logs = [value if type(value) is Ready else _log(value, assumed) for value in found]
    take(logs, body, patience=PATIENCE)
    return make_response("", 204)


@bp.get("/ready")
def ready() -> Response:
    """Say that there is a Loki."""
    return make_response("ready\n", 200, {"Content-Type": "text/plain; charset=utf-8"})


def _is_packed() -> bool:
    return request.mimetype in PROTOBUF or request.headers.get("Content-Encoding", "").strip().lower() == "snappy"


def _log(value: Any, assumed: Assumed) -> Any:
    """Return an entry as a log: its labels by the names that logs use, its text read as a line of a file is."""
    if not isinstance(value, dict):
        return value
    note = value.pop("unread") if "timestamp" not in value and isinstance(value.get("unread"), dict) else None
    log = carried.read(value, assumed)
    if log.get("resourceId") is None:
        sender = next((value[name] for name in push.SENDERS if isinstance(value.get(name), str) and value[name]), None)
        if sender is not None and len(sender) <= 255:
            log["resourceId"] = sender
    log = carried.opened(log, assumed)
    metadata = log.get("metadata") or {}
    if note is not None and log.get("timestamp") is None and isinstance(metadata, dict):
        # Pino's line has a time of its own where pino-loki sends NaN: then nothing is unread.
        log["metadata"] = {**metadata, "unread": {**(metadata.get("unread") or {}), **note}}
    return log


def usual(held: Columns, assumed: Assumed) -> list[Ready] | Odd | None:
    """Return the logs of entries as most are, given their names and values; which of them, or None where all, must be looked at by themselves."""
    texts = [values for name, values in held.items() if name != "timestamp"]
    sizes = sizes_of("".join(held), texts) if assumed.form is None else None
    found = None if sizes is None else parts_of(held, [{name: values[0] for name, values in held.items()}])
    if not isinstance(found, LayoutParts):
        return found
    if sizes is None or found.instants is None or "resourceId" not in found.fields:
        return None
    messages = found.fields["message"]
    if "{" in "".join(messages):
        odd = Odd(place for place, message in enumerate(messages) if message.lstrip().startswith("{"))
        if odd:
            return odd
    return list(map(Ready, records(found.fields, found.instants, found.rest), sizes))


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    """Answer in words, as Loki does."""
    return in_words(error)
