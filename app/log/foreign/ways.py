"""Short ways: logs of one layout whose fields all lie where they lay in the first are read without a search.

A way is taken only where a search would find the same: each field is filled by the best of its candidates, and the value of
that one is tried as the search tries it. What is odd in any respect is searched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

from app.log import own
from app.log.dialects.dialect import Dialect, at
from app.log.foreign import fits, scales, traces
from app.log.foreign.found import NULLS, OWN, Foreign, Search
from app.log.foreign.roles import FAILED, LAST, STATUSES
from app.log.limits import Limits
from app.log.record import LogRecord
from app.times.written import Assumed

#: Takes what lies at a place out of an object of the layout.
_Take = Callable[[dict[str, Any]], Any]
#: Returns a value as its field holds it; None for a value that needs the full search.
_Fit = Callable[[Any], str | None]

#: Levels that are remembered of one layout.
_LEVELS = 64
_SHORTS = ("resourceId", "commit")
_IDS = ("traceId", "spanId")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a field lies."""

    path: tuple[str, ...]
    #: Whether it lies under our own name, and whether under one of its dialect's.
    own: bool
    dialects: bool
    #: Whether a text there is taken as it is.
    plain: bool

    @property
    def take(self) -> _Take:
        """The function that takes out of an object what lies there."""
        return itemgetter(self.path[0]) if len(self.path) == 1 else partial(_at, self.path)


def _at(path: tuple[str, ...], value: dict[str, Any]) -> Any:
    return at(value, path)


@dataclass(frozen=True, slots=True)
class Way:
    """Where the fields of all logs of one layout lie, and what remains."""

    read_as: str
    origins: dict[str, str]
    #: The fields of every log of the layout, whatever its values are: the level that a dialect gives those that name none.
    given: dict[str, Any]
    #: Fields whose text is taken as it is, each of which lies under its own name.
    texts: tuple[str, ...]
    #: All others but the time.
    fields: tuple[tuple[str, _Take, _Fit], ...]
    #: Where the time lies, and the dialect that says how it is written.
    time: _Take | None
    dialect: Dialect | None
    #: Names of what stays metadata.
    rest: tuple[str, ...]
    #: Whether metadata of its own, and an id, stand beside them.
    metadata: bool
    id: bool
    #: Whether the log is in our own form with other names beside it.
    ours: bool
    #: Whether each log of the layout has a level, which no log in its text may say otherwise.
    levelled: bool
    #: The name of a text of which the message may be the beginning.
    whole: str | None

    def read(self, value: dict[str, Any], raw: bytes, assumed: Assumed) -> Foreign | None:
        """Return the log that an object of the layout is; None where it must be searched."""
        log = self._fields(value, raw, assumed)
        if log is None:
            return None
        sent_time = None if self.time is None else self.time(value)
        if self.ours:
            return Foreign(dict(value), "", self.origins)
        if self.id:
            log["id"] = value["id"]
        if rest := self._rest(value):
            log["metadata"] = rest
        return Foreign(log, self.read_as, self.origins, sent_time)

    def record(self, value: dict[str, Any], raw: bytes, assumed: Assumed, limits: Limits, now: int) -> LogRecord | None:
        """Return the record of the log that an object of the layout is; None where it must be searched, or looked at otherwise."""
        if self.ours or self.id:
            return None
        log = self._fields(value, raw, assumed)
        return None if log is None else own.of_fields(log, self._rest(value), len(raw), limits, now)

    def _fields(self, value: dict[str, Any], raw: bytes, assumed: Assumed) -> dict[str, Any] | None:
        log = self.given.copy()
        for name in self.texts:
            text = value[name]
            if len(text) > fits.SHORT:
                return None
            log[name] = text
        for name, take, fit in self.fields:
            found = fit(take(value))
            if found is None:
                return None
            log[name] = found
        if self.whole is not None and fits.whole(log["message"], value[self.whole]) is not None:
            return None
        if self.time is not None:
            time = self.time(value)
            if self.dialect is not None or type(time) is not int or not 10**17 <= time < 10**20:
                time = self._time(value, time, raw, assumed)
            if time is None:
                return None
            log["timestamp"] = time
        return log

    def _rest(self, value: dict[str, Any]) -> dict[str, Any]:
        rest = {name: value[name] for name in self.rest}
        if self.metadata:
            rest |= value["metadata"]
        return rest

    def _time(self, value: dict[str, Any], sent: Any, raw: bytes, assumed: Assumed) -> fits.Time:
        dialect = self.dialect
        if dialect is None:
            return fits.timestamp(sent, None, assumed, raw)
        time = fits.timestamp(sent, dialect.unit, assumed, raw)
        return time if dialect.fraction is None else fits.with_fraction(time, value, dialect, assumed)


def _message(*, own: bool, opened: bool) -> _Fit:
    def fit(sent: str) -> str | None:
        text = sent if own else sent.rstrip("\r\n")
        # An object in a text is a log of its own where nothing else has a level, or what carries it has.
        return text if text and not (opened and text[0] == "{") else None

    return fit


def _level(name: str, dialect: Dialect | None) -> _Fit:
    known: dict[Any, str] = {}

    def fit(sent: Any) -> str | None:
        level = known.get(sent)
        if level is None:
            level = fits.level(sent, name, dialect)
            if level is None or not scales.is_ranked(level) or fits.between(sent, name, dialect):
                return None
            if len(known) < _LEVELS:
                known[sent] = level
        return level

    return fit


def id_of(sent: str) -> str | None:
    """Return an id that is taken as it is; None for another."""
    return sent if traces.is_plain(sent) or traces.trace(sent) == (sent, None) else None


#: Types of a level or time that are read without a search.
_PLAIN = {str, int, float}


def learn(search: Search, found: Foreign) -> Way | None:
    """Return a short way to read further logs of this layout, learned from a full search that *found* one log; None where nothing can be learned."""
    dialect, value = search.layout.dialect, search.value
    if search.later or search.unread or (dialect is not None and (dialect.pairs or dialect.inner or dialect.events)):
        return None
    places = _places(search)
    if places is None or search.used != {place.path[0] for place in places.values() if len(place.path) == 1}:
        return None
    kinds = {name: type(place.take(value)) for name, place in places.items()}
    if kinds.get("message") is not str or places["message"].path == LAST:
        return None
    if not {kinds.get("level", str), kinds.get("timestamp", str)} <= _PLAIN:
        return None
    if any(name in places and not _is_sent_as_it_is(places[name], kinds[name]) for name in _IDS):
        return None
    default = None if dialect is None else dialect.default
    if "level" not in places and default is None and _says_more(value):
        return None
    carries = dialect is not None and dialect.carries
    kept = [name for name in value if name not in search.used and (value[name] is not None or name not in NULLS)]
    time = places.get("timestamp")
    texts = tuple(name for name, place in places.items() if _is_text(name, place))
    others = [(name, place) for name, place in places.items() if place is not time and name not in texts]
    return Way(
        found.read_as,
        found.origins,
        {} if "level" in places or default is None else {"level": default},
        texts,
        tuple((name, place.take, _fit(name, places, dialect)) for name, place in others),
        None if time is None else time.take,
        dialect if time is not None and time.dialects else None,
        tuple(name for name in kept if name not in ("id", "metadata")),
        metadata=type(value.get("metadata")) is dict,
        id="id" in value,
        ours=found.log is not search.log,
        levelled=("level" in places or default is not None) and not carries,
        whole=dialect.whole if dialect is not None and dialect.whole in value else None,
    )


def _fit(name: str, places: dict[str, _Place], dialect: Dialect | None) -> _Fit:
    """Return how the field of that name is made of what lies at its place."""
    place = places[name]
    if name == "message":
        return _message(own=place.own, opened="level" not in places or (dialect is not None and dialect.carries))
    if name == "level":
        return _level(".".join(place.path), dialect)
    return fits.short if name in _SHORTS else id_of


def _is_text(name: str, place: _Place) -> bool:
    return place.plain and name not in ("message", "level", "timestamp")


def _is_sent_as_it_is(place: _Place, kind: type) -> bool:
    """Return whether a hexadecimal text at this place is taken as an id unchanged; Datadog's are decimal numbers, B3's a header of several parts."""
    last = place.path[-1]
    return kind is str and last not in ("trace", "b3") and "dd" not in place.path and not last.startswith("dd")


def _places(search: Search) -> dict[str, _Place] | None:
    """Return the place of each of our fields in the layout; None where a field was not filled by its first candidate."""
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
        found[name] = _Place(path, own, rank < 0, plain)
    return found


def _says_more(value: dict[str, Any]) -> bool:
    """Return whether there is anything by which a log without a level may get one."""
    failed = any(value.get(name) is not None for name in FAILED)
    return failed or any(at(value, path) is not None for path in STATUSES)
