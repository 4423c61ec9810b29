"""OTLP over HTTP (opentelemetry-proto, docs/specification.md): `POST /v1/logs` and `POST /v1/traces`, in protobuf and in JSON.

Exporters send a batch again after 429, 502, 503 and 504 alone, and not where they are asked to wait for ten seconds or
longer; not all of them read what was rejected. So a record that can't be taken is a dead letter, named in the answer.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, make_response, request

from app.accept.accept import Outcome
from app.errors import InvalidRecord, LogIngestorError
from app.files import carried
from app.log.otlp import document, packed
from app.times.written import Assumed
from app.web.current import parts
from app.web.doors.taking import bury, door, read_body, take
from app.web.reading import assumed_of_source
from app.web.security.errors import refused_by

bp = door("otlp")

JSON, PROTOBUF = "application/json", "application/x-protobuf"


@bp.post("/v1/logs", strict_slashes=False)
def logs() -> Response:
    """Accept the records of a request; 200 when each is kept, or is a dead letter."""
    return _taken(document.LOGS, packed.log_records)


@bp.post("/v1/traces", strict_slashes=False)
def traces() -> Response:
    """Accept spans, each a log of kind span; 200 when each is kept, or is a dead letter."""
    return _taken(document.SPANS, packed.span_records)


@bp.post("/v1/metrics", strict_slashes=False)
def metrics() -> Response:
    """Answer that metrics are not kept here: 501 is final to every exporter."""
    return _failure(501, "metrics are not kept here: only logs and traces are")


def _taken(form: document.OtlpJson, kind: Any) -> Response:
    body = read_body()
    try:
        most = parts().settings.request_logs
        found = document.read(body, form, most) if _is_json(body) else packed.read(body, kind(), most)
    except InvalidRecord as error:
        bury(body, error.problems[0])
        raise
    assumed = assumed_of_source()
    values = [one if type(one) is not dict or one["level"] is not None else _read(one, assumed) for one in found]
    outcome = take(values, body)
    return _answer(outcome, form, kind)


def _read(log: dict[str, Any], assumed: Assumed) -> dict[str, Any]:
    """Return a log without a severity; where its body is a text, that is a line that somebody's collector read from a file."""
    if "body" not in log["metadata"] and log["message"]:
        return carried.opened(log, assumed)
    return log


def _is_json(body: bytes) -> bool:
    named = request.mimetype
    return named == JSON if named in (JSON, PROTOBUF, "application/protobuf") else body.lstrip()[:1] == b"{"


def _answer(outcome: Outcome, form: document.OtlpJson, kind: Any) -> Response:
    """Return the response in the encoding of the request, which exporters insist on."""
    rejected = outcome.rejected
    reason = f"log {rejected[0]['index']}: {rejected[0]['message']}" if rejected else ""
    if request.mimetype != JSON:
        return make_response(packed.answer(kind(), len(rejected), reason), 200, {"Content-Type": PROTOBUF})
    answer: dict[str, Any] = {}
    if rejected:
        name = form.way[2]
        # 64 bits are a text in protobuf's JSON.
        answer["partialSuccess"] = {f"rejected{name[0].upper()}{name[1:]}": str(len(rejected)), "errorMessage": reason}
    return make_response(msgspec.json.encode(answer), 200, {"Content-Type": JSON})


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    """Answer with the google.rpc.Status that OTLP asks for."""
    status, text, headers = refused_by(error)
    response = _failure(status, text)
    response.headers.extend(headers)
    return response


def _failure(status: int, text: str) -> Response:
    if request.mimetype == JSON:
        return make_response(msgspec.json.encode({"message": text}), status, {"Content-Type": JSON})
    return make_response(packed.status(text), status, {"Content-Type": PROTOBUF})
