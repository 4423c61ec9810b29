"""Records of OTLP in protobuf as most are, many at once: each part is taken from all of them before the next, in half the time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from operator import attrgetter, itemgetter
from typing import Any

from app.log.foreign.many import Odd, objects
from app.log.otlp import values
from app.log.otlp.logs import CERTAIN, RANKED, ScopeOrigin, beside, hexadecimal, joined, level
from app.log.own import Ready
from app.log.record import LogRecord

#: Types of values in which nothing lies.
SCALARS = frozenset((str, int, bool, float, type(None)))
#: A count of nanoseconds beyond all times of which it is certain, and bytes of the longest id.
_LAST, _LONGEST_ID = 10**19, 50
_parts = attrgetter("severity_text", "event_name", "body", "attributes", "trace_id", "span_id")
_numbers = attrgetter("time_unix_nano", "severity_number", "flags", "dropped_attributes_count")
_all, _value = itemgetter(slice(None)), itemgetter(1)
#: Lengths of the ids of traces and spans, and such of zeros, which are none.
_LENGTHS, _ZEROS = frozenset((8, 16)), frozenset((bytes(8), bytes(16)))


def logs(sent: Sequence[tuple[Any, ScopeOrigin]]) -> list[Ready] | Odd:
    """Return the logs of records, each with its scope; or which of them must be looked at by themselves, or for what they hold.

    The others have a time, a level and a text for their body, their attributes are scalars, and no NUL is anywhere.
    """
    records, abouts = zip(*sent, strict=True)
    texts, events, bodies, attributes, traces, spans = zip(*map(_parts, records), strict=True)
    pairs, messages = list(map(_all, attributes)), list(map(values.body, bodies))
    read = list(map(values.read_pair, chain.from_iterable(pairs)))
    packed = list(map(b"".join, pairs))
    times, numbers, flags, dropped = zip(*map(_numbers, records), strict=True)
    if not all(times):
        times = tuple(one.time_unix_nano or one.observed_time_unix_nano for one in records)
    levels = texts if RANKED.issuperset(texts) else tuple(map(level, numbers, texts))
    owns, names, around, _ = zip(*abouts, strict=True)
    plain = set(map(type, messages)) == {str} and SCALARS.issuperset(map(type, map(_value, read)))
    short = max(map(len, traces)) <= _LONGEST_ID and max(map(len, spans)) <= _LONGEST_ID
    if not (plain and short and min(times) >= CERTAIN and max(times) < _LAST and all(levels) and all(around)) or (
        b"\0" in b"".join((*packed, *bodies)) or "\0" in "".join((*texts, *events))
    ):
        rows = zip(messages, pairs, times, levels, around, zip(traces, spans, strict=True), texts, events, strict=True)
        odd = Odd(place for place, row in enumerate(rows) if _is_odd(*row))
        if odd:
            return odd
    if any(events) or any(flags) or any(dropped) or texts != levels:
        owns = tuple(map(beside, owns, texts, levels, events, flags, dropped))
    ids = _hexadecimal(traces), _hexadecimal(spans)
    instants = zip(*map(divmod, times, repeat(1_000_000)), strict=True)
    metadata = _alike(read, pairs, owns) or map(_metadata, repeat(iter(read)), pairs, owns)
    found = map(LogRecord, repeat(b""), *instants, levels, messages, names, *ids, repeat(None), metadata)
    lengths = (map(len, some) for some in (packed, bodies, texts, events))
    return list(map(Ready, found, map(sum, zip(around, *lengths, strict=True))))


def _is_odd(
    message: Any, pairs: Sequence[bytes], at: int, level: str | None, size: int, ids: tuple[bytes, bytes], *texts: str
) -> bool:
    """Return whether a record must be looked at by itself, given its parts."""
    held = list(chain.from_iterable(map(values.read_pair, pairs)))
    if type(message) is not str or not SCALARS.issuperset(map(type, held)):
        return True
    if not (size and level and CERTAIN <= at < _LAST) or max(map(len, ids)) > _LONGEST_ID:
        return True
    # Numbers and truths have such bytes too.
    return any(type(one) is str and "\0" in one for one in (message, *texts, *held))


def _alike(
    read: Sequence[tuple[str, Any]], pairs: Sequence[Sequence[bytes]], owns: Sequence[dict[str, Any]]
) -> Iterable[dict[str, Any]] | None:
    """Return what `_metadata` returns of each record; None where not all have the same attributes, or where a name is taken."""
    count = len(pairs[0])
    if not count or set(map(len, pairs)) != {count}:
        return None
    names, held = zip(*read, strict=True)
    ours = names[:count]
    if names != ours * len(pairs) or len(set(ours)) < count:
        return None
    # By their identity, for records of one scope have one.
    if not all(own.keys().isdisjoint(ours) for own in {id(own): own for own in owns}.values()):
        return None
    found = objects({name: held[place::count] for place, name in enumerate(ours)})
    for one, own in zip(found, owns, strict=True):
        one.update(own)
    return found


def _metadata(read: Iterator[tuple[str, Any]], pairs: Sequence[bytes], own: dict[str, Any]) -> dict[str, Any]:
    """Return the next attributes that were *read*, as many as there are *pairs*, with what is the record's *own* beside them."""
    some = list(islice(read, len(pairs)))
    found = dict([*some, *own.items()])
    return found if len(found) == len(some) + len(own) else joined(dict(some), own)


def _hexadecimal(ids: Sequence[bytes]) -> Iterable[str | None]:
    """Return ids as text, those that are empty or zeros as None."""
    known = set(map(len, ids)) <= _LENGTHS and _ZEROS.isdisjoint(ids)
    return map(bytes.hex, ids) if known else map(hexadecimal, ids)
