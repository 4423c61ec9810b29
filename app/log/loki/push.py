"""A push: streams of entries under labels, in JSON or in protobuf (https://grafana.com/docs/loki/latest/reference/loki-http-api)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from app.errors import InvalidRecord, Problem, TooLarge
from app.log.body import read_item
from app.log.limits import REQUEST_LOGS, Sharing, ensure_few
from app.log.loki import labels as text_labels
from app.log.scalars import as_bytes
from app.log.schema import Refused
from app.log.wire import ensure_few_packed

#: Where a stream's labels have no name that says more: labels of its sender, the most exact first.
SENDERS = ("container", "pod", "job", "instance", "filename")

_FIELDS = frozenset(("message", "timestamp", "metadata"))
#: Fields of Loki's messages (its pkg/push/push.proto): name, number, repeated, message or None for text.
_MESSAGES: dict[str, tuple[tuple[str, int, bool, str | None], ...]] = {
    "PushRequest": (("streams", 1, True, "Stream"),),
    "Stream": (("labels", 1, False, None), ("entries", 2, True, "Entry")),
    "Entry": (("timestamp", 1, False, "Timestamp"), ("line", 2, False, None), ("metadata", 3, True, "Pair")),
    "Pair": (("name", 1, False, None), ("value", 2, False, None)),
}


def from_json(body: bytes, most: int = REQUEST_LOGS) -> list[Any]:
    """Return the log of each entry, and a Refused for each that is none. Raises InvalidRecord where it is no push, TooLarge for more than *most*."""
    item = read_item(body)
    if item.problem is not None:
        raise InvalidRecord(item.problem)
    streams = item.value.get("streams") if isinstance(item.value, dict) else None
    if not isinstance(streams, list):
        raise InvalidRecord(Problem("is not a list", "streams"))
    ensure_few(sum(len(values) if (values := _values(stream)) is not None else 1 for stream in streams), most)
    sharing = Sharing()
    return [log for stream in streams for log in _stream(stream, sharing)]


def _values(stream: Any) -> list[Any] | None:
    """Return the entries of a stream; None where it has no list of them."""
    values = stream.get("values") if isinstance(stream, dict) else None
    return values if isinstance(values, list) else None


def _stream(stream: Any, sharing: Sharing) -> Iterator[Any]:
    values = _values(stream)
    if values is None:
        yield Refused(Problem("the stream has no list of values"), as_bytes(stream))
        return
    given = stream.get("stream")
    labels = _named(given if isinstance(given, dict) else text_labels.read(str(given or stream.get("labels") or "")))
    sharing.add(labels, len(values))
    for value in values:
        if isinstance(value, list) and len(value) >= 2 and isinstance(value[1], str):
            more = value[2] if len(value) > 2 and isinstance(value[2], dict) else {}
            yield _log(labels, value[0], value[1], more)
        else:
            yield Refused(Problem("the value is not a list of time and text"), as_bytes(value))


def from_protobuf(body: bytes, limit: int, most: int = REQUEST_LOGS) -> list[Any]:
    """Return the log of each entry of a push in protobuf beneath one layer of snappy, of at most *limit* bytes and *most* entries.

    Raises InvalidRecord and TooLarge.
    """
    try:
        if cramjam.snappy.decompress_raw_len(body) > limit:
            raise TooLarge(Problem(f"the body holds more than {limit:,} bytes once decompressed"))
        plain = bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise InvalidRecord(Problem(f"the body is not a block of snappy: {error}")) from None
    ensure_few_packed(plain, (1, 2), most)
    try:
        return list(_entries(_push_request(texts=True).FromString(plain), str))
    except DecodeError:
        pass
    try:
        # Texts that are not UTF-8 are refused as texts, and all of the request with them.
        return list(_entries(_push_request(texts=False).FromString(plain), _text))
    except DecodeError as error:
        raise InvalidRecord(Problem(f"is not a push of Loki in protobuf: {error}")) from None


def _entries(request: Any, text: Callable[[Any], str]) -> Iterator[dict[str, Any]]:
    """Yield the log of each entry; *text* makes one of what the request has for a text."""
    sharing, plain = Sharing(), text is str
    # Copied by [:], as the library's own iteration takes longer (app/log/otlp/packed.py).
    for stream in request.streams[:]:
        labels, entries = _named(text_labels.read(text(stream.labels))), stream.entries[:]
        sharing.add(labels, len(entries))
        for entry in entries:
            line, more = entry.line, {pair.name: pair.value for pair in entry.metadata[:]}
            if not plain:
                line, more = text(line), {text(name): text(inner) for name, inner in more.items()}
            time = None
            if entry.HasField("timestamp"):
                stamp = entry.timestamp
                time = stamp.seconds * 10**9 + stamp.nanos
            yield _log(labels, time, line, more)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _log(labels: dict[str, Any], time: Any, line: str, more: dict[str, Any]) -> dict[str, Any]:
    """Return the entry's names and values: those of the entry win over its stream's, which are named already."""
    log: dict[str, Any] = {"message": line.rstrip("\r\n"), **labels, **_named(more)}
    nanoseconds = _nanoseconds(time)
    if nanoseconds is not None:
        log["timestamp"] = nanoseconds
    elif time is not None:
        log["unread"] = {"timestamp": f"{str(time)[:100]!r} is no time in nanoseconds; it is that of arrival"}
    return log


def _named(pairs: dict[str, Any]) -> dict[str, Any]:
    # A label that has the name of a field of ours is not that field.
    if _FIELDS.isdisjoint(pairs):
        return pairs
    return {f"label.{name}" if name in _FIELDS else name: pairs[name] for name in pairs}


def _nanoseconds(time: Any) -> int | None:
    """Return the time as nanoseconds since 1970, whatever its size; None for what is none, as the `NaN` of pino-loki with isoTime."""
    if type(time) is str:
        if len(time) == 19 and time.isascii() and time.isdecimal():
            return int(time)
        digits = time.strip()
        if not (digits.isascii() and digits.lstrip("-").isdigit() and len(digits) < 30):
            return None
        time = int(digits)
    return time if type(time) is int and abs(time) < 10**20 else None


@lru_cache(maxsize=2)
def _push_request(*, texts: bool) -> Any:
    """Return the class of the request, made at its first use: its texts are texts, which must be UTF-8, or bytes."""
    file = descriptor_pb2.FileDescriptorProto(name="push.proto", package="logproto", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto
    stamp = file.message_type.add(name="Timestamp")
    stamp.field.add(name="seconds", number=1, type=kinds.TYPE_INT64, label=kinds.LABEL_OPTIONAL)
    stamp.field.add(name="nanos", number=2, type=kinds.TYPE_INT32, label=kinds.LABEL_OPTIONAL)
    for name, fields in _MESSAGES.items():
        made = file.message_type.add(name=name)
        for field, number, repeated, inner in fields:
            made.field.add(
                name=field,
                number=number,
                label=kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL,
                type=kinds.TYPE_MESSAGE if inner else kinds.TYPE_STRING if texts else kinds.TYPE_BYTES,
                type_name=f".logproto.{inner}" if inner else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("logproto.PushRequest"))
