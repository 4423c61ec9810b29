"""Sessions of browsers: listed with what people know them by, ended one by one, over by age and by idleness."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from app.cli import cli
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import sessions, users, verify
from app.web.accounts.tables import BrowserSession, transaction
from app.web.security import session

PASSWORD = "the admin's password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/604.1"


@pytest.fixture
def closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application that wants a credential, and asks the record each time; it has the user zoe."""
    monkeypatch.setattr(verify, "FRESH_SECONDS", 0.0)
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    with made.app_context():
        users.add("zoe", "reader", password="zoe's password")
    yield made
    made.extensions["logingestor"].close()


def browser(app: Flask, name: str = "zoe", password: str = "zoe's password", agent: str = FIREFOX) -> FlaskClient:
    """Return a browser in which somebody has logged in."""
    client = app.test_client()
    entered = client.post("/login", data={"name": name, "password": password}, headers={"User-Agent": agent})
    assert entered.status_code == 303
    return client


def inside(client: FlaskClient) -> bool:
    """Return whether the client's cookie opens the search page."""
    return client.get("/", headers={"Accept": "text/html"}).status_code == 200


def listed(app: Flask, user: str | None = None) -> list[BrowserSession]:
    """Return the sessions that the record lists."""
    with app.app_context():
        return sessions.listed(lambda: "", user)


def test_a_user_sees_and_ends_their_sessions(closed: Flask) -> None:
    """Each with browser and address; one, all others, or all; nobody else's."""
    here, phone, other = browser(closed), browser(closed, agent=SAFARI), browser(closed)
    admin = browser(closed, "admin", PASSWORD)
    page = here.get("/account").text
    assert page.count("Firefox on Linux") == 3  # two rows, and the other one's button
    assert "Safari on iPhone" in page
    assert page.count("this browser") == 1
    assert page.count("127.0.0.1") == 3
    name = next(one.digest.hex()[: sessions.NAME_DIGITS] for one in listed(closed, "zoe") if "iPhone" in one.browser)
    ended = here.post("/account", data={"do": "end one", "session": name})
    assert "ends within 5 seconds" in ended.text
    assert "Safari" not in ended.text
    assert [inside(one) for one in (here, phone, other, admin)] == [True, False, True, True]
    assert here.post("/account", data={"do": "end one", "session": name}).status_code == 404
    assert here.post("/account", data={"do": "end others"}).status_code == 200
    assert [inside(one) for one in (here, phone, other, admin)] == [True, False, False, True]
    assert here.post("/account", data={"do": "end"}).status_code == 303
    assert [inside(one) for one in (here, phone, other, admin)] == [False, False, False, True]
    assert admin.post("/account", data={"do": "end"}).status_code == 303
    assert not inside(admin)


def test_nobody_ends_another_s_session_but_an_admin(closed: Flask) -> None:
    """The name of another's session is one that there isn't; the page of access ends one of anybody's, or all."""
    with closed.app_context():
        users.add("ann", "reader", password="ann's password")
    zoe, ann, admin = browser(closed), browser(closed, "ann", "ann's password"), browser(closed, "admin", PASSWORD)
    name = listed(closed, "zoe")[0].digest.hex()[: sessions.NAME_DIGITS]
    assert ann.post("/account", data={"do": "end one", "session": name}).status_code == 404
    assert ann.post("/access", data={"do": "end", "name": "zoe", "session": name}).status_code == 403
    assert inside(zoe)
    assert admin.get("/access").text.count("Firefox on Linux") >= 3
    assert admin.post("/access", data={"do": "end", "name": "ann", "session": name}).status_code == 404
    assert admin.post("/access", data={"do": "end", "name": "zoe", "session": name}).status_code == 200
    assert [inside(one) for one in (zoe, ann, admin)] == [False, True, True]
    assert admin.post("/access", data={"do": "end all", "name": "ann"}).status_code == 200
    assert not inside(ann)


def test_a_copied_cookie_is_worth_nothing_after_logging_out(closed: Flask) -> None:
    """Logging out ends the session in the record, not only the cookie; so does logging in again in the same browser."""
    client = browser(closed)
    for path, sent in (("/logout", {}), ("/login", {"name": "zoe", "password": "zoe's password"})):
        cookie = client.get_cookie(session.COOKIE)
        assert cookie is not None
        thief = closed.test_client()
        thief.set_cookie(session.COOKIE, cookie.value)
        assert inside(thief)
        assert client.post(path, data=sent).status_code == 303
        assert not inside(thief)
        client = browser(closed)


def test_logging_out_counts_at_once_in_the_process_that_was_asked(
    closed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a moment ago it looked up whose the session is; so does ending another, and somebody's by an admin."""
    monkeypatch.setattr(verify, "FRESH_SECONDS", 3_600.0)
    client, thief = browser(closed), closed.test_client()
    cookie = client.get_cookie(session.COOKIE)
    assert cookie is not None
    thief.set_cookie(session.COOKIE, cookie.value)
    assert inside(client)
    assert inside(thief)
    client.post("/logout")
    assert not inside(thief)
    client, other = browser(closed), browser(closed)
    assert inside(client)
    assert inside(other)
    client.post("/account", data={"do": "end others"})
    assert not inside(other)


@pytest.mark.parametrize(
    ("made", "used", "open"),
    [
        (sessions.LASTS_SECONDS - 60, 0, True),
        (sessions.LASTS_SECONDS + 1, 0, False),
        (sessions.IDLE_SECONDS, sessions.IDLE_SECONDS - 60, True),
        (sessions.IDLE_SECONDS + 60, sessions.IDLE_SECONDS + 1, False),
    ],
)
def test_a_session_is_over_by_age_and_by_idleness(closed: Flask, made: int, used: int, open: bool) -> None:
    """Seconds ago; one that is over is neither listed nor kept when somebody logs in."""
    client = browser(closed)
    key = listed(closed)[0].digest
    now = sessions.now_ms()
    with closed.app_context(), transaction() as writing:
        writing.merge(BrowserSession(digest=key, made=now - made * 1000, used=now - used * 1000))
    assert len(listed(closed)) == open
    assert inside(client) == open
    if open:  # and that was a use
        assert listed(closed)[0].used >= now - verify.USED_MS
    browser(closed)
    with closed.app_context(), transaction() as reading:
        assert (reading.get(BrowserSession, key) is not None) == open


def test_the_oldest_ends_when_there_are_too_many(closed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who logs in by a script, again and again, keeps MOST of them, and ends nobody else's."""
    monkeypatch.setattr(sessions, "MOST", 2)
    admin = browser(closed, "admin", PASSWORD)
    first, second, third = browser(closed), browser(closed), browser(closed)
    assert [inside(one) for one in (first, second, third, admin)] == [False, True, True, True]


def test_only_a_digest_is_kept(closed: Flask, settings: Settings) -> None:
    """Who reads the database finds nothing that opens the server."""
    with closed.app_context():
        identity = sessions.begin("zoe", "stamp", "::1", "x" * 10_000)
        assert identity.encode() not in settings.database.read_bytes()
        with transaction() as reading:
            kept = reading.get(BrowserSession, sessions.digest(identity))
        assert kept is not None
        assert len(kept.browser) == sessions.BROWSER_LIMIT


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on Android"),
        ("curl/8.5", "curl/8.5"),
        ("", "a program that doesn't say what it is"),
    ],
)
def test_names_of_browsers(agent: str, name: str) -> None:
    """As people call them; what is unknown as it says itself."""
    assert sessions.browser_name(agent) == name


def test_what_a_browser_says_of_itself_is_shown_and_never_obeyed(closed: Flask) -> None:
    """On both pages, escaped."""
    client = browser(closed, agent="<script>alert(1)</script>")
    admin = browser(closed, "admin", PASSWORD)
    for page in (client.get("/account").text, admin.get("/access").text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_commands(closed: Flask, settings: Settings) -> None:
    """Listed as people know them, ended one and all; the admin's too, whose stamp is made of the password."""

    def run(*words: str) -> str:
        env = {"LOGINGESTOR_DATA_DIR": str(settings.data_dir), "LOGINGESTOR_ADMIN_PASSWORD": PASSWORD}
        done = CliRunner(env=env).invoke(cli, ["users", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    first, second, admin = browser(closed), browser(closed), browser(closed, "admin", PASSWORD)
    assert len(json.loads(run("sessions", "--json"))) == 3
    (one, _) = json.loads(run("sessions", "zoe", "--json"))
    assert one.keys() == {"user", "session", "browser", "address", "since", "used"}
    assert f"{one['session']}  zoe, Firefox on Linux, address 127.0.0.1" in run("sessions", "zoe")
    run("logout", "zoe", "--session", one["session"])
    assert sorted([inside(first), inside(second)]) == [False, True]
    run("logout", "zoe")
    assert [inside(client) for client in (first, second, admin)] == [False, False, True]
    run("logout", "admin")
    assert not inside(admin)
