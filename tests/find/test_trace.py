"""Lanes of a trace: one for each span, nested where that is known, whatever ids senders chose."""

from __future__ import annotations

import pytest

from app.find.trace import Trace, TraceEntry, entry_of, lanes
from app.log.record import IdSource, LogRecord
from app.web.logs.lanes import MOST, Scale, rows_of

IDS = IdSource()
T = 1_700_000_000_000


def entry(
    at: int, span: str | None, parent: str | None = None, resource: str | None = None, **more: object
) -> TraceEntry:
    """Return a log, *at* ms after the start."""
    metadata = {"parentSpanId": parent, **more} if parent or more else None
    identity = IDS.take(1, T + 1_000_000).to_bytes(16, "big")
    return entry_of(LogRecord(identity, T + at, 0, "info", "m", resource, "t", span, None, metadata), False)


def shape(entries: list[TraceEntry]) -> list[tuple[str | None, int]]:
    """Return span and depth of the lanes, from above."""
    return [(lane.span, lane.depth) for lane in lanes(entries)]


def test_lanes_are_a_tree_in_order_of_time() -> None:
    """Parts stand beneath their parent, siblings by their beginning, though the parent's own logs come later."""
    entries = [entry(0, "b", "a"), entry(1, "d", "b"), entry(2, "a"), entry(3, "c", "a"), entry(4, "z"), entry(5, "b")]
    assert shape(entries) == [("a", 0), ("b", 1), ("d", 2), ("c", 1), ("z", 0)]


def test_logs_without_a_span_have_a_lane_for_each_resource() -> None:
    """What has no span is not mixed up, nor taken for a span."""
    found = lanes(
        [entry(0, None, resource="x"), entry(1, "s", resource="x"), entry(2, None, "s"), entry(3, None, resource="x")]
    )
    assert [(lane.span, lane.resource, len(lane.logs), lane.depth) for lane in found] == [
        (None, "x", 2, 0),
        ("s", None, 1, 0),
        (None, None, 1, 0),
    ]


def test_missing_parent_is_named_and_not_drawn() -> None:
    """A parent without logs leaves the lane at the top; its id is kept to be said."""
    (lane,) = lanes([entry(0, "s", "gone")])
    assert (lane.depth, lane.nested, lane.parent) == (0, False, "gone")


@pytest.mark.parametrize("parents", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b", "d": "a"}])
def test_circles_of_parents_end(parents: dict[str, str]) -> None:
    """Spans that are parts of each other are all shown, once; those at the top have no parent."""
    made = lanes([entry(at, span, parent) for at, (span, parent) in enumerate(parents.items())])
    assert {lane.parent for lane in made if not lane.depth} == {None}
    found = shape([entry(at, span, parent) for at, (span, parent) in enumerate(parents.items())])
    assert sorted(span or "" for span, _ in found) == sorted(parents)


def test_deep_traces_have_no_limit() -> None:
    """Ten thousand spans, each a part of the one before."""
    found = shape([entry(n, f"s{n}", f"s{n - 1}" if n else None) for n in range(10_000)])
    assert found[-1] == ("s9999", 9_999)


def test_extent_is_what_is_known() -> None:
    """A lane reaches from first to last log, and as far as a log tells; by arrival, senders' times tell nothing."""
    (lane,) = lanes([entry(100, "s"), entry(400, "s", None, None, duration_ms=350)])
    assert ((lane.start - T * 10**6) // 10**6, (lane.end - T * 10**6) // 10**6) == (50, 400)
    assert lane.reported
    record = LogRecord(bytes(16), T, 0, "info", "m", span_id="s", metadata={"duration_ms": 5, "parentSpanId": "p"})
    reported = entry_of(record, True).reported
    assert (reported.start, reported.end, reported.parent) == (None, None, "p")


def test_marks_are_bounded_and_the_gravest_is_seen() -> None:
    """Thousands of logs are at most so many marks, and one error among them is one of them, drawn last."""
    entries = [entry(n, "s") for n in range(5_000)]
    identity = IDS.take(1, T + 10**6).to_bytes(16, "big")
    bad = entry_of(LogRecord(identity, T + 2_500, 0, "FATAL", "m", None, "t", "s"), False)
    (lane,) = lanes(sorted([*entries, bad], key=lambda one: one.at))
    (row,) = rows_of([lane], Scale(lane.start, lane.end))
    assert len(row.marks) <= MOST + 1
    assert (row.marks[-1].rank, row.marks[-1].x) == ("s6", "50.01")
    assert (row.bad, row.rank, row.count) == (1, "s6", 5_001)


def test_gaps_are_the_longest_stretches() -> None:
    """A tenth of the whole and longer is a gap; at most five are named."""
    entries = [entry(at, "s") for at in (0, 1, 200, 201, 500, 501, 502, 1000)]
    found = Trace(entries, lanes(entries), None, False, None, False, False)
    gaps = [((one - T * 10**6) // 10**6, (other - T * 10**6) // 10**6) for one, other in found.gaps()]
    assert gaps == [(1, 200), (201, 500), (502, 1000)]
    single = Trace(entries[:1], lanes(entries[:1]), None, False, None, False, False)
    assert single.gaps() == []


@pytest.mark.parametrize("length", [0, 1, 7, 10**3, 10**6, 1_480_000_000, 60 * 10**9, 10**13, 10**18, 3 * 10**20])
def test_axis_has_few_round_marks(length: int) -> None:
    """From nanoseconds to ages the axis begins with 0 and has one to six marks, all on it."""
    ticks = Scale(0, length).ticks()
    assert ticks[0] == ("0", "0")
    assert 1 <= len(ticks) <= 6
    assert all(0 <= float(x) < 100.01 for x, _ in ticks)
