"""What in an object may fill which field: by the paths of its dialect, and by names that every program may use."""

from __future__ import annotations

from typing import Any

from app.log.dialects.dialect import Dialect, at, split
from app.log.foreign.roles import OUTER, ROLES, WITHIN

#: How good it is, below 0 for a dialect's own; its path; its value.
Candidate = tuple[float, tuple[str, ...], Any]


#: By the name of a dialect, or "" without one: the role of each name at the top, and the longer paths with theirs.
_Plan = tuple[dict[str, tuple[str, int]], list[tuple[str, int, tuple[str, ...]]]]
_plans: dict[str, _Plan] = {"": (ROLES, [])}


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


def candidates(
    value: dict[str, Any], dialect: Dialect | None, later: dict[str, list[Any]]
) -> dict[str, list[Candidate]]:
    """Return by field what may fill it, the best first."""
    found: dict[str, list[Candidate]] = {}
    roles, deep = _plan(dialect)
    for name, rank, path in deep:
        inner = at(value, path)
        if inner is not None:
            found.setdefault(name, []).append((rank, path, inner))
    for key, inner in value.items():
        role = roles.get(key)
        if role is not None and inner is not None:
            several = found.get(role[0])
            if several is None:
                found[role[0]] = [(role[1], (key,), inner)]
            else:
                several.append((role[1], (key,), inner))
        if type(inner) is dict:
            _within(key, inner, found)
    for key, more in later.items():
        role = roles.get(key)
        if role is not None:  # of a name that stands twice the first counts, where it fits: path of two, for both stay
            found.setdefault(role[0], []).extend((role[1] + 0.5, (key, ""), inner) for inner in more)
    for several in found.values():
        if len(several) > 1:
            several.sort(key=_rank)
    return found


def _rank(candidate: Candidate) -> float:
    return candidate[0]


def _within(key: str, inner: dict[str, Any], found: dict[str, list[Candidate]]) -> None:
    """Add what lies one level deep: under a name of two parts, and ids of traces in any object."""
    dotted = key in OUTER
    for name, deep in inner.items():
        role = (ROLES.get(f"{key}.{name}") if dotted else None) or WITHIN.get(name)
        if role is not None and deep is not None:
            found.setdefault(role[0], []).append((role[1], (key, name), deep))
