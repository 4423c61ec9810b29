"""How often what occurs in logs: minutes with their levels, values, and the paths of metadata with their types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from app.log.record import LogRecord
from app.log.scalars import scalars
from app.systems.sqlite.index import terms

_MINUTE = 60_000
#: Counted field under which paths and types are counted instead of values.
PATHS = ""
#: JSON types of scalars by Python's.
_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "number", float: "number"}
#: Layout of an object: its names, the types of their values, and for each object and list among these its own layout, or its paths and types.
_Layout: TypeAlias = tuple[tuple[str, ...], tuple[type, ...], tuple[Any, ...]]


def tallies(
    records: Sequence[LogRecord], metadata: Sequence[bytes | None] | None = None
) -> tuple[Counter[tuple[int, str]], Counter[tuple[str, str]]]:
    """Return how often each (minute, level) and each (field, value) occurs; the same *metadata*, packed, is looked into once."""
    minutes = Counter([(record.t // _MINUTE, record.level) for record in records])
    values: dict[str, list[str | None]] = {
        "level": [record.level for record in records],
        "resourceId": [record.resource_id for record in records],
        "commit": [record.commit for record in records],
    }
    counts: Counter[tuple[str, str]] = Counter()
    for field, found in values.items():
        counts.update({(field, text): count for text, count in Counter(found).items() if text is not None})
    values["traceId"] = [record.trace_id for record in records]
    values["spanId"] = [record.span_id for record in records]
    for field, found in values.items():
        counts[PATHS, _typed(field, "string")] = len(found) - found.count(None)
    for path, count in _counted_paths(records, metadata).items():
        counts[PATHS, path] += count
    return minutes, +counts


def _counted_paths(records: Sequence[LogRecord], packed: Sequence[bytes | None] | None) -> Counter[str]:
    """Return how many records have each path of their metadata, with its type."""
    known: dict[_Layout, set[str]] = {}
    if packed is None:
        return Counter([path for one in records if one.metadata for path in _typed_paths(one.metadata, known)])
    found, metadata = Counter[str](), {key: one.metadata for key, one in zip(packed, records, strict=True)}
    for key, count in Counter(packed).items():
        for path in _typed_paths(metadata[key] or {}, known):
            found[path] += count
    return found


def _typed_paths(metadata: dict[str, Any], known: dict[_Layout, set[str]]) -> Collection[str]:
    """Return the paths of the metadata's scalars with their types, each once; *known* are those of layouts met before."""
    found, nested = [], False
    for key, value in metadata.items():
        kind = _TYPES.get(type(value))
        if kind is not None:
            found.append((_typed_key if len(key) <= terms.REMEMBERED_LENGTH else _typed_key.__wrapped__)(key, kind))
            continue
        kinds, nested = tuple(map(type, value.values())) if type(value) is dict else (list,), True
        if dict in kinds or list in kinds:
            # Programs write logs of few layouts, so that the paths of each are put together once.
            layout = _layout(metadata)
            paths = known.get(layout)
            if paths is None:
                paths = known[layout] = _paths("metadata", layout)
            return paths
        found += _flat(key, tuple(value), kinds)
    # A key may have dots, and so be the path of what lies beneath another.
    return set(found) if nested else found


@lru_cache(maxsize=2_000)
def _flat(key: str, names: tuple[str, ...], kinds: tuple[type, ...]) -> set[str]:
    return _paths(f"metadata.{key}", (names, kinds, ()))


@lru_cache(maxsize=terms.REMEMBERED_PATHS)
def _typed_key(key: str, kind: str) -> str:
    return _typed(f"metadata.{key}", kind)


def _layout(values: dict[str, Any]) -> _Layout:
    """Return the names and types of an object's values, and what lies beneath them."""
    kinds = tuple(map(type, values.values()))
    if dict not in kinds and list not in kinds:
        return tuple(values), kinds, ()
    inner: list[Any] = []
    for value in values.values():
        if type(value) is dict:
            inner.append(_layout(value))
        elif type(value) is list:
            inner.append(frozenset([(path, type(one)) for path, one in scalars(value, "")]))
    return tuple(values), kinds, tuple(inner)


def _paths(path: str, layout: _Layout) -> set[str]:
    """Return the paths beneath *path* of all scalars of a layout, with their types."""
    names, kinds, inner = layout
    beneath, found = iter(inner), set[str]()
    for name, kind in zip(names, kinds, strict=True):
        field = f"{path}.{name}"
        if kind is dict:
            found |= _paths(field, next(beneath))
        elif kind is list:
            found.update(_typed(field + more, _TYPES[one]) for more, one in next(beneath))
        elif kind in _TYPES:
            found.add(_typed(field, _TYPES[kind]))
    return found


def _typed(path: str, kind: str) -> str:
    return f"{terms.named(path)}\0{kind}"
