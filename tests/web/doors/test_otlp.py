"""The door of OTLP: encodings, exact answers, what is rejected, what exporters must not repeat."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from app.backends import Backends
from app.web.doors.taking import RECEIPT
from tests.log.otlp.test_records import as_json, request

PROTOBUF = "application/x-protobuf"


def taken(backends: Backends) -> list[Any]:
    """Return the logs that wait in the queue."""
    return backends.queue.take(1_000, 0).records


@pytest.mark.parametrize("encoded", [False, True])
def test_protobuf_is_taken(client: FlaskClient, backends: Backends, encoded: bool) -> None:
    """The answer of full success is an empty message of the same type, with the receipt in a header."""
    sent = request({"body": "one"}, {"body": "two", "severity_number": 13}).SerializeToString()
    headers = {"Content-Encoding": "gzip"} if encoded else {}
    answer = client.post(
        "/v1/logs", data=gzip.compress(sent) if encoded else sent, content_type=PROTOBUF, headers=headers
    )
    assert (answer.status_code, answer.data, answer.content_type) == (200, b"", PROTOBUF)
    assert client.get(f"/receipts/{answer.headers[RECEIPT]}").json["accepted"] == 2  # type: ignore[index]
    assert [(log.message, log.level, log.resource_id) for log in taken(backends)] == [
        ("one", "info", "shop"),
        ("two", "warn", "shop"),
    ]


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_json_is_taken(client: FlaskClient, backends: Backends, content_type: str) -> None:
    """The answer of full success is an empty object."""
    answer = client.post("/v1/logs/", data=as_json(request({"body": "one"})), content_type=content_type)
    assert (answer.status_code, answer.data, answer.content_type) == (200, b"{}", "application/json")
    assert [log.message for log in taken(backends)] == ["one"]


def test_a_body_tells_its_encoding_where_its_type_does_not(client: FlaskClient, backends: Backends) -> None:
    """A proxy may drop the type."""
    made = request({"body": "one"})
    for body in (made.SerializeToString(), as_json(made)):
        assert client.post("/v1/logs", data=body).status_code == 200
    assert len(taken(backends)) == 2


def test_nothing_is_taken_for_an_empty_request(client: FlaskClient) -> None:
    """Exporters probe with one."""
    assert client.post("/v1/logs", data=b"", content_type=PROTOBUF).status_code == 200
    assert client.post("/v1/logs", data=b"{}", content_type="application/json").status_code == 200


def test_what_is_rejected_is_told_and_kept(client: FlaskClient, backends: Backends) -> None:
    """Five of 100 are too large: the others are taken, the five are dead letters, and the answer counts them."""
    made = request(
        *({"body": f"n {n}", "attributes": {"a": "x" * (300_000 if n % 20 == 7 else 1)}} for n in range(100))
    )
    answer = client.post("/v1/logs", data=made.SerializeToString(), content_type=PROTOBUF)
    found = ExportLogsServiceResponse.FromString(answer.data)
    assert (answer.status_code, found.partial_success.rejected_log_records) == (200, 5)
    assert "log 7" in found.partial_success.error_message
    answer = client.post("/v1/logs", data=as_json(made), content_type="application/json")
    assert json.loads(answer.data)["partialSuccess"]["rejectedLogRecords"] == "5"
    batch = backends.queue.take(1_000, 0)
    assert (len(batch.records), len(batch.dead)) == (190, 10)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"\xff\xff\xff", PROTOBUF), (b"{", "application/json"), (b"{}", "application/x-protobuf")],
)
def test_a_body_that_is_no_request_is_final(
    client: FlaskClient, backends: Backends, body: bytes, content_type: str
) -> None:
    """400 is not repeated; the body's beginning is a dead letter, the reason a google.rpc.Status."""
    answer = client.post("/v1/logs", data=body, content_type=content_type)
    assert (answer.status_code, answer.content_type) == (400, content_type)
    assert b"is not " in answer.data
    assert len(backends.queue.take(10, 0).dead) == 1


def test_metrics_are_refused_for_good(client: FlaskClient) -> None:
    """501 is no status that an exporter repeats."""
    answer = client.post("/v1/metrics", data=b"", content_type=PROTOBUF)
    assert (answer.status_code, answer.content_type) == (501, PROTOBUF)
    assert client.get("/v1/logs").status_code == 405


def test_lines_that_a_collector_read_from_files_are_read(client: FlaskClient, backends: Backends) -> None:
    """Without severity and time they are lines of a file; an exporter's own severity leaves its body alone."""
    line = '{"level":"error","msg":"it failed","time":"2023-09-15T08:00:00Z","order":7}'
    lines = [line, "2023-09-15 08:00:00,123 WARNING shop: late", "plain"]
    records = [{"body": text} for text in lines]
    made = request(*records, {"body": line, "severity_number": 9})
    client.post("/v1/logs", data=made.SerializeToString(), content_type=PROTOBUF)
    one, two, three, four = taken(backends)
    assert (one.level, one.message, one.timestamp) == ("error", "it failed", "2023-09-15T08:00:00Z")
    assert one.metadata["order"] == 7
    assert one.metadata["resource"] == {"service.name": "shop"}
    assert (two.level, two.timestamp) == ("WARNING", "2023-09-15T08:00:00.123Z")
    assert (three.level, three.message) == ("info", "plain")
    assert (four.level, four.message) == ("info", line)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([PROTOBUF, "application/json", ""]))
def test_no_body_is_answered_500(client: FlaskClient, body: bytes, content_type: str) -> None:
    """Whatever is sent is taken or refused."""
    assert client.post("/v1/logs", data=body, content_type=content_type).status_code in (200, 400)
