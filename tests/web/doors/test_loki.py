"""The door of Loki's clients: exactly 204, dead letters instead of refusals, both encodings."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.backends import Backends
from app.files import carried
from app.log.foreign.many import columns
from app.log.limits import Limits
from app.log.loki import push
from app.log.schema import read_items
from app.times.written import Assumed
from app.web.doors import loki
from app.web.doors.taking import RECEIPT
from tests.log.loki.test_push import packed
from tests.thorough import examples

WIRE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "wire"
NS = "1700000000123456789"


def body(*values: Any, **labels: str) -> bytes:
    """Return a push of one stream."""
    return json.dumps({"streams": [{"stream": labels, "values": list(values)}]}).encode()


def test_json_is_taken(client: FlaskClient, backends: Backends) -> None:
    """Level, sender, trace and the time's nanoseconds are where they belong; 204 without a body."""
    sent = body([NS, "paid", {"trace_id": "abc"}], level="warn", service_name="shop", zone="a")
    answer = client.post("/loki/api/v1/push", data=gzip.compress(sent), headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(f"/receipts/{answer.headers[RECEIPT]}").json["accepted"] == 1  # type: ignore[index]
    [record] = backends.queue.take(10, 0).records
    assert (record.level, record.message, record.resource_id, record.trace_id) == ("warn", "paid", "shop", "abc")
    assert (record.timestamp, record.metadata) == ("2023-11-14T22:13:20.123456789Z", {"zone": "a"})


@pytest.mark.parametrize("headers", [{"Content-Type": "application/x-protobuf"}, {"Content-Encoding": "snappy"}])
def test_protobuf_is_taken(client: FlaskClient, backends: Backends, headers: dict[str, str]) -> None:
    """With one layer of snappy, whether it is named or not."""
    sent = packed((b'{job="cron", level="error"}', [(1_700_000_000, 5, b"failed", {})]))
    assert client.post("/loki/api/v1/push", data=sent, headers=headers).status_code == 204
    [record] = backends.queue.take(10, 0).records
    assert (record.level, record.message, record.resource_id, record.ns) == ("error", "failed", "cron", 5)


def test_a_line_of_json_is_read(client: FlaskClient, backends: Backends) -> None:
    """As a file's line is: its level and message, its other names beside the labels."""
    client.post("/loki/api/v1/push", data=body([NS, '{"level":"error","msg":"card refused","user":7}'], app="shop"))
    [record] = backends.queue.take(10, 0).records
    assert (record.level, record.message, record.resource_id) == ("error", "card refused", "shop")
    assert record.metadata["user"] == 7


_texts = st.sampled_from(
    ("paid", "a\0", "é漢\n", "x" * 300, '{"level":"error"}', " [1]", "ab" * 16, "error", "INFO", "", "5")
)
_labels = st.sampled_from(
    ("service_name", "level", "detected_level", "trace_id", "span_id", "job", "id", "zone", "commit")
)
_entries = st.fixed_dictionaries(
    {"labels": st.dictionaries(_labels, _texts, max_size=5), "line": _texts | st.just("failed\r\n")},
    optional={"time": st.sampled_from((NS, "5", 10**17, -1, "NaN", 10**19)), "more": st.dictionaries(_labels, _texts)},
)


@settings(max_examples=examples(300), deadline=None)
@given(entry=_entries, most=st.sampled_from((100, 65_536)))
@example(entry={"labels": {"service_name": "shop", "level": "warn"}, "line": "paid", "time": NS}, most=65_536)
@example(entry={"labels": {"service_name": "shop", "level": "warn"}, "line": "x" * 300, "time": NS}, most=100)
def test_a_log_that_is_taken_at_once_is_the_same(entry: dict[str, Any], most: int) -> None:
    """Whatever labels and texts it has: as one that is searched, and then read in our own form."""
    assumed, limits = Assumed.here(), Limits(message=most, metadata=most, retention_ms=10**12)
    values = [[entry.get("time", NS), entry["line"], entry.get("more", {})]]
    (value,) = push.from_json(json.dumps({"streams": [{"stream": entry["labels"], "values": values}]}).encode())
    searched = carried.opened(carried.read(value, assumed), assumed)
    held = columns([value])
    at_once = None if held is None else loki.usual(held, assumed)
    plain = value.get("service_name") == "shop" and value.get("level") == "warn" and value["message"] == "paid"
    assert isinstance(at_once, list) or not (plain and value.get("timestamp") == int(NS) and len(value) == 4)
    if isinstance(at_once, list):
        assert read_items(at_once, limits, 5).logs == read_items([searched], limits, 5).logs


def test_a_bad_entry_is_a_dead_letter(client: FlaskClient, backends: Backends) -> None:
    """A 400 would come again for ever."""
    assert client.post("/loki/api/v1/push", data=body([NS, "good"], [NS], ["NaN", "late"])).status_code == 204
    batch = backends.queue.take(10, 0)
    assert ([record.message for record in batch.records], len(batch.dead)) == (["good", "late"], 1)


@pytest.mark.parametrize(
    ("line", "timestamp"),
    [
        ('{"level":50,"time":"2026-11-29T10:00:00.123Z","pid":1,"msg":"late"}', "2026-11-29T10:00:00.123Z"),
        ('{"level":50,"time":"then","pid":1,"msg":"late"}', None),
        ("late", None),
    ],
)
def test_the_time_of_a_line_counts_where_its_entry_has_none(
    client: FlaskClient, backends: Backends, line: str, timestamp: str | None
) -> None:
    """As pino-loki sends pino's isoTime; that no time could be read is said only where there is none in the line either."""
    assert client.post("/loki/api/v1/push", data=body(["NaN", line])).status_code == 204
    [record] = backends.queue.take(10, 0).records
    unread = record.metadata.get("unread", {}).get("timestamp", "")
    assert (record.message, unread.startswith("'NaN' is no time")) == ("late", timestamp is None)
    assert timestamp in (None, record.timestamp)


@pytest.mark.parametrize("sent", [b"<html>", b"[]", b'{"streams": 1}'])
def test_what_is_no_push_is_refused(client: FlaskClient, sent: bytes) -> None:
    """In words."""
    answer = client.post("/loki/api/v1/push", data=sent)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")


def test_a_clients_questions(client: FlaskClient) -> None:
    """`/ready` is, and a push is never read by GET, which some clients make of a POST that is redirected."""
    assert (client.get("/ready").status_code, client.get("/ready").data) == (200, b"ready\n")
    answer = client.get("/loki/api/v1/push")
    assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)


@pytest.mark.skipif(not WIRE.is_dir(), reason=f"{WIRE} is not here")
@pytest.mark.parametrize("path", sorted(WIRE.glob("*loki*.json")), ids=lambda path: path.stem)
def test_recorded_pushes_are_taken(client: FlaskClient, backends: Backends, path: Path) -> None:
    """What real clients sent; of protobuf the decoded form was kept, which is packed again."""
    recorded = json.loads(path.read_text())["request"]["body"]
    recorded = json.loads(recorded) if isinstance(recorded, str) else recorded
    streams = recorded["streams"]
    if "labels" in streams[0] and "entries" in streams[0]:
        sent = packed(
            *(
                (
                    stream["labels"].encode(),
                    [
                        (one["timestamp"]["seconds"], one["timestamp"]["nanos"], one["line"].encode(), {})
                        for one in stream["entries"]
                    ],
                )
                for stream in streams
            )
        )
        headers = {"Content-Type": "application/x-protobuf"}
    else:
        sent, headers = json.dumps(recorded).encode(), {"Content-Type": "application/json"}
    assert client.post("/loki/api/v1/push", data=sent, headers=headers).status_code == 204
    batch = backends.queue.take(100, 0)
    assert not batch.dead
    levels = {record.level.lower() for record in batch.records}
    assert levels & {"info", "warn", "warning", "error"}
    assert all(record.t > 1_700_000_000_000 for record in batch.records)
