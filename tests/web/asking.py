"""What tests of the routes that find share."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from app.log.record import LogRecord
from tests.conftest import MakeRecord

NOTHING_PENDING = {"pending": 0, "pending_is": "exact", "lag_ms": 0}
#: The log of the first README, which must be found as it was sent.
ORIGINAL = {
    "level": "error",
    "message": "Failed to connect to DB",
    "resourceId": "server-1234",
    "timestamp": "2023-09-15T08:00:00Z",
    "traceId": "abc-xyz-123",
    "spanId": "span-456",
    "commit": "5e5342f",
    "metadata": {"parentResourceId": "server-0987"},
}


def original(make_record: MakeRecord) -> LogRecord:
    """Return the record of ORIGINAL."""
    return make_record(
        level="error",
        message="Failed to connect to DB",
        resource_id="server-1234",
        trace_id="abc-xyz-123",
        span_id="span-456",
        commit="5e5342f",
        metadata={"parentResourceId": "server-0987"},
    )


def get(client: FlaskClient, url: str) -> dict[str, Any]:
    """Return the JSON of a 200."""
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def problems(client: FlaskClient, url: str, body: Any = None, status: int = 400) -> list[dict[str, Any]]:
    """Return the errors of an answer that refuses."""
    answer = client.get(url) if body is None else client.post(url, data=body, content_type="application/json")
    assert answer.status_code == status, answer.text
    assert answer.json["status"] is False
    assert answer.json["message"]
    found: list[dict[str, Any]] = answer.json["errors"]
    return found


def numbers(found: dict[str, Any]) -> list[int]:
    """Return `metadata.n` of the results."""
    return [log["metadata"]["n"] for log in found["results"]]
