"""The table of all dialects, and finding the one that an object is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from app.log.dialects import clouds, go, jvm, node, python, rust, servers, standards
from app.log.dialects.dialect import KINDS, Dialect, at, split

#: In the order in which they are tried where the signs of several are there.
DIALECTS: tuple[Dialect, ...] = (
    *(*clouds.ROWS, *standards.ROWS, *jvm.ROWS, *servers.ROWS, *rust.ROWS, *go.ROWS, *node.ROWS, *python.ROWS),
)
BY_NAME = {dialect.name: dialect for dialect in DIALECTS}

_Check = Callable[[dict[str, Any]], bool]


def _check(sign: str) -> _Check:
    name, _, kind = sign.partition(":")
    if name.startswith("!"):
        path = split(name[1:])
        return lambda value: at(value, path) is None
    path, kinds = split(name), KINDS[kind or "any"]
    if kind == "digit":
        return lambda value: type(at(value, path)) is int and -10 < at(value, path) < 10
    if len(path) == 1:
        top = path[0]
        return lambda value: top in value and type(value[top]) in kinds
    return lambda value: type(at(value, path)) in kinds and (at(value, path) is not None)


def _index() -> dict[str, list[tuple[int, tuple[_Check, ...], Dialect]]]:
    """Return the sets of signs by the name that their first sign begins with."""
    found = defaultdict[str, list[tuple[int, tuple[_Check, ...], Dialect]]](list)
    for place, dialect in enumerate(DIALECTS):
        for signs in dialect.signs:
            top = split(signs[0].partition(":")[0])[0]
            checks = tuple(_check(sign) for sign in signs if sign != top)
            found[top].append((place, checks, dialect))
    return dict(found)


_BY_SIGN = _index()
#: Names by which dialects are looked for.
SIGNS = frozenset(_BY_SIGN)
_signs_of = _BY_SIGN.get


def _fits(value: dict[str, Any], checks: tuple[_Check, ...]) -> bool:
    for check in checks:  # noqa: SIM110 - a generator takes three times as long, and this is asked of every log
        if not check(value):
            return False
    return True


def find(value: dict[str, Any]) -> Dialect | None:
    """Return the dialect that *value* is in; None when it is in none of the table."""
    best, found = len(DIALECTS), None
    for name in value:
        rows = _signs_of(name)
        if rows is not None:
            for place, checks, dialect in rows:
                if place < best and _fits(value, checks):
                    best, found = place, dialect
    return found
