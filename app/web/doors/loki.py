"""Loki: `POST /loki/api/v1/push`, JSON and protobuf, answered 204 without a body, and `/ready`, which clients ask before.

A 400 makes some clients repeat for ever, so an entry that can't be taken is a dead letter beside the others; only what
is no push at all is refused. python-logging-loki counts nothing but 204 as delivered.
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, request

from app.errors import InvalidRecord, LogIngestorError
from app.files import carried
from app.log.limits import size_of
from app.log.loki import push
from app.log.own import Ready
from app.log.reading import record_at_once
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
    try:
        found = _from_protobuf(body) if _is_packed() else push.from_json(body, parts().settings.request_logs)
    except InvalidRecord as error:
        bury(body, error.problems[0])
        raise
    assumed = assumed_of_source()
    take([_log(value, assumed) for value in found], body, patience=PATIENCE)
    return make_response("", 204)


@bp.get("/ready")
def ready() -> Response:
    """Say that there is a Loki."""
    return make_response("ready\n", 200, {"Content-Type": "text/plain; charset=utf-8"})


def _from_protobuf(body: bytes) -> list[Any]:
    return push.from_protobuf(body, parts().settings.inflated_limit, parts().settings.request_logs)


def _is_packed() -> bool:
    return request.mimetype in PROTOBUF or request.headers.get("Content-Encoding", "").strip().lower() == "snappy"


def _log(value: Any, assumed: Assumed) -> Any:
    """Return an entry as a log: its labels by the names that logs use, its text read as a line of a file is."""
    if not isinstance(value, dict):
        return value
    if (found := at_once(value, assumed)) is not None:
        return found
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


def at_once(value: dict[str, Any], assumed: Assumed) -> Ready | None:
    """Return the log of an entry as most are, of texts and a time; None for one in which anything has to be looked for."""
    texts = list(value.values())
    if type(value.get("timestamp")) is int:
        texts.pop()  # it stands last (app/log/loki/push.py)
    size = size_of((*value, *texts)) if assumed.form is None else None
    found = None if size is None else record_at_once(value, assumed)
    if found is None or size is None:
        return None
    record, timed = found
    whole = timed and record.resource_id is not None and not record.message.lstrip().startswith("{")
    return Ready(record, size) if whole else None


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    """Answer in words, as Loki does."""
    return in_words(error)
