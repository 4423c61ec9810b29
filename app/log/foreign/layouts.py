"""Layouts: the names in an object and the types under them, and what in such an object may fill which field.

Programs write the same few layouts again and again. Which dialect one is in, and what its names mean, follows from names and
types alone, so it is found once for each layout; by the first log that is read so, also the short way to read the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.log.dialects import table
from app.log.dialects.dialect import Dialect, at, split
from app.log.foreign.roles import EXCEPTIONS, OUTER, ROLES, STATUSES, WITHIN

if TYPE_CHECKING:
    from app.log.foreign.ways import Way

#: How good it is, below 0 for a dialect's own; its path; its value.
Candidate = tuple[float, tuple[str, ...], Any]
#: The same without the value.
_Place = tuple[float, tuple[str, ...]]

#: Layouts that are remembered, and the characters of the names in the longest.
_LAYOUTS, _LONGEST = 1_024, 2_048
#: Names in an object that may mean something, each with those in the object beneath it.
_Names = dict[str, Any]


@dataclass(slots=True)
class Layout:
    """The meaning of an object's names and types, whatever its values are."""

    dialect: Dialect | None
    #: By field the places of what may fill it, the best first.
    places: dict[str, list[_Place]]
    #: The role of each name at the top.
    roles: dict[str, tuple[str, int]]
    #: How many quotes stand around its names and texts; 0 where that is not the layout's, but that of what lies within.
    quotes: int
    #: How such a log is read at once; None where each must be searched, or none showed it yet.
    way: Way | None = None
    #: How many were searched.
    searched: int = 0


#: By the name of a dialect, or "" without one: the role of each name at the top, and the longer paths with theirs.
_Plan = tuple[dict[str, tuple[str, int]], list[tuple[str, int, tuple[str, ...]]]]
_plans: dict[str, _Plan] = {"": (ROLES, [])}
_layouts: dict[tuple[Any, ...], Layout] = {}


def layout(value: dict[str, Any], form: str | None = None) -> Layout:
    """Return the layout of an object; *form* names its dialect where its source is known to write in one."""
    known: tuple[Any, ...] = (*value, *map(type, value.values()))
    found = _layouts.get(known) if form is None else None  # kept so is what has no objects within
    if found is not None:
        return found
    if dict in known:
        known = (known, _beneath(value, _TOP, _ANY))
    if form is not None:
        known = (form, known)
    found = _layouts.get(known)
    if found is None:
        found = of(value, table.BY_NAME.get(form or "") or table.find(value))
        if len(value) <= 64 and sum(map(len, value)) <= _LONGEST:
            if len(_layouts) >= _LAYOUTS:
                _layouts.clear()
            _layouts[known] = found
    return found


def of(value: dict[str, Any], dialect: Dialect | None) -> Layout:
    """Return the layout of an object that is in the dialect."""
    found: dict[str, list[_Place]] = {}
    roles, deep = _plan(dialect)
    for name, rank, path in deep:
        found.setdefault(name, []).append((rank, path))
    for key, inner in value.items():
        role = roles.get(key)
        if role is not None:
            found.setdefault(role[0], []).append((role[1], (key,)))
        if type(inner) is dict:  # one level deep: under a name of two parts, and ids of traces in any object
            for name in inner.keys() & _TOP.get(key, _ANY).keys():
                role = (ROLES.get(f"{key}.{name}") if key in OUTER else None) or WITHIN.get(name)
                if role is not None:
                    found.setdefault(role[0], []).append((role[1], (key, name)))
    for several in found.values():
        several.sort(key=_rank)
    kinds = list(map(type, value.values()))
    flat = dict not in kinds and list not in kinds
    return Layout(dialect, found, roles, 2 * (len(kinds) + kinds.count(str)) if flat else 0)


def _plan(dialect: Dialect | None) -> _Plan:
    """Return what a dialect names, better than any other name, and the names that every program may use."""
    plan = _plans.get(dialect.name if dialect is not None else "")
    if plan is not None or dialect is None:
        return plan or _plans[""]
    ranked = [
        (name, rank - 100, split(path)) for name, paths in _fields(dialect).items() for rank, path in enumerate(paths)
    ]
    top = {path[0]: (name, rank) for name, rank, path in reversed(ranked) if len(path) == 1}
    deep = [one for one in ranked if len(one[2]) > 1 or top[one[2][0]][0] != one[0]]
    return _plans.setdefault(dialect.name, ({**ROLES, **top}, deep))


def _fields(dialect: Dialect) -> dict[str, tuple[str, ...]]:
    return {
        "message": dialect.message,
        "level": dialect.level,
        "timestamp": dialect.timestamp,
        "resourceId": dialect.resource,
        "traceId": dialect.trace,
        "spanId": dialect.span,
    }


def _paths() -> Iterator[tuple[str, ...]]:
    """Yield all paths of several names at which anything is looked for."""
    for dialect in table.DIALECTS:
        signs = [sign.removeprefix("!").partition(":")[0] for several in dialect.signs for sign in several]
        paths = [path for several in _fields(dialect).values() for path in several]
        yield from map(split, (*signs, *paths, *(dialect.fraction or ())[:1]))
    yield from (*EXCEPTIONS, *STATUSES)
    yield from (tuple(name.split(".", 1)) for name in ROLES if "." in name)


def _top() -> _Names:
    """Return by the names at the top those within that may mean something, as deep as anything is looked for."""
    found: _Names = {}
    for first, *path in _paths():
        if path:
            inner = found.setdefault(first, dict.fromkeys(WITHIN, _NOTHING))
            for name in path:
                inner[name] = inner = dict(inner.get(name, _NOTHING))
    return found


_NOTHING: _Names = {}
_ANY: _Names = dict.fromkeys(WITHIN, _NOTHING)
_TOP = _top()


def _beneath(value: dict[str, Any], known: _Names, others: _Names) -> tuple[Any, ...]:
    """Return the names and types in the objects within *value*, as far as they may mean something."""
    found: list[Any] = []
    for key, inner in value.items():
        if type(inner) is dict:
            names = known.get(key, others)
            within = {name: inner[name] for name in inner if name in names}
            if within:
                kinds = tuple(map(type, within.values()))
                found.append((key, *within, *kinds, _beneath(within, names, _NOTHING) if dict in kinds else ()))
    return tuple(found)


def candidates(value: dict[str, Any], layout: Layout, name: str, later: dict[str, list[Any]]) -> list[Candidate]:
    """Return what may fill the field *name*, the best first."""
    places = layout.places.get(name)
    if places is None and not later:
        return []
    found: list[Candidate] = []
    for rank, path in places or ():
        inner = value.get(path[0]) if len(path) == 1 else at(value, path)
        if inner is not None:
            found.append((rank, path, inner))
    if later:
        for key, more in later.items():
            role = layout.roles.get(key)
            if role is not None and role[0] == name:
                # The first of two equal names counts, where it fits; the path has two parts, for both values stay.
                found.extend((role[1] + 0.5, (key, ""), inner) for inner in more)
        found.sort(key=_rank)
    return found


def _rank(place: tuple[Any, ...]) -> Any:
    return place[0]
