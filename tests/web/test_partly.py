"""Damaged logs on pages and in the API: what can be read is answered, and each answer says what it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.damage import around, passed
from app.errors import Damaged, TimedOut
from app.log.envelope import Envelope
from app.log.record import LogRecord
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.times.instant import now_ms
from app.web import create_app
from app.web.accounts import tokens
from app.web.partly import partly
from tests.conftest import MakeRecord
from tests.former import forget_open

#: Logs of a segment; the second of three is damaged. And logs behind them, which are rows, of which one is damaged.
LOGS, ROWS = 300, 5
WHERE = "the 300 logs at the places 301 to 600"
ANSWERS = (
    "/logs?q=of&limit=5000",
    "/logs?q=of&limit=5000&sort=asc",
    "/logs?q=of+all&limit=10&count=exact",
    "/logs/histogram?q=of&interval=1h",
    "/logs/facets?q=of&field=resourceId&field=metadata.n",
    "/logs/fields?q=of",
    "/logs/patterns?q=of",
    "/logs/statistics?q=of&field=resourceId",
    "/logs/explain?q=message:*f+a*+AND+resourceId:nobody",
    "/logs/completions?q=metadata.n:1",
    "/traces/one",
)
PAGES = (
    "/overview",
    "/?q=of&counts=1",
    "/page/counts?q=of",
    "/page/values?q=of&field=resourceId",
    "/patterns?q=of",
    "/trace/one",
)


@pytest.fixture
def records(backends: Backends, make_record: MakeRecord) -> list[LogRecord]:
    """Logs in three segments, and some rows."""
    found = [
        make_record(message=f"w{number} of all", trace_id="one", resource_id=f"r{number % 3}", metadata={"n": number})
        for number in range(3 * LOGS + ROWS)
    ]
    for start in range(0, len(found), LOGS):
        some = found[start : start + LOGS]
        backends.queue.put([Envelope(some)])
        assert backends.move is not None
        assert backends.move(1_000, 0) == len(some)
    return found


@pytest.fixture
def database(settings: Settings, records: list[LogRecord]) -> Iterator[SqliteDatabase]:
    """The file that the logs lie in, with damage in two places."""
    database = SqliteDatabase(settings.database)
    with database.write(durable=True) as connection:
        for column in ("skeletons", "fields"):
            flipped = f"CAST(substr({column}, 1, 9) || x'ff' || substr({column}, 11) AS BLOB)"
            connection.execute(f"UPDATE segment_columns SET {column} = {flipped} WHERE first = {LOGS + 1}")
        connection.execute("UPDATE logs SET doc = substr(doc, 1, 4) WHERE id = ?", (records[-2].id,))
        forget_open(connection)
    yield database
    database.close()


@pytest.fixture
def client(database: SqliteDatabase, settings: Settings) -> FlaskClient:
    """The application on that file."""
    return create_app(settings).test_client()


def exact(found: Any) -> bool:
    """Return whether an answer says anywhere that a count is exact."""
    if isinstance(found, list):
        return any(map(exact, found))
    if not isinstance(found, dict):
        return False
    return found.get("total_is") == "exact" or found.get("exact") is True or any(map(exact, found.values()))


@pytest.mark.parametrize("path", ANSWERS)
def test_the_api_answers_with_what_can_be_read(client: FlaskClient, path: str) -> None:
    """It names the others, and says of no count that it is exact."""
    found = client.get(path)
    assert found.status_code == 200, found.get_json()
    answer = found.get_json()
    assert any(WHERE in one["where"] and one["logs"] == LOGS for one in answer["unread"])
    assert not exact(answer)


def test_each_log_that_can_be_read_is_there(client: FlaskClient, records: list[LogRecord]) -> None:
    """Page by page, rows too."""
    left = {record.to_dict()["id"] for record in [*records[:LOGS], *records[2 * LOGS : -2], records[-1]]}
    found, cursor, lost = list[str](), "", set[str]()
    while cursor is not None:
        answer = client.get(f"/logs?q=of&limit=70&cursor={cursor}").get_json()
        found += [one["id"] for one in answer["results"]]
        cursor, lost = answer["next"], lost | {one["where"] for one in answer.get("unread", ())}
    assert sorted(found) == sorted(left)
    assert len(lost) == 2


def test_what_needs_none_of_them_is_answered_as_ever(client: FlaskClient) -> None:
    """Without a word on damage."""
    answer = client.get("/logs?limit=1&count=none").get_json()
    assert "unread" not in answer


def test_a_damaged_log_itself_is_an_error(client: FlaskClient, records: list[LogRecord]) -> None:
    """It is not taken for one that never arrived; nor is an export that lacks some taken for whole."""
    for path in (
        f"/logs/{records[LOGS].to_dict()['id']}",
        f"/logs/{records[LOGS].to_dict()['id']}/context",
        "/logs/export?q=of",
    ):
        found = client.get(path)
        assert (path, found.status_code) == (path, 500)
    beside = client.get(f"/logs/{records[LOGS - 1].to_dict()['id']}/context?before=1&after=1")
    assert [one["message"] for one in beside.get_json()["results"]][:2] == [
        f"w{LOGS - 2} of all",
        f"w{LOGS - 1} of all",
    ]
    assert WHERE in beside.get_json()["unread"][0]["where"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_show_what_can_be_read(client: FlaskClient, path: str) -> None:
    """And say what they lack, once."""
    found = client.get(path, headers={"Accept": "text/html"})
    assert found.status_code == 200, found.text
    assert found.text.count("Incomplete: ") == 1
    assert WHERE in found.text


def test_previews_of_rules_are_made_of_what_can_be_read(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the API, which names the others, and on the page; they are neither an error nor said to be whole."""
    monkeypatch.setattr("app.web.rules.asking.now_ms", lambda: now_ms() + 48 * 3_600_000)
    asked, expiring = {"rules": "noise: drop level:info"}, {"rules": "resourceId:r1 1d"}
    for path, body in (("/rules/preview", asked), ("/retention/preview", expiring)):
        found = client.post(path, json=body)
        assert found.status_code == 200, found.text
        assert any(WHERE in one["where"] for one in found.get_json()["unread"])
        assert found.headers["Cache-Control"] == "no-store"
    for path, form in (("/page/rules", asked), ("/page/retention", {"retention": expiring["rules"]})):
        page = client.post(path, data=form, headers={"Accept": "text/html", "Origin": "http://localhost"})
        assert page.status_code == 200, page.text
        assert page.text.count("Incomplete: ") == 1


def test_an_alert_is_tried_and_what_keeps_it_from_being_decided_is_shown(client: FlaskClient) -> None:
    """Its count would be wrong without the damaged logs."""
    query = "/page/alert?try=&q=of&name=a&kind=at_least&window=1d&threshold=1"
    page = client.get(query, headers={"Accept": "text/html"})
    assert page.status_code == 200, page.text
    assert WHERE in page.text


def test_a_bound_reader_learns_that_logs_are_lacking_and_not_where(
    database: SqliteDatabase, settings: Settings
) -> None:
    """Their places say how many logs others have sent."""
    app = create_app(replace(settings, auth="required", admin_password="a long password"))
    with app.app_context():
        token, _ = tokens.create("bound", "reader", "tests", filter="resourceId:r1")
    for path in ("/logs?q=of&limit=5000", "/logs/facets?q=of&field=resourceId", "/patterns?q=of"):
        found = app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})
        assert found.status_code == 200, found.text
        assert "damaged logs" in found.text
        assert "places" not in found.text


def test_damage_is_named_on_the_console_also_where_the_answer_is_an_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer says no more than that the time was too short."""
    monkeypatch.setattr("app.web.partly._said", set())

    def once() -> None:
        if not passed():
            raise Damaged("a log,", "it is not what was written", b"key")
        raise TimedOut("it took too long")

    with pytest.raises(TimedOut):
        partly(around(once))()
    assert "a log, can't be read" in caplog.text


def test_what_is_remembered_still_says_what_it_lacks(client: FlaskClient) -> None:
    """Each key that is typed asks again, and is answered from memory."""
    for _ in range(2):
        answer = client.get("/logs/completions?q=metadata.n:1").get_json()
        assert WHERE in answer["unread"][0]["where"]
        assert not exact(answer)


def test_a_log_is_shown_beside_one_that_is_damaged(client: FlaskClient, records: list[LogRecord]) -> None:
    """The page says which can't be read; one that never was is not taken for damaged."""
    whole, lost = (records[number].to_dict()["id"] for number in (0, LOGS))
    found = client.get(f"/compare?a={lost}&b={whole}", headers={"Accept": "text/html"})
    assert found.status_code == 200
    assert WHERE in found.text
    assert "w0 of all" in found.text
    other = client.get(f"/compare?a={lost}&b={'0' * 32}", headers={"Accept": "text/html"})
    assert other.status_code == 404
    assert other.text.count(WHERE) == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "of at least 905 logs"),
        ("?q=resourceId:r1", "of at least 202 logs"),
        ("?q=of", "in 604 logs that can be read"),
    ],
)
def test_the_list_of_fields_is_of_logs_that_can_be_read(client: FlaskClient, query: str, said: str) -> None:
    """It says so, in the place of their exact number."""
    assert said in client.get(f"/page/counts{query}", headers={"Accept": "text/html"}).text


def test_a_bound_reader_learns_no_places_from_an_error(
    database: SqliteDatabase, settings: Settings, records: list[LogRecord]
) -> None:
    """By a log, its neighbours, its comparison or an export."""
    app = create_app(replace(settings, auth="required", admin_password="a long password"))
    with app.app_context():
        token, _ = tokens.create("bound", "reader", "tests", filter="resourceId:r1")
    lost = records[LOGS + 1].to_dict()["id"]
    for path in (f"/logs/{lost}", f"/logs/{lost}/context", f"/log/{lost}", f"/compare?a={lost}", "/logs/export?q=of"):
        found = app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})
        assert "can't be read" in found.get_data(as_text=True).replace("&#39;", "'"), path
        assert "places" not in found.text, path


def test_damage_of_a_log_is_on_the_console_once(
    client: FlaskClient, records: list[LogRecord], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whichever page met it."""
    monkeypatch.setattr("app.web.partly._said", set())
    assert client.get(f"/log/{records[LOGS].to_dict()['id']}").status_code == 500
    assert client.get(f"/log/{records[0].to_dict()['id']}").status_code == 200
    assert caplog.text.count(WHERE) == 1, caplog.text
