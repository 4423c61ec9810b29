"""A push: streams of entries under labels, in JSON or in protobuf (https://grafana.com/docs/loki/latest/reference/loki-http-api)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cramjam
from google.protobuf.message import DecodeError

from app.errors import InvalidRecord, Problem, TooLarge
from app.log.body import read_item
from app.log.limits import REQUEST_LOGS, Sharing, ensure_few
from app.log.loki import labels as text_labels
from app.log.loki import messages
from app.log.loki.messages import read_pair
from app.log.scalars import as_bytes
from app.log.schema import Refused
from app.log.wire import ensure_few_packed

#: Where a stream's labels have no name that says more: labels of its sender, the most exact first.
SENDERS = ("container", "pod", "job", "instance", "filename")

_FIELDS = frozenset(("message", "timestamp", "metadata"))


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
        return list(_entries(messages.kind("PushRequest", texts=True).FromString(plain)))
    except (DecodeError, UnicodeDecodeError):
        pass
    try:
        # Texts that are not UTF-8 are refused as texts, and all of the request with them.
        return list(_raw_entries(messages.kind("PushRequest", texts=False).FromString(plain)))
    except DecodeError as error:
        raise InvalidRecord(Problem(f"is not a push of Loki in protobuf: {error}")) from None


def _entries(request: Any) -> Iterator[dict[str, Any]]:
    """Yield the log of each entry."""
    sharing = Sharing()
    # Copied by [:], as the library's own iteration takes longer (app/log/otlp/packed.py).
    for stream in request.streams[:]:
        labels, entries = _named(text_labels.read(stream.labels)), stream.entries[:]
        sharing.add(labels, len(entries))
        for entry in entries:
            yield _log(labels, _time(entry), entry.line, dict(map(read_pair, entry.metadata[:])))


def _raw_entries(request: Any) -> Iterator[dict[str, Any]]:
    """Yield the same of a request whose texts are bytes."""
    sharing = Sharing()
    for stream in request.streams[:]:
        labels, entries = _named(text_labels.read(_text(stream.labels))), stream.entries[:]
        sharing.add(labels, len(entries))
        for entry in entries:
            more = {_text(pair.name): _text(pair.value) for pair in entry.metadata[:]}
            yield _log(labels, _time(entry), _text(entry.line), more)


def _time(entry: Any) -> int | None:
    """Return the time of an entry in nanoseconds since 1970; None for one without."""
    stamp = entry.timestamp
    time: int = stamp.seconds * 10**9 + stamp.nanos
    return time if time or entry.HasField("timestamp") else None


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
