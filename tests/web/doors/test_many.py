"""The number of logs in a request is bounded at every door: a small packed body can't become millions of logs in memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cramjam
import pytest
from flask.testing import FlaskClient

from app.backends import Backends, connect
from app.log.limits import VALUES
from app.settings.settings import Settings
from app.web import create_app
from tests.prepared import prepare
from tests.web.doors.table import packed

MOST = 500
GZIP = {"Content-Encoding": "gzip"}
PACKED = {"Content-Type": "application/x-protobuf"}


def _entries(count: int) -> bytes:
    return packed(1, packed(1, b'{a="b"}') + packed(2, packed(2, b"x")) * count)


def _bulk(count: int) -> bytes:
    return b'{"create":{}}\n{"message":"x"}\n' * count


def _firehose(count: int) -> bytes:
    return json.dumps({"requestId": "r", "timestamp": 1, "records": [{"data": "eA=="}] * count}).encode()


#: Path, headers, the body of so many logs, and what the refusal holds.
DOORS: dict[str, tuple[str, dict[str, str], Callable[[int], bytes], bytes]] = {
    "array": ("/logs/ingest/", GZIP, lambda n: gzip.compress(json.dumps([{"message": "x"}] * n).encode()), b'"errors"'),
    "wrapped": ("/logs/ingest/", GZIP, lambda n: gzip.compress(json.dumps({"logs": [{"message": "x"}] * n}).encode()), b'"errors"'),
    "numbers": ("/logs/ingest/", GZIP, lambda n: gzip.compress(b'[{"message":"x"}' + b",1" * (n - 1) + b"]"), b'"errors"'),
    "lines": ("/logs/ingest/", {**GZIP, "Content-Type": "application/x-ndjson"}, lambda n: gzip.compress(b'{"message":"x"}\n' * n), b'"errors"'),
    "loki": ("/loki/api/v1/push", {**GZIP, "Content-Type": "application/json"}, lambda n: gzip.compress(json.dumps({"streams": [{"stream": {}, "values": [["1", "x"]] * n}]}).encode()), b"send fewer"),
    "loki packed": ("/loki/api/v1/push", PACKED, lambda n: bytes(cramjam.snappy.compress_raw(_entries(n))), b"send fewer"),
    "otlp": ("/v1/logs", {**GZIP, "Content-Type": "application/json"}, lambda n: gzip.compress(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}] * n}]}]}).encode()), b'{"message":"'),
    "otlp packed": ("/v1/logs", {**GZIP, **PACKED}, lambda n: gzip.compress(packed(1, packed(2, packed(2, b"*\x03\n\x01x") * n))), b"\x12"),
    "elastic": ("/_bulk", GZIP, lambda n: gzip.compress(_bulk(n)), b'"status":413'),
    "hec": ("/services/collector/event", GZIP, lambda n: gzip.compress(b'{"event":"x"}' * n), b'"code":27'),
    "hec raw": ("/services/collector/raw?channel=c", GZIP, lambda n: gzip.compress(b"x\n" * n), b'"code":27'),
    "clef": ("/ingest/clef", GZIP, lambda n: gzip.compress(b'{"@m":"x"}\n' * n), b'"Error"'),
    "gelf": ("/gelf", GZIP, lambda n: gzip.compress(b'{"short_message":"x"}\n' * n), b"send fewer"),
    "datadog": ("/api/v2/logs", {**GZIP, "Content-Type": "application/json"}, lambda n: gzip.compress(json.dumps([{"message": "x"}] * n).encode()), b'"status":"413"'),
    "heroku": ("/drains/heroku", GZIP, lambda n: gzip.compress(b"43 <40>1 2012-11-30T06:45:29Z host app web - x" * n), b"send fewer"),
    "vercel": ("/drains/vercel", {**GZIP, "Content-Type": "application/json"}, lambda n: gzip.compress(json.dumps([{"message": "x"}] * n).encode()), b"send fewer"),
    "cloudflare": ("/drains/cloudflare", GZIP, lambda n: gzip.compress(b'{"RayID":"x"}\n' * n), b"send fewer"),
    "firehose": ("/drains/firehose", GZIP, lambda n: gzip.compress(_firehose(n)), b'"requestId"'),
}  # fmt: skip


@pytest.fixture
def few(tmp_path: Path) -> Iterator[tuple[FlaskClient, Backends]]:
    """A client of a server that takes MOST logs in a request, and its backends."""
    given = {"DATA_DIR": str(tmp_path / "few"), "MIN_FREE_DISK": "1 MiB", "REQUEST_LOGS": str(MOST)}
    settings = Settings.from_env({f"LOGINGESTOR_{name}": value for name, value in given.items()})
    prepare(settings)
    app, held = create_app(settings), connect(settings)
    yield app.test_client(), held
    app.extensions["logingestor"].close()
    held.close()


@pytest.mark.parametrize("name", DOORS)
def test_too_many_logs_are_refused(few: tuple[FlaskClient, Backends], name: str) -> None:
    """As many as may be are taken, one more is 413 in the door's own words, and nothing of it is kept."""
    client, held = few
    path, headers, body, words = DOORS[name]
    answer = client.post(path, data=body(MOST), headers=headers)
    assert answer.status_code < 300, answer.text
    assert held.queue.depth().logs == (1 if name == "numbers" else MOST)
    answer = client.post(path, data=body(MOST + 1), headers=headers)
    assert (answer.status_code, words in answer.data) == (413, True), answer.text
    assert held.queue.depth().logs == (1 if name == "numbers" else MOST)


@pytest.mark.parametrize("name", DOORS)
def test_memory_stays_flat(few: tuple[FlaskClient, Backends], name: str) -> None:
    """Of a hundred thousand logs in a few kilobytes hardly more is in memory than their text, which the limits allow."""
    client, held = few
    path, headers, body, words = DOORS[name]
    sent = body(200 * MOST)
    client.post(path, data=body(1), headers=headers)  # loads what the door needs
    waits = held.queue.depth().logs
    tracemalloc.start()
    try:
        answer = client.post(path, data=sent, headers=headers)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status_code, words in answer.data) == (413, True)
    assert held.queue.depth().logs == waits
    # The text, and its copies: whole, as text, as lines. A log decoded takes ten times its text.
    assert peak < 40 << 20, f"{peak >> 20} MiB"


def test_what_is_too_large_is_seen_at_its_source(few: tuple[FlaskClient, Backends]) -> None:
    """Nobody looks for what is kept nowhere."""
    client, held = few
    path, headers, body, _ = DOORS["loki"]
    client.post(path, data=body(MOST + 1), headers={**headers, "User-Agent": "shipper/1"})
    client.application.extensions["logingestor"].visits().report()
    (source,) = held.record.figures.sources(10).sources
    assert (source.agent, source.refused, source.logs) == ("shipper/1", 1, 0)
    assert source.refusal is not None and "413" in source.refusal.reason


def test_lines_of_a_long_message_are_no_logs(few: tuple[FlaskClient, Backends]) -> None:
    """What is counted before it is decoded may hold VALUES for each log that is allowed."""
    client, _ = few
    text = "a, b\n" * (VALUES * MOST // 3)
    answer: Any = client.post("/logs/ingest/", json=[{"message": text}])
    assert answer.status_code == 202
    answer = client.post("/logs/ingest/", json=[{"message": text * 4}])
    assert answer.status_code == 413
    assert f"more than {VALUES * MOST:,} values or lines" in answer.json["message"]
