"""Counts over the records of a query: by time, by value, by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from heapq import nsmallest

from app.log.record import LogRecord
from app.query.filter import EVERYTHING
from app.query.query import Bucket, Facets, FieldInfo, Value
from app.systems.counting import Tally, buckets, field_infos, typed_fields
from app.systems.sqlite.index import counting, kept
from app.systems.sqlite.index.kept import MINUTE
from app.systems.sqlite.index.scan.facets import FacetTally
from app.systems.sqlite.index.search import SqliteQuery
from app.systems.sqlite.index.tallying import PATHS
from app.systems.sqlite.index.terms import named

#: Records that fields of a filtered query look at; more are an estimate and said to be.
SAMPLE_LOGS = 20_000


def histogram(search: SqliteQuery, interval: int, by_level: bool, offset: int) -> list[Bucket]:
    """Return the counts by *interval*, from the first bucket to the last, empty ones included."""
    query = search.query
    tally: Tally = Counter()
    if query.clock == "event" and kept.by_level_only(query.filter) and interval % MINUTE == offset % MINUTE == 0:
        _from_minutes(search, interval, offset, tally)
    else:
        _from_rows(search.narrowed(query.start, query.end), interval, offset, tally)
    return buckets(tally, query, interval, offset, by_level)


def _from_minutes(search: SqliteQuery, interval: int, offset: int, tally: Tally) -> None:
    """Count whole minutes from the kept counts, and the rest of a minute at either end from the rows."""
    minutes = kept.whole_minutes(search.query) if kept.right(search) else None
    if minutes is None:
        _from_rows(search, interval, offset, tally)
        return
    for part in kept.ends(search, *minutes):
        _from_rows(part, interval, offset, tally)
    for at, level, count in kept.in_minutes(search, *minutes, interval, offset):
        tally[at, level] += count


def _from_rows(search: SqliteQuery, interval: int, offset: int, tally: Tally) -> None:
    start, end = search.query.start, search.query.end
    if start is not None and end is not None and start > end:
        return
    for grouped in search.grouped(interval, offset):
        for at, level, count in grouped:
            tally[at, level] += count


def facets(search: SqliteQuery, fields: Sequence[str], size: int) -> Facets:
    """Return the most frequent values of each field, and whether all logs of the query were counted in the time for it."""
    # A window that ends now, and begins with the first log or before it, is none.
    unbounded = kept.right(search) and search.query.filter == EVERYTHING
    unbounded = unbounded and search.window.covers_all(search.blocks)
    counted = [field for field in fields if unbounded and field in kept.FIELDS]
    found = {field: _counted(search, field, size) for field in counted}
    others = [field for field in fields if field not in counted]
    exact = True
    if others:
        tally = FacetTally(others)
        exact = search.tally(tally)
        for field in others:
            # Sorting all of them takes longer than counting did where most differ.
            pairs = nsmallest(size, tally.of(field).items(), key=lambda pair: (-pair[1], pair[0]))
            found[field] = [Value(value, count) for value, count in pairs]
    return Facets({field: found[field] for field in fields}, exact)


def _counted(search: SqliteQuery, field: str, size: int) -> list[Value]:
    rows = search.run(
        "SELECT value, count FROM counts WHERE field = ? ORDER BY count DESC, value LIMIT ?", [field, size]
    )
    return [Value(value, count) for value, count in rows]


def fields(search: SqliteQuery) -> list[FieldInfo]:
    """Return the fields that occur, by name; a field with values of several types is `mixed`."""
    query = search.query
    if query.filter == EVERYTHING and query.start is None and query.end is None and kept.right(search):
        pairs = Counter[tuple[str, str]]()
        for value, count in search.run("SELECT value, count FROM counts WHERE field = ?", [PATHS]):
            path, kind = value.split("\0")
            pairs[path, kind] = count
        total = counting.count(search, search.deadline)[0]
    else:
        pairs = _sampled(search, _typed_fields)[0]
        total = pairs["message", "string"]
    return field_infos(pairs, total)


def _typed_fields(record: LogRecord) -> set[tuple[str, str]]:
    return {(named(field), kind) for field, kind in typed_fields(record)}


def _sampled(
    search: SqliteQuery, parts: Callable[[LogRecord], set[tuple[str, str]]]
) -> tuple[Counter[tuple[str, str]], bool]:
    """Count the parts of up to SAMPLE_LOGS records of the query, and say whether those were all."""
    tally: Counter[tuple[str, str]] = Counter()
    seen = 0
    for records, exhausted in _newest(search):
        for record in records:
            tally.update(parts(record))
        seen += len(records)
        if seen >= SAMPLE_LOGS:
            return tally, exhausted
    return tally, True


def _newest(search: SqliteQuery) -> Iterator[tuple[list[LogRecord], bool]]:
    for hits, last in search.each():
        for start in range(0, len(hits), 1_000):
            yield search.records(hits[start : start + 1_000]), last and start + 1_000 >= len(hits)
