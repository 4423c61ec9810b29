"""What an admin says of how sources write: kept by API and page, counted at every door within seconds, shown with what was recognised."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.backends import Backends
from app.files.sources import forms as source_forms
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tokens
from tests.e2e.program import wait_for
from tests.web.reading import Html, get

#: A log of 40, which is a warning for pino and an error for Python, at a time without an offset.
LINE = {"level": 40, "msg": "disk", "time": "2023-09-15T08:00:00"}
AT_MS, LOKI_MS = 1_694_757_600_000, 1_694_764_800_000  # 06:00 and 08:00 UTC
HEADERS = {"User-Agent": "shop/1"}


def say(client: FlaskClient, **form: str) -> None:
    """Say how sources write."""
    answer = client.post("/sources", json=form)
    assert answer.status_code == 200, answer.text


def queued(backends: Backends) -> list[tuple[str, str, int]]:
    """Return message, level and time of the logs that wait, and take them."""
    batch = backends.queue.take(100, 0)
    backends.queue.ack(batch)
    return [(log.message, log.level, log.t) for log in batch.records]


@pytest.fixture
def told(client: FlaskClient) -> FlaskClient:
    """A client of a server to which it was said how a shop writes."""
    say(client, name="shop/*", dialect="structlog", zone="Europe/Berlin")
    return client


DOORS: dict[str, dict[str, Any]] = {
    "/logs/ingest/": {"json": [LINE]},
    "/loki/api/v1/push": {
        "json": {"streams": [{"stream": {"app": "a"}, "values": [["1694764800000000000", json.dumps(LINE)]]}]}
    },
    "/services/collector/event": {"json": {"event": json.dumps(LINE)}},
    "/services/collector/raw": {"data": json.dumps(LINE)},
    "/api/v2/logs": {"json": [{"message": json.dumps(LINE)}]},
    "/app/_doc": {"json": LINE},
    "/drains/vercel": {"json": [{"message": json.dumps(LINE), "source": "lambda"}]},
}


@pytest.mark.parametrize("path", DOORS)
def test_what_was_said_counts_at_every_door(path: str, told: FlaskClient, backends: Backends) -> None:
    """Level by the dialect's scale, time by the zone, where the protocol has none of its own; of another source as it is recognised."""
    assert told.post(path, headers=HEADERS, **DOORS[path]).status_code < 300
    [(message, level, at)] = queued(backends)
    assert (message, level, at) == ("disk", "error", LOKI_MS if "loki" in path else AT_MS)
    assert told.post(path, headers={"User-Agent": "other"}, **DOORS[path]).status_code < 300
    [(message, level, _)] = queued(backends)
    assert (message, level) == ("disk", "warn")


def test_first_lines_count_where_a_door_splits_a_text(client: FlaskClient, backends: Backends) -> None:
    """As in a file."""
    say(client, name="shop/*", first_line="^#")
    assert client.post("/services/collector/raw", data="#1\nplain\n#2", headers=HEADERS).status_code == 200
    assert [message for message, _, _ in queued(backends)] == ["#1\nplain", "#2"]


def test_it_can_be_said_of_a_token(settings: Settings, backends: Backends) -> None:
    """Whatever the program calls itself."""
    app = create_app(replace(settings, auth="required", admin_password="long enough"))
    client = app.test_client()
    with app.app_context():
        token, _ = tokens.create("shop", "writer", "tests")
    admin = {"Authorization": "Bearer long enough"}
    assert client.post("/sources", json={"name": "shop", "dialect": "structlog"}, headers=admin).status_code == 200
    client.post("/logs/ingest/", json=[LINE], headers={"Authorization": f"Bearer {token}"})
    assert [level for _, level, _ in queued(backends)] == ["error"]
    app.extensions["logingestor"].close()


def test_another_process_sees_a_change_within_seconds(
    app: Flask, client: FlaskClient, settings: Settings, backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for again after FRESH_SECONDS: here a tenth of one."""
    monkeypatch.setattr(source_forms, "FRESH_SECONDS", 0.1)
    other = create_app(settings)
    reader = other.test_client()

    def level() -> str:
        reader.post("/logs/ingest/", json=[LINE], headers=HEADERS)
        return queued(backends)[0][1]

    assert level() == "warn"
    say(client, name="shop/*", dialect="structlog")
    wait_for(lambda: level() == "error", 120, "the change")
    assert client.delete("/sources?name=shop/*").status_code == 200
    wait_for(lambda: level() == "warn", 120, "the other change")
    other.extensions["logingestor"].close()


def test_api(client: FlaskClient) -> None:
    """Each field at fault is named; what is said again takes the place of what was; a name that is unknown is a 404."""
    answer = client.post("/sources", json={"name": "x", "dialect": "pinot", "zone": 7})
    assert answer.status_code == 400 and [one["field"] for one in answer.json["errors"]] == ["zone"]
    answer = client.post("/sources", json={"name": "x", "dialect": "pinot", "zone": "Nowhere"})
    assert [one["field"] for one in answer.json["errors"]] == ["dialect", "zone"]
    say(client, name="x", dialect="pino")
    say(client, name="x", zone="Asia/Tokyo")
    [form] = client.get("/sources").json["forms"]
    assert (form["name"], form["dialect"], form["zone"], form["first_line"]) == ("x", "", "Asia/Tokyo", "")
    assert client.delete("/sources", query_string={"name": "y"}).status_code == 404
    assert client.delete("/sources", query_string={"name": "x"}).status_code == 200
    assert client.get("/sources").json["forms"] == []


def test_what_was_recognised_is_answered(app: Flask, client: FlaskClient) -> None:
    """Of each source's last log, with the protocol that carried it, and the name of the form that counts."""
    sent: dict[str, tuple[str, dict[str, Any]]] = {
        "pino": (
            "/logs/ingest/",
            {"json": [{"message": "a"}, {**LINE, "pid": 1, "hostname": "h", "time": 1_694_764_800_000}]},
        ),
        "own": ("/logs/ingest/", {"json": [LINE, {"message": "a"}]}),
        "loki": ("/loki/api/v1/push", DOORS["/loki/api/v1/push"]),
        "text": ("/logs/ingest/", {"json": {"logs": ["2023-09-15 08:00:00 ERROR failed"]}}),
    }
    for agent, (path, body) in sent.items():
        assert client.post(path, headers={"User-Agent": agent}, **body).status_code < 300, agent
    say(client, name="pi*", zone="Europe/Berlin")
    app.extensions["logingestor"].visits().report()
    found = {one["agent"]: (one["read_as"], one["form"]) for one in client.get("/sources").json["sources"]}
    assert found["pino"] == ("pino", "pi*") and found["own"] == ("own", "") and found["loki"] == ("loki", "")
    assert found["text"][0] == "text"


def test_page(app: Flask, client: FlaskClient) -> None:
    """It shows what was recognised and what was said, and says, changes and forgets without a script."""
    client.post("/logs/ingest/", json=[LINE], headers=HEADERS)
    app.extensions["logingestor"].visits().report()
    kept = client.post("/overview/add/sources", data={"name": "shop/*", "zone": "Europe/Berlin", "first_line": "^<b>"})
    assert kept.status_code == 200
    page = get(client, "/overview/add")
    rows = [row.text for row in page.find("tr")]
    assert any("shop/1" in row and "shop/*" in row for row in rows), rows
    assert any("Europe/Berlin" in row and "^<b>" in row for row in rows), rows
    wrong = client.post("/overview/add/sources", data={"name": "shop/*", "dialect": "pinot"})
    assert wrong.status_code == 400 and "pinot" in Html(wrong.text).one("p", role="alert").text
    gone = client.post("/overview/add/sources", data={"name": "shop/*", "do": "remove"})
    assert gone.status_code == 200 and client.get("/sources").json["forms"] == []
    assert client.post("/overview/add/sources", data={"name": "shop/*", "do": "remove"}).status_code == 400


def test_the_record_away_is_said(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, backends: Backends) -> None:
    """Logs are taken all the same, as they are recognised."""
    from app.errors import Unavailable
    from app.systems.sql.forms import SqlForms

    def away(_: Any) -> Any:
        raise Unavailable("the record is away")

    monkeypatch.setattr(SqlForms, "forms", away)
    assert client.post("/logs/ingest/", json=[LINE]).status_code == 202
    assert queued(backends)[0][1] == "warn"
    assert "isn't known now" in client.get("/overview/add").text
