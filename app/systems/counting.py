"""Counts of both indexes: as buckets of time, as the fields that occur; and the first and last instant of a query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from app.log.record import LogRecord
from app.log.scalars import scalars, type_of
from app.query.query import Bucket, FieldInfo, Page, Query
from app.times.instant import Instant

#: Counts by start of the bucket, in ms, and level.
Tally = Counter[tuple[int, str]]

#: Fields that every log has, with their types.
EVERYWHERE = {"message": "string", "level": "string", "id": "string", "timestamp": "time", "received": "time"}


def buckets(tally: Tally, query: Query, interval: int, offset: int, by_level: bool) -> list[Bucket]:
    """Return the tally as buckets of *interval* ms, empty ones included, from the query's start to its end."""
    found: dict[int, Bucket] = {}
    for (at, level), count in tally.items():
        bucket = found.setdefault(at, Bucket(at, 0))
        bucket.count += count
        if by_level:
            bucket.by[level] = bucket.by.get(level, 0) + count
    if not found and (query.start is None or query.end is None):
        return []
    first = min(found) if query.start is None else bucket_start(query.start[0], interval, offset)
    last = max(found) if query.end is None else bucket_start(query.end[0], interval, offset)
    return [found.get(at) or Bucket(at, 0) for at in range(first, last + 1, interval)]


def bucket_start(ms: int, interval: int, offset: int) -> int:
    """Return the start of the bucket in which *ms* lies; one begins at *offset*."""
    return ms - (ms - offset) % interval


def ends(query: Query, find: Callable[[Query], Page]) -> tuple[Instant, Instant] | None:
    """Return the first and last instant of the query's logs by its clock, of which *find* returns a page; None without any."""
    found: list[Instant] = []
    for sort in ("asc", "desc"):
        page = find(replace(query, sort="asc" if sort == "asc" else "desc", limit=1, after=None, count="none"))
        if not page.records:
            return None
        record = page.records[0]
        found.append((record.t, record.ns) if query.clock == "event" else (record.received, 0))
    return found[0], found[1]


def typed_fields(record: LogRecord) -> set[tuple[str, str]]:
    """Return the fields that *record* has, each with the type of its value; of those that every log has only the message."""
    plain = {
        "resourceId": record.resource_id,
        "traceId": record.trace_id,
        "spanId": record.span_id,
        "commit": record.commit,
    }
    found = {("message", "string"), *((name, "string") for name, value in plain.items() if value is not None)}
    return found | {(path, type_of(value)) for path, value in scalars(record.metadata or {}, "metadata")}


def field_infos(counts: Mapping[tuple[str, str], int], total: int) -> list[FieldInfo]:
    """Return the fields by name: from the *counts* of logs by field and type, and EVERYWHERE, which all *total* logs have.

    A field with values of several types is `mixed`.
    """
    logs: Counter[str] = Counter()
    types: dict[str, set[str]] = {}
    for (field, kind), count in counts.items():
        if count and field not in EVERYWHERE:
            logs[field] += count
            types.setdefault(field, set()).add(kind)
    infos = [FieldInfo(name, kind, total) for name, kind in EVERYWHERE.items() if total]
    infos += [
        FieldInfo(field, kinds.pop() if len(kinds) == 1 else "mixed", logs[field]) for field, kinds in types.items()
    ]
    return sorted(infos, key=lambda info: info.name)
