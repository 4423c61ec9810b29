"""What the logs of a request have in common is counted for each of them: a few kilobytes become no gigabytes in memory."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cramjam
import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.limits import VALUES
from app.settings.settings import Settings
from app.web import create_app
from tests.prepared import prepare
from tests.web.doors.table import packed

JSON = {"Content-Type": "application/json"}
PACKED = {"Content-Type": "application/x-protobuf"}
#: Bytes that what logs have in common may become here; how many of COMMON are just within it, and how many beyond.
ROOM, COMMON, FEW, MANY = 200_000, "x" * 1_000, 150, 300
#: Logs that a request may have where they are counted.
MOST = 1_000


def _attribute(text: str) -> bytes:
    return packed(1, packed(1, b"a") + packed(2, packed(1, text.encode())))


def _loki(text: str, count: int) -> bytes:
    return json.dumps({"streams": [{"stream": {"a": text}, "values": [["1", "x"]] * count}]}).encode()


def _loki_packed(text: str, count: int) -> bytes:
    labels = packed(1, b'{a="' + text.encode() + b'"}')
    return bytes(cramjam.snappy.compress_raw(packed(1, labels + packed(2, packed(2, b"x")) * count)))


def _otlp(text: str, count: int) -> bytes:
    resource = {"attributes": [{"key": "a", "value": {"stringValue": text}}]}
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}] * count}]}]}).encode()  # fmt: skip


def _otlp_packed(text: str, count: int) -> bytes:
    return packed(1, packed(1, _attribute(text)) + packed(2, packed(2, b"*\x03\n\x01x") * count))


def _otlp_broken(text: str, count: int) -> bytes:
    """Return the same with a text that is not UTF-8, for which each record is read alone."""
    return packed(1, packed(1, _attribute(text)) + packed(2, packed(2, b"*\x03\n\x01x") * count + packed(2, b"*\x03\n\x01\xff")))  # fmt: skip


def _subscription(text: str, count: int) -> bytes:
    sent = {"messageType": "DATA_MESSAGE", "owner": text, "logEvents": [{"message": "x"}] * count}
    record = base64.b64encode(gzip.compress(json.dumps(sent).encode())).decode()
    return json.dumps({"requestId": "r", "timestamp": 1, "records": [{"data": record}]}).encode()


def _records(_: str, count: int) -> bytes:
    return json.dumps({"requestId": "r", "timestamp": 1, "records": [{"data": base64.b64encode(b"x\n" * count).decode()}]}).encode()  # fmt: skip


def _wrapped(text: str, count: int) -> bytes:
    """Return events of CloudWatch Logs as they come by themselves, with their stream's name beside them."""
    events = [{"id": "1", "timestamp": 1_700_000_000_000, "message": "x"}] * count
    return json.dumps(
        {"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": text, "owner": "o", "logEvents": events}
    ).encode()


def _inner(text: str, count: int) -> bytes:
    """Return an object whose message holds others, one a line."""
    return json.dumps({"message": '{"message":"x","level":"info"}\n' * count, "container": text}).encode()


#: Path, headers, from what is in common and a count to the body, and what the refusal holds.
DOORS: dict[str, tuple[str, dict[str, str], Callable[[str, int], bytes], bytes]] = {
    "loki": ("/loki/api/v1/push", JSON, _loki, b"in common"),
    "loki packed": ("/loki/api/v1/push", PACKED, _loki_packed, b"in common"),
    "otlp": ("/v1/logs", JSON, _otlp, b'{"message":"'),
    "otlp packed": ("/v1/logs", PACKED, _otlp_packed, b"\x12"),
    "otlp broken": ("/v1/logs", PACKED, _otlp_broken, b"\x12"),
    "elastic": (f"/{COMMON}/_bulk", {}, lambda _, n: b'{"create":{}}\n{"message":"x"}\n' * n, b'"status":413'),
    "datadog": (f"/api/v2/logs?ddsource={COMMON}", JSON, lambda _, n: json.dumps([{"message": "x"}] * n).encode(), b'"status":"413"'),
    "hec raw": (f"/services/collector/raw?source={COMMON}", {}, lambda _, n: b"x\n" * n, b'"code":27'),
    "firehose": ("/drains/firehose", {"X-Amz-Firehose-Common-Attributes": json.dumps({"commonAttributes": {"a": COMMON}})}, _records, b"in common"),
    "cloudwatch": ("/drains/firehose", {}, _subscription, b"in common"),
    "wrapped": ("/logs/ingest/", JSON, _wrapped, b"in common"),
    "inner": ("/logs/ingest/", JSON, _inner, b"in common"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOORS)
def test_what_is_in_common_counts_for_each(
    client: FlaskClient, backends: Backends, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Within its bounds every log has it; beyond them the request is 413, in the door's own words, and nothing of it is kept."""
    monkeypatch.setattr("app.log.limits.SHARED_BYTES", ROOM)
    path, headers, body, words = DOORS[name]
    answer = client.post(path, data=body(COMMON, FEW), headers=headers)
    assert answer.status_code < 300, answer.text
    logs = backends.queue.depth().logs
    assert logs in (FEW, FEW + 1)
    answer = client.post(path, data=body(COMMON, MANY), headers=headers)
    assert (answer.status_code, words in answer.data) == (413, True), answer.text
    assert backends.queue.depth().logs == logs


def test_a_stream_of_one_entry_has_nothing_in_common(
    client: FlaskClient, backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some clients send each entry with labels of its own."""
    monkeypatch.setattr("app.log.limits.SHARED_BYTES", ROOM)
    streams = [{"stream": {"a": f"{n}{COMMON}"}, "values": [["1", "x"]]} for n in range(MANY)]
    assert client.post("/loki/api/v1/push", json={"streams": streams}).status_code == 204
    assert backends.queue.depth().logs == MANY


#: Path, headers and an item of bodies that hold as many values as a request may, each a log of its own that is refused or hardly there.
LINES: dict[str, tuple[str, dict[str, str], Callable[[int], bytes]]] = {
    "cloudflare": ("/drains/cloudflare", {}, lambda n: b"x\n" * n),
    "clef": ("/ingest/clef", {}, lambda n: b"{}\n" * (n // 2)),
    "clef events": ("/api/events/raw", {}, lambda n: b'{"Events":[' + b",".join([b"1"] * (n - 9)) + b"]}"),
    "gelf": ("/gelf", {}, lambda n: b"1\n" * n),
    "datadog": ("/api/v2/logs", {"Content-Type": "text/plain"}, lambda n: b"x\n" * n),
    "hec raw": ("/services/collector/raw", {}, lambda n: b"x\n" * n),
    "elastic": ("/_bulk", {}, lambda n: b'{"create":{}}\n{}\n' * (n // 5)),
    "loki": ("/loki/api/v1/push", JSON, lambda n: b'{"streams":[' + b",".join([b"1"] * (n - 9)) + b"]}"),
    "otlp": ("/v1/logs", JSON, lambda n: b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + b",".join([b"{}"] * (n // 2 - 9)) + b"]}]}]}"),
    "acks": ("/services/collector/ack?channel=c", {}, lambda n: b'{"acks":[' + b",".join(b"%d" % one for one in range(n - 9)) + b"]}"),
    "firehose": ("/drains/firehose", {}, lambda n: json.dumps({"requestId": "r", "timestamp": 1, "records": [{"data": base64.b64encode(b"x\n" * (n // 25)).decode()}] * 100}).encode()),
}  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of a server that takes MOST logs in a request."""
    given = {
        "DATA_DIR": str(tmp_path / "small"),
        "MIN_FREE_DISK": "1 MiB",
        "REQUEST_LOGS": str(MOST),
        "BODY_LIMIT": "1 MiB",
    }
    settings = Settings.from_env({f"LOGINGESTOR_{name}": value for name, value in given.items()})
    prepare(settings)
    app = create_app(settings)
    yield app.test_client()
    app.extensions["logingestor"].close()


@pytest.mark.parametrize("name", LINES)
def test_logs_are_counted_before_they_are_made(small: FlaskClient, name: str) -> None:
    """A request may hold VALUES values for each log that it may have; as logs these would take ten times that memory."""
    path, headers, body = LINES[name]
    small.post(path, data=body(100), headers=headers)  # loads what the door needs
    sent = body(VALUES * MOST)
    tracemalloc.start()
    try:
        answer: Any = small.post(path, data=sent, headers=headers)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 413, answer.text[:200]
    # The values as they are decoded; as logs they take more than 400 bytes each.
    assert peak < 200 * VALUES * MOST, f"{peak / VALUES / MOST:.0f} bytes a value"


def test_lines_end_with_line_feeds_alone(client: FlaskClient, backends: Backends) -> None:
    """A form feed, or Unicode's line separator, stands within a log."""
    text = "page one\x0cpage two\u2028and three\x85four"
    client.post("/api/v2/logs", data=f"{text}\r\nnext\n".encode(), content_type="text/plain")
    data = base64.b64encode(f"{text}\r\nnext\n".encode()).decode()
    client.post("/drains/firehose", json={"requestId": "r", "timestamp": 1, "records": [{"data": data}]})
    client.post(f"/services/collector/raw?source={quote('a b')}", data=f"{text}\r\nnext\n".encode())
    assert [record.message for record in backends.queue.take(10, 0).records] == [text, "next"] * 3
