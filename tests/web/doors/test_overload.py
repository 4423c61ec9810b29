"""A full queue, in the words of each door: a client that keeps its batch is asked to send it again within five seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.settings.settings import Settings
from app.web import create_app
from tests.log.otlp.test_records import as_json, request
from tests.log.otlp.test_spans import traced
from tests.prepared import prepare

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
LOGS, SPANS = request({"body": "x"}), traced("x")
DELIVERY = {"requestId": "r-1", "timestamp": 1, "records": [{"data": "eA=="}]}
#: Path, body, headers of each, and what its refusal holds.
ASKED: tuple[tuple[str, bytes, dict[str, str], bytes], ...] = (
    ("/v1/logs", LOGS.SerializeToString(), PROTOBUF, b"\x12"),
    ("/v1/logs", as_json(LOGS), JSON, b'{"message":"'),
    ("/v1/traces", SPANS.SerializeToString(), PROTOBUF, b"\x12"),
    ("/services/collector/event", b'{"event":"x"}', {}, b'{"text":"Server is busy","code":9'),
    ("/services/collector/raw", b"x", {"X-Splunk-Request-Channel": "c"}, b'"code":9'),
    ("/api/v2/logs", b'[{"message":"x"}]', JSON, b'"status":"503"'),
    ("/drains/heroku", b"43 <40>1 2012-11-30T06:45:29Z host app web - x", {}, b""),
    ("/drains/vercel", b'[{"message":"x"}]', JSON, b""),
    ("/drains/cloudflare", b'{"RayID":"x"}', {}, b""),
    ("/drains/firehose", json.dumps(DELIVERY).encode(), {"X-Amz-Firehose-Request-Id": "r-1"}, b'"requestId":"r-1"'),
)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of a server whose queue has no room."""
    settings = Settings.from_env(
        {
            "LOGINGESTOR_DATA_DIR": str(tmp_path / "full"),
            "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
            "LOGINGESTOR_QUEUE_LIMIT": "1",
        }
    )
    prepare(settings)
    app = create_app(settings)
    client = app.test_client()
    client.post("/logs/ingest/", json={"message": "the first"})
    yield client
    app.extensions["logingestor"].close()


@pytest.mark.parametrize(
    ("path", "body", "headers", "held"), ASKED, ids=[f"{one[0]}-{n}" for n, one in enumerate(ASKED)]
)
def test_a_full_queue_is_503(full: FlaskClient, path: str, body: bytes, headers: dict[str, str], held: bytes) -> None:
    """Never 500, which OpenTelemetry's exporters take for final; from ten seconds on some of them drop the batch."""
    answer: Any = full.post(path, data=body, headers=headers)
    assert answer.status_code == 503
    assert 0 < int(answer.headers["Retry-After"]) <= 5
    assert held in answer.data


def test_health_of_hec_says_so(full: FlaskClient) -> None:
    """Vector asks before it sends."""
    answer: Any = full.get("/services/collector/health")
    assert (answer.status_code, answer.json["code"]) == (503, 18)
