"""What in an object may fill which field: by the paths of its dialect, and by names that every program may use."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from app.log.dialects.dialect import Dialect, at, split
from app.log.roles import NAMES, OUTER, ROLES, WITHIN

#: How good it is, below 0 for a dialect's own; its path; its value.
Candidate = tuple[float, tuple[str, ...], Any]


@lru_cache(maxsize=256)
def _paths(dialect: Dialect) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
    """Return the field, rank and path of all that a dialect names: better than any other name."""
    fields = {
        "message": dialect.message,
        "level": dialect.level,
        "timestamp": dialect.timestamp,
        "resourceId": dialect.resource,
        "traceId": dialect.trace,
        "spanId": dialect.span,
    }
    return tuple((name, rank - 100, split(path)) for name, paths in fields.items() for rank, path in enumerate(paths))


def candidates(
    value: dict[str, Any], dialect: Dialect | None, later: dict[str, list[Any]]
) -> dict[str, list[Candidate]]:
    """Return by field what may fill it, the best first."""
    found: dict[str, list[Candidate]] = {name: [] for name in NAMES}
    if dialect is not None:
        for name, rank, path in _paths(dialect):
            inner = at(value, path)
            if inner is not None:
                found[name].append((rank, path, inner))
    for key, inner in value.items():
        if inner is None:
            continue
        role = ROLES.get(key)
        if role is not None:
            found[role[0]].append((role[1], (key,), inner))
        if type(inner) is dict:
            _within(key, inner, found)
    for key, more in later.items():
        role = ROLES.get(key)
        if role is not None:  # of a name that stands twice the first counts, where it fits: path of two, for both stay
            found[role[0]] += [(role[1] + 0.5, (key, ""), inner) for inner in more]
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
            found[role[0]].append((role[1], (key, name), deep))
