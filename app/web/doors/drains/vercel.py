"""Vercel's drains of logs (vercel.com/docs/drains): an array of JSON, or one object a line.

Each request is signed with HMAC-SHA1 of its body; the owner of an address is known by a header in its answer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from flask import Response, make_response, request

from app.errors import InvalidRecord, Problem
from app.files import carried
from app.log import body as bodies
from app.log.foreign import scales
from app.log.parsed import Refused
from app.log.schema import payload_of
from app.times import written
from app.times.written import Assumed
from app.web.current import settings
from app.web.doors.taking import bury, door, read_body, take
from app.web.reading import assumed_of_source, raw_body
from app.web.security.errors import answer

bp = door("vercel")

#: Fields that are taken out of a drain's object; all others are metadata.
_LOG = ("message", "level", "timestamp", "traceId", "spanId", "trace.id", "span.id")
_SHORT = 255


@bp.get("/drains/vercel", strict_slashes=False)
def verify() -> Response:
    """Answer Vercel's question who owns the address, which `VERCEL_VERIFY` settles."""
    return make_response(b"", 200 if settings().vercel_verify else 405, {"Allow": "POST"})


@bp.post("/drains/vercel", strict_slashes=False)
def logs() -> Response:
    """Accept logs; 200 when each is kept, or is a dead letter. 403 for a body that was not signed with `VERCEL_SECRET`."""
    if not _is_signed(raw_body()):
        return answer(403, "x-vercel-signature is not that of LOGINGESTOR_VERCEL_SECRET")
    body = read_body()
    try:
        items = bodies.items(body, "application/json", settings().request_logs) if body.strip() else []
    except InvalidRecord as error:
        bury(body, error.problems[0])
        raise
    assumed = assumed_of_source()
    take([Refused(item.problem, item.raw) if item.problem else log(item.value, assumed) for item in items], body)
    return make_response(b"", 200)


def _is_signed(body: bytes) -> bool:
    secret = settings().vercel_secret
    if not secret:
        return True
    made = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return hmac.compare_digest(made.encode(), request.headers.get("x-vercel-signature", "").encode())


def log(item: Any, assumed: Assumed) -> Any:
    """Return the log of an object; the message of a request without a text of its own is made of its proxy's fields."""
    if not isinstance(item, dict):
        return Refused(Problem("is not a JSON object"), payload_of(item))
    metadata = {name: value for name, value in item.items() if name not in _LOG}
    named = (item.get("projectName"), item.get("projectId"), item.get("host"))
    status = item.get("statusCode", _proxy(item).get("statusCode"))
    level = scales.from_value(item.get("level"))
    if level is None and isinstance(status, int) and not isinstance(status, bool):
        level = scales.from_status(status)
    made = {
        "message": item["message"] if isinstance(item.get("message"), str) else _request(item, status),
        "level": level,
        "timestamp": written.from_value(item.get("timestamp"), assumed),
        "resourceId": next((name for name in named if isinstance(name, str) and 0 < len(name) <= _SHORT), None),
        "traceId": _text(item.get("traceId") or item.get("trace.id")),
        "spanId": _text(item.get("spanId") or item.get("span.id")),
        "metadata": metadata,
    }
    return carried.opened(made, assumed)


def _request(item: dict[str, Any], status: Any) -> str:
    proxy = _proxy(item)
    parts = (proxy.get("method"), proxy.get("host") or item.get("host"), proxy.get("path") or item.get("path"), status)
    return " ".join(str(part) for part in parts if part is not None) or json.dumps(item, separators=(",", ":"))


def _proxy(item: dict[str, Any]) -> dict[str, Any]:
    proxy = item.get("proxy")
    return proxy if isinstance(proxy, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _SHORT else None


@bp.after_request
def _owned(response: Response) -> Response:
    if settings().vercel_verify:
        response.headers["x-vercel-verify"] = settings().vercel_verify
    return response
