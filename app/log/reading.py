"""All logs in one foreign value: what a container, a shipper or a service wrapped is taken out and read again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from app.json_text import FAULTS
from app.log.dialects.dialect import Dialect, at, split
from app.log.fold import cleaned
from app.log.foreign import fits, layouts, objects
from app.log.foreign.doubled import may_be
from app.log.foreign.found import Foreign
from app.log.foreign.roles import ROLES
from app.log.foreign.ways import Way
from app.log.limits import Sharing
from app.log.lines.reader import read_line
from app.log.lines.words import leading
from app.times.written import Assumed

#: Reads a line of text as a log in our own form; None for one of no known form.
Line = Callable[[str], dict[str, Any] | None]

#: How many wrappers may lie in one another.
_DEPTH = 4
#: Logs in one value at most; a list with more stays one log.
_EVENTS = 10_000
#: Names of a list that is a batch of logs, where it is all that a body holds.
BATCHES = ("logs", "events", "records", "entries", "messages")
#: A time of day that names no offset.
_LOCAL = re.compile(r".*\d\d:\d\d:\d\d(?:[.,:]\d{1,9})?\s*(?:[AaPp][Mm])?\s*", re.ASCII)
#: A time of day in a line, and the offset that it names; such a time stands among so many characters.
_CLOCK = re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(\s?(?:Z\b|[+-]\d\d:?\d\d|UTC\b|GMT\b))?", re.ASCII)
_HEAD = 200
#: Fields of which a wrapper and what it wraps may each have one.
_SHORTS = ("resourceId", "traceId", "spanId", "commit")
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Reader:
    """How foreign values are read: what is assumed of their source, and who reads lines of text."""

    assumed: Assumed
    line: Line | None = None
    #: Whether one value may give several logs.
    several: bool = True
    #: Counts what the logs of a wrapper have in common; None where nobody else's request is read.
    sharing: Sharing | None = None

    def text(self, text: str) -> Foreign:
        """Return the log that a line of text is."""
        return self._line(text, Foreign({"message": text}, ""))

    def way(self, value: dict[str, Any], raw: bytes) -> Way | None:
        """Return how the one log that the object in *raw* is may be read at once; None where it must be searched, or a name may stand twice in it."""
        layout = layouts.layout(value, self.assumed.form)
        if layout.way is None or (raw.count(b'"') > layout.quotes and may_be(raw, value)):
            return None
        return layout.way

    def read(
        self, value: dict[str, Any], raw: bytes = b"", depth: int = 0, later: dict[str, list[Any]] | None = None
    ) -> list[Foreign]:
        """Return the logs in *value*: one, or those that it wraps; *later* has the further values of names that stand twice."""
        layout = layouts.layout(value, self.assumed.form)
        if layout.way is not None and not later and (found := layout.way.read(value, raw, self.assumed)) is not None:
            return [found]
        dialect = layout.dialect
        if depth < _DEPTH and self.several and dialect is not None and dialect.events is not None:
            events = expanded(value, split(dialect.events), sharing=self.sharing)
            if 0 < len(events) <= _EVENTS:
                return self._events(events, dialect, depth)
        outer = objects.read(value, self.assumed, raw, layout, later)
        inner = self._inner(value, outer, dialect) if depth < _DEPTH else None
        if inner is None or (len(inner) > 1 and not self.several and not isinstance(inner, str)):
            return [outer]
        if isinstance(inner, str):
            return [self._line(inner, outer)]
        if self.sharing is not None:
            self.sharing.add(outer.log.get("metadata"), len(inner))
        return [_merged(outer, one) for part in inner for one in self.read(part, b"", depth + 1)]

    def _events(self, events: list[tuple[Any, dict[str, Any]]], dialect: Dialect, depth: int) -> list[Foreign]:
        """Return the logs of a list; what lies beside it belongs to each."""
        found = []
        for event, beside in events:
            if type(event) is dict:
                read = self.read({**beside, **event}, b"", depth + 1)
            else:
                outer = objects.read({**beside, "message": fits.message(event)}, self.assumed)
                read = [self._line(outer.log["message"], outer)]
            for one in read:
                one.read_as = one.read_as or dialect.name
                found.append(one)
        return found

    def _inner(
        self, value: dict[str, Any], outer: Foreign, dialect: Dialect | None
    ) -> list[dict[str, Any]] | str | None:
        """Return the objects, or the text, that *value* wraps; None when it wraps nothing."""
        if dialect is not None and dialect.inner is not None:
            inner = at(value, split(dialect.inner))
            if type(inner) is dict:
                return [inner]
            return None if type(inner) is not str else _objects(inner) or inner.rstrip("\r\n")
        message = outer.log["message"]
        levelled = "level" in outer.origins and not (dialect is not None and dialect.carries)
        if levelled or type(message) is not str or not message.startswith("{"):
            return None
        objects = _objects(outer.log["message"]) if outer.origins.get("message") else None
        return objects if objects is not None and all(is_log(one) for one in objects) else None

    def _line(self, text: str, outer: Foreign) -> Foreign:
        """Return the log of a line of text within *outer*."""
        found = read_line(text, self.assumed) if self.line is None else self.line(text)
        if found is None:
            level = leading(text)
            found = {"message": text} if level is None else {"message": text, "level": level}
        return carried(found, text, outer)


def carried(found: dict[str, Any], text: str, outer: Foreign) -> Foreign:
    """Return the log that was *found* in a line of text within *outer*, which knows the time for certain where the line names no zone."""
    inner = Foreign(found, "", {"message": outer.origins.get("message", "")})
    clock = _CLOCK.search(text[:_HEAD])
    if clock is not None and clock[1] is None:
        inner.sent_time = clock[0]
    return _merged(outer, inner)


def to_log(
    value: dict[str, Any],
    assumed: Assumed,
    raw: bytes = b"",
    later: dict[str, list[Any]] | None = None,
    line: Line | None = None,
) -> dict[str, Any]:
    """Return the one log that an object is, in our own form; see Reader.read."""
    way = None if later else layouts.layout(value, assumed.form).way
    if way is not None and (at_once := way.read(value, raw, assumed)) is not None:
        return at_once.log
    (found,) = Reader(assumed, line, several=False).read(dict(value), raw, later=later)
    return found.log


def is_log(value: dict[str, Any]) -> bool:
    """Return whether an object has the names of a log: those of a message or level, and of any field besides."""
    fields = {role[0] for name in value if (role := ROLES.get(name)) is not None}
    return bool(fields & {"message", "level"}) and len(fields) > 1


#: A part that the name of a level, a time or a message has in it.
_LIKE = {
    "level": re.compile(r"level|lvl|severity|priority", re.IGNORECASE),
    "timestamp": re.compile(r"time(?!out|r|s$)|date(?!d)|\bts\b|when", re.IGNORECASE),
    "message": re.compile(r"message|msg|text$", re.IGNORECASE),
}


def unused(value: Any, origins: Mapping[str, str]) -> list[str]:
    """Return the keys at the top of *value* that look like a field that the log has not got from it; *origins* has those that it has."""
    if type(value) is not dict:
        return []
    if "level" in origins and "timestamp" in origins and "message" in origins:
        return []
    lacking = _LIKE.keys() - origins.keys()
    return [key for key in value if len(key) < 100 and not lacking.isdisjoint(_looks_like(key))]


@lru_cache(maxsize=4_096)
def _looks_like(key: str) -> frozenset[str]:
    return frozenset(name for name, like in _LIKE.items() if like.search(key) is not None)


def batch(value: Any) -> list[Any] | None:
    """Return the logs of a body that is an object with one list of them; None when it is something else."""
    if type(value) is not dict:
        return None
    for name in BATCHES:
        logs = value.get(name)
        if type(logs) is list and logs and all(type(log) is dict or (type(log) is str and log.strip()) for log in logs):
            others = {role[0] for other in value if other != name and (role := ROLES.get(other)) is not None}
            return None if others & {"message", "level"} else logs
    return None


def _objects(text: str) -> list[dict[str, Any]] | None:
    """Return the object that a text is, or those of its lines; None when it isn't JSON objects alone."""
    if not text.lstrip().startswith("{"):
        return None
    for parts in ([text], [line for line in text.split("\n") if line.strip()]):
        try:
            values = [_decode(part) for part in parts]
        except FAULTS:
            continue
        if all(type(value) is dict for value in values):
            # The bytes that were sent do not show it: a backslash may be written as \u005c there.
            return list(map(cleaned, values)) if "\\u0000" in text else values
    return None


def expanded(
    value: Any, path: tuple[str, ...], beside: dict[str, Any] | None = None, sharing: Sharing | None = None
) -> list[tuple[Any, dict[str, Any]]]:
    """Return the elements of the list at the path, each with what lies beside the lists on the way to it, which *sharing* counts."""
    around = dict(beside or {})
    if type(value) is list and sharing is not None:
        sharing.add(around, len(value))
    if path and path[0] == "*":
        if type(value) is not list:
            return []
        return [one for inner in value for one in expanded(inner, path[1:], around, sharing)]
    if not path:
        return [(event, around) for event in value] if type(value) is list else []
    if type(value) is not dict:
        return []
    around |= {name: inner for name, inner in value.items() if name != path[0]}
    return expanded(value.get(path[0]), path[1:], around, sharing)


def _merged(outer: Foreign, inner: Foreign) -> Foreign:
    """Return the inner log with what only its wrapper knows; what either says otherwise of a field of both stays metadata."""
    log, origins = {**outer.log, **inner.log}, {**outer.origins, **inner.origins}
    if "level" in outer.log and "level" not in inner.log:
        log["level"] = outer.log["level"]
    if "timestamp" in outer.log and isinstance(inner.sent_time, str) and _LOCAL.fullmatch(inner.sent_time) is not None:
        log["timestamp"] = outer.log["timestamp"]  # the wrapper's is certain, of the other the zone would be a guess
    read_as = " in ".join(name for name in (inner.read_as, outer.read_as) if name)
    several = [one.log["metadata"] for one in (outer, inner) if one.log.get("metadata")]
    odd = next((one for one in several if type(one) is not dict), None)
    if odd is not None:
        # A log in our own form, which is refused for them as it is where nothing wraps it.
        return Foreign({**log, "metadata": odd}, read_as, origins, inner.sent_time)
    metadata = {name: value for one in several for name, value in one.items()}
    if outer.log.get("message") == metadata.get("message"):
        metadata.pop("message", None)
    for name in _SHORTS:
        if outer.log.get(name) not in (None, inner.log.get(name, outer.log.get(name))):
            _settle(name, outer, inner, log, origins, metadata)
    if metadata:
        log["metadata"] = metadata
    return Foreign(log, read_as, origins, inner.sent_time)


def _settle(
    name: str, outer: Foreign, inner: Foreign, log: dict[str, Any], origins: dict[str, str], metadata: dict[str, Any]
) -> None:
    """Choose between two values of a field: the inner one, but of resources the one with the better name. The other stays metadata."""
    lost, origin = outer.log[name], outer.origins.get(name, name)
    if name == "resourceId" and _rank(origin) < _rank(inner.origins.get(name, "")):
        log[name], origins[name] = lost, origin
        lost, origin = inner.log[name], inner.origins[name]
    if at(metadata, tuple(origin.split("."))) is None:
        metadata.setdefault(origin, lost)


def _rank(origin: str) -> int:
    """Return how good a name of a resource is: 0 is the best, and that of a form's or dialect's own."""
    name, rank = ROLES.get(origin, ("", 0))
    return rank if name == "resourceId" else 0
