"""Objects of one layout, many at once: what all of them have under one name is read together, as a short way reads it of each."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

from app.log import own
from app.log.dialects.dialect import Dialect
from app.log.foreign import fits, layouts, traces, ways
from app.log.limits import AT_ONCE, UNLIMITED
from app.log.record import LogRecord
from app.times import instant
from app.times.instant import Instant

#: Values by name, of all objects in their order.
Columns = dict[str, Sequence[Any]]
Sent = TypeVar("Sent")
Taken = TypeVar("Taken")

#: Fewer are taken one by one, for which the long way takes less time.
_FEW = 3
#: Characters at the end of a message that are not always taken along.
_LINE_ENDS = frozenset("\r\n")
#: Types of values in which nothing can be wrong.
_PLAIN = frozenset((str, int, bool, type(None)))
#: Whole numbers that are milliseconds since 1970, and such that are nanoseconds.
_MILLISECONDS, _NANOSECONDS = range(10**11, 10**14), range(10**17, 10**20)


class Odd(frozenset[int]):
    """The places of those among several values that must be looked at by themselves; what is left of the others is usual."""


#: Makes something of several values at once; None where they have nothing in common.
Take: TypeAlias = Callable[[Sequence[Sent]], Sequence[Taken] | Odd | None]


class LayoutParts(NamedTuple):
    """The parts of logs of one layout, as a short way finds them."""

    #: The fields of our own form but the time, by their names there.
    fields: Columns
    #: When the logs were written; None where they have no time.
    instants: Sequence[Instant] | None
    #: Their metadata.
    rest: Columns


def together(
    sent: Sequence[Sent], layout: Callable[[Sent], Hashable], take: Take[Sent, Taken], each: Callable[[Sent], Taken]
) -> list[Taken]:
    """Return what *take* makes of values, as many at once as have one layout; and of those that it leaves what *each* makes of one."""
    found, left = dict[int, Taken](), list[int]()
    for start in range(0, len(sent), AT_ONCE):
        places, taken = range(start, len(sent))[:AT_ONCE], attempt(sent[start : start + AT_ONCE], take, each)
        if taken is None:
            left += places
        elif len(taken) == len(sent):
            return list(taken)
        else:
            found.update(zip(places, taken, strict=True))
    groups = defaultdict[Hashable, list[int]](list)
    for place in left:
        groups[layout(sent[place])].append(place)
    for several in groups.values():
        for start in range(0, len(several), AT_ONCE):
            ours = several[start : start + AT_ONCE]
            some = [sent[place] for place in ours]
            # Those of one layout were tried already.
            taken = attempt(some, take, each) if len(groups) > 1 else None
            found.update(zip(ours, map(each, some) if taken is None else taken, strict=True))
    return [found[place] for place in range(len(sent))] if left else list(found.values())


def attempt(sent: Sequence[Sent], take: Take[Sent, Taken], each: Callable[[Sent], Taken]) -> Sequence[Taken] | None:
    """Return what *take* makes of values at once, and *each* of those that are odd; None where they are odd together."""
    if len(sent) < _FEW:
        return list(map(each, sent))
    taken = take(sent)
    if not isinstance(taken, Odd):
        return taken
    usual = [one for place, one in enumerate(sent) if place not in taken]
    again = take(usual) if usual else []
    if again is None or isinstance(again, Odd):
        return None
    found = iter(again)
    return [each(one) if place in taken else next(found) for place, one in enumerate(sent)]


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


def is_sound(values: Sequence[Any]) -> bool:
    """Return whether values of one type may all be metadata of a log."""
    kind = type(values[0])
    if kind is float:
        return all(map(math.isfinite, values))
    return kind in _PLAIN or all(own.metadata_fault({"": value}, 0, UNLIMITED) is None for value in values)


def parts(held: Columns, objects: Sequence[dict[str, Any]]) -> LayoutParts | Odd | None:
    """Return what lies in objects, given by their names too; which of them must be searched; None where all must be, or have no level.

    Where no object lies within them the first alone shows their layout.
    """
    layout = layouts.layout(objects[0])
    way = layout.way
    if way is None or not way.levelled or way.ours or way.id or way.metadata or way.whole is not None:
        return None
    within = dict in (type(values[0]) for values in held.values())
    if within and any(layouts.layout(one) is not layout for one in objects):
        return None
    count = len(next(iter(held.values())))
    found: Columns = {name: [level] * count for name, level in way.given.items()}
    for name in way.texts:
        found[name] = held[name]
        if max(map(len, held[name])) > fits.SHORT:
            return Odd(place for place, text in enumerate(held[name]) if len(text) > fits.SHORT)
    for name, take, fit in way.fields:
        values = take(held)
        if values is None:
            return None  # it lies within
        found[name] = values if _are_as_sent(way, name, values, fit) else _fitted(values, fit)
    times = None if way.time is None else way.time(held)
    instants = None if times is None else _instants(times, way.dialect)
    lacking = [values for values in (*found.values(), instants or ()) if None in values]
    if lacking:
        return Odd(place for values in lacking for place, value in enumerate(values) if value is None)
    rest = {name: held[name] for name in way.rest}
    if not all(map(is_sound, rest.values())) or (instants is None and (way.time is not None or "timestamp" in rest)):
        return None
    return LayoutParts(found, instants, rest)


def _are_as_sent(way: ways.Way, name: str, values: Sequence[Any], fit: Callable[[Any], str | None]) -> bool:
    """Return whether all values of one type are what their field holds; False also where that is not plain to see."""
    if name == "message":
        # Without a level of its own a log may be that in its text.
        return not way.given and "" not in values and _LINE_ENDS.isdisjoint(map(itemgetter(-1), values))
    return traces.are_plain(values) if fit is ways.id_of else fit is fits.short and fits.are_known(values)


def _fitted(values: Sequence[Any], fit: Callable[[Any], str | None]) -> Sequence[str | None]:
    """Return values of one type as their field holds them, each of those that come again looked at once."""
    several = set(values)
    if len(several) * 2 > len(values):
        return list(map(fit, values))
    return list(map({value: fit(value) for value in several}.__getitem__, values))


def _instants(times: Sequence[Any], dialect: Dialect | None) -> Sequence[Any] | None:
    """Return the instants of times as most are, and None for another; None for times that are not read here."""
    kind = type(times[0])
    if dialect is not None and dialect.fraction is not None:
        return None
    if kind is str:
        plain = instant.all_plain(times)
        if plain is not None:
            return list(zip(plain, repeat(0)))
        return [instant.plain(text) or (instant.parse(text) if instant.is_plain(text) else None) for text in times]
    unit = None if dialect is None else dialect.unit
    if kind is int and unit in (None, "ns") and min(times) in _NANOSECONDS and max(times) in _NANOSECONDS:
        return list(map(divmod, times, repeat(1_000_000)))
    if kind is int and unit in (None, "ms") and min(times) in _MILLISECONDS and max(times) in _MILLISECONDS:
        return list(zip(times, repeat(0)))
    return None


def records(fields: Columns, instants: Sequence[Instant], metadata: Columns) -> Iterator[LogRecord]:
    """Return the records of logs with these fields of our own form and these metadata."""
    t, ns = zip(*instants, strict=True)
    names = ("level", "message", "resourceId", "traceId", "spanId", "commit")
    held = (fields.get(name) or repeat(None) for name in names)
    return map(LogRecord, repeat(b""), t, ns, *held, objects(metadata) if metadata else repeat(None))


def objects(held: Columns) -> list[dict[str, Any]]:
    """Return the objects that have these names and values, one name at least; name by name takes a third of the time."""
    (first, values), *others = held.items()
    found = [{first: value} for value in values]
    for name, values in others:
        for one, value in zip(found, values, strict=True):
            one[name] = value
    return found
