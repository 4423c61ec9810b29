"""Datadog's door: one item or many, what the address adds, messages that are JSON, exact answers."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
import zstandard
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from app.backends import Backends

V2 = "/api/v2/logs"


def taken(backends: Backends) -> list[Any]:
    """Return the logs that wait in the queue."""
    return backends.queue.take(1_000, 0).records


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("", bytes),
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
    ],
)
def test_items_are_taken(client: FlaskClient, backends: Backends, encoding: str, encode: Any) -> None:
    """The answer is 202 with an empty object, whatever the compression."""
    item = {
        "message": "paid",
        "status": "warn",
        "timestamp": 1_795_963_451_196,
        "service": "shop",
        "hostname": "web-1",
        "ddsource": "python",
        "ddtags": "env:prod,team:a,team:b,canary",
        "dd.trace_id": "1234",
        "order": 7,
    }
    headers = {"Content-Encoding": encoding} if encoding else {}
    answer = client.post(V2, data=encode(json.dumps([item]).encode()), headers=headers, content_type="application/json")
    assert (answer.status_code, answer.data, answer.content_type) == (202, b"{}", "application/json")
    (log,) = taken(backends)
    assert (log.message, log.level, log.t, log.resource_id) == ("paid", "warn", 1_795_963_451_196, "shop")
    assert log.trace_id == "1234"
    assert log.metadata["ddtags"] == {"env": "prod", "team": ["a", "b"], "canary": True}
    assert {name: log.metadata[name] for name in ("hostname", "order", "ddsource")} == {
        **{"hostname": "web-1", "order": 7, "ddsource": "python"}
    }


def test_the_older_route_takes_key_and_tags_in_the_address(protected: FlaskClient) -> None:
    """datadog-winston sends one object so; the key in the path is the password."""
    path = "/v1/input/right-password?ddsource=nodejs&service=shop&hostname=web-1&ddtags=env:prod"
    assert protected.post(path, json={"message": "hello", "level": "error"}).status_code == 202
    assert protected.post("/v1/input/wrong-password", json={"message": "hello"}).status_code == 401
    assert protected.post("/v1/input", json={"message": "x"}, headers={"DD-API-KEY": "right-password"}).data == b"{}"


@pytest.mark.parametrize(
    ("item", "message", "level"),
    [
        ({"message": '{"msg":"inner","level":"error","n":1}', "status": "info"}, "inner", "error"),
        ({"message": {"message": "inner", "level": "warn"}, "status": "info"}, "inner", "warn"),
        ({"message": "ERROR it failed"}, "ERROR it failed", "ERROR"),
        ({"message": "ERROR it failed", "status": "info"}, "ERROR it failed", "info"),
        ({"order": 7}, '{"order":7}', "info"),
        ({"message": 7}, "7", "info"),
        ("a text", "a text", "info"),
    ],
)
def test_messages_of_any_kind(client: FlaskClient, backends: Backends, item: Any, message: str, level: str) -> None:
    """JSON inside is read, and its own level wins over that of the agent, which knows only the stream."""
    assert client.post(V2, json=[item]).status_code == 202
    (log,) = taken(backends)
    assert (log.message, log.level) == (message, level)


@pytest.mark.parametrize("status", [200, "404", {"code": 500, "text": "Internal"}])
def test_a_status_that_is_no_level(client: FlaskClient, backends: Backends, status: Any) -> None:
    """The status of a request stays in the metadata, whole."""
    assert client.post(V2, json=[{"message": "GET /", "status": status}]).status_code == 202
    (log,) = taken(backends)
    assert (log.level, log.metadata["status"]) == ("info", status)


def test_five_bad_of_a_hundred(client: FlaskClient, backends: Backends) -> None:
    """They are dead letters, and the answer is one of success: a client that is refused would drop all."""
    items = [7 if n % 20 == 3 else {"message": f"n {n}"} for n in range(100)]
    assert client.post(V2, json=items).data == b"{}"
    batch = backends.queue.take(1_000, 0)
    assert (len(batch.records), len(batch.dead)) == (95, 5)


def test_lines_of_text_and_probes(client: FlaskClient, backends: Backends) -> None:
    """The older route takes text; the agent asks with an empty object whether anybody is there."""
    assert client.post("/v1/input", data=b"one\ntwo\n", content_type="text/plain").status_code == 202
    assert client.post(V2, json={}).data == b"{}"
    assert client.post(V2, json=[]).data == b"{}"
    assert [log.message for log in taken(backends)] == ["one", "two"]


def test_what_is_no_json_is_refused_in_datadogs_words(client: FlaskClient, backends: Backends) -> None:
    """400 is final; the body's beginning is a dead letter."""
    answer = client.post(V2, data=b"{", content_type="application/json")
    assert answer.status_code == 400
    assert "is not JSON" in answer.json["errors"][0]["detail"]  # type: ignore[index]
    assert len(backends.queue.take(10, 0).dead) == 1


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["message", "status", "timestamp", "ddtags", "dd", "trace_id", "service", "x"]),
                    inner,
                )
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_no_body_is_answered_500(client: FlaskClient, body: bytes) -> None:
    """Whatever is sent is taken or refused."""
    assert client.post(V2, data=body, content_type="application/json").status_code in (202, 400)
