"""Logs of other programs: no object is refused, and what could not be read is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log import schema
from app.log.dialects.table import SIGNS
from app.log.foreign import layouts, traces
from app.log.foreign.found import OWN
from app.log.limits import Limits
from app.log.parsed import Parsed
from app.log.record import LogRecord
from tests.files.reading import moment, rank, read
from tests.thorough import examples

NOW = 1_700_000_000_000
LIMITS = Limits(message=10_000, metadata=200_000, retention_ms=30 * 86_400_000)


def parsed(sent: Any, **options: Any) -> Parsed:
    """Read one body, given as a value or as it is sent."""
    body = sent.encode() if isinstance(sent, str) else json.dumps(sent).encode()
    return schema.read(body, None, LIMITS, NOW, **options)


def one(sent: Any) -> dict[str, Any]:
    """Return the fields of the one log in a body."""
    read = parsed(sent)
    assert read.refused == []
    (log,) = read.logs
    return log.sent_fields()


_NAMES = st.sampled_from(
    [
        *OWN,
        *sorted(SIGNS),
        "time",
        "ts",
        "metadata",
        "id",
        "service",
        "error",
        "err",
        "events",
        "records",
        "fields",
        "pid",
    ]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "",
            "0",
            "ERROR",
            "tomorrow",
            "2023-09-15T08:00:00Z",
            "Sep 15 2023 08:00:00",
            '{"level":50,"msg":"x"}',
            "9" * 30,
            "\x1b[31merror",
        ]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(400), deadline=None)
@given(value=st.dictionaries(_NAMES | st.text(max_size=4), _VALUES, max_size=6))
def test_every_object_is_a_log_or_refused_with_a_reason_where_that_is_asked_for(value: dict[str, Any]) -> None:
    """Whatever it holds; in strict mode a refusal says why."""
    read = parsed(value)
    assert read.refused == [] and read.logs
    for log in read.logs:
        assert isinstance(log, LogRecord) and log.level
    strict = parsed(value, strict=True)
    assert len(strict.logs) + len(strict.refused) == 1
    assert all(refused.problem.message for refused in strict.refused)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ('{"level":35,"time":1795958409411,"pid":1,"hostname":"h","msg":"GET /x 200"}', ("info", "GET /x 200", "2026-11-29T13:20:09.411Z")),
        ('{"level":{"level":40000,"levelStr":"ERROR"},"startTime":"2026-11-29T13:20:18.037Z","data":["failed",{"a":1}]}', ("ERROR", "failed", "2026-11-29T13:20:18.037Z")),
        ('{"timestamp":{"seconds":1795959370,"nanos":6999969},"severity":"ERROR","message":"disk"}', ("ERROR", "disk", "2026-11-29T13:36:10.006999969Z")),
        ('{"severity":"ERROR","time":1795959367061,"message":"payment failed"}', ("ERROR", "payment failed", "2026-11-29T13:36:07.061Z")),
        ('{"level":"\\u001b[31merror\\u001b[39m","message":"m"}', ("error", "m", "2023-11-14T22:13:20Z")),
        ('{"@timestamp":"2026-11-29T13:18:22Z","log.level":"ERROR","message":"failed","metadata":{"k":1}}', ("ERROR", "failed", "2026-11-29T13:18:22Z")),
        ('{"level":"ERROR","time":"2026-11-29T13:18:22Z","error":{"name":"TypeError","message":"price is null"}}', ("ERROR", "price is null", "2026-11-29T13:18:22Z")),
        ('{"message":{"code":5},"level":"error"}', ("error", '{"code":5}', "2023-11-14T22:13:20Z")),
        ('{"severity":"ERROR","message":"m","level":"high"}', ("ERROR", "m", "2023-11-14T22:13:20Z")),
        ('{"msg":"failed","error":"boom"}', ("error", "failed", "2023-11-14T22:13:20Z")),
        ('{"event_message":"failed","timestamp":1795958952732561,"metadata":{"level":"error"}}', ("error", "failed", "2026-11-29T13:29:12.732561Z")),
        ('{"event_message":"failed","timestamp":1795958952732561,"metadata":{"level":["error"]}}', ("error", "failed", "2026-11-29T13:29:12.732561Z")),
        ('{"short_message":"m","timestamp":1795958952.732561469,"level":3}', ("err", "m", "2026-11-29T13:29:12.732561469Z")),
    ],
)  # fmt: skip
def test_level_message_and_time_are_found(sent: str, expected: tuple[str, str, str]) -> None:
    """Under foreign names, in objects, with another type than ours."""
    log = one(sent)
    assert (log["level"], log["message"], log["timestamp"]) == expected


def test_what_could_not_be_read_is_kept_and_said() -> None:
    """By field, with the reason, beside the value as it was sent."""
    log = one({"level": {"a": 1}, "message": "m", "timestamp": "tomorrow", "commit": 5.5, "traceId": ["x"]})
    assert (log["level"], log["message"]) == ("info", "m")
    assert log["metadata"] == {
        "level": {"a": 1},
        "timestamp": "tomorrow",
        "commit": 5.5,
        "traceId": ["x"],
        "unread": {
            "level": "is not a text",
            "timestamp": "is not a time that is read",
            "commit": "is not a text",
            "traceId": "is not a text",
        },
    }


def test_first_of_a_name_that_stands_twice_counts() -> None:
    """A logger writes its own fields first; the second is kept."""
    log = one('{"message":"payment failed","level":"ERROR","message":"from mdc","level":"gold","a":1,"a":2}')
    assert (log["message"], log["level"]) == ("payment failed", "ERROR")
    assert log["metadata"] == {"message": "from mdc", "level": "gold", "a": [1, 2]}
    assert one('{"msg":"m","id":"a","id":"b"}')["metadata"] == {"id": ["a", "b"]}


@pytest.mark.parametrize("text", ["a", 'a "b": c', "\\u0022x\\u0022"])
def test_a_name_that_stands_twice_is_seen_whatever_was_read_before(text: str) -> None:
    """Logs of one layout, of which the last has a name twice: quotes within a text are no names."""
    log = json.dumps({"level": 30, "time": NOW, "pid": 1, "hostname": "h", "msg": text}).encode()
    doubled = log[:-1] + b', "msg": "own"}'
    logs = schema.read(b"\n".join([*[log] * 20, doubled]), "application/x-ndjson", LIMITS, NOW).logs
    assert [(one.message, one.metadata) for one in logs[:-1]] == [(text, {"pid": 1})] * 20
    assert (logs[-1].message, logs[-1].metadata) == ("own", {"pid": 1, "msg": text})


@pytest.mark.parametrize("name", ["logs", "events", "records", "entries", "messages"])
def test_an_array_in_an_object_is_a_batch(name: str) -> None:
    """Where it is the whole body."""
    read = parsed({name: [{"level": 50, "msg": "a", "time": 1795958409411}, {"message": "b"}]})
    assert [log.message for log in read.logs] == ["a", "b"]
    assert one({"message": "m", name: [{"a": 1}]})["message"] == "m"


def test_a_list_of_kubernetes_is_its_events() -> None:
    """As the webhook of its audit log sends them."""
    event = {
        "auditID": "a",
        "level": "Metadata",
        "verb": "list",
        "requestReceivedTimestamp": "2026-11-30T09:01:00.123456Z",
    }
    events = [{**event, "requestURI": f"/api/v1/{name}", "user": {"username": "ann"}} for name in ("pods", "nodes")]
    sent = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": events}
    read = parsed(sent)
    assert [(log.message, log.level, log.resource_id) for log in read.logs] == [
        ("/api/v1/pods", "info", "ann"),
        ("/api/v1/nodes", "info", "ann"),
    ]
    assert read.logs[0].timestamp == "2026-11-30T09:01:00.123456Z"
    assert read.read_as == {"audit-kubernetes": 2}


@pytest.mark.parametrize(
    "beside", [{"message": "order placed"}, {"msg": "order placed", "metadata": {}}, {"message": "m", "metadata": {}}]
)
@pytest.mark.parametrize("items", [["apple", "pear"], [{"sku": 1, "message": "gift wrap"}, {"sku": 2}]])
def test_a_log_with_items_is_one_log(beside: dict[str, Any], items: list[Any]) -> None:
    """Its message is its own, and what it lists no logs, though it has a kind and a version of its API too."""
    sent = {"kind": "order", "apiVersion": "2", "items": items, "level": "error", **beside}
    found = one(sent)
    assert (found["message"], found["level"]) == (beside.get("message", beside.get("msg")), "error")


def test_an_answer_with_items_is_one_log() -> None:
    """Google's APIs have a kind and items as well; a list of Kubernetes has metadata too."""
    assert len(parsed({"kind": "drive#fileList", "apiVersion": "v3", "items": [{"id": "1"}, {"id": "2"}]}).logs) == 1


def test_what_was_read_as_what_is_counted() -> None:
    """Our own form is not; keys that look like a field that is lacking are named."""
    read = parsed([{"message": "own"}, {"level": 50, "time": 1795958409411, "pid": 1, "hostname": "h", "msg": "p"}])
    assert (read.read_as, read.unused) == ({"pino": 1}, [])
    assert parsed({"message": "m", "sev_level": "bad", "when": "now"}).unused == ["sev_level", "when"]


@pytest.mark.parametrize(
    ("sent", "trace", "span"),
    [
        ({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"),
        ({"logging.googleapis.com/trace": "projects/p/traces/0AF7651916CD43DD8448EB211C80319C"}, "0af7651916cd43dd8448eb211c80319c", None),
        ({"xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793"}, "5759e988bd862e3fe1be46a994272793", None),
        ({"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"}, "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"),
        ({"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1;Parent=53995c3f42cd8ad8"}, "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"),
        ({"trace": "12:30:45:10"}, None, None),
        ({"trace_id": "7:12:3:4"}, "7:12:3:4", None),
        ({"uber-trace-id": "1be46a994272793:53995c3f42cd8ad8:0:1"}, "01be46a994272793", "53995c3f42cd8ad8"),
        ({"dd": {"trace_id": "1234567890123456789", "span_id": "7"}}, "112210f47de98115", "0000000000000007"),
        ({"b3": "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"}, "80f198ee56343ba864fe8b2a57d3eff7", "e457b5a2e4d86bd1"),
        ({"mdc": {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736"}}, "4bf92f3577b34da6a3ce929d0e0e4736", None),
        ({"otelTraceID": "0", "otelSpanID": "0"}, None, None),
        ({"trace_id": "0x00000000000000000000000000000000"}, None, None),
        ({"span": {"id": 7, "name": "request"}}, None, None),
    ],
)  # fmt: skip
def test_ids_of_traces_become_hexadecimal(sent: dict[str, Any], trace: str | None, span: str | None) -> None:
    """Wherever they lie; zeros are none. What was sent stays where it was another text."""
    log = one({"msg": "m", **sent})
    assert (log.get("traceId"), log.get("spanId")) == (trace, span)
    kept = log.get("metadata", {})
    assert all(kept.get(name) == value or log.get("traceId") == value for name, value in sent.items())


_ids = st.sampled_from(
    ("span-00aa", "x", "", "a ", "0a", "é1", "0" * 16, "0" * 32, "ab" * 8, "AB" * 8, "a" * 31, "a b")
)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(_ids | st.text("0123456789abcdef", min_size=16, max_size=16) | st.text(max_size=9), min_size=1))
def test_ids_that_are_plain_together_are_plain_each(values: list[str]) -> None:
    """Those of one column are taken as they are only where each is."""
    if traces.are_plain(values):
        assert all(map(traces.is_plain, values))
    if len(set(map(len, values))) == 1 and len(values[0]) in (9, 16):
        assert traces.are_plain(values) == all(map(traces.is_plain, values))


def test_a_wrapped_log_is_read_again() -> None:
    """What the container knows stays beside it."""
    inner = json.dumps({"level": 50, "time": 1795958409411, "pid": 1, "hostname": "h", "msg": "failed"})
    log = one({"log": inner + "\n", "stream": "stderr", "time": "2026-11-29T13:20:18.037Z"})
    assert (log["level"], log["message"], log["timestamp"]) == ("error", "failed", "2026-11-29T13:20:09.411Z")
    assert log["metadata"]["stream"] == "stderr"


def test_objects_of_the_same_names_are_each_read_by_their_own_values() -> None:
    """What names mean is remembered for each set of them; what lies under them may differ from log to log."""
    logs = [
        {"msg": "a", "ctx": {"trace_id": "ab" * 16}, "severity": "ERROR", "event": "x"},
        {"msg": "b", "ctx": "none", "severity": None, "event": "y"},
        {"msg": None, "ctx": {"other": 1}, "severity": "WARN", "event": "z"},
    ]
    read = [one(log) for log in (*logs, *logs)]
    assert [log.get("traceId") for log in read] == ["ab" * 16, None, None] * 2
    assert [log["level"] for log in read] == ["ERROR", "info", "WARN"] * 2
    assert [log["message"] for log in read] == ["a", "b", "z"] * 2


def test_sets_of_names_that_are_remembered_are_bounded() -> None:
    """Names are the sender's, who may make up new ones in every log."""
    for number in range(3_000):
        one({"msg": "a", f"n{number}": 1})
    known = len(layouts._layouts)
    one({"msg": "a", "n" * 10_000: 1})
    one({"msg": "a", **{f"k{number}": 1 for number in range(100)}})
    assert known == len(layouts._layouts) <= 1_024


@pytest.mark.parametrize("name", ["time", "timestamp"])
@pytest.mark.parametrize("within", ["event", "payload"])
def test_a_time_of_what_a_log_is_about_is_not_the_logs(within: str, name: str) -> None:
    """A concert is next year, its booking is logged now; beside the message it is the log's."""
    when = "2027-05-05T19:00:00Z"
    for _ in range(10):
        booked = one({"message": "booked", within: {name: when, "seats": 2}})
        assert booked["metadata"][within][name] == when
        assert not booked["timestamp"].startswith("2027")
        assert one({"stream": "s", within: {name: when, "message": "failed"}})["timestamp"].startswith(
            "2027-05-05T19:00"
        )


@pytest.mark.parametrize(
    "sent",
    [
        {"level": "SEVERE", "millis": 1796025600123, "message": "payment failed"},
        {"meta": {"level": "error", "timestamp": "2026-11-30T08:00:00.123Z"}, "payload": {"message": "payment failed"}},
        {"__timestamp": "2026-11-30T08:00:00.123Z", "__level": "error", "__message": "payment failed"},
        {"LogTime": "2026-11-30 08:00:00.123", "LogLevel": "ERROR", "LogMessage": "payment failed"},
        {"_time": "2026-11-30T08:00:00.123Z", "event": {"message": "payment failed", "severity": "ERROR"}},
        {"timestampMs": 1796025600123, "header": {"level": "error"}, "msg": "payment failed"},
    ],
    ids=" ".join,
)
def test_fields_have_names_of_many_programs(sent: dict[str, Any]) -> None:
    """Level, time and message under names that no dialect claims."""
    (log,) = read(json.dumps(sent))
    assert (log["message"], rank(log)) == ("payment failed", "error")
    assert moment(log) == datetime(2026, 11, 30, 8, 0, 0, 123_000, tzinfo=UTC)
