"""What is remembered of a layout changes nothing: each log is read as if it were the first."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.log import schema
from app.log.dialects.table import SIGNS
from app.log.foreign import layouts
from app.log.foreign.found import OWN, Foreign
from app.log.limits import Limits
from app.log.reading import Reader
from app.times.written import Assumed
from tests.thorough import examples

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "producers"
#: When the logs come, in ms.
_NOW = 1_795_963_451_196
READER = Reader(Assumed(datetime(2026, 11, 29, tzinfo=UTC)))

#: Values that are of one type and mean different things, or nothing.
_TEXTS = st.sampled_from(
    [
        *("", "error", " warn ", "INFO", "active", "failed", "failed\n", '{"level":50,"msg":"x"}', "-", "GET /x 200"),
        *("2023-09-15T08:00:00Z", "2023-09-15T08:00:60.5Z", "Sep 15 2023 08:00:00", "1700000000", "tomorrow", "0" * 32),
        *("ab" * 16, "AB" * 8, f"00-{'ab' * 16}-{'cd' * 8}-01", f"{'ab' * 8}-{'cd' * 8}", "span-12", "x" * 300, "404"),
    ]
)
_NUMBERS = st.sampled_from(
    [0, 1, 3, 17, 30, 35, 50, 200, 404, 503, 1_700_000_000, 1_700_000_000_123, 17 * 10**17, 2**70]
)
_FLOATS = st.sampled_from([0.5, 30.0, 1_700_000_000.123456, 1.7e12])
_SCALARS = (_TEXTS, _NUMBERS, _FLOATS, st.booleans(), st.none())
_USUAL = (
    *sorted(OWN),
    *("msg", "time", "severity", "hostname", "service", "id", "metadata", "error", "status", "pid"),
    *("trace_id", "span_id", "trace", "dd.trace_id", "context", "http"),
)
_NAMES = st.sampled_from(_USUAL) | st.sampled_from(_USUAL) | st.sampled_from(sorted(SIGNS))


def _within(depth: int) -> st.SearchStrategy[Any]:
    """Return what draws a strategy for values of one type."""
    if depth == 0:
        return st.sampled_from(_SCALARS)
    lists = st.just(st.lists(_TEXTS, max_size=2))
    return st.sampled_from(_SCALARS) | st.sampled_from(_SCALARS) | _objects(depth - 1) | lists


def _objects(depth: int) -> st.SearchStrategy[Any]:
    """Return what draws a strategy for objects of one layout."""
    return st.dictionaries(_NAMES, _within(depth), min_size=1, max_size=5).map(st.fixed_dictionaries)


_LOGS = _objects(2).flatmap(lambda alike: st.lists(alike, min_size=2, max_size=4))


def read(value: dict[str, Any]) -> list[Foreign]:
    """Read one object."""
    return READER.read(json.loads(json.dumps(value)), json.dumps(value).encode())


def read_afresh(value: dict[str, Any]) -> list[Foreign]:
    """Read it with nothing remembered."""
    layouts._layouts.clear()
    return read(value)


def taken(value: dict[str, Any], limits: Limits) -> tuple[Any, ...]:
    """Return what a request with one object comes to."""
    parsed = schema.read(json.dumps(value).encode(), "application/x-ndjson", limits, _NOW)
    # As text, for NaN.
    return repr(parsed.logs), parsed.refused, parsed.read_as, parsed.recognised, parsed.unused, parsed.sizes


def taken_afresh(value: dict[str, Any], limits: Limits) -> tuple[Any, ...]:
    """Return the same with nothing remembered."""
    layouts._layouts.clear()
    return taken(value, limits)


@settings(max_examples=examples(300), deadline=None)
@given(logs=_LOGS, most=st.sampled_from((20, 300, 65_536)), log=st.sampled_from((None, 10_000)))
@example(logs=[{"msg": "a", "level": 30, "timestamp": None}] * 2, most=20, log=None)
@example(logs=[{"msg": "a", "level": 30, "metadata": {"timestamp": "2023-09-15T08:00:00Z"}}] * 2, most=300, log=None)
@example(logs=[{"msg": "a", "trace_id": "x" * 300, "level": "warn"}] * 2, most=300, log=None)
def test_logs_of_one_layout_are_each_taken_by_their_own_values(
    logs: list[dict[str, Any]], most: int, log: int | None
) -> None:
    """Their records too, what is refused, and what the answer says."""
    limits = Limits(message=most, metadata=most, retention_ms=10**12, log=log)
    alone = [taken_afresh(one, limits) for one in logs]
    layouts._layouts.clear()
    assert [taken(one, limits) for one in (*logs, *logs)] == alone + alone


@settings(max_examples=examples(600), deadline=None)
@given(logs=_LOGS)
@example(logs=[{"msg": "a", "level": 30, "time": 1_700_000_000_123}, {"msg": "", "level": 35, "time": 5}])
@example(logs=[{"msg": "a", "id": 1}, {"msg": '{"level":50,"msg":"x"}', "id": 2}])
@example(logs=[{"msg": "a", "trace": "ab" * 16}, {"msg": "a", "trace": "at x.go:1"}])
@example(logs=[{"msg": "a", "metadata": "x"}, {"msg": "a", "metadata": "y"}])
@example(logs=[{"msg": "a", "severity": "ERROR"}, {"msg": "a", "severity": "active"}])
@example(logs=[{"msg": "a", "level": "high", "severity": "ERROR"}, {"msg": "a", "level": "warn", "severity": "ERROR"}])
def test_logs_of_one_layout_are_each_read_by_their_own_values(logs: list[dict[str, Any]]) -> None:
    """Whatever the logs before them held."""
    alone = [read_afresh(log) for log in logs]
    layouts._layouts.clear()
    assert [read(log) for log in (*logs, *logs)] == alone + alone


def test_what_lies_deeper_belongs_to_the_layout() -> None:
    """By names alone these would be two logs of one layout, or one's inner object the other's outer."""
    logs = [
        {"msg": "a", "ctx": {"trace_id": "ab" * 16}},
        {"msg": "b", "ctx": {"user": 1}},
        {"error": {"http": {}}, "http": {"response": {"status_code": 500}}, "msg": "c"},
        {"error": {"http": {"response": {"status_code": 500}}}, "http": {}, "msg": "d"},
    ]
    alone = [read_afresh(log) for log in logs]
    layouts._layouts.clear()
    assert [read(log) for log in logs] == alone
    assert alone[0][0].log["traceId"] == "ab" * 16 and "traceId" not in alone[1][0].log


def test_real_logs_are_read_by_a_short_way_as_they_are_by_a_search() -> None:
    """All samples of producers, twice over; most layouts have a way after the first."""
    if not SAMPLES.is_dir():
        pytest.skip(f"no samples of producers in {SAMPLES}")
    found = []
    for path in sorted(SAMPLES.iterdir()):
        for line in path.read_bytes().splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                found.append(value)
    assert len(found) > 500
    alone = [read_afresh(value) for value in found]
    layouts._layouts.clear()
    assert [read(value) for value in (*found, *found)] == alone + alone
    limits = Limits(message=65_536, metadata=65_536, retention_ms=10**12)
    records = [taken_afresh(value, limits) for value in found]
    layouts._layouts.clear()
    assert [taken(value, limits) for value in (*found, *found)] == records + records
    ways = [layouts.layout(value).way is not None for value in found]
    assert sum(ways) > 0.6 * len(ways)
