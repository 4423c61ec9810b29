"""Datadog's intake of logs (docs.datadoghq.com, "Logs" of the API; `/v1/input` is its older form): one item, or an array.

Its clients insist on 202 with `{}` as JSON: they fail at another success after it was delivered.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, make_response, request

from app.errors import InvalidRecord, LogIngestorError, Problem
from app.files import carried
from app.log import body as bodies
from app.log.foreign import scales
from app.log.limits import Sharing
from app.log.parsed import Refused
from app.log.schema import payload_of
from app.times import written
from app.times.written import Assumed
from app.web.current import settings
from app.web.doors.taking import bury, door, read_body, take
from app.web.reading import assumed_of_source
from app.web.security.errors import refused_by

bp = door("datadog")

#: Fields that the address may hold for all items of a request.
_SHARED = ("ddsource", "ddtags", "hostname", "service")
#: Characters of the longest resourceId.
_SHORT = 255


@bp.post("/api/v2/logs", strict_slashes=False)
@bp.post("/v1/input", strict_slashes=False)
@bp.post("/v1/input/<password>", strict_slashes=False)
def logs(password: str = "") -> Response:
    """Accept items; 202 when each is kept, or is a dead letter. The *password* in the path was looked at before."""
    body, assumed = read_body(), assumed_of_source()
    try:
        items = _items(body, assumed)
    except InvalidRecord as error:
        bury(body, error.problems[0])
        raise
    shared = {name: request.args[name] for name in _SHARED if request.args.get(name)}
    # The agent asks with an empty object whether anybody is there.
    Sharing().add(shared, len(items))
    take([log(item, shared, assumed) for item in items if item != {}], body)
    return make_response(b"{}", 202, {"Content-Type": "application/json"})


def _items(body: bytes, assumed: Assumed) -> list[Any]:
    """Return the items of a body, a Refused for each that is no JSON; lines of text are items too."""
    if request.mimetype == "text/plain" and body.lstrip()[:1] not in (b"{", b"["):
        return list(carried.whole(bodies.text_lines(body, settings().request_logs), assumed))
    if not body.strip():
        return []
    found = bodies.items(body, "application/json", settings().request_logs)
    return [Refused(item.problem, item.raw) if item.problem else item.value for item in found]


def log(item: Any, shared: dict[str, str], assumed: Assumed) -> Any:
    """Return the log of an item: a text, or an object whose message may be JSON itself."""
    if isinstance(item, Refused):
        return item
    if not isinstance(item, str | dict):
        return Refused(Problem("is neither a JSON object nor a text"), payload_of(item))
    metadata: dict[str, Any] = {**shared, **({"message": item} if isinstance(item, str) else item)}
    message = metadata.pop("message", None)
    about = {"level": _taken(metadata, "status", _level)}
    about["timestamp"] = _taken(metadata, "timestamp", lambda value: written.from_value(value, assumed))
    about |= {field: _id(metadata, name) for field, name in (("traceId", "trace_id"), ("spanId", "span_id"))}
    named = (metadata.get("service"), metadata.get("hostname"), metadata.get("host"))
    about["resourceId"] = next((name for name in named if isinstance(name, str) and 0 < len(name) <= _SHORT), None)
    if isinstance(metadata.get("ddtags"), str):
        metadata["ddtags"] = tags(metadata["ddtags"])
    if isinstance(message, dict):
        return carried.within(carried.read(message, assumed), {**about, "metadata": metadata})
    if message is None or not isinstance(message, str):
        return carried.within(carried.read(metadata if message is None else {"message": str(message)}, assumed), about)
    return carried.opened({"message": message, **about, "metadata": metadata}, assumed)


def _taken(item: dict[str, Any], name: str, read: Any) -> Any:
    """Take a field out of the item as it is read; one that can't be read stays where it is."""
    found = read(item.get(name))
    if found is not None:
        del item[name]
    return found


def _level(status: Any) -> str | None:
    """Return the level that a status is: one that is an object has more to say than its name, and stays as it is."""
    return scales.from_value(status) if isinstance(status, str | int) else None


def _id(item: dict[str, Any], name: str) -> str | None:
    """Return a trace's or span's id as Datadog's tracers write it into logs: `dd.trace_id`, flat or nested."""
    nested = item.get("dd")
    found = item.get(f"dd.{name}", nested.get(name) if isinstance(nested, dict) else None)
    text = str(found) if isinstance(found, int | str) and not isinstance(found, bool) else ""
    return text if text.strip("0") and len(text) <= _SHORT else None


def tags(text: str) -> dict[str, Any]:
    """Return `env:prod,team:a,team:b,canary` by key; a key that comes twice has an array, one without value is true."""
    found: dict[str, Any] = {}
    for tag in filter(None, map(str.strip, text.split(","))):
        key, colon, value = tag.partition(":")
        one = value if colon else True
        if key not in found:
            found[key] = one
        elif isinstance(found[key], list):
            found[key].append(one)
        else:
            found[key] = [found[key], one]
    return found


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    status, text, headers = refused_by(error)
    answer = {"errors": [{"detail": text, "status": str(status), "title": "the logs were not taken"}]}
    return make_response(msgspec.json.encode(answer), status, {"Content-Type": "application/json", **headers})
