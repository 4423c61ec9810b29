"""Events of HEC as most are, many at once: of one layout, with a time, a host and a level."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

from app.log.foreign.many import Columns, LayoutParts, Odd, columns, is_sound, parts, records
from app.log.foreign.scales import is_ranked
from app.log.lines.reader import begin_with_levels
from app.log.own import Ready
from app.times import instant
from app.times.written import Assumed

#: Fields that say where an event is from.
FROM = ("host", "source", "sourcetype", "index")
KNOWN = frozenset((*FROM, "event", "time", "fields"))
#: Names in `fields` that are a log's own: as collectors call level, trace, span and commit (OpenTelemetry Collector: exporter/splunkhecexporter).
OWN = {
    **{"level": "level", "severity": "level", "otel.log.severity.text": "level"},
    **{"trace_id": "traceId", "traceId": "traceId", "span_id": "spanId", "spanId": "spanId", "commit": "commit"},
}
#: Characters of the longest resourceId.
SHORT = 255
#: Seconds since 1970 below which every float is a time as it is: the year 2096.
PLAIN_TIME = 4e9


def fits(name: str, value: Any) -> bool:
    """Return whether a value of `fields` is one of the log's field *name*."""
    return type(value) is str and 0 < len(value) <= SHORT and (name != "level" or is_ranked(value))


def logs(events: Sequence[tuple[Any, int | None]], assumed: Assumed) -> list[Ready] | Odd | None:
    """Return the logs of events, given their bytes as JSON; which of them, or None where all, must be looked at by themselves.

    Nothing that an envelope says differs from what its event says itself. Without a size all of an event is to be looked at.
    """
    sent, sizes = zip(*events, strict=True)
    held = columns(sent)
    if held is None or None in sizes or assumed.form is not None or not held.keys() <= KNOWN:
        return None
    times, hosts, said = held.get("time", (0,)), held.get("host", (0,)), _said(held)
    if said is None or type(times[0]) is not float or not _are_plain(times):
        return None
    metadata, own = said
    found = _parts(held.get("event", (0,)), own, assumed)
    if not isinstance(found, LayoutParts):
        return found
    if not _all_fit("resourceId", hosts):
        return None
    for name, values in (*own.items(), ("resourceId", hosts)):
        if list(found.fields.setdefault(name, values)) != list(values):
            return None
    instants = instant.from_seconds(times) if found.instants is None else found.instants
    made = records(found.fields, instants, {**found.rest, **metadata})
    return list(map(Ready, made, sizes))


def _are_plain(times: Sequence[float]) -> bool:
    """Return whether each of several times is seconds since 1970, before PLAIN_TIME."""
    # The least and the greatest say nothing where one is NaN, which their sum then is too.
    return not math.isnan(sum(times)) and min(times) > 0 and max(times) < PLAIN_TIME


def _said(held: Columns) -> tuple[Columns, Columns] | None:
    """Return what envelopes say besides time and event: metadata, and values of the logs' own fields; None where it is not plain to see."""
    metadata = {name: held[name] for name in FROM if name in held and held[name][0] is not None}
    own: Columns = {}
    several = held.get("fields", (None,))
    fields: Columns | None = {} if several[0] is None else columns(several)
    if fields is None:
        return None
    for name, values in fields.items():
        role = OWN.get(name)
        if role is not None and role not in own:
            if not _all_fit(role, values):
                return None
            own[role] = values
        elif name in metadata:
            return None
        else:
            metadata[name] = values
    return (metadata, own) if all(map(is_sound, metadata.values())) else None


def _all_fit(name: str, values: Sequence[Any]) -> bool:
    """Return the same of values of one type."""
    if type(values[0]) is not str or "" in values or max(map(len, values)) > SHORT:
        return False
    return name != "level" or all(map(is_ranked, set(values)))


def _parts(events: Sequence[Any], own: Columns, assumed: Assumed) -> LayoutParts | Odd | None:
    """Return what the events hold, which are objects or texts; which of them are odd."""
    kind = type(events[0])
    if kind is dict:
        held = columns(events)
        return parts(held, events) if held and "line" not in held else None
    if kind is not str or "" in events:
        return None
    texts = [text.rstrip("\r\n") for text in events]
    levels = own.get("level") or begin_with_levels(texts, assumed)
    if None in levels or "{" in "".join(texts):
        found = zip(levels, texts, strict=True)
        odd = Odd(place for place, (level, text) in enumerate(found) if level is None or text.lstrip().startswith("{"))
        if odd:
            return odd
    return LayoutParts({"level": levels, "message": texts}, None, {})


def layout_of(event: tuple[Any, int | None]) -> Hashable:
    """Return the names and types of an event and of its envelope."""
    sent, _ = event
    if type(sent) is not dict:
        return None
    inner = [one for one in (sent.get("event"), sent.get("fields")) if type(one) is dict]
    return (*sent, *map(type, sent.values()), *((*one, *map(type, one.values())) for one in inner))
