"""An admin hands out a link, and its user takes a password of their own: once, within a day, and no easy one."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.cli import cli
from app.errors import InvalidInput
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import links, signed, users, verify
from app.web.accounts.totp import factor

ADMIN = "the admin's password"
CHOSEN = "a password of her own"


@pytest.fixture
def closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application that wants a credential, with its user zoe."""
    monkeypatch.setattr(verify, "FRESH_SECONDS", 0.0)
    made = create_app(replace(settings, auth="required", admin_password=ADMIN))
    with made.app_context():
        users.add("zoe", "reader")
    yield made
    made.extensions["logingestor"].close()


def handed_out(app: Flask) -> str:
    """Return the link that an admin gets on the page, as a path."""
    admin = app.test_client()
    admin.post("/login", data={"name": "admin", "password": ADMIN})
    page = admin.post("/access", data={"do": "link", "name": "zoe"}).text
    found = re.search(r"http://localhost(/login/password\?link=[^<]+)<", page)
    assert found is not None
    return unescape(found[1])


def take(client: FlaskClient, link: str, password: str = CHOSEN, again: str | None = None) -> TestResponse:
    """Send the form of a link."""
    sent = {"link": link.partition("=")[2], "password": password, "again": password if again is None else again}
    return client.post("/login/password", data=sent)


def inside(client: FlaskClient) -> bool:
    """Return whether the client's cookie opens the search page."""
    return client.get("/", headers={"Accept": "text/html"}).status_code == 200


def test_a_link_counts_once_at_the_same_time(closed: Flask) -> None:
    """Of those who have read it before anybody used it one sets the password; the others are told that it was used."""
    link, together = handed_out(closed), threading.Barrier(4)

    def go(number: int) -> int:
        client = closed.test_client()
        together.wait()
        return take(client, link, f"{CHOSEN}, number {number}").status_code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(go, range(4))) == [303, 400, 400, 400]


def test_a_link_counts_once(closed: Flask) -> None:
    """The form names its user, the password is taken, and who took it is logged in; a second look says that it was used."""
    link, client = handed_out(closed), closed.test_client()
    asked = client.get(link)
    assert asked.headers["Cache-Control"] == "no-store"
    assert 'value="zoe"' in asked.text
    assert "differs" in take(client, link, again="another").text
    assert not inside(client)
    assert take(client, link).status_code == 303
    assert inside(client)
    for answer in (client.get(link), take(closed.test_client(), link)):
        assert answer.status_code == 400
        assert "was used" in answer.text
    other = closed.test_client()
    other.post("/login", data={"name": "zoe", "password": CHOSEN})
    assert inside(other)


@pytest.mark.parametrize("what", ["forged", "old", "disabled", "removed", "reset", "purpose"])
def test_no_other_link_counts(closed: Flask, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one of a user who was shut out, went, or got another password since; nor a form of another purpose."""
    link = handed_out(closed)
    with closed.app_context():
        if what == "forged":
            link = link[:-3] + "abc"
        elif what == "old":
            monkeypatch.setattr(links, "LASTS_SECONDS", -1)
        elif what == "disabled":
            users.set_disabled("zoe", True)
        elif what == "removed":
            users.remove("zoe")
            users.add("zoe", "admin")
        elif what == "reset":
            users.set_password("zoe")
        elif what == "purpose":
            kept = closed.extensions["logingestor"].settings
            link = f"/login/password?link={signed.signer(kept, 'login').dumps(['zoe', ''])}"
    client = closed.test_client()
    assert client.get(link).status_code == 400
    assert take(client, link).status_code == 400
    assert not inside(client)


def test_the_code_is_asked_for_too(closed: Flask) -> None:
    """A link stands in for the password, not for the second factor."""
    with closed.app_context():
        factor.turn_on("zoe", bytes(16), 0)
    client = closed.test_client()
    assert "six digits" in take(client, handed_out(closed)).text
    assert not inside(client)


def test_commands(settings: Settings, closed: Flask) -> None:
    """`users link` prints one; there is none of nobody, nor of who logs in elsewhere or is shut out."""
    run = CliRunner(env={"LOGINGESTOR_DATA_DIR": str(settings.data_dir)})
    link = run.invoke(cli, ["users", "link", "zoe"]).output.strip().removeprefix("https://YOUR-SERVER")
    assert take(closed.test_client(), link).status_code == 303
    assert run.invoke(cli, ["users", "link", "nobody"]).exit_code == 1
    with closed.app_context():
        users.set_disabled("zoe", True)
    assert run.invoke(cli, ["users", "link", "zoe"]).exit_code == 2


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("elevenchars", "shorter than 12"),
        ("1qaz2wsx3edc", "guessed first"),
        ("QWERTY123456", "guessed first"),
        ("aaaaaaaaaaaaa", "guessed first"),
        ("zoe-logingestor", "guessed first"),
        ("LogIngestorZoezoe", "guessed first"),
    ],
)
def test_no_easy_password_is_taken(closed: Flask, password: str, said: str) -> None:
    """Too short, one of the most common, or made of what everybody knows."""
    with closed.app_context(), pytest.raises(InvalidInput, match=said):
        users.set_password("zoe", password)


@pytest.mark.parametrize("password", ["twelve chars", "zoe walks home", "логин и пароль"])
def test_others_are(closed: Flask, password: str) -> None:
    """Whatever they are made of."""
    with closed.app_context():
        assert users.set_password("zoe", password) == password


def test_logging_out_empties_what_the_browser_keeps(closed: Flask) -> None:
    """The queries that were typed, and pages."""
    answer = closed.test_client().post("/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
