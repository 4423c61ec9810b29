"""A log that is nested deeper than decoders and encoders go takes no other of its batch with it, and no client repeats it for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.settings.doors import DOORS
from app.settings.settings import Settings
from app.web import create_app

#: A body of each door; what is nested stands for %s.
BODIES = (
    ("/logs/ingest/", '[{"message":"good"},{"message":"x","metadata":{"m":%s}}]'),
    ("/logs/ingest/", '[{"message":"good"},{"msg":"x","m":%s}]'),
    ("/services/collector/event", '{"event":"good"}{"event":%s}'),
    ("/services/collector/event", '{"event":"good"}{"event":{"message":"x","m":%s}}'),
    ("/gelf", '{"short_message":"x","_m":%s}'),
    ("/api/v2/logs", '[{"message":"good"},{"m":%s}]'),
    ("/loki/api/v1/push", '{"streams":[{"stream":{"a":"b"},"values":[["1","good"],%s]}]}'),
    ("/_bulk", '{"create":{}}\n{"message":"x","m":%s}\n'),
    ("/ingest/clef", '{"@t":"2026-01-01T00:00:00Z","@mt":"x","m":%s}\n'),
)
#: Numbers of levels: around those at which each of the decoders and encoders gives up, by experiment 910 to 985.
DEPTHS = (100, 916, 940, 964, 982, 3_000)


@pytest.mark.parametrize(("path", "body"), BODIES)
def test_no_depth_is_a_fault_of_the_servers(settings: Settings, path: str, body: str) -> None:
    """Taken, or refused in words."""
    client = create_app(replace(settings, doors=DOORS)).test_client()
    for depth in DEPTHS:
        for nested in ("[" * depth + "1" + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
            answer = client.post(path, data=body.replace("%s", nested), content_type="application/json")
            assert answer.status_code < 500, depth


def test_a_line_without_end_is_a_text(settings: Settings) -> None:
    """In a form whose values are read as JSON."""
    client = create_app(replace(settings, doors=DOORS)).test_client()
    line = '"level"=0 "msg"="hello" "x"=' + "[" * 3_000
    assert client.post("/services/collector/raw", data=f"{line}\nnext").status_code == 200
    pushed = {"streams": [{"stream": {"a": "b"}, "values": [["1700000000000000000", line]]}]}
    assert client.post("/loki/api/v1/push", json=pushed).status_code == 204


def test_a_form_with_brackets_without_end_is_no_fault(settings: Settings) -> None:
    """On the search page."""
    client = create_app(settings).test_client()
    for operation, value in (("in", "[" * 3_000), ("range", "[" * 3_000 + " .. 1")):
        answer = client.get(
            "/", query_string={"k": "metadata.x", "o": operation, "v": value}, headers={"Accept": "text/html"}
        )
        assert answer.status_code < 500
