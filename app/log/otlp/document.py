"""OTLP as JSON: protobuf's JSON form, with ids in hexadecimal and enumerations as numbers (opentelemetry-proto, docs/specification.md).

Each record is read alone, so that one that can't be read costs no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from app import json_text
from app.errors import InvalidRecord, Problem
from app.log.body import read_item
from app.log.limits import REQUEST_LOGS, Sharing, ensure_few
from app.log.otlp import logs, spans
from app.log.parsed import Refused
from app.log.schema import payload_of

T = TypeVar("T")
#: Exceptions that reading a wrong record raises: UnicodeEncodeError too, for a lone surrogate.
FAULTS = (*json_text.FAULTS, OverflowError)
_NAMED = re.compile(r"(?:SEVERITY_NUMBER_)?(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)([234])?")


class AnyValue(Struct, rename="camel"):
    """An AnyValue."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | str | None = None
    array_value: ArrayValue | None = None
    kvlist_value: KeyValueList | None = None
    bytes_value: str | None = None


class KeyValue(Struct):
    """A KeyValue."""

    key: str = ""
    value: AnyValue | None = None


class ArrayValue(Struct):
    """An ArrayValue."""

    values: list[AnyValue | None] | None = None


class KeyValueList(Struct):
    """A KeyValueList."""

    values: list[KeyValue] | None = None


class OtlpOrigin(Struct):
    """A Resource or an InstrumentationScope."""

    attributes: list[KeyValue] | None = None
    name: str | None = None
    version: str | None = None


class OtlpRecord(Struct, rename="camel"):
    """A LogRecord."""

    time_unix_nano: int = 0
    observed_time_unix_nano: int = 0
    severity_number: int | str = 0
    severity_text: str = ""
    body: AnyValue | None = None
    attributes: list[KeyValue] | None = None
    dropped_attributes_count: int = 0
    flags: int = 0
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


class SpanStatus(Struct):
    """A Status."""

    message: str | None = None
    code: int | str = 0


class SpanEvent(Struct, rename="camel"):
    """An Event of a span."""

    name: str = ""
    time_unix_nano: int = 0
    attributes: list[KeyValue] | None = None


class SpanLink(Struct, rename="camel"):
    """A Link of a span."""

    trace_id: str = ""
    span_id: str = ""
    attributes: list[KeyValue] | None = None


class OtlpSpan(Struct, rename="camel"):
    """A Span."""

    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    trace_state: str = ""
    name: str = ""
    kind: int | str = 0
    start_time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    attributes: list[KeyValue] | None = None
    events: list[SpanEvent] | None = None
    links: list[SpanLink] | None = None
    status: SpanStatus | None = None


@dataclass(frozen=True, slots=True)
class OtlpJson:
    """A signal of OTLP: the names of the arrays that lead to its records, and what reads one."""

    way: tuple[str, str, str]
    read: Callable[[dict[str, Any], dict[str, Any], str | None], dict[str, Any]]


def _log(found: dict[str, Any], shared: dict[str, Any], name: str | None) -> dict[str, Any]:
    record = converted(found, OtlpRecord)
    if isinstance(record.severity_number, str):
        record.severity_number = _severity(record.severity_number)
    return logs.log(record, value(record.body), plain(record.attributes), shared, name)


LOGS = OtlpJson(("resourceLogs", "scopeLogs", "logRecords"), _log)


def _span(found: dict[str, Any], shared: dict[str, Any], name: str | None) -> dict[str, Any]:
    span = converted(found, OtlpSpan)
    span.kind = _enumerated(span.kind, "SPAN_KIND_", spans.KINDS)
    if span.status is not None:
        span.status.code = _enumerated(span.status.code, "STATUS_CODE_", spans.CODES)
    inner = {
        "events": [spans.event(one.name, one.time_unix_nano, plain(one.attributes)) for one in span.events or ()],
        "links": [spans.link(one.trace_id, one.span_id, plain(one.attributes)) for one in span.links or ()],
    }
    return spans.log(span, plain(span.attributes), inner, shared, name)


def _enumerated(sent: int | str, prefix: str, names: tuple[str, ...]) -> int:
    """Return the number of an enumeration's value; some senders write its name."""
    if isinstance(sent, int):
        return sent
    name = sent.removeprefix(prefix).lower()
    return int(sent) if sent.isdecimal() else names.index(name) if name in names else 0


SPANS = OtlpJson(("resourceSpans", "scopeSpans", "spans"), _span)


def read(body: bytes, form: OtlpJson, most: int = REQUEST_LOGS) -> list[Any]:
    """Return the logs of a request, and a Refused for each record that can't be read. Raises InvalidRecord, TooLarge for more than *most*."""
    whole = read_item(body)
    if whole.problem is not None:
        raise InvalidRecord(whole.problem)
    if not isinstance(whole.value, dict):
        raise InvalidRecord(Problem("is not a JSON object"))
    found = list[Any]()
    for one in values_of(whole.value, form):
        found.append(one)
        ensure_few(len(found), most)
    return found


def values_of(request: dict[str, Any], form: OtlpJson) -> Iterator[Any]:
    """Yield the logs of a decoded request, a Refused for what can't be read. Raises InvalidRecord where it is none, TooLarge."""
    outer, middle, inner = form.way
    sharing = Sharing()
    for resource in _members(request, outer):
        described = plain(_described(resource, "resource").attributes)
        name = logs.resource_id(described)
        for scope in _members(resource, middle):
            found = _described(scope, "scope")
            shared = logs.origin(described, found.name or "", found.version or "", plain(found.attributes))
            records = _members(scope, inner)
            sharing.add(shared, len(records))
            for record in records:
                try:
                    yield form.read(record, shared, name)
                except FAULTS as error:
                    yield Refused(Problem(f"is not a record of OTLP: {error}"), payload_of(record))


def converted(found: dict[str, Any], kind: type[T]) -> T:
    """Return the message of a JSON object; null is the same as absent, and numbers may be texts. Raises ValidationError."""
    given = {name: inner for name, inner in found.items() if inner is not None}
    return msgspec.convert(given, kind, strict=False)


def _members(around: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = around.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InvalidRecord(Problem("is not an array of JSON objects", name))
    return found


def _described(around: dict[str, Any], name: str) -> OtlpOrigin:
    found = around.get(name)
    try:
        return converted(found, OtlpOrigin) if isinstance(found, dict) else OtlpOrigin()
    except FAULTS:
        # The records in it are logs all the same.
        return OtlpOrigin()


def _severity(text: str) -> int:
    """Return the number that a text stands for: digits, or the enumeration's name, which some senders write."""
    if text.isdecimal():
        return int(text)
    found = _NAMED.fullmatch(text)
    return 0 if found is None else logs.LEVELS.index(found[1].lower()) * 4 + int(found[2] or 1)


def plain(pairs: list[KeyValue] | None) -> dict[str, Any]:
    """Return an array of KeyValue as a dict."""
    return {pair.key: value(pair.value) for pair in pairs or ()}


def value(found: AnyValue | None) -> Any:
    """Return an AnyValue as plain data; bytes stay base64."""
    if found is None:
        return None
    if found.double_value is not None:
        return _double(found.double_value)
    if found.array_value is not None:
        return [value(one) for one in found.array_value.values or ()]
    if found.kvlist_value is not None:
        return plain(found.kvlist_value.values)
    scalars = (found.string_value, found.bool_value, found.int_value, found.bytes_value)
    return next((one for one in scalars if one is not None), None)


def _double(sent: float | str) -> float | str:
    """Return a number, which may be sent as a text; a text that is none stays one."""
    try:
        return logs.number(float(sent))
    except ValueError:
        return sent
