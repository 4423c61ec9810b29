"""From the bytes of a request to the logs' JSON values, each apart, so that a bad one costs no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Annotated, Any, TypeAlias, cast
from urllib.parse import parse_qsl

import msgspec

from app.errors import InvalidRecord, Problem, UnsupportedMedia
from app.json_text import FAULTS, STRICT, Decoder, NotJSON
from app.log import own
from app.log.limits import AT_ONCE, REQUEST_LOGS, Limits, ensure_few, surely
from app.log.record import LogRecord
from app.times import instant

#: The content type that curl sends when nobody says otherwise, and that of forms and of the HTTPHandler of Python's logging.
FORM = "application/x-www-form-urlencoded"
#: Content types of one JSON value.
JSON_TYPES = ("", "application/json", "text/plain", FORM)
#: Content types of one JSON value a line.
LINE_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
#: Content type of JSON texts with a separator before each (RFC 7464), as `journalctl -o json-seq` writes them; and that separator.
SEQUENCE_TYPE, _SEPARATOR = "application/json-seq", b"\x1e"

#: A form as clients encode it (WHATWG URL, section 5.2): its characters are these alone.
_FORM = re.compile(rb"(?:[\w.*+-]|%[0-9A-Fa-f]{2})+=(?:[\w.*+=&~-]|%[0-9A-Fa-f]{2})*+", re.ASCII)
#: Most fields of a form.
_FIELDS = 1_000

#: A text of a log beside its message.
ShortText: TypeAlias = Annotated[str, msgspec.Meta(max_length=own.TEXT_LENGTH)]

_decode = msgspec.json.Decoder().decode
_split_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Item(msgspec.Struct, frozen=True, gc=False):
    """One value of a body: decoded, or the problem why it can't be; and the bytes it came from."""

    value: Any
    raw: bytes
    problem: Problem | None = None
    #: Whether its texts may hold NUL or lone surrogates.
    dirty: bool = False


def items(body: bytes, content_type: str | None, most: int = REQUEST_LOGS) -> list[Item]:
    """Return the values of a body in their order: one object, an array's elements, one a line, or a sequence of texts.

    Raises TooLarge for more than *most* values, UnsupportedMedia for another content type, InvalidRecord with the position when the body
    as a whole is not JSON. A bad line, or text of a sequence, is that item's problem alone.
    """
    kind = _kind(content_type)
    if kind not in JSON_TYPES and kind not in LINE_TYPES and kind != SEQUENCE_TYPE:
        known = ", ".join((*JSON_TYPES[1:], LINE_TYPES[0], SEQUENCE_TYPE))
        raise UnsupportedMedia(Problem(f"{kind!r} is not a type that is read: {known}", "Content-Type"))
    body = body.removeprefix(b"\xef\xbb\xbf")
    start = body.lstrip()[:1]
    if kind == SEQUENCE_TYPE or body.startswith(_SEPARATOR):
        return _sequence(body, most)
    if kind in LINE_TYPES:
        return _lines(body, most)
    if start == b"[":
        return _array(body, most)
    item = read_item(body, has_nul(body))
    if item.problem is None:
        return [item]
    if kind == FORM and _FORM.fullmatch(body) is not None:
        return [_form(body)]
    first, newline, _ = body.strip().partition(b"\n")
    if start == b"{" and newline and read_item(first).problem is None:
        return _lines(body, most)  # `curl --data-binary @file.ndjson` names no type of its own
    raise InvalidRecord(item.problem)


def _form(body: bytes) -> Item:
    """Return the log that a form's fields are, all of them texts; a name that stands there more than once has a list."""
    found: dict[str, Any] = {}
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except UnicodeDecodeError:
        return Item(None, body, Problem("the form is not UTF-8"))
    except ValueError:
        return Item(None, body, Problem(f"the form has more than {_FIELDS:,} fields"))
    for name, value in pairs:
        before = found.get(name)
        found[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return Item(found, body, dirty=True)


class SentLog(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """A log in our own form as most are sent: nothing is against its fields but what `plain_logs` looks for."""

    message: str
    level: ShortText | None = None
    resource_id: ShortText | None = None
    timestamp: str | None = None
    trace_id: ShortText | None = None
    span_id: ShortText | None = None
    commit: ShortText | None = None
    metadata: dict[str, Any] | None = None


_decode_sent = msgspec.json.Decoder(SentLog).decode


def plain_logs(lines: Sequence[bytes], limits: Limits, now: int | None) -> list[LogRecord] | None:
    """Return the logs of lines that hold no NUL; None where one must be looked at by itself (app/log/own.py, which reads all others the same).

    One without a time has the time *now*, and must be looked at where that is None.
    """
    if max(map(len, lines), default=0) > surely(limits):
        return None
    try:
        sent = list(map(_decode_sent, lines))
        metadata = [one.metadata for one in sent]
        times = [one.timestamp for one in sent]
        # Hardly any value can be wrong: all are looked at by their types.
        kinds = set(map(type, chain.from_iterable(map(dict.values, filter(None, metadata)))))
        if not kinds.isdisjoint(own.LOOKED_INTO) and any(
            one and own.metadata_fault(one, 0, limits) for one in metadata
        ):
            return None
        t, ns = _instants(times, metadata, now)
    except FAULTS:
        return None
    return list(
        map(
            LogRecord,
            repeat(b""),
            t,
            ns,
            [own.DEFAULT_LEVEL if one.level is None else one.level for one in sent],
            [one.message for one in sent],
            [one.resource_id for one in sent],
            [one.trace_id for one in sent],
            [one.span_id for one in sent],
            [one.commit for one in sent],
            metadata,
        )
    )


def _instants(
    times: Sequence[str | None], metadata: Sequence[dict[str, Any] | None], now: int | None
) -> tuple[Iterable[int], Iterable[int]]:
    """Return the instants of sent timestamps, as milliseconds and nanoseconds. Raises ValueError for one that must be looked at by itself."""
    if None not in times and (plain := instant.all_plain(cast(list[str], times))) is not None:
        return plain, repeat(0)
    found = list[instant.Instant]()
    for sent, one in zip(times, metadata, strict=True):
        if sent is None and (now is None or (one and "timestamp" in one)):
            raise ValueError("the time is not that of the request")
        found.append((now or 0, 0) if sent is None else instant.parse(sent))
    t, ns = zip(*found, strict=True)
    return t, ns


def has_nul(body: bytes) -> bool:
    """Return whether a NUL may stand in the body's texts, as JSON writes it; one character is looked for much faster."""
    return b"\\" in body and b"\\u0000" in body


def _lines(body: bytes, most: int) -> list[Item]:
    return line_items(split_lines(body, most), has_nul(body))


def _sequence(body: bytes, most: int) -> list[Item]:
    texts = [text for text in body.split(_SEPARATOR) if text and not text.isspace()]
    ensure_few(len(texts), most)
    return line_items(texts, has_nul(body))


def line_items(lines: Sequence[bytes], dirty: bool = False) -> list[Item]:
    """Return the values of lines, or of other texts, each of which is one; *dirty* says whether a NUL may stand in any."""
    found = list[Item]()
    for start in range(0, len(lines), AT_ONCE):
        some = lines[start : start + AT_ONCE]
        try:
            found += map(Item, list(map(_decode, some)), some, repeat(None), repeat(dirty))
        except FAULTS:
            found += [read_item(line, dirty) for line in some]
    return found


def several_lines(body: bytes, content_type: str | None, most: int) -> list[bytes]:
    """Return the lines of a body of one JSON value a line; none where it is another body, holds a NUL or has one line. Raises TooLarge."""
    if _kind(content_type) not in LINE_TYPES or has_nul(body) or body.startswith(_SEPARATOR):
        return []
    lines = split_lines(body.removeprefix(b"\xef\xbb\xbf"), most)
    return lines if len(lines) > 1 else []


def is_object(body: bytes, content_type: str | None) -> bool:
    """Return whether a body may be a single JSON object without a NUL."""
    kind = _kind(content_type)
    return body[:1] == b"{" and (kind in JSON_TYPES or kind in LINE_TYPES) and not has_nul(body)


def _kind(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def split_lines(body: bytes, most: int) -> list[bytes]:
    """Return the lines of a body that are more than white space. Raises TooLarge for more than *most*."""
    lines = body.split(b"\n")
    if not lines[-1]:
        lines.pop()
    if not all(lines) or any(map(bytes.isspace, lines)):
        lines = [line for line in lines if line and not line.isspace()]
    ensure_few(len(lines), most)
    return lines


def text_lines(body: bytes, most: int) -> list[str]:
    """Return the lines of a body of text: a line feed ends one, with a carriage return before it or without, and nothing else does."""
    return [line.decode("utf-8", "replace").rstrip("\r") for line in split_lines(body, most)]


def _array(body: bytes, most: int) -> list[Item]:
    dirty = has_nul(body)
    try:
        parts = _split_array(body)
        ensure_few(len(parts), most)
        return [read_item(bytes(raw), dirty) for raw in parts]
    except FAULTS:
        # A lone surrogate stops the fast decoder anywhere, and so does NaN, which is the fault of its log alone.
        values = _slowly(body, _MARKING)
    if isinstance(values, Problem):
        raise InvalidRecord(values)
    ensure_few(len(values), most)
    return [_element(value) for value in values]


class _Constant(float):
    """NaN or an infinity, which some write as if it were JSON."""


_MARKING = Decoder(constant=_Constant)


def _element(value: Any) -> Item:
    raw = json.dumps(value).encode()
    inner = [value]
    while inner:
        one = inner.pop()
        if isinstance(one, _Constant):
            return Item(None, raw, Problem(f"is not JSON: {json.dumps(one)} is not a JSON number"))
        inner.extend(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
    return Item(value, raw, dirty=True)


def read_item(raw: bytes, dirty: bool = True) -> Item:
    """Decode one JSON value."""
    try:
        return Item(_decode(raw), raw, dirty=dirty)
    except FAULTS:
        value = _slowly(raw)
    if isinstance(value, Problem):
        return Item(None, raw, value)
    return Item(value, raw, dirty=True)


def _slowly(raw: bytes, decoder: Decoder = STRICT) -> Any:
    """Return the value as the standard library reads it, or the problem with its position in characters."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Problem(f"is not UTF-8 at byte {error.start}", position=len(raw[: error.start].decode("utf-8")))
    try:
        return decoder.read(text)
    except NotJSON as error:
        if error.deep:
            return Problem("is nested too deeply")
        if error.line_column is not None:
            where = "line {}, column {}".format(*error.line_column)
            message = f"is not JSON: {error.message[:1].lower()}{error.message[1:]} at {where}"
            return Problem(message, position=error.position)
        found = next((found for found in _CONSTANT.finditer(text) if found[1]), None)
        return Problem(f"is not JSON: {error}", position=None if found is None else found.start(1))


#: Matches texts as well as constants, so that a constant's name inside a text is passed over.
_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)', re.DOTALL)
