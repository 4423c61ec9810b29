"""A LogRecord of OTLP becomes a log of ours (opentelemetry-proto, logs/v1/logs.proto; OpenTelemetry's logs data model).

Both encodings are read into objects with the same attributes, so that one function reads either.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from app.log.fold import fold
from app.log.record import SEVERITY
from app.log.scalars import compact_json
from app.times import instant

#: Names of SeverityNumber 1 to 24, four numbers each.
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
#: The severity texts that exporters write, as they write them: these are levels as they are.
RANKED = frozenset(("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", *LEVELS))
#: Longest text of a field other than the message, in characters.
_SHORT = 255
#: Keys under which a body of several values holds the message, the best first.
_MESSAGES = ("message", "msg", "event", "text")
#: Resource attributes that name what logged, best first; a service without a name is `unknown_service:…`.
_NAMES = ("service.name", "host.name", "k8s.pod.name", "container.name", "container.id", "service.instance.id")
_NAMELESS = "unknown_service"
#: Least count of nanoseconds that `app.times.instant.from_number` takes for one.
CERTAIN = 10**17


class ScopeOrigin(NamedTuple):
    """The parts that all records of one scope share."""

    #: Their metadata, see `origin`.
    shared: dict[str, Any]
    #: Their resource's name.
    name: str | None
    #: About how many bytes it takes; 0 where it is to be looked at with each record.
    size: int
    #: How many it takes as JSON.
    json: int


def resource_id(attributes: dict[str, Any]) -> str | None:
    """Return the name of the resource with these attributes: its service's, else that of the machine it ran on."""
    nameless = None
    for key in _NAMES:
        name = attributes.get(key)
        if isinstance(name, str) and 0 < len(name) <= _SHORT:
            if not name.startswith(_NAMELESS):
                return name
            nameless = nameless or name
    return nameless


def origin(resource: dict[str, Any], name: str, version: str, scope: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata that all records of one scope share."""
    shared: dict[str, Any] = {"resource": resource} if resource else {}
    if name or version or scope:
        named = {"name": name, "version": version, "attributes": scope}
        shared["scope"] = {key: value for key, value in named.items() if value}
    return shared


def joined(attributes: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with what is *own* beside them; an attribute of a name that is taken goes beneath `attributes`."""
    if own.keys().isdisjoint(attributes):
        attributes.update(own)
        return attributes
    taken = {name: value for name, value in attributes.items() if name in own or name == "attributes"}
    others = {name: value for name, value in attributes.items() if name not in taken}
    return {**others, **own, "attributes": taken}


def timestamp(nanoseconds: int) -> int | str | None:
    """Return the time of so many nanoseconds since 1970 as it is sent to us; None for 0, which stands for unknown."""
    if nanoseconds >= CERTAIN or not nanoseconds:
        return nanoseconds or None
    return instant.text((nanoseconds // 1_000_000, nanoseconds % 1_000_000))


def number(found: float) -> float | str:
    """Return a number; what JSON has no number for as the text by which protobuf's JSON names it."""
    if math.isfinite(found):
        return found
    return "NaN" if math.isnan(found) else "Infinity" if found > 0 else "-Infinity"


def hexadecimal(identity: bytes | str) -> str | None:
    """Return a trace's or span's id as text; None where there is none: all zeros is none."""
    if type(identity) is bytes:
        return identity.hex() if identity.strip(b"\0") else None
    text = str(identity).lower()
    return text if text.strip("0") else None


def level(number: int, text: str) -> str | None:
    """Return the level of a record: its own word where that has a rank, else its number's name.

    Python writes "FATAL" beside 21, Go's slog "INFO+2" beside 11, and a library's own level has a text alone.
    """
    if text and (fold(text) in SEVERITY or not number) and len(text) <= _SHORT:
        return text
    return LEVELS[(number - 1) // 4] if 1 <= number <= 24 else None


def log(
    record: Any, body: Any, attributes: dict[str, Any], shared: dict[str, Any], resource: str | None
) -> dict[str, Any]:
    """Return the log of a *record* whose body and attributes are plain values; *shared* is its scope's `origin`."""
    number, text = record.severity_number, record.severity_text
    found = text if text in RANKED else level(number, text)
    own = beside(shared, text, found, record.event_name, record.flags, record.dropped_attributes_count)
    if not isinstance(body, str):
        if body is not None:
            own = {**own, "body": body}
        body = _message(body, attributes, record.event_name)
    at = record.time_unix_nano or record.observed_time_unix_nano
    return {
        "message": body,
        "level": found,
        "timestamp": at if at >= CERTAIN else timestamp(at),
        "resourceId": resource,
        "traceId": hexadecimal(record.trace_id),
        "spanId": hexadecimal(record.span_id),
        "metadata": joined(attributes, own),
    }


def beside(
    shared: dict[str, Any], text: str, found: str | None, event: str, flags: int, dropped: int
) -> dict[str, Any]:
    """Return what is said of a record besides its attributes: what its scope *shared*; its severity's *text* where its level, *found*, is another."""
    if not (event or flags or dropped or (text and found != text)):
        return shared
    own = dict(shared)
    if text and found != text:
        own["severityText"] = text
    if event:
        own["eventName"] = event
    if flags:
        own["traceFlags"] = flags
    if dropped:
        # The only sign that the sender's library left some out.
        own["droppedAttributes"] = dropped
    return own


def _message(body: Any, attributes: dict[str, Any], event: str) -> str:
    """Return the message of a record whose body is no text."""
    if isinstance(body, dict):
        named = next((body[name] for name in _MESSAGES if isinstance(body.get(name), str)), None)
        if named is not None:
            return str(named)
    if body is not None:
        return compact_json(body)
    thrown = attributes.get("exception.message")
    return event or (thrown if isinstance(thrown, str) else "")
