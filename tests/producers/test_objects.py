"""Real programs' output of JSON: by HTTP and by file as many logs as events, each as its user expects it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.ranks import RANKS
from app.log.record import LogRecord
from app.times import instant
from tests.files.reading import read
from tests.producers import page

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "producers"
#: By sample: how many events; of one of them its place, level, instant and resource, None where it tells none; the
#: places of one within a trace and of one with a stack. Written from the samples by hand and by a scan of their own text.
EXPECTED: dict[str, list[Any]] = json.loads((Path(__file__).parent / "objects.json").read_text(encoding="utf-8"))
TRACES = ("0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736")
_STACK = re.compile(r"Traceback|    at |\tat |goroutine|stack")


def sample(name: str) -> list[str]:
    """Return the lines of a sample; skips, aloud, where there are no samples."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"no samples of producers in {SAMPLES}")
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip().strip("\x1e")]


def check(name: str, logs: list[dict[str, Any]]) -> None:
    """Compare the logs with what is expected of the sample."""
    count, place, level, time, resource, trace, stack = EXPECTED[name]
    assert len(logs) == count
    one = logs[place]
    assert (one.get("level", "info"), one.get("resourceId"), one.get("timestamp")) == (level, resource, time)
    assert {log["level"] for log in logs if log["level"].lower() not in RANKS} <= {"gold", "mine"}
    if trace is not None:
        assert logs[trace]["traceId"] in TRACES
    if stack is not None:
        text = json.dumps([logs[stack]["message"], logs[stack].get("metadata")])
        assert _STACK.search(text.encode().decode("unicode_escape", "replace"))


def own_time(record: LogRecord) -> str | None:
    """Return the time that a log brought; None for the time of arrival."""
    return None if abs(record.t - record.received) < 60_000 else record.timestamp


def told(log: dict[str, Any], known: bool) -> dict[str, Any]:
    """Return a log read from a file as an answer would show it."""
    time = log.get("timestamp") if known else None
    if time is not None:
        time = instant.text(instant.parse(time) if isinstance(time, str) else instant.from_number(time))
    return {**log, "level": log.get("level", "info"), "timestamp": time}


@pytest.mark.parametrize("name", EXPECTED)
def test_by_file(name: str) -> None:
    """As `ingest` reads it."""
    found = read("\n".join(sample(name)) + "\n")
    check(name, [told(log, "timestampOf" not in (log.get("metadata") or {})) for log in found])


@pytest.mark.parametrize("name", [name for name in EXPECTED if "-seq" not in name])
def test_by_http(name: str, client: FlaskClient, backends: Backends) -> None:
    """As lines of one request."""
    lines = sample(name)
    answer = client.post("/logs/ingest/", data="\n".join(lines).encode(), content_type="application/x-ndjson")
    assert (answer.status_code, answer.json["accepted"]) == (202, len(lines))
    records = backends.queue.take(100, 0).records
    logs = []
    for record in records:
        shown = record.sent_fields()
        logs.append({**shown, "timestamp": own_time(record)})
    check(name, logs)


def test_the_page_is_made_from_the_table() -> None:
    """`python -m tests.producers.page` writes it."""
    assert page.PAGE.read_text(encoding="utf-8") == page.page()
    assert page.missing() == set()


#: Small samples of our own, in the shape of each dialect's documentation: level, message, instant, resource, trace.
OURS: tuple[tuple[str, str, tuple[str, str, str | None, str | None, str | None]], ...] = (
    ("adze", '{"v":1,"level":2,"levelName":"warn","msg":"disk","time":"2026-11-29T14:19:07+01:00","pid":3}', ("warn", "disk", "2026-11-29T13:19:07Z", None, None)),
    ("tslog", '{"message":"x","level":"FATAL","levelId":6,"time":"2026-11-29T13:19:07.5Z","_logMeta":{"name":"shop"}}', ("FATAL", "x", "2026-11-29T13:19:07.500Z", "shop", None)),
    ("google-nodejs", '{"message":{"message":"disk","metadata":{"a":1}},"severity":"ERROR","timestamp":{"seconds":1795959370,"nanos":6999969}}', ("ERROR", "disk", "2026-11-29T13:36:10.006999969Z", None, None)),
    ("dbt", '{"data":{},"info":{"level":"error","msg":"x","ts":"2026-11-29T13:38:40.123456Z","name":"N"}}', ("error", "x", "2026-11-29T13:38:40.123456Z", None, None)),
    ("logback", '{"sequenceNumber":0,"timestamp":1795958309930,"nanoseconds":930123456,"level":"WARN","loggerName":"a.B","message":"d {}","formattedMessage":"d 5","mdc":{"traceId":"0af7651916cd43dd8448eb211c80319c"}}', ("WARN", "d 5", "2026-11-29T13:18:29.930123456Z", "a.B", "0af7651916cd43dd8448eb211c80319c")),
    ("log4j", '{"instant":{"epochSecond":1795958959,"nanoOfSecond":119006587},"level":"WARN","loggerName":"a.B","message":"x"}', ("WARN", "x", "2026-11-29T13:29:19.119006587Z", "a.B", None)),
    ("log4j-google", '{"timestampSeconds":1795958959,"timestampNanos":119006587,"severity":"EMERGENCY","logger":"a.B","message":"x"}', ("EMERGENCY", "x", "2026-11-29T13:29:19.119006587Z", "a.B", None)),
    ("mongodb", '{"t":{"$date":"2023-09-15T08:00:00.123+00:00"},"s":"W","c":"NETWORK","id":1,"ctx":"main","msg":"slow"}', ("warn", "slow", "2023-09-15T08:00:00.123Z", "NETWORK", None)),
    ("monolog", '{"message":"m","context":{},"level":400,"level_name":"ERROR","channel":"app","datetime":"2026-11-29T13:00:00.123456+00:00","extra":{}}', ("ERROR", "m", "2026-11-29T13:00:00.123456Z", "app", None)),
    ("clef", '{"@t":"2026-11-29T13:00:00.1234567Z","@mt":"paid {Sum}","@l":"Warning","Sum":5,"SourceContext":"Shop.Pay","@tr":"0af7651916cd43dd8448eb211c80319c"}', ("Warning", "paid 5", "2026-11-29T13:00:00.123456700Z", "Shop.Pay", "0af7651916cd43dd8448eb211c80319c")),
    ("dotnet", '{"EventId":1,"LogLevel":"Critical","Category":"Shop.Pay","Message":"x","State":{}}', ("Critical", "x", None, "Shop.Pay", None)),
    ("aiologger", '{"logged_at":"2026-11-30T16:50:18.146177+00:00","line_number":6,"function":"pay","level":"WARNING","file_path":"/srv/pay.py","msg":"disk"}', ("WARNING", "disk", "2026-11-30T16:50:18.146177Z", None, None)),
    ("structlog", '{"event":"x","level":40,"timestamp":1795958299.5}', ("error", "x", "2026-11-29T13:18:19.500Z", None, None)),
    ("pino", '{"level":40,"time":1795958299500,"msg":"x"}', ("warn", "x", "2026-11-29T13:18:19.500Z", None, None)),
    ("kubernetes-error", '{"ts":1795958299500.25,"caller":"a.go:1","msg":"x","err":"boom"}', ("error", "x", "2026-11-29T13:18:19.500250Z", None, None)),
    ("workers", '{"scriptName":"w","logs":[{"level":"warn","message":["slow",5],"timestamp":1795958299500}]}', ("warn", "slow", "2026-11-29T13:18:19.500Z", None, None)),
)  # fmt: skip


@pytest.mark.parametrize(("dialect", "sent", "expected"), OURS, ids=[one[0] for one in OURS])
def test_a_small_sample_of_its_own(
    dialect: str, sent: str, expected: tuple[str | None, ...], client: FlaskClient, backends: Backends
) -> None:
    """Read by its row where no samples are; the answer says as what."""
    answer = client.post("/logs/ingest/", data=sent.encode())
    assert answer.status_code == 202
    (record,) = backends.queue.take(10, 0).records
    assert (record.level, record.message, own_time(record), record.resource_id, record.trace_id) == expected
    assert dialect in answer.json.get("read_as", {}) or dialect == "workers"
