"""Scalars: the single values in a log's metadata, each with its path, its text, and its number if it is numeric."""

from __future__ import annotations

import json
import math
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias


def as_text(value: str | bool | int | float) -> str:
    """Return the one text of a JSON scalar: 1.0 is `1`, true is `true`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return repr(value)


def type_of(value: str | bool | int | float) -> str:
    """Return the type of a JSON scalar: `string`, `number` or `boolean`."""
    return "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"


def number(value: Any) -> float | None:
    """Return the float64 that a range compares, or None: only JSON numbers have one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        converted = float(value)
    except OverflowError:
        converted = math.inf if value > 0 else -math.inf
    return None if math.isnan(converted) else converted + 0.0  # -0.0 + 0.0 is 0.0


_float64 = struct.Struct(">d").pack


@lru_cache(maxsize=5_000)
def sortable(value: float) -> str:
    """Return a float64 as 16 hex digits that sort as the numbers do."""
    bits = int.from_bytes(_float64(value + 0.0), "big")  # both zeros are one
    return f"{bits ^ (0xFFFFFFFFFFFFFFFF if bits >> 63 else 1 << 63):016x}"


def scalars(value: Any, path: str) -> Iterator[tuple[str, str | bool | int | float]]:
    """Yield (path, scalar) for every value at or beneath *path*."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from scalars(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner, path)
    elif value is not None:
        yield path, value


#: The names that lead to a value, from the outermost on.
Place: TypeAlias = tuple[str, ...]


def columns(objects: Sequence[dict[str, Any]], place: Place = ()) -> Iterator[tuple[Place, type, Sequence[Any]]]:
    """Yield the values of all *objects* that have one place and type, together; lists whole, and no nulls.

    A place and type may come several times, each time with values of other objects. Programs write objects of few layouts,
    so that thousands are looked at in a tenth of the time that `scalars` takes for each.
    """
    for names, alike in _by_names(objects):
        for name in names:
            values = list(map(itemgetter(name), alike))
            kinds, inner = set(map(type, values)), (*place, name)
            for kind in kinds:
                some: Sequence[Any] = values if len(kinds) == 1 else [one for one in values if type(one) is kind]
                if kind is dict:
                    yield from columns(some, inner)
                elif kind is not type(None):
                    yield inner, kind, some


def _by_names(objects: Sequence[dict[str, Any]]) -> Iterator[tuple[Place, Sequence[dict[str, Any]]]]:
    names = list(map(tuple, objects))
    if names and names.count(names[0]) == len(names):
        yield names[0], objects
        return
    found = defaultdict[Place, list[dict[str, Any]]](list)
    for own, one in zip(names, objects, strict=True):
        found[own].append(one)
    yield from found.items()


def deep_json(value: Any) -> str:
    """Return a decoded value as JSON, however deep it is; what JSON has no form for as Python writes it."""
    found: list[str] = []
    # The next part stands at the end; texts of ours, such as brackets, are written as they are.
    left: list[tuple[bool, Any]] = [(False, value)]
    while left:
        ours, one = left.pop()
        if ours:
            found.append(one)
        elif isinstance(one, dict | list):
            begin, end = "{}" if isinstance(one, dict) else "[]"
            found.append(begin)
            left.append((True, end))
            inner = list(one.items() if isinstance(one, dict) else ((None, part) for part in one))
            for place in range(len(inner) - 1, -1, -1):
                name, part = inner[place]
                said = "" if name is None else f"{json.dumps(name, ensure_ascii=False)}:"
                left += ((False, part), (True, f"{',' if place else ''}{said}"))
        else:
            found.append(json.dumps(one, ensure_ascii=False, default=repr))
    return "".join(found)


def compact_json(value: Any) -> str:
    """Return a decoded value as compact JSON, however deep it is."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return deep_json(value)


def as_bytes(value: Any) -> bytes:
    """Return decoded JSON as Python writes it, or as JSON where it is nested too deeply for that."""
    try:
        text = repr(value)
    except RecursionError:
        text = deep_json(value)
    return text.encode("utf-8", "backslashreplace")
