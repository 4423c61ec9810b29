"""The page of logs: its answer exactly as documented, by body and by URL."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.log.record import LogRecord, id_text
from app.times import instant
from tests.conftest import Fill, MakeRecord
from tests.web.asking import NOTHING_PENDING, ORIGINAL, get, original


@pytest.mark.parametrize("path", ["/logs/filter/", "/logs/filter"])
def test_answer_has_the_documented_shape(client: FlaskClient, fill: Fill, make_record: MakeRecord, path: str) -> None:
    """All names and no others; the log with its id and arrival beside what was sent."""
    record = original(make_record)
    fill([record])
    answer = client.post(path, json={"key": "resourceId", "value": "server-1234", "operation": "equals"})
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "status": True,
        "results": [{"id": id_text(record.id), "received": instant.text((record.received, 0)), **ORIGINAL}],
        "total": 1,
        "total_is": "exact",
        "next": None,
        "source": "index",
        **NOTHING_PENDING,
    }


@pytest.mark.parametrize("kind", [None, "application/json", "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    ("body", "count"),
    [
        ('{"key": "level", "value": "server", "operation": "equals"}', 0),
        (
            '{"key": "timestamp", "value": {"upper_range": "2023-09-15T23:59:59Z", '
            '"lower_range": "2022-09-15T23:59:59Z"}, "operation": "range"}',
            1,
        ),
    ],
)
def test_the_original_examples(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, kind: str | None, body: str, count: int
) -> None:
    """They answer whatever content type a plain client sends: no level is `server`, the log lies in the range."""
    fill([original(make_record), make_record(timestamp="2024-01-01T00:00:00Z")])
    answer = client.post("/logs/filter/", data=body, content_type=kind)
    assert (answer.status_code, answer.json["total"], len(answer.json["results"])) == (200, count, count)


@pytest.mark.parametrize(
    "body",
    [
        {"key": "metadata.n", "value": {"lower_range": 10, "upper_range": 12}, "operation": "range"},
        {
            "filters": [{"key": "message", "value": f"step {n}", "operation": "equals"} for n in (10, 11, 12)],
            "match": "any",
        },
        {"query": "metadata.n:[10 TO 12]"},
        {"q": "metadata.n:>=10", "query": "metadata.n:<=12"},
        {"from": "2023-09-15T08:10:00Z", "to": "2023-09-15T08:12:00Z"},
        {"from": "2023-09-15T08:10:00Z", "key": "metadata.n", "value": 13, "operation": "not_equals", "to": 1694765600},
    ],
)
def test_filters_are_taken_in_every_form(client: FlaskClient, minutes: list[LogRecord], body: dict[str, Any]) -> None:
    """Filters of several kinds must all hold; the newest is first."""
    found = client.post("/logs/filter/", json=body).json
    assert [log["message"] for log in found["results"]] == ["step 12", "step 11", "step 10"]
    by_url = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in body.items()}
    assert client.get("/logs", query_string=by_url).json == found


def test_nothing_asked_is_everything(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """Without a filter, by URL or by body, all logs are meant, 100 in one answer, newest first."""
    found = get(client, "/logs")
    assert client.post("/logs/filter/").json == found
    assert client.post("/logs/filter/", json={}).json == found
    assert [log["metadata"]["n"] for log in found["results"]] == list(range(119, 19, -1))
    assert (found["total"], found["total_is"]) == (120, "exact")


def test_body_of_a_get_is_ignored(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """RFC 9110, section 9.3.1: content in a GET has no meaning."""
    answer = client.get("/logs?limit=1", data="no JSON", content_type="text/xml")
    assert answer.status_code == 200


def test_compressed_body_is_read(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """A query may be compressed like logs."""
    body = gzip.compress(b'{"query": "step", "limit": 1}')
    answer = client.post("/logs/filter/", data=body, headers={"Content-Encoding": "gzip"})
    assert answer.json["total"] == 120


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("clock", ["event", "received"])
def test_pages_are_stable_while_logs_arrive(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, sort: str, clock: str
) -> None:
    """500 logs of one timestamp, paged by 7 while older, equal and newer ones arrive: each is seen once, in order."""
    records = [make_record(message=f"one {n}") for n in range(500)]
    fill(records)
    seen: list[str] = []
    cursor = ""
    while True:
        found = get(client, f"/logs?q=one&limit=7&sort={sort}&clock={clock}&count=none&cursor={cursor}")
        seen += [log["id"] for log in found["results"]]
        assert (found["total"], found["total_is"]) == (None, "at least")
        if found["next"] is None:
            break
        cursor = found["next"]
        if len(seen) % 70 == 0:
            years = ("2022", "2023", "2024")
            fill([make_record(message="one more", timestamp=f"{year}-09-15T08:00:00Z") for year in years])
    wanted = [id_text(record.id) for record in records]
    known = set(wanted)
    assert [one for one in seen if one in known] == (wanted if sort == "asc" else wanted[::-1])
    assert len(set(seen)) == len(seen)


def test_text_of_any_kind_comes_back_as_it_was(client: FlaskClient, fill: Fill, make_record: MakeRecord) -> None:
    """UTF-8 without escapes, integers of any size, and markup as the text that it is."""
    fill([make_record(message="日本 <b>é</b> \x1b[31m", metadata={"big": 2**70, "f": 1.5, "none": None})])
    answer = client.get("/logs")
    (log,) = answer.json["results"]
    assert (log["message"], log["metadata"]) == ("日本 <b>é</b> \x1b[31m", {"big": 2**70, "f": 1.5, "none": None})
    assert "日本" in answer.text


@pytest.mark.parametrize("path", ["/logs/ingest", "/logs/filter"])
def test_wrong_method_is_405(client: FlaskClient, path: str) -> None:
    """Not the id of a log."""
    answer = client.get(path)
    assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)
