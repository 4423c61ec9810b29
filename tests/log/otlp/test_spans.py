"""Spans of OTLP as logs: both encodings give the same, and what a trace's page asks for lies where it looks."""

from __future__ import annotations

import json

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.log.otlp import document, packed
from tests.log.otlp.test_records import any_value

TRACE = bytes(range(16))
START = 1_795_963_451_196_000_000


def traced(*names: str, trace: bytes = TRACE, start: int = START) -> ExportTraceServiceRequest:
    """Return a request with spans, each within the one before it and 10 ms later; the last one failed."""
    made = ExportTraceServiceRequest()
    outer = made.resource_spans.add()
    outer.resource.attributes.add(key="service.name", value=any_value("shop"))
    scope = outer.scope_spans.add()
    scope.scope.name = "shop.pay"
    for place, name in enumerate(names, 1):
        one = scope.spans.add(name=name, trace_id=trace, span_id=place.to_bytes(8, "big"), kind=2)
        one.parent_span_id = (place - 1).to_bytes(8, "big") if place > 1 else b""
        one.start_time_unix_nano = start + place * 10_000_000
        one.end_time_unix_nano = start + 200_500_000 - place * 10_000_000
        one.attributes.add(key="http.route", value=any_value("/pay"))
        one.attributes.add(key="kind", value=any_value("mine"))
    one.status.code, one.status.message = 2, "refused"
    happened = one.events.add(name="exception", time_unix_nano=start + 5)
    happened.attributes.add(key="exception.type", value=any_value("ValueError"))
    one.links.add(trace_id=bytes([7] * 16), span_id=bytes([7] * 8))
    return made


def test_a_span_is_a_log_of_its_start() -> None:
    """Name, start, end, duration, parent, kind, status, events and links; an attribute of a taken name is kept beneath."""
    made = traced("GET /pay", "charge")
    first, second = packed.read(made.SerializeToString(), packed.span_records())
    assert (first["message"], first["level"], first["timestamp"]) == ("GET /pay", "info", START + 10_000_000)
    assert (first["traceId"], first["spanId"], first["resourceId"]) == (TRACE.hex(), "0" * 15 + "1", "shop")
    assert "parentSpanId" not in first["metadata"]
    assert second["level"] == "error"
    assert second["metadata"] == {
        "kind": "span",
        "spanKind": "server",
        "parentSpanId": "0" * 15 + "1",
        "startTime": "2026-11-29T14:44:11.216Z",
        "endTime": "2026-11-29T14:44:11.376500Z",
        "durationMs": 160.5,
        "status": {"code": "error", "message": "refused"},
        "events": [
            {
                "name": "exception",
                "time": "2026-11-29T14:44:11.196000005Z",
                "attributes": {"exception.type": "ValueError"},
            }
        ],
        "links": [{"traceId": "07" * 16, "spanId": "07" * 8}],
        "resource": {"service.name": "shop"},
        "scope": {"name": "shop.pay"},
        "http.route": "/pay",
        "attributes": {"kind": "mine"},
    }
    assert next(iter(second["metadata"])) == "kind"


def test_json_gives_the_same() -> None:
    """With ids in hexadecimal, and enumerations as numbers or by their names."""
    made = traced("GET /pay", "charge")
    wanted = packed.read(made.SerializeToString(), packed.span_records())
    for numbers in (True, False):
        sent = MessageToDict(made, use_integers_for_enums=numbers)
        for place, span in enumerate(sent["resourceSpans"][0]["scopeSpans"][0]["spans"]):
            one = made.resource_spans[0].scope_spans[0].spans[place]
            span |= {
                "traceId": one.trace_id.hex(),
                "spanId": one.span_id.hex(),
                "parentSpanId": one.parent_span_id.hex(),
                "links": [{"traceId": link.trace_id.hex(), "spanId": link.span_id.hex()} for link in one.links],
            }
        assert document.read(json.dumps(sent).encode(), document.SPANS) == wanted


def test_times_beyond_all_years_are_refused() -> None:
    """Of a log and of a span, before and after: the others are read."""
    for number in ("9" * 30, "-" + "9" * 30, "9" * 5_000, "-1"):
        records = [{"timeUnixNano": number, "body": {"stringValue": "x"}}, {"body": {"stringValue": "y"}}]
        sent = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
        assert document.read(json.dumps(sent).encode(), document.LOGS)[1]["message"] == "y"
        spans = [{"startTimeUnixNano": number, "endTimeUnixNano": number, "name": "x"}, {"name": "y"}]
        sent = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
        assert document.read(json.dumps(sent).encode(), document.SPANS)[1]["message"] == "y"


def test_a_span_without_times_is_one_all_the_same() -> None:
    """Nothing is told of what is not known; an end before its start gives no duration."""
    made = traced("x", start=0)
    span = made.resource_spans[0].scope_spans[0].spans[0]
    span.start_time_unix_nano, span.end_time_unix_nano, span.status.code = 5, 3, 0
    (log,) = packed.read(made.SerializeToString(), packed.span_records())
    assert "durationMs" not in log["metadata"]
    span.start_time_unix_nano = span.end_time_unix_nano = 0
    (log,) = packed.read(made.SerializeToString(), packed.span_records())
    assert (log["timestamp"], log["level"], log["metadata"].get("startTime")) == (None, "info", None)
