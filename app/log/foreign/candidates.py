"""What in an object may fill which field: by the paths of its dialect, and by names that every program may use.

Programs write the same few sets of names again and again, so what their names mean is found once for each set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.log.dialects.dialect import Dialect, at, split
from app.log.foreign.roles import OUTER, ROLES, WITHIN

#: How good it is, below 0 for a dialect's own; its path; its value.
Candidate = tuple[float, tuple[str, ...], Any]
#: The same without the value.
_Place = tuple[float, tuple[str, ...]]

#: By the name of an object that is looked into, the names within that may mean something.
_INNER = {
    outer: WITHIN.keys() | {name[len(outer) + 1 :] for name in ROLES if name.startswith(f"{outer}.")} for outer in OUTER
}
_ANY_INNER = frozenset(WITHIN)
#: Sets of names that are remembered, and the characters of the longest set.
_SHAPES, _LONGEST = 1_024, 2_048


@dataclass(frozen=True, slots=True)
class Shape:
    """What the names of an object mean, whatever lies under them."""

    #: By field the places of what may fill it, the best first.
    places: dict[str, list[_Place]]
    #: The role of each name at the top.
    roles: dict[str, tuple[str, int]]


#: By the name of a dialect, or "" without one: the role of each name at the top, and the longer paths with theirs.
_Plan = tuple[dict[str, tuple[str, int]], list[tuple[str, int, tuple[str, ...]]]]
_plans: dict[str, _Plan] = {"": (ROLES, [])}
#: By dialect, names at the top, and those within that may mean something.
_shapes: dict[tuple[Any, ...], Shape] = {}


def _plan(dialect: Dialect | None) -> _Plan:
    """Return what a dialect names, better than any other name, and the names that every program may use."""
    plan = _plans.get(dialect.name if dialect is not None else "")
    if plan is not None or dialect is None:
        return plan or _plans[""]
    fields = {
        "message": dialect.message,
        "level": dialect.level,
        "timestamp": dialect.timestamp,
        "resourceId": dialect.resource,
        "traceId": dialect.trace,
        "spanId": dialect.span,
    }
    ranked = [(name, rank - 100, split(path)) for name, paths in fields.items() for rank, path in enumerate(paths)]
    top = {path[0]: (name, rank) for name, rank, path in reversed(ranked) if len(path) == 1}
    deep = [one for one in ranked if len(one[2]) > 1 or top[one[2][0]][0] != one[0]]
    return _plans.setdefault(dialect.name, ({**ROLES, **top}, deep))


def shape(value: dict[str, Any], dialect: Dialect | None) -> Shape:
    """Return what the names in *value* mean to its dialect."""
    within = []
    for key, inner in value.items():
        if type(inner) is dict:
            names = _INNER.get(key, _ANY_INNER)
            if not names.isdisjoint(inner):
                within.append((key, tuple([name for name in inner if name in names])))
    known = ("" if dialect is None else dialect.name, tuple(value), *within)
    found = _shapes.get(known)
    if found is None:
        found = _shape(value, dialect, dict(within))
        if len(value) <= 64 and sum(map(len, value)) <= _LONGEST:
            if len(_shapes) >= _SHAPES:
                _shapes.clear()
            _shapes[known] = found
    return found


def _shape(value: dict[str, Any], dialect: Dialect | None, within: dict[str, tuple[str, ...]]) -> Shape:
    found: dict[str, list[_Place]] = {}
    roles, deep = _plan(dialect)
    for name, rank, path in deep:
        found.setdefault(name, []).append((rank, path))
    for key in value:
        role = roles.get(key)
        if role is not None:
            found.setdefault(role[0], []).append((role[1], (key,)))
        for name in within.get(key, ()):  # one level deep: under a name of two parts, and ids of traces in any object
            role = (ROLES.get(f"{key}.{name}") if key in OUTER else None) or WITHIN.get(name)
            if role is not None:
                found.setdefault(role[0], []).append((role[1], (key, name)))
    for several in found.values():
        several.sort(key=_rank)
    return Shape(found, roles)


def candidates(value: dict[str, Any], shape: Shape, name: str, later: dict[str, list[Any]]) -> list[Candidate]:
    """Return what may fill the field *name*, the best first."""
    places = shape.places.get(name)
    if places is None and not later:
        return []
    found: list[Candidate] = []
    for rank, path in places or ():
        inner = value.get(path[0]) if len(path) == 1 else at(value, path)
        if inner is not None:
            found.append((rank, path, inner))
    if later:
        for key, more in later.items():
            role = shape.roles.get(key)
            if role is not None and role[0] == name:
                # Of a name that stands twice the first counts, where it fits: path of two, for both stay.
                found.extend((role[1] + 0.5, (key, ""), inner) for inner in more)
        found.sort(key=_rank)
    return found


def _rank(place: tuple[Any, ...]) -> Any:
    return place[0]
