"""What all doors share: which request is a repeat of another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from app.backends import Backends
from app.web.server.environ import GONE, SENT
from tests.carrying import make_system

NAMES = st.sampled_from(
    [
        "message",
        "@t",
        "@mt",
        "@l",
        "@r",
        "Events",
        "Properties",
        "MessageTemplate",
        "short_message",
        "level",
        "timestamp",
        "streams",
        "stream",
        "values",
        "labels",
        "index",
        "create",
        "_id",
        "log",
        "metadata",
        "id",
        "host",
    ]
)
ROUTES = ("/ingest/clef", "/api/events/raw", "/gelf", "/loki/api/v1/push", "/_bulk", "/app/_doc")
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.binary(max_size=80) | st.lists(JSON, max_size=3).map(
    lambda values: b"\n".join(json.dumps(value).encode() for value in values)
)
FINE = ["2023-09-15T08:00:00.123456Z"]
COARSE = ["2023-09-15T08:00:00Z"]
MS = "2023-09-15T08:00:00.{:03}Z"


@pytest.mark.parametrize(
    ("times", "taken"),
    [
        (FINE, 1),
        (COARSE, 2),
        (COARSE * 5, 10),
        ([MS.format(n) for n in (1, 2)], 4),
        ([MS.format(n) for n in (1, 2, 3)], 3),
        ([None], 2),
    ],
)
def test_times_tell_a_repeat(client: FlaskClient, backends: Backends, times: list[str | None], taken: int) -> None:
    """Equal bodies with fine times can't be two batches, whether the first was answered or not; others may be."""
    events = [{"message": "x", "@t": time} if time else {"message": "x"} for time in times]
    body = "\n".join(json.dumps(event) for event in events).encode()
    first, second = (client.post("/ingest/clef", data=body) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert backends.queue.depth().logs == taken


def test_another_sender_or_path_is_another_batch(client: FlaskClient, backends: Backends) -> None:
    """The same bytes from two machines are two batches, whatever the times."""
    body = json.dumps({"message": "x", "@t": FINE[0]}).encode()
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1"):
        client.post("/ingest/clef", data=body, environ_base={"REMOTE_ADDR": address})
    client.post("/api/events/raw", data=body, environ_base={"REMOTE_ADDR": "10.0.0.1"})
    assert backends.queue.depth().logs == 3


def test_another_sender_is_another_batch_while_the_first_is_in_work(client: FlaskClient, backends: Backends) -> None:
    """Machines of a fleet start at once and say the same."""
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1"):
        # In work until the server says that the answer was delivered, which it never does here.
        client.post("/ingest/clef", data=b'{"@m": "begun"}', environ_overrides={"REMOTE_ADDR": address, SENT: []})
    assert backends.queue.depth().logs == 2


def test_what_comes_late_of_a_client_that_left_is_not_taken(client: FlaskClient, backends: Backends) -> None:
    """It waited in a process that had no time; the client sent it again meanwhile, and was answered by another."""
    left = client.post("/ingest/clef", data=b'{"@m": "late"}', environ_overrides={GONE: lambda: True})
    assert left.status_code == 503
    assert backends.queue.depth().logs == 0
    assert client.post("/ingest/clef", data=b'{"@m": "late"}').status_code == 201
    assert backends.queue.depth().logs == 1


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ROUTES), BODIES, st.sampled_from(["", "gzip", "deflate", "zstd", "snappy", "gzip,deflate", "br"])
)
def test_no_body_is_a_fault_of_ours(client: FlaskClient, route: str, body: bytes, encoding: str) -> None:
    """Taken, or refused with a reason, by every door."""
    answer = client.post(route, data=body, headers={"Content-Encoding": encoding} if encoding else {})
    assert answer.status_code in (200, 201, 202, 204, 400, 415), answer.text


def _clef(n: int) -> dict[str, str]:
    return {"@m": f"log {n:03}"}


#: Doors without an answer for each log: path, and a body of logs that bring no time.
WHOLE = {
    "/ingest/clef": "\n".join(json.dumps(_clef(n)) for n in range(250)),
    "/gelf": "\n".join(json.dumps({"version": "1.1", "host": "h", "short_message": f"log {n:03}"}) for n in range(250)),
    "/loki/api/v1/push": json.dumps({"streams": [{"stream": {}, "values": [["", f"log {n:03}"] for n in range(250)]}]}),
    "/api/v2/logs": json.dumps([{"message": f"log {n:03}"} for n in range(250)]),
    "/services/collector": "".join(json.dumps({"event": f"log {n:03}"}) for n in range(250)),
    "/v1/logs": json.dumps(
        {
            "resourceLogs": [
                {"scopeLogs": [{"logRecords": [{"body": {"stringValue": f"log {n:03}"}} for n in range(250)]}]}
            ]
        }
    ),
    "/drains/cloudflare": "\n".join(f"log {n:03}" for n in range(250)),
    # winston-elasticsearch, which is told of no log by itself.
    "/_bulk": "".join(f'{{"index":{{}},"attempts":1}}\n{{"message":"log {n:03}"}}\n' for n in range(250)),
}


@pytest.mark.parametrize("path", WHOLE)
def test_what_a_queue_kept_in_part_is_no_success(app: Flask, client: FlaskClient, tmp_path: Path, path: str) -> None:
    """A broker may keep some envelopes and lose others: all comes again, by the door's own patience or the client's, once."""
    system = make_system(tmp_path / "broker")
    app.extensions["logingestor"]._accept = system.accept
    try:
        system.carrier.loses = frozenset({1})
        answer = client.post(path, data=WHOLE[path], content_type="application/json")
        if answer.status_code == 503:
            answer = client.post(path, data=WHOLE[path], content_type="application/json")
        assert answer.status_code < 300
        system.work()
        assert system.messages() == [f"log {n:03}" for n in range(250)]
    finally:
        system.backends.close()


def test_who_sends_all_again_for_one_document_doubles_none(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    """Elasticsearch's clients are told of each document that the queue did not keep; some send the others again too."""
    system = make_system(tmp_path / "broker")
    app.extensions["logingestor"]._accept = system.accept
    body = "".join(f'{{"index":{{}}}}\n{{"message":"log {n:03}"}}\n' for n in range(250))
    try:
        system.carrier.loses = frozenset({1})
        statuses = [item["index"]["status"] for item in client.post("/_bulk", data=body).json["items"]]  # type: ignore[index]
        assert set(statuses) == {201, 429}
        assert client.post("/_bulk", data=body).json["errors"] is False  # type: ignore[index]
        system.work()
        assert system.messages() == [f"log {n:03}" for n in range(250)]
    finally:
        system.backends.close()
