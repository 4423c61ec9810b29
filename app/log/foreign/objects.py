"""Logs of other programs: from any JSON object to a log in our own form, by its dialect, else by names and types.

Nothing is refused: a value that fits nothing stays metadata, and `metadata.unread` says which field lacks it and why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.log.dialects.dialect import Dialect, at
from app.log.foreign import fits, pairs, scales, traces
from app.log.foreign.candidates import Candidate, Shape, candidates, shape
from app.log.foreign.roles import EXCEPTIONS, FAILED, REQUESTS, STATUSES
from app.times.written import Assumed

#: Name under metadata of what could not be read: the field, and why.
UNREAD = "unread"
#: What a log is counted as that no dialect claims and whose names were known all the same.
BY_NAMES = "names"
#: Names of our own that no other program's log is told by; their values are taken as they are.
OWN = frozenset(("level", "message", "resourceId", "traceId", "spanId", "commit", "timestamp"))
#: Names of a message whose value may be anything: it is brought to a text.
_ANY_MESSAGE = frozenset(("message", "msg", "@message", "Message", "Msg", "MESSAGE", "body", "Body"))
#: Below this rank a name is that of a level for sure, so that its text counts though it has no severity.
_SURE = 13
_SHORTS = ("resourceId", "commit")
_TIMED = ("level", "timestamp")
_NULLS = OWN | {"metadata"}


@dataclass(slots=True)
class Foreign:
    """One log as it was read: in our own form, and how it was understood."""

    log: dict[str, Any]
    #: Name of its dialect, BY_NAMES, or "" where only our own names were used.
    read_as: str
    #: Our field and the path of the foreign value that fills it, names joined by dots.
    origins: dict[str, str] = field(default_factory=dict)
    #: The value that its time was read from.
    sent_time: Any = None


@dataclass(slots=True)
class _Reading:
    """An object while it is read."""

    value: dict[str, Any]
    raw: bytes
    assumed: Assumed
    dialect: Dialect | None
    shape: Shape
    #: Further values of names that stand twice.
    later: dict[str, list[Any]]
    log: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Keys at the top whose whole value is in a field now.
    used: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)

    def candidates(self, name: str) -> list[Candidate]:
        """Return what may fill the field, the best first."""
        return candidates(self.value, self.shape, name, self.later)

    def take(self, name: str, value: Any, path: tuple[str, ...], *, whole: bool = True) -> None:
        """Fill the field with what lies at the path; *whole* says that nothing of it is lost thereby."""
        self.log[name] = value
        self.origins[name] = path
        if whole and len(path) == 1:
            self.used.add(path[0])


def read(
    value: dict[str, Any],
    assumed: Assumed,
    raw: bytes = b"",
    dialect: Dialect | None = None,
    later: dict[str, list[Any]] | None = None,
) -> Foreign:
    """Return the log that an object is, read by *dialect* if there is one, and by the names that any may use.

    *raw* is what was sent; *later* has the further values of names that stand twice, which stay metadata.
    """
    if dialect is not None and dialect.pairs:
        value = pairs.paired(value, dialect)
    later = later or {}
    reading = _Reading(value, raw, assumed, dialect, shape(value, dialect), later)
    _message(reading)
    _level(reading)
    _timestamp(reading)
    for name in _SHORTS:
        _short(reading, name)
    _traces(reading)
    if dialect is not None:
        read_as = dialect.name
    else:
        if not later and _is_ours(reading):
            return Foreign(dict(value), "", {name: name for name in reading.origins})
        read_as = "" if all(path == (name,) for name, path in reading.origins.items()) else BY_NAMES
    _unfilled(reading)
    _finish(reading)
    origins = {
        name: path[0] if len(path) == 1 and path[0][-1:] != "." else ".".join(path).rstrip(".")
        for name, path in reading.origins.items()
    }
    sent_time = at(value, reading.origins["timestamp"]) if "timestamp" in origins else None
    return Foreign(reading.log, read_as, origins, sent_time)


def _message(reading: _Reading) -> None:
    found = reading.candidates("message")
    for rank, path, value in found:
        if type(value) is str and (value or rank < 2):
            text = value if path == ("message",) else value.rstrip("\r\n")
            if text or not _failure(reading):
                reading.take("message", text, path)
            return
    for rank, path, value in found:
        if rank < 0 or path[-1] in _ANY_MESSAGE:
            plain = type(value) is int or type(value) is bool
            reading.take("message", fits.message(value), path, whole=plain)
            if path == ("message",) and rank >= 0:
                reading.unread["message"] = "is not a text"
            return
    _failure(reading)


def _failure(reading: _Reading) -> bool:
    """Take the text of an exception as the message, if there is one."""
    for path in EXCEPTIONS:
        value = at(reading.value, path)
        if type(value) is str and value.strip():
            first = value.strip()
            reading.take("message", first.partition("\n")[0] if len(first) > 1_000 else first, path, whole=False)
            return True
    return _request(reading)


def _request(reading: _Reading) -> bool:
    """Make a message of the request that an access log is about: `GET /var 200`."""
    value = reading.value
    line = value.get("request")
    if type(line) is not str:
        parts = [next((value[name] for name in names if type(value.get(name)) is str), None) for names in REQUESTS]
        line = f"{parts[0]} {parts[1]}" if parts[0] and parts[1] else None
    if line is None or not line.strip():
        return False
    status = next((at(value, path) for path in STATUSES if type(at(value, path)) in (int, str)), None)
    reading.log["message"] = line if status is None else f"{line} {status}"
    return True


def _level(reading: _Reading) -> None:
    unranked: tuple[str, tuple[str, ...]] | None = None
    for rank, path, value in reading.candidates("level"):
        name = ".".join(path)
        level = fits.level(value, name, reading.dialect)
        if level is None:
            continue
        if not scales.is_ranked(level):
            unranked = unranked or ((level, path) if rank < _SURE and type(value) is str else None)
            continue
        between = fits.between(value, name, reading.dialect)
        reading.take("level", level, path, whole=type(value) is not dict and not between)
        if between:
            reading.unread["level"] = f"{value} lies between two levels; it counts as the lower"
        return
    if unranked is not None:
        reading.take("level", *unranked)
        return
    if reading.dialect is not None and reading.dialect.default is not None:
        reading.log["level"] = reading.dialect.default
        return
    if any(reading.value.get(name) not in (None, "", False, True, [], {}) for name in FAILED):
        reading.log["level"] = "error"
        return
    for status_path in STATUSES:
        status = at(reading.value, status_path)
        if type(status) is str and len(status) == 3 and status.isdecimal():
            status = int(status)
        if type(status) is int and 100 <= status < 600:
            reading.log["level"] = scales.from_status(status)
            return


def _timestamp(reading: _Reading) -> None:
    dialect = reading.dialect
    for rank, path, value in reading.candidates("timestamp"):
        unit = dialect.unit if dialect is not None and rank < 0 else None
        time = fits.timestamp(value, unit, reading.assumed, reading.raw)
        if time is not None:
            if dialect is not None and rank < 0:
                time = fits.with_fraction(time, reading.value, dialect, reading.assumed)
            reading.take("timestamp", time, path, whole=type(value) is not dict)
            return
    own = reading.value.get("timestamp")
    if type(own) in (int, float) and fits.timestamp(own, None, reading.assumed, b"", -(10**12)) is not None:
        reading.take("timestamp", own, ("timestamp",))


def _short(reading: _Reading, name: str) -> None:
    for rank, path, value in reading.candidates(name):
        text = value if path == (name,) and rank >= 0 and type(value) is str else fits.short(value)
        if type(text) is str and len(text) <= fits.SHORT:
            reading.take(name, text, path)
            return


def _traces(reading: _Reading) -> None:
    """Fill trace and span; what was sent stays metadata where it was another text."""
    for name in ("traceId", "spanId"):
        for rank, path, value in reading.candidates(name):
            if path == (name,) and rank >= 0 and type(value) is str and reading.dialect is None:
                if len(value) <= fits.SHORT:
                    reading.take(name, value, path)
                    break
                continue
            decimal = "dd" in path or path[-1].startswith("dd")
            ids = traces.trace(value, decimal=decimal)
            if ids.trace is not None and len(ids.trace) <= fits.SHORT and _is_id(path, value, ids.trace):
                reading.take(name, ids.trace, path, whole=ids.trace == value)
                if ids.span is not None:
                    reading.log.setdefault("spanId", ids.span)
                break
        if "spanId" in reading.log:
            break


def _is_id(path: tuple[str, ...], value: Any, text: str) -> bool:
    """Return whether a text under a name that has other meanings too is an id."""
    if path == ("span", "id"):
        return type(value) is str  # a number there is a field of the user's own, as tracing for Rust writes it
    return path[-1] not in ("trace", "b3") or (len(text) in (16, 32) and not text.strip("0123456789abcdef"))


def _unfilled(reading: _Reading) -> None:
    """Say of each field of our own that it was sent, and why it is not read."""
    for name in OWN & reading.value.keys() - reading.used:
        value = reading.value[name]
        if value is None or name in reading.unread:
            continue
        path = reading.origins.get(name)
        if path is not None and (path[0] == name or reading.dialect is not None):
            continue
        reading.unread[name] = _reason(name, value)


def _reason(name: str, value: Any) -> str:
    if name == "timestamp":
        return "is not a time that is read"
    if name == "level" and type(value) is int:
        return "is a number of no known scale"
    if type(value) is str:
        return f"is longer than {fits.SHORT} characters" if len(value) > fits.SHORT else "gave way to another field"
    return "is not a text"


def _is_ours(reading: _Reading) -> bool:
    """Return whether the object is in our own form with names of its own beside it: those stay metadata."""
    value, origins = reading.value, reading.origins
    if type(value.get("metadata")) is not dict and type(value.get("resourceId")) is not str:
        return False
    if origins.get("message") != ("message",) or any(name in origins and origins[name] != (name,) for name in _TIMED):
        return False
    return all(name in reading.used for name in OWN if value.get(name) is not None)


def _finish(reading: _Reading) -> None:
    """Put everything that fills no field under metadata; a log's own metadata win over its other names."""
    value, log = reading.value, reading.log
    if log.get("message") is None:
        log["message"] = fits.dumped(value)
    own = value.get("metadata")
    used = reading.used
    rest = {
        name: inner for name, inner in value.items() if name not in used and (inner is not None or name not in _NULLS)
    }
    if "id" in value:
        log["id"] = value["id"]
        rest.pop("id", None)
    if type(own) is dict:
        del rest["metadata"]
        rest |= own
    elif own is not None:
        reading.unread["metadata"] = "is not a JSON object"
    for name, more in reading.later.items():
        first = [rest[name]] if name in rest else [log.pop("id")] if name == "id" else []
        kept = [*first, *more]
        rest[name] = kept[0] if len(kept) == 1 else kept
    if reading.unread:
        name = UNREAD if UNREAD not in rest else f"{UNREAD} by LogIngestor"
        rest[name] = reading.unread
    if rest:
        log["metadata"] = rest
