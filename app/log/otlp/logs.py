"""A LogRecord of OTLP becomes a log of ours (opentelemetry-proto, logs/v1/logs.proto; OpenTelemetry's logs data model).

Both encodings are read into objects with the same attributes, so that one function reads either.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from app.log.fold import fold
from app.log.own import Ready
from app.log.record import SEVERITY, LogRecord
from app.log.scalars import compact_json
from app.times import instant

#: Names of SeverityNumber 1 to 24, four numbers each.
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
#: The severity texts that exporters write, as they write them: these are levels as they are.
_RANKED = frozenset(("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", *LEVELS))
#: Longest text of a field other than the message, in characters.
_SHORT = 255
#: Keys under which a body of several values holds the message, the best first.
_MESSAGES = ("message", "msg", "event", "text")
#: Resource attributes that name what logged, best first; a service without a name is `unknown_service:…`.
_NAMES = ("service.name", "host.name", "k8s.pod.name", "container.name", "container.id", "service.instance.id")
_NAMELESS = "unknown_service"
#: Least count of nanoseconds that `app.times.instant.from_number` takes for one.
_CERTAIN = 10**17
#: A count of nanoseconds beyond all times of which it is certain, and bytes of the longest ids of trace and span together.
_LAST, _LONGEST_IDS = 10**19, 100


class ScopeOrigin(NamedTuple):
    """The parts that all records of one scope share."""

    #: Their metadata, see `origin`.
    shared: dict[str, Any]
    #: Their resource's name.
    name: str | None
    #: About how many bytes it takes; 0 where it is to be looked at with each record.
    size: int


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
    if nanoseconds >= _CERTAIN or not nanoseconds:
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
    found = text if text in _RANKED else level(number, text)
    own = _beside(record, text, found, shared)
    if not isinstance(body, str):
        if body is not None:
            own = {**own, "body": body}
        body = _message(body, attributes, record.event_name)
    at = record.time_unix_nano or record.observed_time_unix_nano
    return {
        "message": body,
        "level": found,
        "timestamp": at if at >= _CERTAIN else timestamp(at),
        "resourceId": resource,
        "traceId": hexadecimal(record.trace_id),
        "spanId": hexadecimal(record.span_id),
        "metadata": joined(attributes, own),
    }


def ready(record: Any, message: str, attributes: dict[str, Any], about: ScopeOrigin, size: int) -> Ready | None:
    """Return the same log of a record in protobuf as most are; None for one in which anything has to be looked at.

    Its *attributes* are scalars, and no NUL is among them and the *message*, which take *size* bytes.
    """
    text, event = record.severity_text, record.event_name
    at = record.time_unix_nano or record.observed_time_unix_nano
    found = text if text in _RANKED else level(record.severity_number, text)
    trace, span = record.trace_id, record.span_id
    if found is None or not _CERTAIN <= at < _LAST or len(trace) + len(span) > _LONGEST_IDS:
        return None
    if "\0" in text or "\0" in event:
        return None
    ids = hexadecimal(trace), hexadecimal(span)
    metadata = joined(attributes, _beside(record, text, found, about.shared))
    made = LogRecord(b"", at // 1_000_000, at % 1_000_000, found, message, about.name, *ids, None, metadata)
    return Ready(made, size + about.size + len(text) + len(event))


def _beside(record: Any, text: str, found: str | None, shared: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of a record besides its attributes; its severity's *text* where its level is another."""
    event, flags, dropped = record.event_name, record.flags, record.dropped_attributes_count
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
