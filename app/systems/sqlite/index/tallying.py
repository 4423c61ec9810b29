"""How often what occurs in logs: minutes with their levels, values, and the paths of metadata with their types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from app.log.scalars import Place, columns, scalars, type_of
from app.systems.sqlite.index import terms
from app.systems.sqlite.segments.segment import COMMIT, METADATA, RESOURCE, SPAN, TRACE, LogColumns

_MINUTE = 60_000
#: Counted field under which paths and types are counted instead of values.
PATHS = ""
#: Plain fields beside the level by their numbers, and those whose values are counted.
_FIELDS = {"resourceId": RESOURCE, "commit": COMMIT, "traceId": TRACE, "spanId": SPAN}
_COUNTED = frozenset(("level", "resourceId", "commit"))
#: JSON types of scalars by Python's.
_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "number", float: "number"}
#: Where so few metadata differ, as a share of the logs (1 in so many), each is looked into once.
_FEW = 32


def tallies(logs: LogColumns) -> tuple[Counter[tuple[int, str]], Counter[tuple[str, str]]]:
    """Return how often each (minute, level) and each (field, value) occurs."""
    counts: Counter[tuple[str, str]] = Counter()
    values = {name: logs.docs[number] for name, number in _FIELDS.items()} | {"level": logs.level}
    for field, found in values.items():
        if field in _COUNTED:
            counts.update({(field, text): count for text, count in Counter(found).items() if text is not None})
        counts[PATHS, _typed(field, "string")] = len(found) - found.count(None)
    for path, count in _counted_paths(logs).items():
        counts[PATHS, path] += count
    minutes = (np.array(logs.t, dtype=np.int64) // _MINUTE).tolist()
    return Counter(zip(minutes, logs.level, strict=True)), +counts


def _counted_paths(logs: LogColumns) -> Counter[str]:
    """Return how many logs have each path of their metadata, with its type."""
    metadata, packed = [one or {} for one in logs.docs[METADATA]], logs.metadata
    if packed is not None:
        different = Counter(packed)
        if len(different) * _FEW <= len(packed):
            found, by_bytes = Counter[str](), dict(zip(packed, metadata, strict=True))
            for key, count in different.items():
                found.update(dict.fromkeys(_typed_paths(by_bytes[key], "metadata"), count))
            return found
    counted = _by_column(metadata)
    if counted is None:
        counted = Counter([path for one in metadata for path in _typed_paths(one, "metadata")])
    return counted


def _by_column(metadata: Sequence[dict[str, Any]]) -> Counter[str] | None:
    """Return how many logs have each path of their metadata, with its type; None where one log may have a path at two places.

    A key may have dots, and so be the path of what lies beneath another.
    """
    found, places = Counter[str](), dict[str, Place]()
    for place, kind, values in columns(metadata):
        path = f"metadata.{'.'.join(place)}"
        counted = _of_lists(path, values) if kind is list else ((path, _typed(path, _TYPES[kind]), len(values)),)
        for at, typed, count in counted:
            if places.setdefault(terms.named(at), place) != place:
                return None
            found[typed] += count
    return found


def _of_lists(path: str, lists: Sequence[list[Any]]) -> Iterator[tuple[str, str, int]]:
    """Yield each path of the scalars in lists, the same with its type, and how many lists have it."""
    flat = Counter[frozenset[type]]()
    for one in lists:
        kinds = frozenset(map(type, one))
        if dict in kinds or list in kinds:
            for typed in _typed_paths(one, path):
                yield typed.rpartition("\0")[0], typed, 1
        else:
            flat[kinds] += 1
    for kinds, count in flat.items():
        for name in {_TYPES[kind] for kind in kinds if kind in _TYPES}:
            yield path, _typed(path, name), count


def _typed_paths(value: Any, path: str) -> set[str]:
    """Return the paths of a value's scalars with their types."""
    return {_typed(one, type_of(scalar)) for one, scalar in scalars(value, path)}


def _typed(path: str, kind: str) -> str:
    return f"{terms.named(path)}\0{kind}"
