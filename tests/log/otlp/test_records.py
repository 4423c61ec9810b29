"""Records of OTLP as logs: both encodings give the same, whatever the body; a record that can't be read costs no other."""

from __future__ import annotations

import copy
import json
import math
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from app.errors import InvalidRecord, LogIngestorError
from app.log.limits import Limits
from app.log.otlp import document, logs, packed
from app.log.own import Ready
from app.log.parsed import Refused
from app.log.schema import read_items
from app.rules.redact import Redactor, compiled
from app.rules.text import parse
from tests.thorough import examples

LIMITS = Limits(message=65_536, metadata=65_536, retention_ms=10**12)
TRACE, SPAN = bytes(range(16)), bytes(range(8))


def any_value(plain: Any) -> AnyValue:
    """Return plain data as an AnyValue."""
    made = AnyValue()
    match plain:
        case bool():
            made.bool_value = plain
        case int():
            made.int_value = plain
        case float():
            made.double_value = plain
        case str():
            made.string_value = plain
        case bytes():
            made.bytes_value = plain
        case list():
            made.array_value.values.extend(map(any_value, plain))
            made.array_value.SetInParent()
        case dict():
            made.kvlist_value.SetInParent()
            for key, inner in plain.items():
                made.kvlist_value.values.add(key=key, value=any_value(inner))
    return made


def request(*records: dict[str, Any], resource: dict[str, Any] | None = None) -> ExportLogsServiceRequest:
    """Return a request with these records, whose `body` and `attributes` are plain."""
    made = ExportLogsServiceRequest()
    outer = made.resource_logs.add()
    for key, inner in (resource or {"service.name": "shop"}).items():
        outer.resource.attributes.add(key=key, value=any_value(inner))
    scope = outer.scope_logs.add()
    scope.scope.name, scope.scope.version = "shop.pay", "1.2"
    for record in records:
        fields = dict(record)
        body, attributes = fields.pop("body", None), fields.pop("attributes", {})
        one = scope.log_records.add(**fields)
        if body is not None:
            one.body.CopyFrom(any_value(body))
        for key, inner in attributes.items():
            one.attributes.add(key=key, value=any_value(inner))
    return made


def as_json(made: ExportLogsServiceRequest) -> bytes:
    """Return the request as OTLP's JSON, whose ids are hexadecimal."""
    found = MessageToDict(made, use_integers_for_enums=True)
    for resource in found["resourceLogs"]:
        for scope in resource["scopeLogs"]:
            for place, record in enumerate(scope.get("logRecords", [])):
                original = made.resource_logs[0].scope_logs[0].log_records[place]
                record |= {"traceId": original.trace_id.hex(), "spanId": original.span_id.hex()}
    return json.dumps(found).encode()


def both(made: ExportLogsServiceRequest) -> list[Any]:
    """Return the logs of the request, which are the same in both encodings."""
    found = [sent(one) for one in packed.read(made.SerializeToString(), packed.log_records())]
    assert document.read(as_json(made), document.LOGS) == found
    return found


def sent(found: Any) -> Any:
    """Return what a door hands on as it would be sent."""
    return found.sent() if isinstance(found, Ready) else found


def test_a_record_is_read_whole() -> None:
    """Time, level, trace, resource, scope, event and attributes lie where they belong."""
    made = request(
        {
            "time_unix_nano": 1_795_963_451_196_003_841,
            "observed_time_unix_nano": 5,
            "severity_number": 17,
            "severity_text": "ERROR",
            "body": "it failed",
            "trace_id": TRACE,
            "span_id": SPAN,
            "flags": 1,
            "dropped_attributes_count": 2,
            "event_name": "payment",
            "attributes": {"order": 7, "exception.type": "ValueError", "tags": ["a", "b"], "scope": "mine"},
        },
        resource={"service.name": "shop", "host.name": "web-1"},
    )
    assert both(made) == [
        {
            "message": "it failed",
            "level": "ERROR",
            "timestamp": 1_795_963_451_196_003_841,
            "resourceId": "shop",
            "traceId": TRACE.hex(),
            "spanId": SPAN.hex(),
            "metadata": {
                "order": 7,
                "exception.type": "ValueError",
                "tags": ["a", "b"],
                "resource": {"service.name": "shop", "host.name": "web-1"},
                "scope": {"name": "shop.pay", "version": "1.2"},
                # An attribute of a name that is taken gives way, and is kept.
                "attributes": {"scope": "mine"},
                "eventName": "payment",
                "traceFlags": 1,
                "droppedAttributes": 2,
            },
        }
    ]


def test_what_is_missing_is_absent() -> None:
    """No severity, no time, ids of zeros: Rust sends no time but the one of observation, the Collector no severity."""
    found = both(
        request({"observed_time_unix_nano": 1_795_963_451_000_000_000, "body": "x", "trace_id": bytes(16)}, {})
    )
    assert [(log["timestamp"], log["level"], log["traceId"], log["message"]) for log in found] == [
        (1_795_963_451_000_000_000, None, None, "x"),
        (None, None, None, ""),
    ]


@pytest.mark.parametrize(
    ("number", "text", "level"),
    [
        (0, "", None),
        (9, "", "info"),
        (12, "SUCCESS", "info"),
        (11, "INFO+2", "info"),
        (21, "FATAL", "FATAL"),
        (0, "TRACE", "TRACE"),
        (0, "Level 25", "Level 25"),
        (24, "", "fatal"),
        (99, "", None),
        (17, "x" * 300, "error"),
    ],
)
def test_levels(number: int, text: str, level: str | None) -> None:
    """A text with a rank is the level; else the number says what the level is, and the text is kept beside it."""
    (found,) = both(request({"severity_number": number, "severity_text": text, "body": "x"}))
    assert found["level"] == level
    assert found["metadata"].get("severityText", level) == (text or level)


@pytest.mark.parametrize(
    ("body", "message", "kept"),
    [
        ({"message": "hello", "n": 1}, "hello", {"message": "hello", "n": 1}),
        ({"n": 1}, '{"n":1}', {"n": 1}),
        ([1, "zwei", None], '[1,"zwei",null]', [1, "zwei", None]),
        (b"\x00\xff", "AP8=", None),
        (True, "true", True),
        (3.5, "3.5", 3.5),
        (math.inf, "Infinity", None),
    ],
)
def test_bodies_of_any_type(body: Any, message: str, kept: Any) -> None:
    """What is no text is the message as JSON, or what names itself one, and is kept as it was."""
    (found,) = both(request({"body": body}))
    assert (found["message"], found["metadata"].get("body")) == (message, kept)


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"service.name": "unknown_service:java", "host.name": "web-1"}, "web-1"),
        ({"service.name": "unknown_service"}, "unknown_service"),
        ({"service.name": 7, "k8s.pod.name": "pod-1"}, "pod-1"),
        ({"x": "y"}, None),
    ],
)
def test_resources(attributes: dict[str, Any], name: str | None) -> None:
    """A service is the resource; one without a name gives way to the machine."""
    assert both(request({"body": "x"}, resource=attributes))[0]["resourceId"] == name


def test_a_record_that_is_no_utf8_costs_no_other() -> None:
    """Senders in Go write such texts; the library refuses the whole request, so that each record is read alone."""
    sent = request(*({"body": f"message {n}"} for n in range(5))).SerializeToString()
    found = packed.read(sent.replace(b"message 2", b"message\xff2"), packed.log_records())
    assert [one["message"] if isinstance(one, dict) else "refused" for one in found] == [
        *("message 0", "message 1"),
        *("refused", "message 3", "message 4"),
    ]
    assert isinstance(found[2], Refused)
    assert b"message\xff2" in found[2].payload
    assert found[0]["resourceId"] == "shop"


def test_a_resource_that_is_no_utf8_costs_no_record() -> None:
    """The records are logs all the same, without what describes them."""
    sent = request({"body": "x"}, resource={"service.name": "shop"}).SerializeToString().replace(b"shop", b"sh\xffp", 1)
    (found,) = packed.read(sent, packed.log_records())
    assert (found["message"], found["resourceId"]) == ("x", None)


def test_what_rules_take_out_of_one_request_is_in_the_next() -> None:
    """A resource is read once for all requests that have it; what becomes of one request's logs changes no other's."""
    sent = request({"body": "m"}).SerializeToString()
    wanted = copy.deepcopy(packed.read(sent, packed.log_records()))
    (record,) = read_items(packed.read(sent, packed.log_records()), LIMITS, 0).logs
    rules = [compiled(rule) for rule in parse("names: mask value in metadata.resource").redactions]
    Redactor(rules, b"k" * 32).records([record])
    assert record.metadata != wanted[0]["metadata"]
    assert packed.read(sent, packed.log_records()) == wanted


def test_a_record_of_json_that_is_wrong_costs_no_other() -> None:
    """A field of a wrong type is the fault of its record; null is the same as absent, and a name stands for its number."""
    records = [
        {"body": {"stringValue": "one"}, "severityText": None, "severityNumber": "SEVERITY_NUMBER_WARN2"},
        {"body": {"stringValue": 5}},
        {"timeUnixNano": "17959634511960038400", "body": {"intValue": "5"}, "attributes": [{"key": "n", "value": {}}]},
    ]
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()
    one, two, three = document.read(body, document.LOGS)
    assert (one["level"], one["message"]) == ("warn", "one")
    assert isinstance(two, Refused)
    assert "stringValue" in two.problem.message
    assert (three["message"], three["metadata"]) == ("5", {"n": None, "body": 5})


@pytest.mark.parametrize(
    "body", [b"\x0a\xff\xff\xff\xff", b"\x0a\x05ab", b"\xff" * 20, b'{"resourceLogs":[]}', b"\x0b"]
)
def test_what_is_no_protobuf_is_refused(body: bytes) -> None:
    """Nothing in it can be read."""
    with pytest.raises(InvalidRecord, match="is not a"):
        packed.read(body, packed.log_records())


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"resourceLogs":7}', b'{"resourceLogs":[{"scopeLogs":[3]}]}'])
def test_what_is_no_json_of_otlp_is_refused(body: bytes) -> None:
    """Nothing in it can be read."""
    with pytest.raises(InvalidRecord):
        document.read(body, document.LOGS)


_texts = st.text(st.sampled_from("aB0 \0\n\x1bé漢😀{}"), max_size=40) | st.just("x" * 300)
_scalars = _texts | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats() | st.binary(max_size=5)
_values = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2))
_attributes = st.dictionaries(_texts | st.sampled_from(("scope", "resource", "commit")), _values, max_size=4)
_usual = st.dictionaries(st.sampled_from(("http.method", "order", "scope")), st.just("GET") | st.integers(1, 99))
_records = st.fixed_dictionaries(
    {"body": st.just("it failed") | _values, "attributes": _usual | _attributes},
    optional={
        "time_unix_nano": st.just(1_795_963_451_196_003_841) | st.integers(0, 2**64 - 1),
        "observed_time_unix_nano": st.just(1_795_963_451_196_003_842) | st.integers(0, 2**64 - 1),
        "severity_number": st.integers(0, 24),
        "severity_text": st.sampled_from(("ERROR", "Information", "odd", "\0")) | _texts,
        "trace_id": st.sampled_from((TRACE, bytes(16))) | st.binary(max_size=130),
        "span_id": st.sampled_from((SPAN, bytes(8))) | st.binary(max_size=130),
        "flags": st.integers(0, 1),
        "dropped_attributes_count": st.integers(0, 2),
        "event_name": st.sampled_from(("", "payment", "a\0")),
    },
)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(_records, min_size=1, max_size=4), _usual | _attributes, st.sampled_from((40, 1_000, 65_536)))
def test_a_log_that_is_taken_at_once_is_the_same(
    records: list[dict[str, Any]], resource: dict[str, Any], most: int
) -> None:
    """Whatever a record holds, and whatever is too large: as if each part of it had been sent in our own form."""
    limits = Limits(message=most, metadata=most, retention_ms=10**12, log=None if most > 1_000 else most + 10_000)
    found = packed.read(request(*records, resource=resource).SerializeToString(), packed.log_records())
    at_once, slowly = read_items(found, limits, 5), read_items([sent(one) for one in found], limits, 5)
    assert repr(at_once.logs) == repr(slowly.logs)  # as text, for NaN
    assert (at_once.places, at_once.refused) == (slowly.places, slowly.refused)


def test_usual_records_are_taken_at_once() -> None:
    """What exporters send, with and without flags, an event and a level's text that is not the usual."""
    usual = {"body": "it failed", "time_unix_nano": 1_795_963_451_196_003_841, "attributes": {"order": 7}}
    more = (
        {"severity_number": 9},
        {"severity_text": "Information"},
        {"severity_number": 17, "flags": 1, "event_name": "e"},
    )
    made = request(*({**usual, **one} for one in more))
    found = packed.read(made.SerializeToString(), packed.log_records())
    assert [type(one) for one in found] == [Ready] * len(more)
    assert len(both(made)) == len(more)


@settings(max_examples=examples(200), deadline=None)
@given(st.data())
def test_broken_requests_raise_nothing_else(data: st.DataObject) -> None:
    """Bytes cut, changed or added are refused or read; nothing else is raised."""
    sent = bytearray(
        request({"body": {"a": [1, "b"]}, "attributes": {"k": "v"}, "trace_id": TRACE}).SerializeToString()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(sent) - 1))
        sent[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    with suppress(LogIngestorError):
        packed.read(bytes(sent), packed.log_records())


def test_a_resource_of_json_that_is_wrong_costs_no_record() -> None:
    """Also where it holds what is no text, or a number that is none."""
    for attributes in ("x", ["\ud800"], [{"key": 7}], [{"key": "a", "value": {"doubleValue": "x"}}]):
        record = {"body": {"stringValue": "x"}}
        sent = {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}]}
        (log,) = document.read(json.dumps(sent).encode(), document.LOGS)
        assert log["message"] == "x"


def test_times_that_numbers_alone_do_not_tell() -> None:
    """A count of nanoseconds from the first years after 1970 would be taken for microseconds."""
    assert logs.timestamp(1_000_000_001) == "1970-01-01T00:00:01.000000001Z"
