"""The page of notices: what is open, what was, who was told; harmless, filtered, paged, and true without the record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape

from app.backends import Backends
from app.ports.notices import Notice
from app.ports.outbox import Delivery, Standing
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.web import create_app
from app.web.operate.notices_page import SHOWN
from tests.notify.channels.receivers import Receiver
from tests.web.reading import Html

HOSTILE = "<script>alert(1)</script> \u202e \x1b[31m"
SINCE = 1_700_000_000_000


def notice(
    name: str, until: int | None = None, text: str = "It is bad.", kind: str = "worker_gone", severity: str = "error"
) -> Notice:
    """Return a notice."""
    return Notice(name, name, kind, severity, text, SINCE, until, {"worker": text, "traceback": f"Traceback {text}"})


def shown(client: FlaskClient, path: str = "/notices") -> str:
    """Return the page as a browser gets it."""
    answer = client.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-store" and "Accept" in answer.headers["Vary"]
    return answer.text


def entries(text: str) -> list[str]:
    """Return the ids of the notices on a page."""
    return [
        one["id"].removeprefix("notice-")
        for one in Html(text).find("li")
        if one.attributes.get("id", "").startswith("notice-")
    ]


def test_what_is_open_and_what_was(client: FlaskClient, backends: Backends) -> None:
    """With when, for how long, what it means, details and traceback; a program gets data at the same address."""
    backends.record.notices.keep_notices([notice("over", SINCE + 3_723_000), notice("open")])
    text = shown(client)
    assert entries(text) == ["open", "over"]
    page = Html(text)
    (over,) = page.find("li", id="notice-over")
    assert "Over" in over.text and "error for 1 h 2 min" in over.text and "Traceback It is bad." in over.text
    assert "2023-11-14 22:13:20" in over.text and "2023-11-14 23:15:23" in over.text
    (opened,) = page.find("li", id="notice-open")
    assert "Error" in opened.text and "open for" in opened.text
    assert "1 open – Notices" in page.one("title").text
    assert client.get("/notices").json["source"] == "record"
    assert client.get("/notices", headers={"Accept": "*/*"}).is_json


def test_who_was_told(client: FlaskClient, backends: Backends) -> None:
    """Each delivery with what became of it."""
    told, at = notice("a"), SINCE + 5_000
    backends.record.notices.keep_notices([told])
    for number, (state, reason) in enumerate(
        [("sent", ""), ("waiting", HOSTILE), ("failed", "it answered 404"), ("merged", "")]
    ):
        one = Delivery(f"n{number}", "opened", told, at, "m", state, 2, at, reason)
        backends.record.outbox.post([one])
    text = shown(client)
    words = " ".join(Html(text).one("li", id="notice-a").text.split())
    assert "n0 opened: sent 2023-11-14 22:13:25" in words
    assert "n1 opened: waits, tried 2 times: <script>" in words
    assert "n2 opened: given up 2023-11-14 22:13:25: it answered 404" in words
    assert "n3 opened: sent with its end" in words
    assert "\u202e" not in text and "<script>alert" not in text


def test_the_page_only_shows(client: FlaskClient, backends: Backends) -> None:
    """Whatever a system said stands there escaped, with codes for what would act."""
    backends.record.notices.keep_notices([notice("a", text=HOSTILE)])
    text = shown(client)
    assert str(escape("<script>alert(1)</script>")) in text
    assert "<script>alert" not in text and "\u202e" not in text and "\x1b" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=open", ["disk", "gone"]),
        ("state=closed", ["old"]),
        ("severity=warning", ["disk", "old"]),
        ("kind=worker_gone&severity=error", ["gone"]),
        ("state=closed&kind=worker_gone&severity=error", []),
    ],
)
def test_notices_are_chosen(client: FlaskClient, backends: Backends, query: str, found: list[str]) -> None:
    """By state, severity and kind, together; data in the same way."""
    backends.record.notices.keep_notices(
        [
            notice("gone"),
            notice("disk", kind="disk_nearly_full", severity="warning"),
            notice("old", SINCE + 1, severity="warning"),
        ]
    )
    assert sorted(entries(shown(client, f"/notices?{query}"))) == found
    assert sorted(one["id"] for one in client.get(f"/notices?{query}").json["notices"]) == found


@pytest.mark.parametrize("query", ["state=x", "kind=x", "severity=x", "page=2", "state=open&state=closed"])
def test_bad_choices_are_refused(client: FlaskClient, query: str) -> None:
    """As a page, with the name of what is wrong."""
    answer = client.get(f"/notices?{query}", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.text


def test_the_history_is_paged(client: FlaskClient, backends: Backends) -> None:
    """Each notice once over all pages, the choice is kept, and what begins meanwhile moves none."""
    names = [f"{n:03}" for n in range(2 * SHOWN + 7)]
    backends.record.notices.keep_notices([notice(name, SINCE + 1) for name in names])
    path, seen = "/notices?severity=error", list[str]()
    for _ in range(3):
        text = shown(client, path)
        seen += entries(text)
        backends.record.notices.keep_notices([notice(f"9{len(seen)}", SINCE + 2)])
        older = [one["href"] for one in Html(text).find("a", rel="next")]
        path = older[0] if older else ""
    assert path == ""
    assert seen == names[::-1]


def test_without_the_record_it_shows_what_is_known(app: Flask, client: FlaskClient, settings: Settings) -> None:
    """And says what is missing; the address for data too."""
    app.extensions["logingestor"].board.put(notice("now"))
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute("DROP TABLE notices")
        connection.execute("DROP TABLE notifiers")
    text = shown(client)
    assert entries(text) == ["now"]
    assert "The record does not answer." in text


def test_what_this_process_knows_is_newer(app: Flask, client: FlaskClient, backends: Backends) -> None:
    """What began or ended a moment ago is not yet in the record."""
    backends.record.notices.keep_notices([notice("a")])
    board = app.extensions["logingestor"].board
    board.put(notice("a", SINCE + 1_000))
    board.put(notice("b"))
    text = shown(client)
    assert "error for 1 s" in Html(text).one("li", id="notice-a").text
    assert "1 open" in text


@pytest.fixture
def told(settings: Settings, receiver: Receiver) -> Iterator[FlaskClient]:
    """A client of an application that tells somebody."""
    given = {
        "LOGINGESTOR_NOTIFY": f"{receiver.url}?token=unseen#name=ops&min=error",
        "LOGINGESTOR_NOTIFY_PRIVATE": "127.0.0.1",
    }
    read = Settings.from_env(given)
    app = create_app(replace(settings, notify=read.notify, notify_private=read.notify_private))
    app.extensions["logingestor"].backends().record.outbox.post(
        [], [Standing("ops", 0, 3, 1, 2, SINCE, "it answered 503", SINCE)]
    )
    yield app.test_client()
    app.extensions["logingestor"].close()


def test_a_test_is_sent_from_the_page(told: FlaskClient, receiver: Receiver) -> None:
    """What came of it is on the page that follows; the URL, which may be secret, nowhere."""
    text = shown(told)
    assert "unseen" not in text
    text = " ".join(Html(text).one("section", id="notifiers").text.split())
    assert "Fails since 2023-11-14 22:13:20: it answered 503" in text
    assert "3 sent" in text and "1 given up" in text
    receiver.answers = [(404, {}, "no such hook")]
    for words in ("not taken: it answered 404 Not Found: no such hook", "taken"):
        answer = told.post("/notices/test", data={"name": "ops"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/notices#notifiers")
        text = " ".join(Html(shown(told)).one("section", id="notifiers").text.split())
        assert words in text
    assert "Fails since" not in text
    assert [one.data["type"] for one in receiver.got] == ["test", "test"]


def test_only_known_notifiers_and_own_pages(told: FlaskClient, receiver: Receiver) -> None:
    """A name that is none is an error that names it; a page of another site sends nothing."""
    answer = told.post("/notices/test", data={"name": "nobody"}, headers={"Accept": "text/html"})
    assert answer.status_code == 400 and "nobody" in answer.text
    answer = told.post("/notices/test", data={"name": "ops"}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert receiver.got == []


def test_figures_tell_how_notifiers_do(told: FlaskClient) -> None:
    """By name."""
    text = told.get("/metrics").text
    for line in (
        'messages_total{notifier="ops"} 3.0',
        'given_up_total{notifier="ops"} 1.0',
        'waiting{notifier="ops"} 0.0',
        'failing{notifier="ops"} 1.0',
    ):
        assert f"logingestor_notifier_{line}" in text


def test_the_page_is_small(client: FlaskClient, backends: Backends) -> None:
    """With a full page of history and its deliveries."""
    notices = [notice(f"{n:03}", SINCE + 1, "It is bad. " * 20) for n in range(SHOWN)]
    backends.record.notices.keep_notices(notices)
    backends.record.outbox.post(
        [Delivery("ops", event, one, 1, "m", "sent", 1, SINCE) for one in notices for event in ("opened", "closed")]
    )
    assert len(shown(client).encode()) < 150 << 10
