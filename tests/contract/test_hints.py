"""Completions, explanations and statistics are the same whatever index stands behind them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.backends import Backends
from app.find.hints import explain as explaining
from app.find.hints.complete import Completions, complete
from app.find.hints.explain import Explanation, LowerBound, explain
from app.find.hints.known import Memory
from app.find.hints.statistics import Numbers, statistics
from app.log.record import IdSource, LogRecord
from app.ports.deadline import Budget
from app.query.filter import EVERYTHING
from app.query.language.parse import parse
from app.query.query import Query, Value
from app.query.text import text
from tests.conftest import fill_backends
from tests.contract.conftest import INDICES, open_index

MINUTE = 60_000
#: When the first log happened: long before it arrived.
FIRST = 1_694_764_800_000
PATIENT = Budget(60.0)
COUNT = 120


def made() -> list[LogRecord]:
    """Return logs, one a minute; then an hour without any, and one more."""
    ids = IdSource()

    def record(n: int, at: int) -> LogRecord:
        metadata = {"user": {"name": f"Jane {n % 3}"}, "ms": n, "Region": "north", "say": 'a "b" (c)'}
        level, resource = ("info", "ERROR", "warn")[n % 3], f"web-{n % 2}"
        return LogRecord(
            ids.take(1).to_bytes(16, "big"), at, 0, level, f"request {n}", resource, None, None, None, metadata
        )

    return [record(n, FIRST + n * MINUTE) for n in range(COUNT)] + [record(0, FIRST + (COUNT + 60) * MINUTE)]


RECORDS = made()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look take its time: what is tested is what it says, be the machine ever so busy."""
    monkeypatch.setattr(explaining, "EXPLAIN_SECONDS", 60.0)
    monkeypatch.setattr(explaining, "LOOK_SECONDS", 60.0)


@pytest.fixture(scope="module", params=INDICES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    """Every index with RECORDS."""
    with open_index(request.param, Path(tmp_path_factory.mktemp("hints")), request) as opened:
        fill_backends(opened, RECORDS)
        yield opened


def completed(backends: Backends, typed: str, query: Query = Query(), budget: Budget = PATIENT) -> Completions:
    """Return what completes *typed*, whose bar marks the cursor."""
    at = typed.index("|")
    return complete(backends.index, typed[:at] + typed[at + 1 :], at, query, query, Memory(), budget)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("lev|", [("level:", 121)]),
        ("re|", [("resourceId:", 121), ("received:", 121), ("metadata.Region:", 121)]),
        ("name|", [("metadata.user.name:", 121)]),
        ("_exists_:user|", [("metadata.user.name", 121)]),
        ("err|", [("level:ERROR", 40)]),
        ("level:|", [("info", 41), ("ERROR", 40), ("warn", 40), (">=", None), ("<=", None)]),
        ("level:(info OR e|", [("ERROR", 40)]),
        ("level:info o|", [("OR ", None), ("resourceId:", 121)]),
        ("level:>=w|", [("warn", None)]),
        ("resourceId:WEB-1|", [("web-1", 60)]),
        ('resourceId:"we|', [('"web-0"', 61), ('"web-1"', 60)]),
        ("metadata.user.name:jane 1|", []),
        ("metadata.user.name:jane\\ 1|", [('"Jane 1"', 40)]),
        ("metadata.say:a|", [('"a \\"b\\" (c)"', 121)]),
        ("metadata.ms:>|", []),
        ("timestamp:[now-1h |", [("TO ", None)]),
        ("timestamp:>now-1d|", [("now-1d", None), ("now-1d/d", None)]),
        ("nothing|", []),
        ('a "phr|', []),
    ],
)
def test_completions(filled: Backends, typed: str, wanted: list[tuple[str, int | None]]) -> None:
    """What is offered first, as it is written, and how many logs have it."""
    found = completed(filled, typed)

    assert [(one.insert, one.count) for one in found.found][: len(wanted) or None] == wanted
    assert found.exact
    assert found.problem is None


def test_completions_are_of_the_time_range(filled: Backends) -> None:
    """Only what occurs in the range is offered, with its count there."""
    within = Query(EVERYTHING, (FIRST, 0), (FIRST + 2 * MINUTE, 0))

    found = completed(filled, "metadata.ms:|", within).found

    assert [(one.text, one.count) for one in found if one.kind == "value"] == [("0", 1), ("1", 1), ("2", 1)]
    assert [one.text for one in found if one.kind == "form"] == [">=", "<=", "[ TO ]"]


def test_completions_without_time_are_none_rather_than_late(filled: Backends) -> None:
    """Where the time is over before anything was looked at, the fixed fields are offered, and that more may be is said."""
    found = completed(filled, "|", Query(EVERYTHING, (FIRST, 0), (FIRST + 90_500, 0)), Budget(-1.0))

    assert {"level:", "resourceId:"} <= {one.insert for one in found.found}
    assert not found.exact


@pytest.mark.parametrize(("typed", "position"), [("foo:x AND lev|", 0), ("a) AND lev|", 1), ("(a AND lev|", None)])
def test_fault_before_the_cursor_is_said(filled: Backends, typed: str, position: int | None) -> None:
    """What can't be right any more is said with its place; what is just not finished is not."""
    problem = completed(filled, typed).problem

    assert (problem and problem.position) == position


def explained(backends: Backends, q: str, start: int | None = None, end: int | None = None) -> Explanation:
    """Return the explanation of a query from one minute to another."""
    at = [None if minute is None else (FIRST + minute * MINUTE, 0) for minute in (start, end)]
    return explain(backends.index, Query(parse(q), at[0], at[1]), Memory(), PATIENT)


def test_each_clause_has_its_cost(filled: Backends) -> None:
    """For each condition: how many logs of the range the rest finds."""
    found = explained(filled, "level:info AND resourceId:web-2 AND request", 0, 29)

    assert [(text(one.filter), text(one.rest), one.without) for one in found.clauses] == [
        ("level:info", "resourceId:web-2 AND request", LowerBound(0, "exact")),
        ("resourceId:web-2", "level:info AND request", LowerBound(10, "exact")),
        ("request", "level:info AND resourceId:web-2", LowerBound(0, "exact")),
    ]
    assert found.range == LowerBound(30, "exact")
    assert all(one.alone is None for one in found.clauses)
    assert found.unasked == []


def test_where_no_single_clause_is_to_blame(filled: Backends) -> None:
    """Each is counted by itself, so that those that find nothing are seen; nested ones are one condition."""
    found = explained(filled, "level:fatal AND NOT (request OR level:warn) AND resourceId:web-1")

    assert [(text(one.filter), one.alone) for one in found.clauses] == [
        ("level:fatal", LowerBound(0, "exact")),
        ("NOT (request OR level:warn)", LowerBound(0, "exact")),
        ("resourceId:web-1", LowerBound(60, "exact")),
    ]


def test_nearest_logs_around_the_range(filled: Backends) -> None:
    """The nearest that match before and after; in a range without any log the nearest of any kind, and clauses over all time."""
    gap = explained(filled, "level:info", COUNT + 1, COUNT + 30)
    assert (gap.before, gap.after, gap.nearest_match) == (RECORDS[COUNT - 3], RECORDS[-1], True)

    bare = explained(filled, "level:fatal", COUNT + 1, COUNT + 30)
    assert (bare.before, bare.after, bare.nearest_match) == (RECORDS[COUNT - 1], RECORDS[-1], False)
    assert bare.range == LowerBound(0, "exact")
    assert bare.clauses[0].without == LowerBound(121, "exact")

    inside = explained(filled, "level:fatal", 0, 10)
    assert (inside.before, inside.after, inside.nearest_match) == (None, None, False)


@pytest.mark.parametrize(
    ("q", "name", "value", "near"),
    [
        ("metadata.user_name:x", "metadata.user_name", None, {"metadata.user.name": "metadata.user.name:x"}),
        ("metadata.nam:x", "metadata.nam", None, {}),
        (
            "a NOT metadata.usr.name:x",
            "metadata.usr.name",
            None,
            {"metadata.user.name": "a AND NOT metadata.user.name:x"},
        ),
        ("metadata.region:north", "metadata.region", None, {"metadata.Region": "metadata.Region:north"}),
        ("metadata.resourceid:[1 TO 2]", "metadata.resourceid", None, {}),
        ("resourceId:Web-1", "resourceId", "Web-1", {"web-1": "resourceId:web-1"}),
        ("resourceId:(web-1 OR wbe-0)", "resourceId", "wbe-0", {"web-0": "resourceId:(web-1 OR web-0)"}),
        ("metadata.Region:nor", "metadata.Region", "nor", {"north": "metadata.Region:north"}),
        ("metadata.user.name:jane*", None, None, {}),
        ("level:FATAL", "level", "FATAL", {}),
        ("NOT resourceId:Web-1", None, None, {}),
    ],
)
def test_what_is_mistyped_is_corrected(
    filled: Backends, q: str, name: str | None, value: str | None, near: dict[str, str]
) -> None:
    """A field or value that no log has is named, with what occurs and resembles it, and the query corrected."""
    found = explained(filled, q).mistyped

    if name is None:
        assert found == []
        return
    (one,) = found
    assert (one.field, one.value) == (name, value)
    assert near.items() <= {near: text(query) for near, query in one.near}.items()
    assert near or "metadata.resourceid" not in q or not one.near


def test_clocks_that_are_off_are_seen(filled: Backends) -> None:
    """Logs that arrived in the range with a time of their own outside it are counted, with how far they are typically off."""
    received = [record.received for record in RECORDS]
    query = Query(parse("level:info"), (min(received), 0), (max(received), 999_999))

    skew = explain(filled.index, query, Memory(), PATIENT).skew

    assert skew is not None
    assert (skew.total, skew.exact) == (41, True)
    assert -skew.typical_ms == pytest.approx(min(received) - FIRST - 90 * MINUTE, abs=100 * MINUTE)


def test_what_could_not_be_asked_is_named(filled: Backends) -> None:
    """Without time nothing is taken for a no."""
    query = Query(parse("/x/ AND /y/ AND metadata.no:1"), (FIRST, 0), (FIRST + 90_500, 0))

    found = explain(filled.index, query, Memory(), Budget(-1.0))

    assert [one.without for one in found.clauses] == [None, None, None]
    assert found.mistyped == []
    assert {"what is near the time range", "how many logs there are without each condition"} <= set(found.unasked)


def test_statistics_of_numbers(filled: Backends) -> None:
    """Least, mean, greatest and percentiles, in how many logs, how many different values, first and last."""
    found = statistics(filled.index, Query(parse("level:info")), "metadata.ms", 2, PATIENT)

    assert (found.logs, found.having, found.distinct) == (
        LowerBound(41, "exact"),
        LowerBound(41, "exact"),
        LowerBound(40, "exact"),
    )
    assert (found.types, found.looked_at, found.whole) == ({"number": 41}, 41, True)
    assert found.top == [Value("0", 2), Value("102", 1)]
    percentiles = {5: 3.0, 25: 27.0, 50: 57.0, 75: 87.0, 95: 111.0, 99: 117.0}
    assert found.numbers == Numbers(41, 0, pytest.approx(2340 / 41), 117, percentiles)
    assert (found.first, found.last) == ((FIRST, 0), (RECORDS[-1].t, 0))
    assert found.unasked == []


def test_statistics_of_what_is_not_there(filled: Backends) -> None:
    """A field that no log has, and a field when there is no time."""
    found = statistics(filled.index, Query(), "traceId", 5, PATIENT)
    assert (found.having, found.distinct, found.numbers, found.first) == (
        LowerBound(0, "exact"),
        LowerBound(0, "exact"),
        None,
        None,
    )

    late = statistics(filled.index, Query(parse("/request/")), "level", 5, Budget(-1.0))
    assert (late.logs, late.having, late.distinct, late.first) == (None, None, None, None)
    assert len(late.unasked) == 4
