"""Values of a request that are logs of other programs as most are: those of one layout are read together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from itertools import repeat
from operator import attrgetter
from typing import Any, TypeAlias

from app.log import own
from app.log.body import Item
from app.log.foreign import layouts
from app.log.foreign.doubled import may_be
from app.log.foreign.many import Odd, columns, parts, records, together
from app.log.foreign.ways import Way
from app.log.limits import Limits, surely
from app.log.record import LogRecord
from app.times.written import Assumed

#: A log without an id, and the short way by which it was read; None for a value that must be looked at by itself.
Read: TypeAlias = tuple[LogRecord, Way] | None
#: Fewer are read one by one, which takes less time.
FEW = 8
_values, _raws, _dirty = attrgetter("value"), attrgetter("raw"), attrgetter("dirty")


def logs(items: Sequence[Any], assumed: Assumed, limits: Limits, now: int) -> Sequence[Read]:
    """Return the logs that values are, as `Way.record` reads each; *now* is the time of those without one, in ms."""
    if len(items) < FEW or assumed.form is not None:
        return [None] * len(items)
    try:
        return together(items, _layout, partial(_alike, most=surely(limits), now=now), _by_itself)
    except RecursionError:
        return [None] * len(items)


def _alike(items: Sequence[Any], most: int, now: int) -> Sequence[Read] | Odd | None:
    """Return the logs that values of one layout are, given the bytes of the largest that is within all limits."""
    if len(items) < FEW or set(map(type, items)) != {Item}:
        return None
    values, raws = list(map(_values, items)), list(map(_raws, items))
    if type(values[0]) is not dict or values[0].keys() <= own.NAMES:
        return None
    held = columns(values)
    layout = None if held is None else layouts.layout(values[0])
    if held is None or layout is None or layout.way is None:
        return None
    way, odd = layout.way, frozenset[int]()
    quotes = max(map(bytes.count, raws, repeat(b'"')))
    if quotes > layout.quotes or max(map(len, raws)) > most or any(map(_dirty, items)):
        odd = frozenset(place for place, item in enumerate(items) if _is_odd(item, layout.quotes, most))
    found = parts(held, values)
    if odd or not found or isinstance(found, Odd):
        return Odd(odd | found) if isinstance(found, Odd) else Odd(odd) if found else None
    instants = [(now, 0)] * len(items) if found.instants is None else found.instants
    return list(zip(records(found.fields, instants, found.rest), repeat(way)))


def _is_odd(item: Item, quotes: int, most: int) -> bool:
    """Return whether a value must be looked at by itself for its bytes: a name may stand twice in it."""
    return item.dirty or len(item.raw) > most or (item.raw.count(b'"') > quotes and may_be(item.raw, item.value))


def _layout(item: Any) -> Hashable:
    """Return the names and types at the top of a value; None for one that is no log of another program."""
    if type(item) is not Item or type(item.value) is not dict or item.value.keys() <= own.NAMES:
        return None
    return (*item.value, *map(type, item.value.values()))


def _by_itself(item: Any) -> Read:
    return None
