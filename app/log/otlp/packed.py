"""OTLP as protobuf: decoded by Google's library, and record by record where the whole can't be.

A sender in Go writes texts that are not UTF-8 into its requests, which the library refuses as a whole: the fields on the
way to the records are then walked here (https://protobuf.dev/programming-guides/encoding), and each record is decoded alone.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from google.protobuf.message import DecodeError

from app.errors import InvalidRecord, Problem
from app.log.limits import REQUEST_LOGS, Sharing
from app.log.otlp import logs, spans
from app.log.schema import Refused
from app.log.wire import ensure_few_packed, split

_NOT = "is not a request of OTLP in protobuf"


@dataclass(frozen=True, slots=True)
class OtlpPacked:
    """A signal of OTLP: its messages from the request down to the record, the fields that lead there, what reads a record.

    The fields have the numbers 1, 2 and 2 in every signal.
    """

    request: Any
    resource: Any
    scope: Any
    record: Any
    way: tuple[str, str, str]
    read: Callable[[Any, dict[str, Any], str | None], dict[str, Any]]
    response: Any


@lru_cache(maxsize=1)
def log_records() -> OtlpPacked:
    """Return the signal of logs; its messages are loaded by the first request, so that others don't pay for them."""
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as service
    from opentelemetry.proto.logs.v1 import logs_pb2 as made

    return OtlpPacked(
        service.ExportLogsServiceRequest,
        made.ResourceLogs,
        made.ScopeLogs,
        made.LogRecord,
        ("resource_logs", "scope_logs", "log_records"),
        _log,
        service.ExportLogsServiceResponse,
    )


def _log(record: Any, shared: dict[str, Any], name: str | None) -> dict[str, Any]:
    return logs.log(record, record.body.string_value or value(record.body), plain(record.attributes), shared, name)


@lru_cache(maxsize=1)
def span_records() -> OtlpPacked:
    """Return the signal of traces; its messages too are loaded by the first request."""
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
    from opentelemetry.proto.trace.v1 import trace_pb2 as made

    return OtlpPacked(
        service.ExportTraceServiceRequest,
        made.ResourceSpans,
        made.ScopeSpans,
        made.Span,
        ("resource_spans", "scope_spans", "spans"),
        _span,
        service.ExportTraceServiceResponse,
    )


def _span(span: Any, shared: dict[str, Any], name: str | None) -> dict[str, Any]:
    inner = {
        "events": [spans.event(one.name, one.time_unix_nano, plain(one.attributes)) for one in span.events],
        "links": [spans.link(one.trace_id, one.span_id, plain(one.attributes)) for one in span.links],
    }
    return spans.log(span, plain(span.attributes), inner, shared, name)


def read(body: bytes, kind: OtlpPacked, most: int = REQUEST_LOGS) -> list[Any]:
    """Return the logs of a request, and a Refused for each record that can't be read. Raises InvalidRecord, TooLarge for more than *most*."""
    ensure_few_packed(body, (1, 2, 2), most)
    try:
        return list(_whole(kind.request.FromString(body), kind))
    except DecodeError as error:
        reason = str(error)
    found = list(_each(body, kind))
    if all(isinstance(one, Refused) for one in found):
        raise InvalidRecord(found[0].problem if found else Problem(f"{_NOT}: {reason}"))
    return found


def _whole(request: Any, kind: OtlpPacked) -> Iterator[Any]:
    outer, middle, inner = kind.way
    sharing = Sharing()
    for resource in getattr(request, outer):
        described, name = _described(resource)
        for scope in getattr(resource, middle):
            shared, records = _shared(described, scope), getattr(scope, inner)
            sharing.add(shared, len(records))
            for record in records:
                yield kind.read(record, shared, name)


def _each(body: bytes, kind: OtlpPacked) -> Iterator[Any]:
    sharing = Sharing()
    for outer in split(body, 1)[0]:
        scopes, rest = split(outer, 2)
        described, name = _described(_decoded(kind.resource, rest))
        for middle in scopes:
            records, rest = split(middle, 2)
            shared = _shared(described, _decoded(kind.scope, rest))
            sharing.add(shared, len(records))
            for raw in records:
                try:
                    yield kind.read(kind.record.FromString(raw), shared, name)
                except DecodeError as error:
                    yield Refused(Problem(f"is not a record of OTLP in protobuf: {error}"), raw)


def _described(resource: Any) -> tuple[dict[str, Any], str | None]:
    described = plain(resource.resource.attributes)
    return described, logs.resource_id(described)


def _shared(described: dict[str, Any], scope: Any) -> dict[str, Any]:
    if not scope.HasField("scope"):
        return logs.origin(described, "", "", {})
    inner = scope.scope
    return logs.origin(described, inner.name, inner.version, plain(inner.attributes))


def _decoded(message: Any, raw: bytes) -> Any:
    """Return the message; an empty one where it can't be decoded, for the records in it are logs all the same."""
    try:
        return message.FromString(raw)
    except DecodeError:
        return message()


def plain(pairs: Any) -> dict[str, Any]:
    """Return a sequence of KeyValue as a dict."""
    # The usual types first: to ask which one is set takes longer than to read both.
    return {pair.key: (inner := pair.value).string_value or inner.int_value or value(inner) for pair in pairs}


def value(any_value: Any) -> Any:
    """Return an AnyValue as plain data; bytes as base64, as protobuf's JSON has them."""
    match any_value.WhichOneof("value"):
        case "string_value":
            return any_value.string_value
        case "int_value":
            return any_value.int_value
        case "bool_value":
            return any_value.bool_value
        case "double_value":
            return logs.number(any_value.double_value)
        case "kvlist_value":
            return plain(any_value.kvlist_value.values)
        case "array_value":
            return [value(one) for one in any_value.array_value.values]
        case "bytes_value":
            return base64.b64encode(any_value.bytes_value).decode()
    return None


def _length(number: int) -> bytes:
    made = bytearray()
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*made, number))


def answer(kind: OtlpPacked, rejected: int, message: str) -> bytes:
    """Return the response: empty where nothing was rejected, which is OTLP's full success."""
    response = kind.response()
    if rejected:
        setattr(response.partial_success, f"rejected_{kind.way[2]}", rejected)
        response.partial_success.error_message = message
    return bytes(response.SerializeToString())


def status(message: str) -> bytes:
    """Return a google.rpc.Status with this message (its field 2), which OTLP's errors are answered with."""
    text = message.encode("utf-8", "replace")
    return b"\x12" + _length(len(text)) + text
