"""Our own form of a log: the marshmallow schema that words the errors, and the fast path that agrees with it.

A test holds both together: `record` refuses exactly the values in which `LogSchema` finds errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, final

import msgspec
from marshmallow import INCLUDE, Schema, ValidationError, fields, validate, validates_schema

from app.errors import Problem
from app.log.codec import encode
from app.log.limits import GROWTH, TEXTS, Limits, fit
from app.log.record import LogRecord, id_bytes, is_uuid7
from app.log.scalars import compact_json
from app.times import instant
from app.times.instant import Instant

#: Most characters of every text but the message.
TEXT_LENGTH = 255
#: Deepest nesting of metadata.
METADATA_DEPTH = 64
#: How far ahead of this machine's clock the time of a sender's own id may lie, in ms.
AHEAD_MS = 600_000
#: Types of values in which anything may be wrong.
LOOKED_INTO = frozenset((dict, list, float))
#: Whole numbers from which on a time counts nanoseconds, and that no time has.
_NANOSECONDS, _TOO_LATE = 10**17, 10**20
#: Level of a log that names none.
DEFAULT_LEVEL = "info"

_json = msgspec.json.Encoder().encode


@final
class Ready(msgspec.Struct, frozen=True, gc=False):
    """A log that was checked where it was read, but for its size: nothing is left to do where that is `surely` small enough."""

    #: Without an id; whoever takes the log takes a copy. Its texts are clean, those but the message short, its metadata not too deep.
    log: LogRecord
    #: About how many bytes it has: no fewer than its message, nor than a sixth of its metadata as JSON.
    size: int

    def sent(self) -> dict[str, Any]:
        """Return the log as it would be sent."""
        log, nanoseconds = self.log, self.log.t * 1_000_000 + self.log.ns
        sent = {
            "message": log.message,
            "level": log.level,
            # A smaller number would be taken for one of another unit.
            "timestamp": nanoseconds if nanoseconds >= 10**17 else log.timestamp,
            "resourceId": log.resource_id,
            "traceId": log.trace_id,
            "spanId": log.span_id,
            "metadata": log.metadata,
        }
        return sent if log.commit is None else {**sent, "commit": log.commit}


#: Returns a copy of a log, whose metadata are the same.
copied: Callable[[LogRecord], LogRecord] = LogRecord.__copy__  # type: ignore[attr-defined]


def record(value: Any, size: int, limits: Limits, now: int, *, alone: bool = False) -> LogRecord | None:
    """Return the record of a sent log, None when `LogSchema` has something against it; with *alone* for a foreign name too."""
    if type(value) is not dict:
        return None
    known = value.keys() <= _KNOWN
    if alone and not known and not value.keys() <= NAMES:
        return None
    get = value.get
    message, level = get("message"), get("level")
    resource_id, trace_id, span_id, commit = get("resourceId"), get("traceId"), get("spanId"), get("commit")
    if type(message) is not str:
        return None
    for text in (level, resource_id, trace_id, span_id, commit):
        if text is not None and (type(text) is not str or len(text) > TEXT_LENGTH):
            return None
    sent = get("timestamp")
    try:
        t, ns = _instant(sent, now)
    except ValueError:
        return None
    metadata = get("metadata")
    if metadata is not None and type(metadata) is not dict:
        return None
    if sent is None and level is not None and metadata and "timestamp" in metadata:
        t, ns = _beneath(metadata["timestamp"], (t, ns))
    sent_id = get("id")
    own = None if sent_id is None else own_id(sent_id, limits, now)
    if not known:
        metadata = merged(value, own is not None)
    if metadata is not None and metadata_fault(metadata, size, limits) is not None:
        return None
    truncated = len(message) * 4 > limits.message and len(message.encode()) > limits.message
    if truncated:
        message = message.encode()[: limits.message].decode("utf-8", "ignore")
    level = DEFAULT_LEVEL if level is None else level
    record = LogRecord(
        own or b"", t, ns, level, message, resource_id, trace_id, span_id, commit, metadata, truncated=truncated
    )
    return fit(record, limits.log) if limits.log is not None and size * GROWTH > limits.log else record


def of_fields(log: dict[str, Any], metadata: dict[str, Any], size: int, limits: Limits, now: int) -> LogRecord | None:
    """Return the record of a log whose fields but the time have been checked, and which has these *metadata*; as `record` does.

    None also where it is to be looked at by `record` itself.
    """
    get = log.get
    message, sent, trace_id, span_id = log["message"], get("timestamp"), get("traceId"), get("spanId")
    if len(message) * 4 > limits.message or (limits.log is not None and size * GROWTH > limits.log):
        return None
    if (trace_id is not None and len(trace_id) > TEXT_LENGTH) or (span_id is not None and len(span_id) > TEXT_LENGTH):
        return None
    if type(sent) is int and _NANOSECONDS <= sent < _TOO_LATE:
        # As most are that collectors send.
        t, ns = sent // 1_000_000, sent % 1_000_000
    elif sent is None and "timestamp" in metadata:
        return None
    else:
        try:
            t, ns = _instant(sent, now)
        except ValueError:
            return None
    if metadata and metadata_fault(metadata, size, limits) is not None:
        return None
    level, resource_id, commit = get("level", DEFAULT_LEVEL), get("resourceId"), get("commit")
    return LogRecord(b"", t, ns, level, message, resource_id, trace_id, span_id, commit, metadata or None)


def _instant(value: Any, now: int) -> Instant:
    """Return the instant of a sent timestamp; raises ValueError with a sentence for the sender."""
    if value is None:
        return now, 0
    if type(value) is str:
        return instant.parse(value)
    if type(value) is int or type(value) is float:
        return instant.from_number(value)
    raise ValueError("is neither a text nor a number")


def _beneath(value: Any, otherwise: Instant) -> Instant:
    """Return the instant of a log whose time lies in its metadata, where winston's metadata() puts it; the metadata keep it too."""
    if type(value) is not str:
        return otherwise
    try:
        return instant.parse(value)
    except ValueError:
        return otherwise


_KNOWN = frozenset(("level", "message", "resourceId", "traceId", "spanId", "commit", "timestamp", "metadata"))
#: All names of our own form: an object with no other is tried as one before anything else.
NAMES = _KNOWN | {"id"}


def merged(value: Mapping[str, Any], own: bool) -> dict[str, Any] | None:
    """Return the metadata with the unknown top-level keys beneath it; an existing key wins."""
    metadata: dict[str, Any] | None = value.get("metadata")
    others = {name: inner for name, inner in value.items() if name not in _KNOWN and not (own and name == "id")}
    return {**others, **(metadata or {})} if others else metadata


def own_id(value: Any, limits: Limits, now: int) -> bytes | None:
    """Return the id a sender chose, if it is a UUIDv7 of a time that is kept; else it is metadata."""
    if type(value) is not str or len(value) not in (32, 36):
        return None
    try:
        identity = id_bytes(value)
    except ValueError:
        return None
    age = now - int.from_bytes(identity[:6], "big")
    return identity if is_uuid7(identity) and -AHEAD_MS <= age < limits.retention_ms else None


def metadata_fault(metadata: dict[str, Any], size: int, limits: Limits) -> str | None:
    """Return what is wrong with a log's metadata; *size* is the bytes of the log as it was sent."""
    for inner in metadata.values():
        if type(inner) is not str and type(inner) in LOOKED_INTO:
            fault = _value_fault(inner, METADATA_DEPTH - 1)
            if fault is not None:
                return fault
    if size * GROWTH > limits.metadata and len(_json(metadata)) > limits.metadata:
        return f"is larger than {limits.metadata:,} bytes of JSON"
    if limits.log is not None and size * GROWTH > limits.log and len(encode(metadata)) > limits.log - TEXTS:
        return f"takes more than {limits.log - TEXTS:,} bytes packed, which is what the queue carries"
    return None


def _value_fault(value: Any, depth: int) -> str | None:
    kind = type(value)
    if kind is float and not math.isfinite(value):
        return "holds a number beyond ±1.8e308"
    if kind is not dict and kind is not list:
        return None
    if depth == 0:
        return f"is nested more than {METADATA_DEPTH} deep"
    for inner in value.values() if kind is dict else value:
        if type(inner) is str:
            continue
        fault = _value_fault(inner, depth - 1)
        if fault is not None:
            return fault
    return None


def fitted(value: dict[str, Any]) -> dict[str, Any]:
    """Return a log whose metadata nest too deeply with the parts that lie too deep as JSON texts."""
    metadata = value.get("metadata")
    if type(metadata) is not dict:
        return value
    return {**value, "metadata": {name: _fitted(inner, METADATA_DEPTH - 1) for name, inner in metadata.items()}}


def _fitted(value: Any, depth: int) -> Any:
    if type(value) is not dict and type(value) is not list:
        return value
    if depth == 0:
        return compact_json(value)
    if type(value) is dict:
        return {name: _fitted(inner, depth - 1) for name, inner in value.items()}
    return [_fitted(inner, depth - 1) for inner in value]


def _text(*, required: bool = False, limit: int | None = TEXT_LENGTH) -> fields.String:
    wrong: dict[str, str | list[Any] | dict[Any, Any]] = {
        "required": "is missing",
        "null": "is missing",
        "invalid": "is not a text",
    }
    long = [] if limit is None else [validate.Length(max=limit, error=f"is longer than {limit} characters")]
    return fields.String(required=required, allow_none=not required, validate=long, error_messages=wrong)


class _Timestamp(fields.Field[Instant]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Instant:
        try:
            return _instant(value, 0)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class LogSchema(Schema):
    """A log as it is sent (see docs/api.md); `null` is the same as absent."""

    class Meta:
        unknown = INCLUDE

    error_messages = {"type": "is not a JSON object"}  # noqa: RUF012 - marshmallow's own declaration

    level = _text()
    message = _text(required=True, limit=None)
    resourceId = _text()  # noqa: N815 - names as they are sent
    timestamp = _Timestamp(allow_none=True)
    traceId = _text()  # noqa: N815
    spanId = _text()  # noqa: N815
    commit = _text()
    metadata = fields.Dict(allow_none=True, error_messages={"invalid": "is not a JSON object"})

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    @validates_schema(skip_on_field_errors=True)
    def _check_metadata(self, data: dict[str, Any], **kwargs: Any) -> None:
        metadata = merged(data, own=False)
        fault = metadata and metadata_fault(metadata, self._limits.metadata, self._limits)
        if fault:
            raise ValidationError(fault, "metadata")

    def problem(self, value: Any) -> Problem:
        """Return what is wrong with *value*: the first field at fault, and the other faults in words."""
        errors: Mapping[str, Any] = self.validate(value)
        found = [(name, reasons[0]) for name, reasons in errors.items()]
        name, reason = found[0]
        others = "".join(f"; {other}: {why}" for other, why in found[1:])
        return Problem(f"{reason}{others}", None if name == "_schema" else name)


@lru_cache(maxsize=8)
def _schema(limits: Limits) -> LogSchema:
    return LogSchema(limits)


def problem(value: Any, limits: Limits) -> Problem:
    """Return why a value is no log in our own form."""
    return _schema(limits).problem(value)
