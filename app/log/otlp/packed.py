"""OTLP as protobuf: decoded by Google's library, and record by record where the whole can't be.

A sender in Go writes texts that are not UTF-8 into its requests, which the library refuses as a whole: the fields on the
way to the records are then walked here (https://protobuf.dev/programming-guides/encoding), and each record is decoded alone.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from app.errors import InvalidRecord, Problem
from app.log.limits import REQUEST_LOGS, Sharing
from app.log.otlp import logs, spans
from app.log.schema import Refused
from app.log.wire import ReadOnce, ensure_few_packed, split

T = TypeVar("T")
#: The exceptions that broken bytes raise.
_BROKEN = (DecodeError, UnicodeDecodeError)

_NOT = "is not a request of OTLP in protobuf"
#: Fields that stay bytes: an exporter sends most of them again and again, and they are read once for all requests; a body is
#: a text nearly always, which is had from its bytes in less time than by the library's objects.
_BYTES = ("resource", "scope", "attributes", "body")
#: KeyValues that are remembered, and bytes of the longest: many are ids, which never come again.
_REMEMBERED, _SHORT = 1_024, 128


@dataclass(frozen=True, slots=True)
class OtlpPacked:
    """A signal of OTLP: its messages from the request down to the record, the fields that lead there, what reads a record.

    The fields have the numbers 1, 2 and 2 in every signal.
    """

    request: Any
    resource: Any
    scope: Any
    record: Any
    #: The same record with all that is within decoded: what a broken one is refused by.
    whole: Any
    way: tuple[str, str, str]
    read: Callable[[Any, dict[str, Any], str | None], dict[str, Any]]
    response: Any


def _signal(request: Any, response: Any, way: tuple[str, str, str], read: Any) -> OtlpPacked:
    """Return a signal, given the message types on the way from its request down to its records."""
    pool = descriptor_pool.DescriptorPool()
    _add(pool, request.DESCRIPTOR.file)
    kinds = [pool.FindMessageTypeByName(request.DESCRIPTOR.full_name)]
    for name in way:
        kinds.append(kinds[-1].fields_by_name[name].message_type)
    whole, resource, scope, record = map(message_factory.GetMessageClass, kinds)
    return OtlpPacked(whole, resource, scope, record, _record(request.DESCRIPTOR, way), way, read, response)


def _record(descriptor: Any, way: tuple[str, str, str]) -> Any:
    for name in way:
        descriptor = descriptor.fields_by_name[name].message_type
    return message_factory.GetMessageClass(descriptor)


def _add(pool: Any, file: Any) -> None:
    """Add a file's messages, and those that they are made of, to a pool in which _BYTES stay bytes."""
    for needed in file.dependencies:
        _add(pool, needed)
    made = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(made)
    for field in (field for message in made.message_type for field in message.field if field.name in _BYTES):
        field.type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
        field.ClearField("type_name")
    pool.Add(made)


@lru_cache(maxsize=1)
def log_records() -> OtlpPacked:
    """Return the signal of logs; its messages are loaded by the first request, so that others don't pay for them."""
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as service

    way = ("resource_logs", "scope_logs", "log_records")
    return _signal(service.ExportLogsServiceRequest, service.ExportLogsServiceResponse, way, _log)


def _log(record: Any, shared: dict[str, Any], name: str | None) -> dict[str, Any]:
    return logs.log(record, _body(record.body), _pairs(record.attributes), shared, name)


@lru_cache(maxsize=1)
def span_records() -> OtlpPacked:
    """Return the signal of traces; its messages too are loaded by the first request."""
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

    way = ("resource_spans", "scope_spans", "spans")
    return _signal(service.ExportTraceServiceRequest, service.ExportTraceServiceResponse, way, _span)


def _span(span: Any, shared: dict[str, Any], name: str | None) -> dict[str, Any]:
    inner = {
        "events": [spans.event(one.name, one.time_unix_nano, plain(one.attributes)) for one in span.events[:]],
        "links": [spans.link(one.trace_id, one.span_id, plain(one.attributes)) for one in span.links[:]],
    }
    return spans.log(span, _pairs(span.attributes), inner, shared, name)


def read(body: bytes, kind: OtlpPacked, most: int = REQUEST_LOGS) -> list[Any]:
    """Return the logs of a request, and a Refused for each record that can't be read. Raises InvalidRecord, TooLarge for more than *most*."""
    ensure_few_packed(body, (1, 2, 2), most)
    try:
        return list(_whole(kind.request.FromString(body), kind))
    except _BROKEN as error:
        reason = str(error)
    found = list(_each(body, kind))
    if all(isinstance(one, Refused) for one in found):
        raise InvalidRecord(found[0].problem if found else Problem(f"{_NOT}: {reason}"))
    return found


def _whole(request: Any, kind: OtlpPacked) -> Iterator[Any]:
    outer, middle, inner = kind.way
    sharing, read = Sharing(), kind.read
    # Copied by [:], which makes a list at once; the library's own iteration ends by an exception, which takes longer than some elements.
    for resource in getattr(request, outer)[:]:
        described, name = _resources[resource.resource]
        for scope in getattr(resource, middle)[:]:
            shared, records = logs.origin(described, *_scopes[scope.scope]), getattr(scope, inner)[:]
            sharing.add(shared, len(records))
            for record in records:
                yield read(record, shared, name)


def _each(body: bytes, kind: OtlpPacked) -> Iterator[Any]:
    sharing = Sharing()
    for outer in split(body, 1)[0]:
        scopes, rest = split(outer, 2)
        described, name = _origin(kind.resource, rest, "resource", _resources)
        for middle in scopes:
            records, rest = split(middle, 2)
            shared = logs.origin(described, *_origin(kind.scope, rest, "scope", _scopes))
            sharing.add(shared, len(records))
            for raw in records:
                try:
                    kind.whole.FromString(raw)
                    yield kind.read(kind.record.FromString(raw), shared, name)
                except _BROKEN as error:
                    yield Refused(Problem(f"is not a record of OTLP in protobuf: {error}"), raw)


def _resource(raw: bytes) -> tuple[dict[str, Any], str | None]:
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    described = plain(Resource.FromString(raw).attributes)
    return described, logs.resource_id(described)


def _scope(raw: bytes) -> tuple[str, str, dict[str, Any]]:
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope

    scope = InstrumentationScope.FromString(raw)
    return scope.name, scope.version, plain(scope.attributes)


class _Pairs(dict[bytes, tuple[str, Any]]):
    """Keys and values by the bytes of their KeyValues: those of a few names or short texts come again with every record."""

    def __init__(self) -> None:
        super().__init__()
        self._decode = self._load

    def _load(self, raw: bytes) -> Any:
        from opentelemetry.proto.common.v1.common_pb2 import KeyValue

        self._decode = KeyValue.FromString
        return self._decode(raw)

    def __missing__(self, raw: bytes) -> tuple[str, Any]:
        size = len(raw)
        if size > _SHORT:
            return self._read(raw)
        if len(self) >= _REMEMBERED:
            self.clear()
        # A key (field 1) and a text (field 1 of field 2), each with its length in one byte: what nearly all are.
        at, rest = (raw[1] + 2, size - raw[1] - 6) if size > 5 and raw[0] == 0x0A else (size, -1)
        plain = (
            rest >= 0 and raw[at] == 0x12 and raw[at + 2] == 0x0A and raw[at + 1] == rest + 2 and raw[at + 3] == rest
        )
        found = self[raw] = (raw[2:at].decode(), raw[at + 4 :].decode()) if plain else self._read(raw)
        return found

    def _read(self, raw: bytes) -> tuple[str, Any]:
        pair = self._decode(raw)
        inner = pair.value
        # The usual types first: to ask which one is set takes longer than to read both.
        return pair.key, inner.string_value or inner.int_value or value(inner)


_read_pair = _Pairs().__getitem__


def _pairs(packed: Any) -> dict[str, Any]:
    return dict(map(_read_pair, packed[:]))


def _body(raw: bytes) -> Any:
    """Return the AnyValue in *raw* as plain data; nearly always it is a text, its field 1, and its length is one byte or two."""
    rest = len(raw) - 2
    if rest >= 0 and raw[0] == 0x0A:
        if rest == raw[1] < 0x80:
            return raw[2:].decode()
        if rest >= 0x80 and raw[2] < 0x80 <= raw[1] and rest - 1 == raw[1] - 0x80 + (raw[2] << 7):
            return raw[3:].decode()
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

    return value(AnyValue.FromString(raw))


#: By the bytes of a resource its attributes and name, by those of a scope its name, version and attributes.
_resources, _scopes = ReadOnce(_resource), ReadOnce(_scope)


def _origin(message: Any, raw: bytes, name: str, read: ReadOnce[bytes, T]) -> T:
    """Return what the field *name* of a message is read as; an empty one where it can't be decoded, for the records in it are logs all the same."""
    try:
        return read[getattr(message.FromString(raw), name)]
    except DecodeError:
        return read[b""]


def plain(pairs: Any) -> dict[str, Any]:
    """Return a sequence of KeyValue as a dict."""
    # The usual types first: to ask which one is set takes longer than to read both.
    return {pair.key: (inner := pair.value).string_value or inner.int_value or value(inner) for pair in pairs[:]}


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
            return [value(one) for one in any_value.array_value.values[:]]
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
