"""GELF over HTTP: `POST /gelf`, one message or one a line, answered 202 without a body; logback-gelf takes nothing else.

The body is read by its first bytes: graypy and pygelf send a bare zlib stream and say that it is `gzip,deflate`.
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response

from app.errors import InvalidRecord, LogIngestorError, Problem
from app.log.body import read_item
from app.log.limits import ensure_few
from app.log.packed import inflate
from app.log.parsed import Refused
from app.web.current import parts
from app.web.doors.taking import PATIENCE, bury, door, read_body, take
from app.web.reading import raw_body, sparse
from app.web.security.errors import in_words

bp = door("gelf")

_GZIP = b"\x1f\x8b"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


@bp.post("/gelf")
def ingest() -> Response:
    """Accept messages; 202 when each is kept, or is a dead letter. While there is no room 503: logback-gelf drops after 429."""
    body = _body()
    found = _messages(body)
    if not any(not isinstance(one, Refused) for one in found):
        problem = found[0].problem if found else Problem("the body holds no message")
        bury(body, problem)
        raise InvalidRecord(problem)
    take(found, body, patience=PATIENCE)
    return make_response("", 202)


def _body() -> bytes:
    raw = raw_body()
    name = "gzip" if raw.startswith(_GZIP) else "deflate" if raw.startswith(_ZLIB) else None
    if name is None:
        return read_body()
    try:
        return sparse(inflate(raw, name, parts().settings.inflated_limit))
    except InvalidRecord as error:
        bury(raw, error.problems[0])
        raise


def _messages(body: bytes) -> list[Any]:
    """Return the messages of a body: one JSON object, a list of them, or one a line."""
    whole = read_item(body.rstrip(b"\0"))
    if whole.problem is None:
        return list(whole.value) if isinstance(whole.value, list) else [whole.value]
    lines = [line for line in body.split(b"\n") if line.strip(b" \t\r\0")]
    ensure_few(len(lines), parts().settings.request_logs)
    items = [read_item(line) for line in lines]
    if len(items) == 1:
        items = [whole]
    return [Refused(item.problem, item.raw) if item.problem else item.value for item in items]


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    return in_words(error)
