"""Records of OTLP in protobuf as most are, many at once: each part is taken from all of them before the next, in half the time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from operator import attrgetter, itemgetter
from typing import Any

from app.log.otlp import values
from app.log.otlp.logs import CERTAIN, RANKED, ScopeOrigin, beside, hexadecimal, joined, level
from app.log.own import Ready
from app.log.record import LogRecord

#: Types of values in which nothing lies.
SCALARS = frozenset((str, int, bool, float, type(None)))
#: A count of nanoseconds beyond all times of which it is certain, and bytes of the longest ids of trace and span together.
_LAST, _LONGEST_IDS = 10**19, 100
_parts = attrgetter("severity_text", "event_name", "body", "attributes", "trace_id", "span_id")
_numbers = attrgetter("time_unix_nano", "severity_number", "flags", "dropped_attributes_count")
_all, _value = itemgetter(slice(None)), itemgetter(1)
#: Lengths of the ids of traces and spans, and such of zeros, which are none.
_LENGTHS, _ZEROS = frozenset((8, 16)), frozenset((bytes(8), bytes(16)))


def logs(records: Sequence[Any], abouts: Sequence[ScopeOrigin]) -> list[Ready] | None:
    """Return the logs of *records* whose scopes are *abouts*; None where one of them, or what it holds, has to be looked at by itself.

    Each has a time, a level and a text for its body, its attributes are scalars, and no NUL is anywhere.
    """
    texts, events, bodies, attributes, traces, spans = zip(*map(_parts, records), strict=True)
    pairs, messages = list(map(_all, attributes)), list(map(values.body, bodies))
    read = list(map(values.read_pair, chain.from_iterable(pairs)))
    if set(map(type, messages)) != {str} or not SCALARS.issuperset(map(type, map(_value, read))):
        return None
    packed = list(map(b"".join, pairs))
    if "\0" in "".join((*texts, *events)) or (b"\0" in b"".join((*packed, *bodies)) and _has_nul(read, messages)):
        return None
    times, numbers, flags, dropped = zip(*map(_numbers, records), strict=True)
    if not all(times):
        times = tuple(one.time_unix_nano or one.observed_time_unix_nano for one in records)
    levels = texts if RANKED.issuperset(texts) else tuple(map(level, numbers, texts))
    owns, names, around, _ = zip(*abouts, strict=True)
    if not (min(times) >= CERTAIN and max(times) < _LAST and all(levels) and all(around)):
        return None
    if any(events) or any(flags) or any(dropped) or texts != levels:
        owns = tuple(map(beside, owns, texts, levels, events, flags, dropped))
    ids = _hexadecimal(traces), _hexadecimal(spans)
    instants = zip(*map(divmod, times, repeat(1_000_000)), strict=True)
    metadata = map(_metadata, repeat(iter(read)), pairs, owns)
    found = map(LogRecord, repeat(b""), *instants, levels, messages, names, *ids, repeat(None), metadata)
    sizes = [
        size + len(more) + len(body) + len(text) + len(event)
        for size, more, body, text, event in zip(around, packed, bodies, texts, events, strict=True)
    ]
    return list(map(Ready, found, sizes)) if max(map(len, traces)) + max(map(len, spans)) <= _LONGEST_IDS else None


def _has_nul(read: Sequence[tuple[str, Any]], messages: Sequence[str]) -> bool:
    """Return whether one of the texts has a NUL; numbers and truths have such bytes too."""
    return any(type(one) is str and "\0" in one for one in chain(messages, chain.from_iterable(read)))


def _metadata(read: Iterator[tuple[str, Any]], pairs: Sequence[bytes], own: dict[str, Any]) -> dict[str, Any]:
    """Return the next attributes that were *read*, as many as there are *pairs*, with what is the record's *own* beside them."""
    some = list(islice(read, len(pairs)))
    found = dict([*some, *own.items()])
    return found if len(found) == len(some) + len(own) else joined(dict(some), own)


def _hexadecimal(ids: Sequence[bytes]) -> Iterable[str | None]:
    """Return ids as text, those that are empty or zeros as None."""
    known = set(map(len, ids)) <= _LENGTHS and _ZEROS.isdisjoint(ids)
    return map(bytes.hex, ids) if known else map(hexadecimal, ids)
