"""Logs within others, and in parts: what a wrapper or a second text says is neither lost nor kept twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.errors import Problem
from app.log.foreign import many
from app.log.limits import Limits
from app.log.reading import to_log
from app.log.schema import read_items
from app.times.written import Assumed


def one(text: str) -> dict[str, Any]:
    """Return the log that an object is."""
    return to_log(json.loads(text), Assumed.here(), text.encode())


def test_nothing_of_a_wrapper_gives_way_without_a_trace() -> None:
    """Of two resources that with the better name counts, of two traces the log's own; the others stay metadata by their names."""
    inner = '{"msg":"m","module":"pay","traceId":"t-2","level":"warn"}'
    log = one(json.dumps({"application": "shop", "traceId": "t-1", "message": inner}))
    assert (log["resourceId"], log["traceId"], log["level"]) == ("shop", "t-2", "warn")
    assert log["metadata"] == {"module": "pay", "traceId": "t-1"}
    own = '{"msg":"m","service":"pay","level":"warn"}'
    log = one(json.dumps({"host": "node-1", "message": own}))
    assert (log["resourceId"], log["metadata"]) == ("pay", {"host": "node-1"})


@pytest.mark.parametrize("metadata", ["x", ["x"], 5])
def test_metadata_that_are_no_object_are_refused_within_a_log_too(metadata: Any) -> None:
    """Those of the wrapper as those of what it wraps, as in a log in our own form that wraps nothing."""
    inner, own = {"level": "warn", "message": "q"}, {"resourceId": "a", "metadata": metadata}
    for sent in ({"message": json.dumps(inner), **own}, {"message": json.dumps({**inner, **own}), "n": 1}):
        found = read_items([sent, {"message": "m"}], Limits(message=999, metadata=999, retention_ms=999), 0)
        assert [log.message for log in found.logs] == ["m"]
        problems = [one.problem for one in found.refused]
        assert problems == [Problem("is not a JSON object", "metadata", index=0)]


@pytest.mark.parametrize(
    ("short", "full", "message"),
    [
        ("x" * 100, "x" * 150 + "\n at foo\n", "x" * 150 + "\n at foo"),  # winston-graylog2 cuts at 100
        ("x" * 65, "x" * 66, "x" * 66),  # pino-gelf cuts at 65
        ("x" * 100, "x" * 100 + "\n at foo", "x" * 100),
        ("x" * 100, "y" * 150, "x" * 100),
        ("refused", "refused: card 17", "refused"),
    ],
)
def test_a_message_that_was_cut_is_whole(short: str, full: str, message: str) -> None:
    """GELF's short message may be the beginning of the full one, which is then not kept twice; however many came before."""
    for _ in range(3):
        for text in (full, "Traceback"):
            log = one(json.dumps({"short_message": short, "full_message": text, "level": 4}))
            expected = message if text == full else short
            assert log["message"] == expected
            assert log.get("metadata", {}).get("full_message") == (None if expected == text.rstrip() else text)


CARRIED = {"version": "1.1", "host": "node-1", "timestamp": 1764597726.684, "level": 6, "_container_name": "shop"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"message":"refused","level":"error","traceId":"t-1"}', ("refused", "error", "t-1")),
        ('{"msg":"refused","time":"2026-01-01T00:00:00Z"}', ("refused", "info", None)),  # its carrier's level is left
        ('{"a":1}', ('{"a":1}', "info", None)),
        ('{"message":"refu', ('{"message":"refu', "info", None)),
    ],
)
def test_a_log_that_gelf_carries_has_its_own_level(text: str, expected: tuple[str, str, str | None]) -> None:
    """Docker's driver (28.5.2, as it was run) knows only by which stream a line came; however many plain lines came before."""
    for short in (*["plain"] * 12, text, "plain", text):
        log = one(json.dumps({**CARRIED, "short_message": short}))
        found = (log["message"], log["level"], log.get("traceId"))
        assert found == (expected if short == text else ("plain", "info", None))
        assert log["resourceId"] == "node-1"
        assert log["metadata"]["_container_name"] == "shop"


def test_logs_that_gelf_carries_are_read_one_by_one() -> None:
    """The short way of many objects at once leaves them alone: any text may be a log, though the first ones were none."""
    plain = {name: value for name, value in CARRIED.items() if name != "timestamp"}
    for _ in range(12):
        one(json.dumps({**plain, "short_message": "plain"}))
    logs = [{**plain, "short_message": f'{{"message":"m{n}","level":"error"}}'} for n in range(40)]
    assert many.parts({name: [log[name] for log in logs] for name in logs[0]}, logs) is None


@pytest.mark.parametrize(
    ("sent", "level", "resource"),
    [
        # winston-splunk-httplogger 3.1.8 and python-logstash 0.4.8 (version 0), as they were run
        ({"message": {"msg": "m", "meta": {"traceId": "t-1", "level": "error"}}, "severity": "error"}, "error", None),
        (
            {"@source_host": "h", "@message": "m", "@fields": {"levelname": "WARNING", "trace_id": "t-1"}},
            "WARNING",
            "h",
        ),
    ],
)
def test_level_and_trace_lie_deep(sent: dict[str, Any], level: str, resource: str | None) -> None:
    """Beneath what the program calls its message or its fields."""
    log = one(json.dumps(sent))
    assert (log["message"], log["level"], log["traceId"], log.get("resourceId")) == ("m", level, "t-1", resource)
