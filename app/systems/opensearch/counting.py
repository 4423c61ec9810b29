"""Counts over the records of a query: by time, by value, by field. The index counts what it can say exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from app.errors import Unavailable
from app.log.record import LogRecord
from app.query.meaning import values_of
from app.query.query import Bucket, Facets, FieldInfo, Value
from app.systems.counting import Tally, bucket_start, buckets, ends, field_infos, typed_fields
from app.systems.opensearch.mapping import FIELDS, TYPE_LETTERS, field_name
from app.systems.opensearch.reading import TooManyBuckets
from app.systems.opensearch.searching import OpenSearchQuery
from app.times.instant import Instant

#: Records that facets look at where the index does not count; more are an estimate and said to be.
SAMPLE_LOGS = 20_000
#: Values that each shard counts: with fewer different ones the counts are exact.
SHARD_VALUES = 20_000
#: Different fields that are listed.
FIELDS_LIMIT = 10_000

_COUNTED = ("level", "resourceId", "commit")
_PLAIN = ("resourceId", "traceId", "spanId", "commit")


def histogram(search: OpenSearchQuery, interval: int, by_level: bool, offset: int) -> list[Bucket]:
    """Return the counts by *interval*, those of empty buckets included."""
    query = search.query
    tally: Tally = Counter()
    if query.start is None or query.end is None or query.start <= query.end:
        if search.counted():
            _counted(search, interval, offset, tally)
        else:
            for records in search.each():
                for record in records:
                    at = record.t if query.clock == "event" else record.received
                    tally[bucket_start(at, interval, offset), record.level] += 1
    return buckets(tally, query, interval, offset, by_level)


def _counted(search: OpenSearchQuery, interval: int, offset: int, tally: Tally) -> None:
    by_event = search.query.clock == "event"
    # By arrival the upper six of k's eight bytes are the ms; the rest of an id is never all 0 or 1, so that rounding
    # to float64 moves nothing over a ms.
    scale = 1 if by_event else 1 << 16
    over = {"field": "t" if by_event else "k", "interval": interval * scale, "offset": offset % interval * scale}
    levels = {"terms": {"field": "level", "size": SHARD_VALUES}}
    # Never the empty ones: there may be millions between two logs.
    aggregation = {"histogram": {**over, "min_doc_count": 1}, "aggs": {"levels": levels}}
    try:
        answer = search.ask({"size": 0, "track_total_hits": False, "aggs": {"times": aggregation}})
    except TooManyBuckets:
        for half in _halves(search):
            _counted(
                search.over(replace(search.query, start=half[0], end=half[1], after=None)), interval, offset, tally
            )
        return
    for bucket in answer.aggregations["times"]["buckets"]:
        at = round(bucket["key"]) // scale
        if bucket["levels"]["sum_other_doc_count"]:
            raise Unavailable(f"the index can't count more than {SHARD_VALUES:,} different levels in one bucket")
        for level in bucket["levels"]["buckets"]:
            tally[at, level["key"]] += level["doc_count"]


def _halves(search: OpenSearchQuery) -> list[tuple[Instant | None, Instant | None]]:
    """Return the two halves of the search's window."""
    query = search.query
    start, end = query.start, query.end
    if start is None or end is None:
        found = span(search)
        if found is None:
            return []
        start, end = start or found[0], end or found[1]
    middle = (start[0] + end[0]) // 2
    if middle >= end[0]:
        raise Unavailable("the index can't count so many levels in one ms")
    return [(start, (middle, 999_999)), ((middle + 1, 0), end)]


def span(search: OpenSearchQuery) -> tuple[Instant, Instant] | None:
    """Return the first and last instant of the search's records."""
    return ends(search.query, lambda query: search.over(query).page())


def facets(search: OpenSearchQuery, fields: Sequence[str], size: int) -> Facets:
    """Return the most frequent values of each field: counted by the index where it can, else in a sample."""
    counted = [field for field in fields if field in _COUNTED] if search.counted() else []
    found: dict[str, list[Value]] = {}
    exact = True
    if counted:
        found, exact = _top(search, counted, size)
    others = [field for field in fields if field not in counted]
    if others:
        tally, whole = _sampled(search, lambda record: values_of(record, others))
        exact = exact and whole
        for field in others:
            pairs = [(value, count) for (name, value), count in tally.items() if name == field]
            pairs.sort(key=lambda pair: (-pair[1], pair[0]))
            found[field] = [Value(value, count) for value, count in pairs[:size]]
    return Facets({field: found[field] for field in fields}, exact)


def _top(search: OpenSearchQuery, fields: Sequence[str], size: int) -> tuple[dict[str, list[Value]], bool]:
    order = [{"_count": "desc"}, {"_key": "asc"}]
    many = {"size": size, "shard_size": max(SHARD_VALUES, size), "order": order}
    wanted = {field: {"terms": {"field": FIELDS[field], **many}} for field in fields}
    answer = search.ask({"size": 0, "track_total_hits": False, "aggs": wanted})
    found, exact = {}, True
    for field in fields:
        one = answer.aggregations[field]
        exact = exact and not one["doc_count_error_upper_bound"]
        found[field] = [Value(bucket["key"], bucket["doc_count"]) for bucket in one["buckets"]]
    return found, exact


def _sampled(
    search: OpenSearchQuery, parts: Callable[[LogRecord], Iterable[tuple[str, str]]]
) -> tuple[Counter[tuple[str, str]], bool]:
    """Count the parts of up to SAMPLE_LOGS records of the query, and say whether those were all."""
    tally: Counter[tuple[str, str]] = Counter()
    seen = 0
    for records in search.each():
        if seen >= SAMPLE_LOGS and records:
            return tally, False
        for record in records:
            tally.update(parts(record))
        seen += len(records)
    return tally, True


def fields(search: OpenSearchQuery) -> list[FieldInfo]:
    """Return the fields that occur, by name; a field with values of several types is `mixed`."""
    if search.counted():
        total, pairs = _fields_counted(search)
    else:
        pairs = _sampled(search, typed_fields)[0]
        total = pairs["message", "string"]
    return field_infos(pairs, total)


def _fields_counted(search: OpenSearchQuery) -> tuple[int, Counter[tuple[str, str]]]:
    plain = {name: {"filter": {"exists": {"field": FIELDS[name]}}} for name in _PLAIN}
    paths = {"paths": {"terms": {"field": "paths", "size": FIELDS_LIMIT, "shard_size": 2 * FIELDS_LIMIT}}}
    answer = search.ask({"size": 0, "track_total_hits": True, "aggs": {**plain, **paths}})
    pairs = Counter({(name, "string"): answer.aggregations[name]["doc_count"] for name in _PLAIN})
    for bucket in answer.aggregations["paths"]["buckets"]:
        name, _, letter = bucket["key"].rpartition(">")
        pairs[field_name(name), TYPE_LETTERS[letter]] += bucket["doc_count"]
    return 0 if answer.hits.total is None else answer.hits.total.value, pairs
