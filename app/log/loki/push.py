"""A push: streams of entries under labels, in JSON or in protobuf (https://grafana.com/docs/loki/latest/reference/loki-http-api)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias

import cramjam
from google.protobuf.message import DecodeError

from app.errors import InvalidRecord, Problem, TooLarge
from app.log.body import read_item
from app.log.foreign.many import Columns, Odd, attempt, columns, together
from app.log.limits import REQUEST_LOGS, Sharing, ensure_few, shared_size
from app.log.loki import labels as text_labels
from app.log.loki import messages, packed
from app.log.loki.messages import read_alike, read_pair
from app.log.own import Ready
from app.log.parsed import Refused
from app.log.scalars import as_bytes
from app.log.wire import ReadOnce, ensure_few_packed

#: Where a stream's labels have no name that says more: labels of its sender, the most exact first.
SENDERS = ("container", "pod", "job", "instance", "filename")

#: An entry: the labels of its stream, its time, its text, and what it has besides, which protobuf has as packed pairs.
Entry: TypeAlias = tuple[dict[str, Any], Any, str, Any]
#: Makes logs of entries as most are, given their names and values; or which of them, None where all, must be looked at by themselves.
Take: TypeAlias = Callable[[Columns], Sequence[Ready] | Odd | None]

_FIELDS = frozenset(("message", "timestamp", "metadata"))
#: A count of nanoseconds that no time has.
_TOO_LATE = 10**20
_parts, _stamp = attrgetter("timestamp", "line", "metadata"), attrgetter("seconds", "nanos")
_all = itemgetter(slice(None))


def from_json(body: bytes, most: int = REQUEST_LOGS, take: Take = lambda held: None) -> list[Any]:
    """Return the log of each entry, made by *take* where it makes one, and a Refused for each that is none.

    Raises InvalidRecord where it is no push, TooLarge for more than *most*.
    """
    item = read_item(body)
    if item.problem is not None:
        raise InvalidRecord(item.problem)
    streams = item.value.get("streams") if isinstance(item.value, dict) else None
    if not isinstance(streams, list):
        raise InvalidRecord(Problem("is not a list", "streams"))
    ensure_few(sum(len(values) if (values := _values(stream)) is not None else 1 for stream in streams), most)
    sharing = Sharing()
    return _logs([entry for stream in streams for entry in _stream(stream, sharing)], take)


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
            yield labels, value[0], value[1], more
        else:
            yield Refused(Problem("the value is not a list of time and text"), as_bytes(value))


def from_protobuf(
    body: bytes, limit: int, most: int = REQUEST_LOGS, take: Take = lambda held: None
) -> list[dict[str, Any] | Ready]:
    """Return the log of each entry of a push in protobuf beneath one layer of snappy, of at most *limit* bytes and *most* entries.

    Where *take* makes one of it, that is its log.

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
        alike = _alike_logs(messages.kind("PushRequest", packed="Entry").FromString(plain), take)
        if alike is not None:
            return alike
        return _logs(_entries(messages.kind("PushRequest", packed="Pair").FromString(plain)), take)
    except (DecodeError, UnicodeDecodeError):
        pass
    try:
        # Texts that are not UTF-8 are refused as texts, and all of the request with them.
        return _logs(list(_raw_entries(messages.kind("PushRequest", texts=False).FromString(plain))), take)
    except DecodeError as error:
        raise InvalidRecord(Problem(f"is not a push of Loki in protobuf: {error}")) from None


def _alike_logs(request: Any, take: Take) -> list[Any] | None:
    """Return the logs of the entries of a request, whose fields are packed; None where these are not alike."""
    about, found = _with_labels(request)
    held = packed.read(found)
    if held is None:
        return None

    def taken(places: Sequence[int]) -> Sequence[Any] | Odd | None:
        def at(values: Sequence[Any]) -> Sequence[Any]:
            return values if len(places) == len(found) else [values[place] for place in places]

        beside = {name: at(values) for name, values in held.pairs.items()}
        some = _held(at(about), at(held.times), at(held.lines), beside)
        return None if some is None else take(some)

    def each(place: int) -> dict[str, Any] | Refused:
        more = {name: values[place] for name, values in held.pairs.items()}
        return _log((about[place], held.times[place], held.lines[place], more))

    places = range(len(found))
    logs = attempt(places, taken, each)
    return list(logs or together(places, lambda place: tuple(about[place]), taken, each))


def _with_labels(request: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return the labels of each entry, and the entries."""
    sharing, found, about = Sharing(), list[Any](), list[dict[str, Any]]()
    # Copied by [:], as the library's own iteration takes longer (app/log/otlp/packed.py).
    for stream in request.streams[:]:
        (labels, size), entries = _labels[stream.labels], stream.entries[:]
        if len(entries) > 1:
            sharing.count(size, len(entries))
        found += entries
        about += repeat(labels, len(entries))
    return about, found


def _entries(request: Any) -> list[Entry]:
    about, found = _with_labels(request)
    if not found:
        return []
    stamps, lines, more = zip(*map(_parts, found), strict=True)
    times = [seconds * 10**9 + nanos for seconds, nanos in map(_stamp, stamps)]
    if not all(times):
        times = list(map(_time, found))
    return list(zip(about, times, lines, map(_all, more), strict=True))


def _labels_of(text: str) -> tuple[dict[str, Any], int]:
    labels = _named(text_labels.read(text))
    return labels, shared_size(labels) if labels else 0


#: The labels of a stream, named as a log has them, and how many bytes of JSON they take; by their text.
_labels = ReadOnce(_labels_of)


def _raw_entries(request: Any) -> Iterator[Entry]:
    """Yield the same of a request whose texts are bytes."""
    sharing = Sharing()
    for stream in request.streams[:]:
        labels, entries = _named(text_labels.read(_text(stream.labels))), stream.entries[:]
        sharing.add(labels, len(entries))
        for entry in entries:
            more = {_text(pair.name): _text(pair.value) for pair in entry.metadata[:]}
            yield labels, _time(entry), _text(entry.line), more


def _time(entry: Any) -> int | None:
    """Return the time of an entry in nanoseconds since 1970; None for one without."""
    stamp = entry.timestamp
    time: int = stamp.seconds * 10**9 + stamp.nanos
    return time if time or entry.HasField("timestamp") else None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _logs(entries: Sequence[Entry | Refused], take: Take) -> list[Any]:
    """Return the logs of entries, as many together as have the same names."""

    def taken(some: Sequence[Any]) -> Sequence[Any] | Odd | None:
        if Refused in map(type, some):
            return None
        labels, times, lines, more = zip(*some, strict=True)
        held = _held(labels, times, lines, columns(more) if type(more[0]) is dict else _unpacked(more))
        return None if held is None else take(held)

    return together(entries, _layout, taken, _log)


def _layout(entry: Entry | Refused) -> Hashable:
    if isinstance(entry, Refused):
        return ""
    labels, time, _, more = entry
    if type(more) is dict:
        return type(time), *labels, *map(type, labels.values()), dict, *more, *map(type, more.values())
    # Where a name ends in a packed pair is said by its second byte.
    return type(time), *labels, list, *(pair[: pair[1] + 2] for pair in more if len(pair) > 1)


def _held(
    labels: Sequence[dict[str, Any]], times: Sequence[Any], lines: Sequence[str], beside: Columns | None
) -> Columns | None:
    """Return names and values of entries as `_log` does, together; None where they have not the same names."""
    about = None if beside is None else _about(labels)
    if about is None or beside is None:
        return None
    nanoseconds = list(map(int if _are_usual(times) else _nanoseconds, times))
    messages = list(map(str.rstrip, lines, repeat("\r\n")))
    return None if None in nanoseconds else {"message": messages, **about, **_named(beside), "timestamp": nanoseconds}


def _about(labels: Sequence[dict[str, Any]]) -> Columns | None:
    """Return the labels of entries; None where they have not the same names: those of a stream are one object, looked at once."""
    streams = list({id(one): one for one in labels}.values())
    found = columns(streams)
    if found is None or len(streams) == len(labels):
        return found
    return {name: list(map(itemgetter(name), labels)) for name in found}


def _are_usual(times: Sequence[Any]) -> bool:
    """Return whether each of several times is a number, or digits, of nanoseconds since 1970 as of now."""
    kinds = set(map(type, times))
    if kinds == {int}:
        return bool(min(times) > 0 and max(times) < _TOO_LATE)
    return (
        kinds == {str} and set(map(len, times)) == {19} and (digits := "".join(times)).isascii() and digits.isdecimal()
    )


def _unpacked(several: Sequence[Sequence[bytes]]) -> Columns | None:
    """Return the names and values of packed pairs; None where they have not the same names in the same order."""
    if len(set(map(len, several))) > 1:
        return None
    found = list(map(read_alike, zip(*several, strict=True)))
    return dict(one for one in found if one is not None) if None not in found else None


def _log(entry: Entry | Refused) -> dict[str, Any] | Refused:
    """Return the entry's names and values: those of the entry win over its stream's, which are named already."""
    if isinstance(entry, Refused):
        return entry
    labels, time, line, more = entry
    pairs = more if type(more) is dict else dict(map(read_pair, more))
    log: dict[str, Any] = {"message": line.rstrip("\r\n"), **labels, **_named(pairs)}
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
    return time if type(time) is int and abs(time) < _TOO_LATE else None
