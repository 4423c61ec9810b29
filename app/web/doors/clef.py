"""CLEF, which Seq's clients send: `POST /ingest/clef`, and `POST /api/events/raw` in its newer and its older shape.

One event a line (https://clef-json.org), or `{"Events": [...]}`; answered 201 with the body that Seq answers.
Seq's clients send a batch again after 5xx and 429, and drop it after any other error.
"""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response

from app.errors import InvalidRecord, LogIngestorError
from app.log import clef
from app.log.body import read_item, split_lines
from app.log.limits import ensure_few
from app.log.parsed import Refused
from app.web.current import settings
from app.web.doors.taking import PATIENCE, bury, door, read_body, take
from app.web.reading import assumed_of_source
from app.web.security.errors import refused_by

bp = door("clef")


@bp.post("/ingest/clef")
@bp.post("/api/events/raw")
def ingest() -> Response:
    """Accept events; 201 when each is kept, or is a dead letter: a client that is refused drops the whole batch."""
    body = read_body()
    assumed = assumed_of_source()
    take([clef.log(event, assumed) for event in _events(body)], body, patience=PATIENCE)
    return make_response(jsonify(MinimumLevelAccepted=None), 201)


def _events(body: bytes) -> list[Any]:
    """Return the events of a body, decoded. Raises InvalidRecord where it holds none at all; it is a dead letter then."""
    whole = read_item(body)
    if whole.problem is None and isinstance(whole.value, dict) and isinstance(whole.value.get("Events"), list):
        ensure_few(len(whole.value["Events"]), settings().request_logs)
        return list(whole.value["Events"])
    items = [read_item(line) for line in split_lines(body, settings().request_logs)]
    if items and all(item.problem for item in items):
        assert items[0].problem is not None
        bury(body, items[0].problem)
        raise InvalidRecord(items[0].problem)
    return [Refused(item.problem, item.raw) if item.problem else item.value for item in items]


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    """Answer in Seq's shape, so that its clients can show the reason."""
    status, text, headers = refused_by(error)
    return make_response(jsonify(Error=text), status, headers)
