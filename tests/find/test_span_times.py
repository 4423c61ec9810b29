"""What metadata tell of a span: each usual name in its unit, and nothing where it could mean two things."""

from __future__ import annotations

from typing import Any

import pytest

from app.find.span_times import LONGEST, NOTHING, SpanReport, read_span
from app.log.record import LogRecord

S = 10**9
#: Time of the log, in ns since 1970.
AT = 1_700_000_000 * S


def tells(metadata: dict[str, Any] | None) -> SpanReport:
    """Return what a log with these metadata tells."""
    return read_span(LogRecord(bytes(16), AT // 10**6, 0, "info", "hello", metadata=metadata), AT)


@pytest.mark.parametrize(
    "metadata",
    [
        {"parentSpanId": "p1"},
        {"parent_span_id": "p1"},
        {"ParentSpanId": "p1"},
        {"X-B3-ParentSpanId": "p1"},
        {"parentId": "p1"},
        {"parent": {"id": "p1"}},
        {"parent.id": "p1"},
        {"span": {"parent_id": "p1"}},
        {"attributes": {"parentSpanId": "p1"}},
        {"@ps": "p1"},
    ],
)
def test_parents(metadata: dict[str, Any]) -> None:
    """OpenTelemetry, ECS, B3, Serilog and usual spellings name the parent."""
    assert tells(metadata) == SpanReport("p1")


@pytest.mark.parametrize(
    ("metadata", "ns"),
    [
        ({"duration_ms": 250}, S // 4),
        ({"durationMs": 250.5}, 250_500_000),
        ({"elapsedMilliseconds": "250"}, S // 4),
        ({"took_ms": 0}, 0),
        ({"event": {"duration": 250_000_000}}, S // 4),
        ({"durationInNanos": 250_000_000}, S // 4),
        ({"transaction": {"duration": {"us": 250_000}}}, S // 4),
        ({"duration_seconds": 1.5}, S * 3 // 2),
        ({"duration": "1.5s"}, S * 3 // 2),
        ({"duration": "1m2.5s"}, 62_500_000_000),
        ({"elapsed": "350 ms"}, 350_000_000),
        ({"latency": "250\u00b5s"}, 250_000),
        ({"duration": "00:00:01.234"}, 1_234_000_000),
        ({"duration": "PT1M1.5S"}, 61_500_000_000),
    ],
)
def test_durations(metadata: dict[str, Any], ns: int) -> None:
    """A duration ended at its log."""
    assert tells(metadata) == SpanReport(None, AT - ns, AT)


@pytest.mark.parametrize(
    ("metadata", "start", "end"),
    [
        ({"event": {"start": "2023-11-14T22:13:19Z", "end": "2023-11-14T22:13:20.5Z"}}, -S, S // 2),
        ({"startTimeUnixNano": str(AT - 5), "endTimeUnixNano": str(AT + 7)}, -5, 7),
        ({"@st": "2023-11-14T22:13:18.000000001Z"}, -2 * S + 1, 0),
        ({"startTime": 1_699_999_999, "duration_ms": 200}, -S, -S + S // 5),
        ({"end_time": "2023-11-14T22:13:21Z"}, 0, S),
        ({"end_time": "2023-11-14T22:13:21Z", "duration": "3s"}, -2 * S, S),
    ],
)
def test_beginnings_and_ends(metadata: dict[str, Any], start: int, end: int) -> None:
    """Instants are taken as they are read_span; what is missing is the log's own time or follows from the duration."""
    assert tells(metadata) == SpanReport(None, AT + start, AT + end)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        {"duration": 250},
        {"elapsed": 1.5},
        {"duration": ""},
        {"duration": "soon"},
        {"duration": "1:2"},
        {"duration_ms": -1},
        {"duration_ms": True},
        {"duration_ms": None},
        {"duration_ms": float(LONGEST)},
        {"duration_ms": [{}]},
        {"duration_ms": "nan"},
        {"duration_ms": "1e999"},
        {"startTime": "yesterday"},
        {"startTime": 5},
        {"startTime": True},
        {"event": {"start": "2023-11-14T22:13:21Z", "end": "2023-11-14T22:13:20Z"}},
        {"user": {"parentSpanId": "p"}},
        {"parentSpanId": 7},
        {f"n{n}": n for n in range(300)} | {"duration_ms": 1},
        {"startTime": 10**400},
        {"duration": "9" * 5_000 + "h"},
        {"duration": "PT" + "9" * 400 + "S"},
        {"duration": "1h" + " " * 200_000 + "x"},  # read by a pattern it would take hours
    ],
)
def test_what_is_not_known_is_not_told(metadata: dict[str, Any] | None) -> None:
    """Numbers without a unit, faults, spans of over a day and what stands too far back tell nothing."""
    assert tells(metadata) == NOTHING
