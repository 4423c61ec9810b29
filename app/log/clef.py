"""CLEF, the events of Seq (https://clef-json.org), and their older shape; to logs as they would be sent to `/logs/ingest/`."""

from __future__ import annotations

import re
from typing import Any

from app.log.scalars import compact_json
from app.times import written
from app.times.written import Assumed

#: Most characters of a message that a template makes: one long property may stand in it thousands of times.
RENDERED_LIMIT = 1 << 20
#: Properties that name the sender, the most exact first: Serilog's, seqlog's and other clients'.
SENDERS = (
    "Application",
    "ApplicationName",
    "service",
    "ServiceName",
    "MachineName",
    "HostName",
    "hostname",
    "LoggerName",
)
#: Names of the older shape, and CLEF's.
_OLDER = {
    "Timestamp": "@t",
    "Level": "@l",
    "MessageTemplate": "@mt",
    "RenderedMessage": "@m",
    "Exception": "@x",
    "EventType": "@i",
    "TraceId": "@tr",
    "SpanId": "@sp",
}
_HOLE = re.compile(r"\{\{|\}\}|\{[@$]?(\w+)(?:,-?\d+)?(:[^{}]*)?\}")
_SHORT = 255


def log(event: Any, assumed: Assumed) -> Any:
    """Return the log of an event; what is none of either shape as it is.

    The template, the exception (`@x`) and other values of CLEF stay metadata beside the properties; a value that does not
    fit its field does too.
    """
    if not isinstance(event, dict):
        return event
    event = _newer(event)
    if not any(name in event for name in ("@t", "@m", "@mt", "@x", "@l")):
        return event
    rest = {name[1:] if name.startswith("@@") else name: event[name] for name in event if event[name] is not None}
    made: dict[str, Any] = {"message": message(event), "timestamp": written.from_value(rest.get("@t"), assumed)}
    made |= {"level": _short(rest.get("@l")), "traceId": _short(rest.get("@tr")), "spanId": _short(rest.get("@sp"))}
    made["resourceId"] = next((found for name in SENDERS if (found := _short(rest.get(name)))), None)
    used = {"@t": "timestamp", "@l": "level", "@tr": "traceId", "@sp": "spanId"}
    dropped = {"@m", *(name for name, field in used.items() if made[field] is not None)}
    if rest.get("@mt") == made["message"]:
        dropped.add("@mt")
    made["metadata"] = {name: rest[name] for name in rest if name not in dropped}
    return made


def _newer(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event of the older shape in CLEF's names; any other as it is."""
    if "MessageTemplate" not in event and not ("Timestamp" in event and "Properties" in event):
        return event
    properties = event.get("Properties")
    inner = {_escaped(name): properties[name] for name in properties} if isinstance(properties, dict) else {}
    outer = {
        _OLDER.get(name, name): event[name]
        for name in event
        if name != "Properties" or not isinstance(properties, dict)
    }
    return {**inner, **outer}


def _escaped(name: str) -> str:
    return f"@{name}" if name.startswith("@") else name


def message(event: dict[str, Any]) -> str:
    """Return the text of an event: as it is rendered, else its template with the properties in their places."""
    rendered, template, exception = event.get("@m"), event.get("@mt"), event.get("@x")
    if isinstance(rendered, str):
        return rendered
    if isinstance(template, str):
        return _filled(template, event)
    return exception.partition("\n")[0] if isinstance(exception, str) else ""


def _filled(template: str, event: dict[str, Any]) -> str:
    """Return the template with its holes filled; renderings (`@r`) are of the holes with a format, in their order.

    Two braces stand for one, but where a brace stands alone, as in JSON: that is a text, which seqlog, pino-seq and
    winston-seq send as a template as it is.
    """
    single = not _is_text(template)
    renderings = iter(event["@r"]) if isinstance(event.get("@r"), list) else iter(())
    pieces: list[str] = []
    place = size = 0
    for hole in _HOLE.finditer(template):
        name, form = hole.groups()
        if name is None:
            text = hole[0][0] if single else hole[0]
        else:
            given = next(renderings, None) if form else None
            text = given if isinstance(given, str) else _shown(event[name]) if name in event else hole[0]
        pieces += (template[place : hole.start()], text)
        size += len(text) + hole.start() - place
        place = hole.end()
        if size > RENDERED_LIMIT:
            break
    return "".join((*pieces, template[place:]))


def _is_text(template: str) -> bool:
    """Return whether two braces in the template are two, since others stand alone."""
    if "{{" not in template and "}}" not in template:
        return False
    rest = _HOLE.sub("", template)
    return "{" in rest or "}" in rest


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else compact_json(value)


def _short(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _SHORT else None
