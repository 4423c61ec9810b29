"""What the pages of patterns and traces read, on every kind of index: the same logs in the same order, page by page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.backends import Backends
from app.find import trace
from app.find.patterns import patterns
from app.log.record import LogRecord
from app.query.filter import Equals
from app.query.query import Query
from tests.conftest import MakeRecord, fill_backends


@pytest.fixture
def jobs(each_backends: Backends, make_record: MakeRecord) -> list[LogRecord]:
    """240 logs of four messages in three traces, some of one instant, every second with a span."""
    records = [
        make_record(
            t=1_700_000_000_000 + n // 3,
            ns=n % 2,
            level=("info", "warn")[n % 2],
            message=(f"step {n} of (job)\n at {n}", f"took  {n} ms", f"\\d+ [x]/{n}", "done.")[n % 4],
            trace_id=f"t{n % 3}",
            span_id=f"s{n % 5}" if n % 2 else None,
            metadata={"parentSpanId": "s0"},
        )
        for n in range(240)
    ]
    fill_backends(each_backends, records)
    return records


def test_patterns_are_found_by_their_search(each_backends: Backends, jobs: list[LogRecord]) -> None:
    """Counts are those of the logs, and the search of each pattern finds exactly these here."""
    found = patterns.patterns(each_backends.store, each_backends.index, Query())

    assert (found.logs, found.total, found.whole, found.from_record) == (240, 240, True, False)
    assert {one.template.text(): one.logs.count for one in found.patterns} == {
        "step <number> of (job)\u2026": 60,
        "took <number> ms": 60,
        "\\d+ [x]/<number>": 60,
        "done.": 60,
    }
    for one in found.patterns:
        page = each_backends.index.find(Query(one.filter, count="exact"))
        assert page.total == one.logs.count, one.template.text()


@pytest.mark.parametrize("clock", ["event", "received"])
def test_trace_is_read_part_by_part(
    each_backends: Backends, jobs: list[LogRecord], monkeypatch: pytest.MonkeyPatch, clock: str
) -> None:
    """All logs of the trace, oldest first, each once, however many parts it is read in."""
    monkeypatch.setattr(trace, "LOGS", 33)
    query = Query(clock="received" if clock == "received" else "event")
    seen, after = list[bytes](), None
    while True:
        part = trace.trace(each_backends.store, each_backends.index, "t1", replace(query, after=after))
        seen += [entry.key[2] for entry in part.logs]
        assert (part.total, part.total_exact, part.late) == (80, True, False)
        assert sum(len(lane.logs) for lane in part.lanes) == len(part.logs)
        if part.next is None:
            break
        after = part.next

    wanted = each_backends.index.find(replace(query, filter=Equals("traceId", "t1"), sort="asc", limit=100)).records
    assert seen == [record.id for record in wanted]
    assert len(seen) == 80
