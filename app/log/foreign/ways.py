"""Short ways: logs of one layout whose fields all lie where they lay in the first are read without a search.

A way is taken only where a search would find the same: each field is filled by the best of its candidates, and the value of
that one is tried as the search tries it. What is odd in any respect is searched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.log.dialects.dialect import Dialect, at
from app.log.foreign import fits, scales, traces
from app.log.foreign.found import NULLS, OWN, Foreign, Search
from app.log.foreign.roles import FAILED, STATUSES
from app.times.written import Assumed

#: Levels that are remembered of one layout.
_LEVELS = 64
_SHORTS = ("resourceId", "commit")
_IDS = ("traceId", "spanId")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a field lies."""

    path: tuple[str, ...]
    #: Its name at the top; None where it lies deeper.
    top: str | None
    #: Whether that is our own name, and whether it is one of its dialect's.
    own: bool
    dialects: bool
    #: Whether a text there is taken as it is.
    plain: bool

    def of(self, value: dict[str, Any]) -> Any:
        """Return what lies there; the layout says that there is something."""
        return at(value, self.path) if self.top is None else value[self.top]


@dataclass(slots=True)
class Way:
    """Where the fields of all logs of one layout lie, and what remains."""

    dialect: Dialect | None
    read_as: str
    origins: dict[str, str]
    places: dict[str, _Place]
    #: Those of _SHORTS and of _IDS that there are.
    shorts: tuple[tuple[str, _Place], ...]
    ids: tuple[tuple[str, _Place], ...]
    #: Names of what stays metadata.
    rest: tuple[str, ...]
    #: Whether the log is in our own form with other names beside it.
    ours: bool
    #: Levels by the value that says them.
    levels: dict[Any, str] = field(default_factory=dict)

    def read(self, value: dict[str, Any], raw: bytes, assumed: Assumed) -> Foreign | None:
        """Return the log that an object of the layout is; None where it must be searched."""
        log: dict[str, Any] = {}
        if not (
            self._message(value, log)
            and self._level(value, log)
            and self._timestamp(value, log, raw, assumed)
            and self._names(value, log)
        ):
            return None
        if self.ours:
            return Foreign(dict(value), "", self.origins)
        if "id" in value:
            log["id"] = value["id"]
        rest = {name: value[name] for name in self.rest}
        metadata = value.get("metadata")
        if metadata is not None:
            rest |= metadata
        if rest:
            log["metadata"] = rest
        time = self.places.get("timestamp")
        return Foreign(log, self.read_as, self.origins, None if time is None else time.of(value))

    def _message(self, value: dict[str, Any], log: dict[str, Any]) -> bool:
        place = self.places["message"]
        text = place.of(value)
        log["message"] = text = text if place.own else text.rstrip("\r\n")
        # Without a level an object in a text is a log of its own.
        return bool(text) and (text[0] != "{" or "level" in self.places)

    def _level(self, value: dict[str, Any], log: dict[str, Any]) -> bool:
        place = self.places.get("level")
        if place is None:
            if self.dialect is not None and self.dialect.default is not None:
                log["level"] = self.dialect.default
            return True
        sent = place.of(value)
        level = self.levels.get(sent)
        if level is None:
            name = ".".join(place.path)
            level = fits.level(sent, name, self.dialect)
            if level is None or not scales.is_ranked(level) or fits.between(sent, name, self.dialect):
                return False
            if len(self.levels) < _LEVELS:
                self.levels[sent] = level
        log["level"] = level
        return True

    def _timestamp(self, value: dict[str, Any], log: dict[str, Any], raw: bytes, assumed: Assumed) -> bool:
        place = self.places.get("timestamp")
        if place is None:
            return True
        dialect = self.dialect if place.dialects else None
        time = fits.timestamp(place.of(value), None if dialect is None else dialect.unit, assumed, raw)
        if time is None:
            return False
        if dialect is not None and dialect.fraction is not None:
            time = fits.with_fraction(time, value, dialect, assumed)
        log["timestamp"] = time
        return True

    def _names(self, value: dict[str, Any], log: dict[str, Any]) -> bool:
        for name, place in self.shorts:
            text = place.of(value) if place.top is None else value[place.top]
            if not place.plain:
                text = fits.short(text)
            if text is None or len(text) > fits.SHORT:
                return False
            log[name] = text
        for name, place in self.ids:
            text = place.of(value) if place.top is None else value[place.top]
            if not (
                len(text) <= fits.SHORT if place.plain else traces.is_plain(text) or traces.trace(text) == (text, None)
            ):
                return False
            log[name] = text
        return True


def learn(search: Search, found: Foreign) -> Way | None:
    """Return the way to read logs of the same layout as one that was *found* by a search; None where it shows none."""
    dialect, value = search.layout.dialect, search.value
    if search.later or search.unread or (dialect is not None and (dialect.pairs or dialect.inner or dialect.events)):
        return None
    places = _places(search)
    if places is None or search.used != {place.path[0] for place in places.values() if len(place.path) == 1}:
        return None
    kinds = {name: type(place.of(value)) for name, place in places.items()}
    if kinds.get("message") is not str or not {kinds.get("level", str), kinds.get("timestamp", str)} <= {
        str,
        int,
        float,
    }:
        return None
    if any(name in places and not _is_told_as_it_is(places[name], kinds[name]) for name in _IDS):
        return None
    if "level" not in places and (dialect is None or dialect.default is None) and _says_more(value):
        return None
    kept = [name for name in value if name not in search.used and (value[name] is not None or name not in NULLS)]
    return Way(
        dialect,
        found.read_as,
        found.origins,
        places,
        tuple((name, places[name]) for name in _SHORTS if name in places),
        tuple((name, places[name]) for name in _IDS if name in places),
        tuple(name for name in kept if name not in ("id", "metadata")),
        ours=found.log is not search.log,
    )


def _is_told_as_it_is(place: _Place, kind: type) -> bool:
    """Return whether a text of the usual form is an id there: no decimal number, and none only by its form."""
    last = place.path[-1]
    return kind is str and last not in ("trace", "b3") and "dd" not in place.path and not last.startswith("dd")


def _places(search: Search) -> dict[str, _Place] | None:
    """Return by field where it lies; None where the best of its candidates did not fill it."""
    dialect = search.layout.dialect
    found = {}
    for name in OWN:
        candidates = search.candidates(name)
        if not candidates:
            if name in search.origins:
                return None
            continue
        rank, path, value = candidates[0]
        if search.origins.get(name) != path:
            return None
        own = path == (name,)
        plain = own and rank >= 0 and type(value) is str and (name in _SHORTS or dialect is None)
        found[name] = _Place(path, path[0] if len(path) == 1 else None, own, rank < 0, plain)
    return found


def _says_more(value: dict[str, Any]) -> bool:
    """Return whether there is anything by which a log without a level may get one."""
    failed = any(value.get(name) is not None for name in FAILED)
    return failed or any(at(value, path) is not None for path in STATUSES)
