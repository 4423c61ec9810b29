"""Windows of time as queries: by the log's own time (t, n), or by arrival (k); and texts that are times or ids."""

from __future__ import annotations

from typing import Any, TypeAlias

from app.log.record import id_bytes, id_text
from app.query.filter import Range
from app.query.query import Query as Asked
from app.times import instant
from app.times.instant import Instant

Query: TypeAlias = dict[str, Any]
#: The first instant inside, and the first beyond; None for an open end.
End: TypeAlias = "Instant | None"

_NS = 1_000_000
_LARGEST = (1 << 63) - 1


def following(point: Instant) -> Instant:
    """Return the next instant."""
    return (point[0], point[1] + 1) if point[1] + 1 < _NS else (point[0] + 1, 0)


def ends(leaf: Range) -> tuple[End, End]:
    """Return the ends of a range of instants."""
    low, high = leaf.lower, leaf.upper
    assert (low is None or isinstance(low, tuple)) and (high is None or isinstance(high, tuple))
    if low is not None and not leaf.includes_lower:
        low = following(low)
    if high is not None and leaf.includes_upper:
        high = following(high)
    return low, high


def window(asked: Asked) -> list[Query]:
    """Return the query's window; nothing where it is open."""
    if asked.start is None and asked.end is None:
        return []
    low, high = asked.start, None if asked.end is None else following(asked.end)
    return [event(low, high) if asked.clock == "event" else received(low, high)]


def clauses(low: End, high: End) -> int:
    """Return of how many clauses `event` consists."""
    return 1 + 2 * sum(end is not None and end[1] > 0 for end in (low, high))


def coarse(low: End, high: End) -> Query:
    """Return the query of the ms that the window touches."""
    bounds = {}
    if low is not None:
        bounds["gte"] = low[0]
    if high is not None:
        bounds["lt"] = high[0] + (high[1] > 0)
    return {"range": {"t": bounds}} if bounds else {"match_all": {}}


def event(low: End, high: End) -> Query:
    """Return the query of the window by the log's own time."""
    # A log whose ns are 0 holds no n.
    outside: list[Query] = []
    if low is not None and low[1]:
        early = {"term": {"t": low[0]}}
        outside.append({"bool": {"filter": [early], "must_not": [{"range": {"n": {"gte": low[1]}}}]}})
    inside: list[Query] = [coarse(low, high)]
    if high is not None and high[1]:
        late = {"term": {"t": high[0]}}
        outside.append({"bool": {"filter": [late, {"range": {"n": {"gte": high[1]}}}]}})
    return {"bool": {"filter": inside, "must_not": outside}} if outside else inside[0]


def received(low: End, high: End) -> Query:
    """Return the query of the window by arrival; ids hold whole ms."""
    bounds = {}
    if low is not None:
        bounds["gte"] = first_key(low[0] + (low[1] > 0))
    if high is not None:
        bounds["lt"] = first_key(high[0] + (high[1] > 0))
    return {"range": {"k": bounds}} if bounds else {"match_all": {}}


def first_key(ms: int) -> int:
    """Return the lowest k of ids of the ms."""
    return min(max(ms, 0) << 16, _LARGEST)


def own_id(text: str) -> bytes | None:
    """Return the id whose text this is; None for any other text."""
    try:
        identity = id_bytes(text)
    except ValueError:
        return None
    return identity if id_text(identity) == text else None


def own_instant(text: str) -> Instant | None:
    """Return the instant whose text this is; None for any other text."""
    try:
        point = instant.parse(text)
    except ValueError:
        return None
    return point if instant.text(point) == text else None
