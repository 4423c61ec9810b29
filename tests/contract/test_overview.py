"""What the search page counts beside its logs, on every kind of index: by time, by value, by field, in a bounded time."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from app.backends import Backends
from app.errors import TimedOut
from app.find import counts
from app.find.counts import INTERVALS
from app.log.record import LogRecord
from app.ports.deadline import Budget, Deadline
from app.query.language.parse import parse
from app.query.meaning import predicate
from app.query.query import Query
from tests.conftest import MakeRecord, fill_backends

MINUTE = 60_000
START = 1_700_000_000_123


@pytest.fixture
def spread(each_backends: Backends, make_record: MakeRecord) -> list[LogRecord]:
    """300 logs over five hours, unevenly, of three levels; every second has a metadata field."""
    records = [
        make_record(
            t=START + n * n * 200,
            ns=999_999 if n % 3 else 0,
            level=("info", "error", "Odd")[n % 3],
            message=f"step {n}",
            resource_id=f"server-{n % 4}",
            metadata={"n": n} if n % 2 else None,
        )
        for n in range(300)
    ]
    fill_backends(each_backends, records)
    return records


@pytest.mark.parametrize("text", ["", "level:error", "step", "/ep [0-9]*7$/", "metadata.n:>100 OR resourceId:server-2"])
@pytest.mark.parametrize("window", [(None, None), (START + 40 * MINUTE, None), (START + 7, START + 100 * MINUTE + 3)])
def test_chart_counts_what_a_plain_loop_counts(
    each_backends: Backends, spread: list[LogRecord], text: str, window: tuple[int | None, int | None]
) -> None:
    """Each bucket has its logs by level, from the first to the last of the range; an open end is that of the logs."""
    # Given
    low, high = window
    query = Query(parse(text), None if low is None else (low, 0), None if high is None else (high, 0))
    holds = predicate(query.filter)
    wanted = [
        one
        for one in spread
        if holds(one) and (low is None or one.t >= low) and (high is None or (one.t, one.ns) <= (high, 0))
    ]
    # When
    chart = counts.chart(each_backends.index, query, 40, Deadline(Budget(60)))
    # Then
    assert chart is not None and chart.whole
    width = chart.interval
    assert len(chart.buckets) == chart.size <= 40
    assert [bucket.start for bucket in chart.buckets] == [chart.start + n * width for n in range(chart.size)]
    assert chart.start <= (wanted[0].t if low is None else low) < chart.start + width
    assert chart.start + (chart.size - 1) * width <= (wanted[-1].t if high is None else high)
    tally = Counter((one.t - one.t % width, one.level) for one in wanted)
    assert {(b.start, level): n for b in chart.buckets for level, n in b.by.items()} == tally
    assert chart.total == len(wanted)
    assert {value.value: value.count for value in chart.levels()} == Counter(one.level for one in wanted)


def test_chart_whose_time_ends_holds_the_newest(each_backends: Backends, spread: list[LogRecord]) -> None:
    """Wherever counting is stopped: what was counted is right and the newest, or nothing is said."""
    query = Query(parse("/step/ AND NOT level:info"))
    whole = counts.chart(each_backends.index, query, 40, Deadline(Budget(60)))
    assert whole is not None
    sizes = set()
    for most in itertools.count():
        asked = itertools.count()
        budget = Budget(60, lambda asked=asked, most=most: next(asked) >= most)  # type: ignore[misc]
        try:
            found = counts.chart(each_backends.index, query, 40, Deadline(budget))
        except TimedOut:
            continue
        assert found is not None
        assert list(found.buckets) == list(whole.buckets)[-len(found.buckets) :]
        assert found.counted_from == found.buckets[0].start
        assert found.start == whole.start
        sizes.add(len(found.buckets))
        if found.whole:
            break
    assert len(sizes) > 1


def test_values_and_fields_say_whether_they_are_of_all(each_backends: Backends, spread: list[LogRecord]) -> None:
    """Values and fields of a query are those of its logs, with the number that they were looked for in."""
    query = Query(parse("level:error"))
    errors = [one for one in spread if one.level == "error"]
    deadline = Deadline(Budget(60))
    chart = counts.chart(each_backends.index, query, 40, deadline)
    assert chart is not None

    values = counts.values_beside(each_backends.index, query, ["resourceId", "metadata.n"], 3, chart, deadline)
    fields = counts.fields_beside(each_backends.index, query, chart, deadline)

    assert values.exact and fields.exact
    assert fields.logs == len(errors) == chart.total
    top = Counter(one.resource_id for one in errors)
    assert {value.value: value.count for value in values.fields["resourceId"]}.items() <= top.items()
    assert len(values.fields["metadata.n"]) == 3
    assert {info.name: info.count for info in fields.fields}["metadata.n"] == sum(1 for one in errors if one.metadata)


def test_newest_part_of_a_chart_holds_enough(
    each_backends: Backends, spread: list[LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sample is the newest whole buckets that hold as many logs as it needs, within the query's own range."""
    monkeypatch.setattr(counts, "SAMPLE_LOGS", 50)
    query = Query(start=(START + MINUTE, 0))
    chart = counts.chart(each_backends.index, query, 40, Deadline(Budget(60)))
    assert chart is not None

    sample = counts.newest(query, chart)

    assert sample.start is not None
    held = [one for one in spread if (one.t, one.ns) >= sample.start]
    assert 50 <= len(held) < len(spread)
    monkeypatch.setattr(counts, "SAMPLE_LOGS", 1_000)
    assert counts.newest(query, chart) == query


def test_nothing_to_count(each_backends: Backends) -> None:
    """Without logs there is no chart."""
    assert counts.chart(each_backends.index, Query(), 40, Deadline(Budget(60))) is None


@pytest.mark.parametrize("most", [12, 40, 80])
def test_charts_are_never_sparse(most: int) -> None:
    """Whatever the range, there are neither more buckets than asked for nor few wide ones."""
    for ms in (100, 999, 4_000, 61_000, 3_600_000, 86_400_000, 7 * 86_400_000, 400 * 86_400_000, 3_000 * 86_400_000):
        interval = counts.suitable(ms, most)
        assert interval in INTERVALS
        assert ms // interval + 2 <= most
        assert interval == 1 or ms / interval >= most / 5 - 2, ms
