"""The door of GELF over HTTP: exactly 202, whatever the body is compressed by and says of it."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.record import SEVERITY

MESSAGE = {
    "version": "1.1",
    "host": "server-1",
    "short_message": "card refused",
    "full_message": "Traceback",
    "timestamp": 1700000000.123,
    "level": 3,
    "_order": 17,
}
SENT = json.dumps(MESSAGE).encode()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (SENT, None),
        (SENT + b"\0", None),
        (gzip.compress(SENT, mtime=0), "gzip"),
        (gzip.compress(SENT, mtime=0), None),
        (zlib.compress(SENT), "gzip,deflate"),
        (zlib.compress(SENT), "deflate"),
    ],
)
def test_a_message_is_taken(client: FlaskClient, backends: Backends, body: bytes, encoding: str | None) -> None:
    """By its first bytes; graypy and pygelf name an encoding that it does not have."""
    answer = client.post("/gelf", data=body, headers={"Content-Encoding": encoding} if encoding else {})
    assert (answer.status_code, answer.data) == (202, b"")
    [record] = backends.queue.take(10, 0).records
    assert (SEVERITY[record.level], record.message) == (SEVERITY["error"], "card refused")
    assert record.resource_id == "server-1"
    assert record.timestamp == "2023-11-14T22:13:20.123Z"
    assert record.metadata["full_message"] == "Traceback"


@pytest.mark.parametrize("body", [SENT + b"\n" + SENT + b"\n{broken", json.dumps([MESSAGE, MESSAGE, 1]).encode()])
def test_several_are_taken_and_a_bad_one_costs_no_other(client: FlaskClient, backends: Backends, body: bytes) -> None:
    """One a line, or an array."""
    assert client.post("/gelf", data=body).status_code == 202
    batch = backends.queue.take(10, 0)
    assert (len(batch.records), len(batch.dead)) == (2, 1)


@pytest.mark.parametrize("body", [b"", b"<html>", gzip.compress(SENT, mtime=0)[:20], b"\x78\x9cbroken"])
def test_what_is_no_message_is_refused(client: FlaskClient, body: bytes) -> None:
    """With the reason, and kept as a dead letter."""
    assert client.post("/gelf", data=body).status_code == 400
