"""What every SearchIndex promises, beside finding what the predicate says (test_filters)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from app.backends import Backends
from app.errors import TimedOut
from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.query.filter import (
    DEPTH_LIMIT,
    EVERYTHING,
    LEAF_LIMIT,
    And,
    Contains,
    Equals,
    Exists,
    Filter,
    Matches,
    Not,
    Or,
    Words,
    depth,
    leaves,
)
from app.query.query import Page, Query, Value
from tests.conftest import MakeRecord, fill_backends
from tests.thorough import THOROUGH

MINUTE = 60_000
HOUR = 3_600_000


def pages(backends: Backends, query: Query) -> list[LogRecord]:
    """Return all records of a query, page by page."""
    found: list[LogRecord] = []
    while True:
        page = backends.index.find(query)
        found += page.records
        if page.next is None:
            return found
        assert len(page.records) == query.limit
        query = replace(query, after=page.next)


def test_an_empty_index_answers(each_backends: Backends) -> None:
    """Nothing stored is no error."""
    index = each_backends.index
    assert index.find(Query()) == Page([], 0, True, None)
    assert index.histogram(Query(), MINUTE, False) == []
    assert index.facets(Query(), ["level"], 10).fields == {"level": []}
    assert index.fields(Query()) == []
    assert index.span(Query()) is None


def test_five_thousand_logs_of_one_timestamp(each_backends: Backends, make_record: MakeRecord) -> None:
    """Paged by 7 they come in the order of their ids and against it, none twice and none missing; by 29 where tests are quick."""
    records = [make_record() for _ in range(5_000)]
    fill_backends(each_backends, random.Random(1).sample(records, len(records)))
    query = Query(Equals("level", "INFO"), limit=7 if THOROUGH else 29, count="none")
    ids = sorted(record.id for record in records)
    assert [record.id for record in pages(each_backends, replace(query, sort="asc"))] == ids
    assert [record.id for record in pages(each_backends, replace(query, sort="desc"))] == ids[::-1]


def test_pages_are_stable_while_logs_arrive(each_backends: Backends, make_record: MakeRecord) -> None:
    """What arrives between two pages moves nothing."""
    records = [make_record(timestamp=f"2024-01-01T00:00:{n:02}Z") for n in range(20)]
    fill_backends(each_backends, records)
    first = each_backends.index.find(Query(limit=10))
    fill_backends(
        each_backends, [make_record(timestamp="2024-01-01T00:00:30Z"), make_record(timestamp="2023-12-31T00:00:00Z")]
    )
    second = each_backends.index.find(Query(limit=10, after=first.next))
    assert [*first.records, *second.records] == records[::-1]


def test_logs_in_any_order_of_time(each_backends: Backends, make_record: MakeRecord) -> None:
    """A shuffled week is found in the order of time by event, of arrival by received."""
    rng = random.Random(5)
    records = [make_record(t=rng.randrange(7 * 24 * HOUR), ns=rng.randrange(1_000_000)) for _ in range(4_000)]
    fill_backends(each_backends, records)
    by_event = pages(each_backends, Query(limit=900, count="none"))
    assert by_event == sorted(records, key=lambda record: record.key, reverse=True)
    by_arrival = pages(each_backends, Query(limit=900, count="none", clock="received", sort="asc"))
    assert by_arrival == records


def test_scan_yields_everything_once(each_backends: Backends, make_record: MakeRecord) -> None:
    """`scan` is all pages in a row."""
    records = [make_record(t=n // 3) for n in range(3_500)]
    fill_backends(each_backends, records)
    found = [record for chunk in each_backends.index.scan(Query(sort="asc")) for record in chunk]
    assert found == records


def test_histogram_by_level(each_backends: Backends, make_record: MakeRecord) -> None:
    """Buckets are aligned, empty ones included, counts by level as stored; kept counts and rows agree."""
    times = ("00:00:10", "00:00:50", "00:03:00", "00:03:59.999")
    records = [
        make_record(timestamp=f"2024-01-01T{time}Z", level=level) for time in times for level in ("info", "ERROR")
    ]
    fill_backends(each_backends, records)
    index = each_backends.index
    start = records[0].t // MINUTE * MINUTE
    kept = index.histogram(Query(), MINUTE, True)
    assert [(bucket.start, bucket.count) for bucket in kept] == [
        (start, 4), (start + MINUTE, 0), (start + 2 * MINUTE, 0), (start + 3 * MINUTE, 4)
    ]  # fmt: skip
    assert kept[0].by == {"info": 2, "ERROR": 2}
    assert index.histogram(Query(Words("hello")), MINUTE, True) == kept
    # A window that begins and ends within a minute counts only what lies inside.
    window = Query(Not(Equals("level", "info")), (start + 20_000, 0), (start + 3 * MINUTE + 59_998, 999_999))
    assert [bucket.count for bucket in index.histogram(window, MINUTE, False)] == [1, 0, 0, 1]


def test_histogram_before_1970(each_backends: Backends, make_record: MakeRecord) -> None:
    """Times before the epoch fall into the right bucket."""
    fill_backends(
        each_backends, [make_record(timestamp="1969-12-31T23:30:00Z"), make_record(timestamp="1970-01-01T00:00:00Z")]
    )
    for tree in (EVERYTHING, Words("hello")):
        buckets = each_backends.index.histogram(Query(tree), HOUR, False)
        assert [(bucket.start, bucket.count) for bucket in buckets] == [(-HOUR, 1), (0, 1)]


def test_histogram_by_arrival(each_backends: Backends, make_record: MakeRecord) -> None:
    """With clock=received the time of arrival is counted."""
    record = make_record()
    fill_backends(each_backends, [record])
    buckets = each_backends.index.histogram(Query(clock="received"), HOUR, False)
    assert [(bucket.start, bucket.count) for bucket in buckets] == [(record.received // HOUR * HOUR, 1)]


@pytest.mark.parametrize("tree", [EVERYTHING, Words("hello")])
def test_facets(each_backends: Backends, make_record: MakeRecord, tree: And | Words) -> None:
    """Values come most frequent first, then by name; metadata too; numbers by their text."""
    records = [make_record(resource_id=name, metadata={"status": status, "tags": ["x", "x", "y"]})
               for name, status in (("b", 500), ("a", 200), ("b", 200.0), ("c", True), ("a", "200"))]  # fmt: skip
    fill_backends(each_backends, records)
    facets = each_backends.index.facets(Query(tree), ["resourceId", "metadata.status", "metadata.tags", "traceId"], 2)
    assert facets.exact
    assert facets.fields == {
        "resourceId": [Value("a", 2), Value("b", 2)],
        "metadata.status": [Value("200", 3), Value("500", 1)],
        "metadata.tags": [Value("x", 5), Value("y", 5)],
        "traceId": [],
    }


@pytest.mark.parametrize("tree", [EVERYTHING, Words("hello")])
def test_fields(each_backends: Backends, make_record: MakeRecord, tree: And | Words) -> None:
    """Fields are named with type and count; several types are `mixed`, an array's type its elements'."""
    fill_backends(
        each_backends,
        [make_record(metadata={"a": {"b": 1}, "m": "x"}, trace_id="t"), make_record(metadata={"m": [1, 2]})],
    )
    found = {info.name: (info.type, info.count) for info in each_backends.index.fields(Query(tree))}
    assert found["metadata.a.b"] == ("number", 1)
    assert found["metadata.m"] == ("mixed", 2)
    assert found["traceId"] == ("string", 1)
    assert found["message"] == ("string", 2)
    assert found["timestamp"] == ("time", 2)
    assert "commit" not in found


def test_span(each_backends: Backends, make_record: MakeRecord) -> None:
    """The first and last instant of what a query finds."""
    fill_backends(each_backends, [make_record(t=n, ns=5, level=level) for n, level in enumerate(("a", "b", "b", "a"))])
    assert each_backends.index.span(Query(Equals("level", "b"))) == ((1, 5), (2, 5))


def test_expired_records_are_forgotten(each_backends: Backends, make_record: MakeRecord) -> None:
    """After expiry nothing of a record is found or counted, and the rest is as before."""
    old = [make_record(message=f"old needle {n}", resource_id="old", metadata={"o": 1}) for n in range(1_500)]
    new = [make_record(message=f"new needle {n}", resource_id="new") for n in range(1_000)]
    fill_backends(each_backends, old + new)
    for backend in (each_backends.store, each_backends.index):
        backend.expire(None, len(old))
    each_backends.index.compact()
    index = each_backends.index
    for tree in (
        EVERYTHING,
        Words("needle"),
        Contains("message", "eedl"),
        Matches("message", "n[e]+dle"),
        Exists("message"),
    ):
        page = index.find(Query(tree, limit=10_000, count="exact"))
        assert {record.id for record in page.records} == {record.id for record in new}
        assert page.total == len(new)
        exact = index.find(Query(tree, limit=10, count="exact"))
        assert exact.total == len(new)
    assert index.find(Query(Contains("message", "old needle"), count="exact")).total == 0
    assert index.facets(Query(), ["resourceId"], 10).fields["resourceId"] == [Value("new", 1_000)]
    assert "metadata.o" not in {info.name for info in index.fields(Query())}
    assert sum(bucket.count for bucket in index.histogram(Query(), MINUTE, False)) == len(new)


def test_records_after_expiry_are_found(each_backends: Backends, make_record: MakeRecord) -> None:
    """Deleting everything leaves an index that works."""
    fill_backends(each_backends, [make_record() for _ in range(1_100)])
    for backend in (each_backends.store, each_backends.index):
        backend.expire(None, 2_000)
    fresh = [make_record(message="fresh") for _ in range(1_100)]
    fill_backends(each_backends, fresh)
    assert each_backends.index.find(Query(Contains("message", "resh"), limit=10, count="exact")).total == len(fresh)


def test_adding_twice_changes_nothing(each_backends: Backends, make_record: MakeRecord) -> None:
    """Redelivered records are indexed once."""
    records = [make_record() for _ in range(10)]
    for _ in range(2):
        each_backends.store.add(records)
        each_backends.index.add(records)
        each_backends.index.refresh()
    assert each_backends.index.find(Query(Words("hello"), count="exact")).total == 10
    assert each_backends.index.facets(Query(), ["level"], 1).fields["level"] == [Value("info", 10)]


def test_auto_counts_stop_early_and_say_so(each_backends: Backends, make_record: MakeRecord) -> None:
    """A total that was not counted to its end is `at least`, never more than there is."""
    records = [make_record(message=f"{'x' * 50} {n}") for n in range(12_500)]
    fill_backends(each_backends, records)
    page = each_backends.index.find(Query(Or((Matches("message", "x+ [0-9]"), Equals("level", "no"))), limit=5))
    assert page.total is not None and 6 <= page.total <= len(records)
    assert page.exact == (page.total == len(records))


def test_a_query_ends_when_its_time_is_up(each_backends: Backends, make_record: MakeRecord) -> None:
    """A query that can't finish raises, rather than answer a part."""
    # Each message is another one: what is asked of one says nothing of the next.
    fill_backends(
        each_backends, [make_record(message=f"{n:0500b}".translate({48: "a", 49: "b"})) for n in range(3_000)]
    )
    slow = Query(Matches("message", "(a|b)*[^ab]"), count="exact")
    with pytest.raises(TimedOut):
        each_backends.index.find(slow, Budget(seconds=0.001))
    with pytest.raises(TimedOut):
        each_backends.index.find(slow, Budget(cancelled=lambda: True))


def test_a_filter_at_its_limits(each_backends: Backends, make_record: MakeRecord) -> None:
    """500 leaves and 20 levels are no trouble."""
    record = make_record(message="w7", resource_id="r7")
    fill_backends(each_backends, [record, make_record(message="other")])
    wide = Or(tuple(Equals("resourceId", f"r{n}") for n in range(500)))
    tall: Filter = wide
    for level in range(DEPTH_LIMIT - 1):
        tall = And((tall,)) if level % 4 == 0 else Not(tall)
    assert (depth(tall), sum(1 for _ in leaves(tall))) == (DEPTH_LIMIT, LEAF_LIMIT)
    for tree in (wide, tall, And((*(Not(Words(f"x{n}")) for n in range(499)), Words("w7")))):
        # What is tested is the answer, on however busy a machine.
        assert each_backends.index.find(Query(tree), Budget(seconds=600)).records == [record]
