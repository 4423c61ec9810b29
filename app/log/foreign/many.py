"""Objects of one layout, many at once: what all of them have under one name is read together, as a short way reads it of each."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

from app.log.dialects.dialect import Dialect
from app.log.foreign import fits, layouts, ways
from app.log.limits import AT_ONCE
from app.log.record import LogRecord
from app.times import instant
from app.times.instant import Instant

#: Values by name, of all objects in their order.
Columns = dict[str, Sequence[Any]]
Sent = TypeVar("Sent")
Taken = TypeVar("Taken")

#: Types of values in which nothing can be wrong.
_PLAIN = frozenset((str, int, bool, type(None)))
#: Whole numbers that are nanoseconds since 1970.
_NANOSECONDS, _TOO_LATE = 10**17, 10**20
#: Lengths of ids in hexadecimal, and such that are none.
_ID_LENGTHS, _NO_IDS = frozenset((16, 32)), frozenset(("0" * 16, "0" * 32))


class LayoutParts(NamedTuple):
    """The parts of logs of one layout, as a short way finds them."""

    #: The fields of our own form but the time, by their names there.
    fields: Columns
    #: When the logs were written; None where they have no time.
    instants: Sequence[Instant] | None
    #: Their metadata.
    rest: Columns


def together(
    sent: Sequence[Sent],
    layout: Callable[[Sent], Hashable],
    take: Callable[[Sequence[Sent]], Sequence[Taken] | None],
    each: Callable[[Sent], Taken],
) -> Iterator[Taken]:
    """Yield what *take* makes of values, as many at once as have one layout; and of those that it leaves what *each* makes of one."""
    for start in range(0, len(sent), AT_ONCE):
        some = sent[start : start + AT_ONCE]
        found = take(some)
        yield from _in_groups(some, layout, take, each) if found is None else found


def _in_groups(
    sent: Sequence[Sent],
    layout: Callable[[Sent], Hashable],
    take: Callable[[Sequence[Sent]], Sequence[Taken] | None],
    each: Callable[[Sent], Taken],
) -> Iterator[Taken]:
    groups = defaultdict[Hashable, list[Sent]](list)
    keys = list(map(layout, sent))
    for key, one in zip(keys, sent, strict=True):
        groups[key].append(one)
    # Those of one layout were tried together already.
    taken = {key: (take(some) if len(groups) > 1 else None) or map(each, some) for key, some in groups.items()}
    found = {key: iter(some) for key, some in taken.items()}
    return (next(found[key]) for key in keys)


def layout_of(value: Any) -> Hashable:
    """Return the names in a value and their types, also of objects right within."""
    if type(value) is not dict:
        return str(type(value))
    inner = [(*one, *map(type, one.values())) for one in value.values() if type(one) is dict]
    return (*value, *map(type, value.values()), *inner)


def columns(objects: Sequence[Any]) -> Columns | None:
    """Return what objects have under each name; None where they differ in names, or in the type of what is under one of them."""
    if set(map(type, objects)) != {dict}:
        return None
    names = list(map(tuple, objects))
    if names.count(names[0]) < len(names):
        return None
    found = list(zip(*map(dict.values, objects), strict=True))
    if any(len(set(map(type, values))) > 1 for values in found):
        return None
    return dict(zip(names[0], found, strict=True))


def is_flat(values: Sequence[Any]) -> bool:
    """Return whether values of one type are scalars that JSON has."""
    kind = type(values[0])
    return kind in _PLAIN or (kind is float and all(map(math.isfinite, values)))


def parts(held: Columns, first: dict[str, Any]) -> LayoutParts | None:
    """Return what lies in objects, the *first* of which shows their layout; None where one must be searched, or has no level."""
    way = layouts.layout(first).way if all(map(is_flat, held.values())) else None
    if way is None or not way.levelled or way.ours or way.id or way.whole is not None:
        return None
    count = len(held[next(iter(held))])
    found: Columns = {name: [level] * count for name, level in way.given.items()}
    for name in way.texts:
        found[name] = held[name]
        if max(map(len, held[name])) > fits.SHORT:
            return None
    for name, take, fit in way.fields:
        values = take(held)
        found[name] = values if fit is ways.id_of and _are_ids(values) else list(map(fit, values))
    if any(None in values for values in found.values()):
        return None
    instants = None if way.time is None else _instants(way.time(held), way.dialect)
    rest = {name: held[name] for name in way.rest}
    if instants is None and (way.time is not None or "timestamp" in rest):
        return None
    return LayoutParts(found, instants, rest)


def _are_ids(texts: Sequence[str]) -> bool:
    """Return whether all texts are ids in the usual form; False also where that is not plain to see."""
    if not set(map(len, texts)) <= _ID_LENGTHS or not _NO_IDS.isdisjoint(texts):
        return False
    joined = "".join(texts)
    try:
        return bytes.fromhex(joined).hex() == joined
    except ValueError:
        return False


def _instants(times: Sequence[Any], dialect: Dialect | None) -> Sequence[Instant] | None:
    """Return the instants of times as most are, which the dialect writes; None where one is not."""
    kind = type(times[0])
    if dialect is not None and dialect.fraction is not None:
        return None
    if kind is int and dialect is None and min(times) >= _NANOSECONDS and max(times) < _TOO_LATE:
        return list(map(divmod, times, repeat(1_000_000)))
    found = list(map(instant.plain, times)) if kind is str else [None]
    return [one for one in found if one is not None] if None not in found else None


def records(fields: Columns, instants: Sequence[Instant], metadata: Columns) -> Iterator[LogRecord]:
    """Return the records of logs with these fields of our own form and these metadata."""
    t, ns = zip(*instants, strict=True)
    names = ("level", "message", "resourceId", "traceId", "spanId", "commit")
    held = (fields.get(name) or repeat(None) for name in names)
    beside = map(dict, map(zip, repeat(tuple(metadata)), zip(*metadata.values(), strict=True)))
    return map(LogRecord, repeat(b""), t, ns, *held, beside if metadata else repeat(None))
