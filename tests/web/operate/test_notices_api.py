"""GET /notices and the region of every page: who may see what is wrong, and that it is only shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.backends import Backends
from app.ports.notices import Notice
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.web import create_app
from tests.web.reading import Html

STATIC = Path(__file__).parents[3] / "app" / "web" / "static"
HOSTILE = "<script>alert(1)</script> \u202e \x1b[31m"


def notice(name: str, until: int | None = None, text: str = "It is bad. Nothing is lost.") -> Notice:
    """Return a notice."""
    details = {"traceback": f"Traceback {text}"}
    return Notice(name, name, "worker_crashed", "error", text, 1_700_000_000_000, until, details)


def test_notices_are_told(client: FlaskClient, backends: Backends) -> None:
    """Newest first, open and closed, or one of the two; a foreign parameter is refused."""
    backends.record.notices.keep_notices([notice("a"), notice("b", 1_700_000_001_000)])
    answer = client.get("/notices")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["source"] == "record"
    assert [one["id"] for one in answer.json["notices"]] == ["b", "a"]
    assert answer.json["notices"][1] == {
        "id": "a",
        "kind": "worker_crashed",
        "severity": "error",
        "state": "open",
        "text": "It is bad. Nothing is lost.",
        "since": "2023-11-14T22:13:20Z",
        "until": None,
        "details": {"traceback": "Traceback It is bad. Nothing is lost."},
    }
    assert [one["id"] for one in client.get("/notices?state=open").json["notices"]] == ["a"]
    assert [one["id"] for one in client.get("/notices?state=closed").json["notices"]] == ["b"]
    assert client.get("/notices?state=x").status_code == 400
    assert client.get("/notices?limit=x").status_code == 400


def test_told_from_memory_without_the_record(app: Flask, client: FlaskClient, settings: Settings) -> None:
    """That the record is away is what a reader must be told then."""
    board = app.extensions["logingestor"].board
    board.put(notice("old", 1_700_000_002_000))
    board.put(notice("now"))
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute("DROP TABLE notices")
    answer = client.get("/notices")
    assert answer.status_code == 200
    assert (answer.json["source"], len(answer.json["notices"])) == ("memory", 2)
    assert [one["id"] for one in client.get("/notices?state=open").json["notices"]] == ["now"]
    assert [one["id"] for one in client.get("/notices?state=closed").json["notices"]] == ["old"]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api", "/?q=("])
def test_every_page_shows_what_is_open(app: Flask, client: FlaskClient, path: str) -> None:
    """In a region that is read out, complete without JavaScript, and with whatever a system said made harmless."""
    board = app.extensions["logingestor"].board
    board.put(notice("open", text=HOSTILE))
    board.put(notice("closed", 1_700_000_002_000, text="long over"))
    text = client.get(path, headers={"Accept": "text/html"}).text
    page = Html(text)
    (region,) = [one for one in page.find("section") if one.attributes.get("id") == "notice-board"]
    assert region.attributes["aria-label"] == "Notices"
    assert [one.attributes["aria-live"] for one in page.find("ul") if "aria-live" in one.attributes] == ["polite"]
    assert "&lt;script&gt;" in text and "\u202e" not in text and "\x1b" not in text
    assert '<li id="n-open" class="error">' in text
    assert "long over" not in text


@pytest.fixture
def closed(settings: Settings) -> Iterator[Callable[[], FlaskClient]]:
    """Clients of an application that requires a password, with something wrong."""
    app = create_app(replace(settings, auth="required", admin_password="secret of the tests"))
    app.extensions["logingestor"].board.put(notice("open"))
    yield app.test_client
    app.extensions["logingestor"].close()


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api", "/notices", "/metrics"])
def test_who_is_not_let_in_sees_nothing(closed: Callable[[], FlaskClient], path: str) -> None:
    """Neither on the page that asks for the password, nor on one that is open to all."""
    answer = closed().get(path, headers={"Accept": "text/html"})
    assert answer.status_code == (200 if path == "/api" else 401)
    assert "It is bad" not in answer.text and 'id="notice-board"' not in answer.text


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_who_is_let_in_sees_it(closed: Callable[[], FlaskClient], path: str) -> None:
    """With the password, on pages of errors too."""
    headers = {"Accept": "text/html", "Authorization": "Bearer secret of the tests"}
    assert "It is bad" in closed().get(path, headers=headers).text


def test_the_module_is_small() -> None:
    """It is loaded by every page."""
    assert (STATIC / "notices.js").stat().st_size < 3 << 10
    assert (STATIC / "notices.css").stat().st_size < 2 << 10
