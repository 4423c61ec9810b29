"""Every backend finds what the predicate says, in the order of (timestamp, ns, id)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.backends import Backends
from app.find.bound import BoundIndex, Sight
from app.find.hidden import Hidden
from app.log.record import LogRecord
from app.log.scalars import scalars
from app.ports.deadline import Budget
from app.query.filter import EVERYTHING, Exists, Filter, Not
from app.query.meaning import predicate
from app.query.query import Clock, Query
from tests.conftest import fill_backends
from tests.contract.conftest import INDICES, open_combination, open_index
from tests.hiding import HIDEABLE, stripped
from tests.samples import filters_over, random_records
from tests.thorough import examples

#: Two full blocks, whose messages the index keeps as texts, and a third that is not full.
COUNT = 2_600
RECORDS = random_records(7, COUNT)
#: The same, newest first.
NEWEST = sorted(RECORDS, key=lambda record: record.key, reverse=True)
#: A machine that does much else takes its time for the dearest filters.
PATIENT = Budget(600.0)


@pytest.fixture(scope="module", params=[*INDICES, "one-file-sealed"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    """Every index with RECORDS."""
    with open_index(request.param, Path(tmp_path_factory.mktemp("filled")), request) as opened:
        fill_backends(opened, RECORDS)
        yield opened


def expected(tree: Filter, records: list[LogRecord]) -> list[bytes]:
    """Return the ids that the predicate holds for, newest first."""
    holds = predicate(tree)
    ordered = NEWEST if records is RECORDS else sorted(records, key=lambda record: record.key, reverse=True)
    return [record.id for record in ordered if holds(record)]


@settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=filters_over(RECORDS), sort=st.sampled_from(("asc", "desc")), size=st.sampled_from((7, 100, 10_000)))
def test_finds_what_the_predicate_says(filled: Backends, tree: Filter, sort: str, size: int) -> None:
    """Ids, order, pages and count are those of a scan with the predicate."""
    wanted = expected(tree, RECORDS)
    if sort == "asc":
        wanted.reverse()
    query = Query(tree, sort="asc" if sort == "asc" else "desc", limit=size, count="exact")
    found: list[bytes] = []
    page = filled.index.find(query, PATIENT)
    assert (page.total, page.exact) == (len(wanted), True)
    for _ in range(4):
        found += [record.id for record in page.records]
        if page.next is None:
            assert found == wanted
            return
        page = filled.index.find(replace(query, after=page.next, count="none"), PATIENT)
    assert found == wanted[: len(found)]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=filters_over(RECORDS), data=st.data())
def test_windows(filled: Backends, tree: Filter, data: st.DataObject) -> None:
    """A window by either clock holds exactly the records between its ends, the ends included."""
    first, last = sorted((RECORDS[data.draw(st.integers(0, COUNT - 1))] for _ in "ab"), key=lambda record: record.key)
    clock = data.draw(st.sampled_from(("event", "received")))
    if clock == "event":
        start, end = (first.t, first.ns), (last.t, last.ns)
        inside = [record for record in RECORDS if start <= (record.t, record.ns) <= end]
    else:
        start, end = (first.received, 0), (first.received, 0)
        inside = [record for record in RECORDS if record.received == first.received]
    query = Query(tree, start, end, "event" if clock == "event" else "received", limit=10_000, count="exact")
    page = filled.index.find(query, PATIENT)
    assert {record.id for record in page.records} == set(expected(tree, inside))
    assert page.total == len(page.records)
    # With more hits than the page shows they are counted.
    assert filled.index.find(replace(query, limit=1), PATIENT).total == page.total


@pytest.mark.parametrize("tree", [EVERYTHING, Exists("resourceId")])
@pytest.mark.parametrize("clock", ["event", "received"])
@pytest.mark.parametrize(("first", "last"), [(0, COUNT), (1, COUNT), (0, COUNT - 1), (600, 2_000)])
def test_most_frequent_values_in_a_window(filled: Backends, tree: Filter, clock: Clock, first: int, last: int) -> None:
    """Those of the window's logs, though it holds all logs, or all but one."""
    if clock == "event":
        times = sorted((record.t, record.ns) for record in RECORDS)
        start, end = times[first], times[last - 1]
        inside = [record for record in RECORDS if start <= (record.t, record.ns) <= end]
    else:
        arrivals = sorted(record.received for record in RECORDS)
        start, end = (arrivals[first], 0), (arrivals[last - 1], 0)
        inside = [record for record in RECORDS if start[0] <= record.received <= end[0]]
    found = filled.index.facets(Query(tree, start, end, clock), ["resourceId", "level"], 1_000, PATIENT)
    assert found.exact
    counted = {"resourceId": "resource_id", "level": "level"}
    for field, attribute in counted.items():
        values = Counter(getattr(record, attribute) for record in inside if predicate(tree)(record))
        del values[None]
        assert {one.value: one.count for one in found.fields[field]} == values


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    tree=filters_over(RECORDS)
    | st.sampled_from((Exists("metadata"), Not(Exists("metadata.a")), Exists("metadata.user"))),
    bound=filters_over(RECORDS),
    fields=st.lists(st.sampled_from(HIDEABLE), min_size=1, max_size=4, unique=True),
)
def test_hidden_fields_are_as_if_never_sent(filled: Backends, tree: Filter, bound: Filter, fields: list[str]) -> None:
    """A reader's logs, their order, count and fields are those of an index to which nobody sent the hidden fields."""
    index, holds = BoundIndex(filled.index, Sight(bound, Hidden(tuple(fields)))), predicate(bound)
    seen = [stripped(record, fields) for record in RECORDS if holds(record)]
    page = index.find(Query(tree, limit=10_000, count="exact"), PATIENT)
    wanted = expected(tree, seen)
    assert [record.id for record in page.records] == wanted
    assert page.total == len(wanted)
    by_id = {record.id: record for record in seen}
    assert all(record == by_id[record.id] for record in page.records)
    among = [by_id[identity] for identity in wanted]
    known = {name for record in among for name, _ in scalars(record.metadata or {}, "metadata")}
    assert {one.name for one in index.fields(Query(tree), PATIENT) if one.name.startswith("metadata.")} == known


@pytest.fixture(scope="module")
def thinned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Backends, list[LogRecord]]]:
    """More of them without the oldest hundred: some blocks have gaps and no text, others are whole."""
    opened = open_combination("one-file", Path(tmp_path_factory.mktemp("thinned")))
    fill_backends(opened, [*RECORDS, *random_records(8, 1_024)])
    opened.store.expire(None, 100)
    kept = [record for _, record in opened.store.after(0, 10_000)]
    yield opened, kept
    opened.close()


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=filters_over(RECORDS))
def test_totals_where_logs_have_gone(thinned: tuple[Backends, list[LogRecord]], tree: Filter) -> None:
    """A total counts what is left, whether it is read, counted in texts or row by row."""
    backends, kept = thinned
    assert backends.index.find(Query(tree, limit=1, count="exact"), PATIENT).total == len(expected(tree, kept))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=filters_over(RECORDS))
def test_counts_agree_with_hits(filled: Backends, tree: Filter) -> None:
    """Histogram and facets count the same records that are found."""
    wanted = set(expected(tree, RECORDS))
    day = 86_400_000
    start, end = (1694764800000 - day, 0), (1694764800000 + 20 * day, 0)
    inside = [r for r in RECORDS if r.id in wanted and start <= (r.t, r.ns) <= end]
    buckets = filled.index.histogram(Query(tree, start, end), day, True, 3_600_000, PATIENT)
    assert sum(bucket.count for bucket in buckets) == len(inside)
    for bucket in buckets:
        assert bucket.count == sum(bucket.start <= record.t < bucket.start + day for record in inside)
        assert bucket.count == sum(bucket.by.values())
    facets = filled.index.facets(Query(tree), ["resourceId"], 100, PATIENT)
    assert facets.exact
    assert sum(value.count for value in facets.fields["resourceId"]) == sum(
        r.resource_id is not None for r in RECORDS if r.id in wanted
    )
