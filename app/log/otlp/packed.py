"""OTLP as protobuf: decoded by Google's library, and record by record where the whole can't be.

A sender in Go writes texts that are not UTF-8 into its requests, which the library refuses as a whole: the fields on the
way to the records are then walked here (https://protobuf.dev/programming-guides/encoding), and each record is decoded alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from app.errors import InvalidRecord, Problem
from app.log.foreign.many import attempt
from app.log.limits import AT_ONCE, REQUEST_LOGS, Sharing, shared_size
from app.log.otlp import logs, spans, usual, values
from app.log.otlp.logs import ScopeOrigin
from app.log.own import Ready
from app.log.parsed import Refused
from app.log.wire import ReadOnce, ensure_few_packed, split

T = TypeVar("T")
#: The exceptions that broken bytes raise.
_BROKEN = (DecodeError, UnicodeDecodeError)

_NOT = "is not a request of OTLP in protobuf"
#: Fields that stay bytes: an exporter sends most of them again and again, and they are read once for all requests; a body is
#: a text nearly always, which is had from its bytes in less time than by the library's objects.
_BYTES = ("resource", "scope", "attributes", "body")
#: Bytes that the names of a record's own fields take.
_NAMES = 64


@dataclass(frozen=True, slots=True)
class OtlpPacked:
    """A signal of OTLP: its messages from the request down to the record, the fields that lead there, what reads records.

    The fields have the numbers 1, 2 and 2 in every signal.
    """

    request: Any
    resource: Any
    scope: Any
    record: Any
    #: The same record with all that is within decoded: what a broken one is refused by.
    whole: Any
    way: tuple[str, str, str]
    read: Callable[[Sequence[Any], Sequence[ScopeOrigin]], Iterator[dict[str, Any] | Ready]]
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
    return _signal(service.ExportLogsServiceRequest, service.ExportLogsServiceResponse, way, _logs)


def _logs(records: Sequence[Any], abouts: Sequence[ScopeOrigin]) -> Iterator[dict[str, Any] | Ready]:
    for start in range(0, len(records), AT_ONCE):
        some = list(zip(records[start : start + AT_ONCE], abouts[start : start + AT_ONCE], strict=True))
        yield from attempt(some, usual.logs, _log) or map(_log, some)


def _log(sent: tuple[Any, ScopeOrigin]) -> dict[str, Any] | Ready:
    record, about = sent
    attributes = dict(map(values.read_pair, record.attributes[:]))
    return logs.log(record, values.body(record.body), attributes, about.shared, about.name)


@lru_cache(maxsize=1)
def span_records() -> OtlpPacked:
    """Return the signal of traces; its messages too are loaded by the first request."""
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

    way = ("resource_spans", "scope_spans", "spans")
    return _signal(service.ExportTraceServiceRequest, service.ExportTraceServiceResponse, way, _spans)


def _spans(records: Sequence[Any], abouts: Sequence[ScopeOrigin]) -> Iterator[dict[str, Any]]:
    return map(_span, records, abouts)


def _span(span: Any, about: ScopeOrigin) -> dict[str, Any]:
    inner = {
        "events": [spans.event(one.name, one.time_unix_nano, values.plain(one.attributes)) for one in span.events[:]],
        "links": [spans.link(one.trace_id, one.span_id, values.plain(one.attributes)) for one in span.links[:]],
    }
    return spans.log(span, dict(map(values.read_pair, span.attributes[:])), inner, about.shared, about.name)


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
    sharing, records, abouts = Sharing(), list[Any](), list[ScopeOrigin]()
    # Copied by [:], which makes a list at once; the library's own iteration ends by an exception, which takes longer than some elements.
    for resource in getattr(request, outer)[:]:
        described = resource.resource
        for scope in getattr(resource, middle)[:]:
            about, some = _abouts[described, scope.scope], getattr(scope, inner)[:]
            if len(some) > 1:
                sharing.count(about.json, len(some))
            records += some
            abouts += repeat(about, len(some))
    return kind.read(records, abouts)


def _each(body: bytes, kind: OtlpPacked) -> Iterator[Any]:
    sharing = Sharing()
    for outer in split(body, 1)[0]:
        scopes, rest = split(outer, 2)
        described = _origin(kind.resource, rest, "resource", _resources)
        for middle in scopes:
            records, rest = split(middle, 2)
            about = _about(described, _origin(kind.scope, rest, "scope", _scopes))
            if len(records) > 1:
                sharing.count(about.json, len(records))
            for raw in records:
                try:
                    kind.whole.FromString(raw)
                    yield from kind.read([kind.record.FromString(raw)], [about])
                except _BROKEN as error:
                    yield Refused(Problem(f"is not a record of OTLP in protobuf: {error}"), raw)


class _Described(NamedTuple):
    """A resource or a scope."""

    attributes: dict[str, Any]
    #: The name of a scope and its version; a resource has none of the latter, and is called by what names it best.
    name: str | None
    version: str
    #: About how many bytes it takes; 0 where it has more than texts and numbers.
    size: int


def _resource(raw: bytes) -> _Described:
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    attributes = values.plain(Resource.FromString(raw).attributes)
    return _Described(attributes, logs.resource_id(attributes), "", _size(raw, attributes))


def _scope(raw: bytes) -> _Described:
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope

    scope = InstrumentationScope.FromString(raw)
    attributes = values.plain(scope.attributes)
    return _Described(attributes, scope.name, scope.version, _size(raw, attributes))


def _size(raw: bytes, attributes: dict[str, Any]) -> int:
    flat = b"\0" not in raw and usual.SCALARS.issuperset(map(type, attributes.values()))
    return len(raw) + _NAMES if flat else 0


def _about(resource: _Described, scope: _Described) -> ScopeOrigin:
    shared = logs.origin(resource.attributes, scope.name or "", scope.version, scope.attributes)
    size = resource.size + scope.size if resource.size and scope.size else 0
    return ScopeOrigin(shared, resource.name, size, shared_size(shared) if shared else 0)


def _about_of(sent: tuple[bytes, bytes]) -> ScopeOrigin:
    return _about(_resources[sent[0]], _scopes[sent[1]])


#: Resources and scopes by their bytes, and what the records of a scope have of both.
_resources, _scopes, _abouts = ReadOnce(_resource), ReadOnce(_scope), ReadOnce(_about_of)


def _origin(message: Any, raw: bytes, name: str, read: ReadOnce[bytes, T]) -> T:
    """Return what the field *name* of a message is read as; an empty one where it can't be decoded, for the records in it are logs all the same."""
    try:
        return read[getattr(message.FromString(raw), name)]
    except DecodeError:
        return read[b""]


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
