"""Users log in by a passkey: made by who knows the password, for one name of the server, each answer once, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from app.cli import cli
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tables, users, verify
from app.web.accounts.passkeys import ceremony, kept
from app.web.accounts.passkeys.ceremony import ANSWER_LIMIT
from app.web.accounts.totp import factor
from app.web.security.tries import AT_ONCE
from tests.prepared import prepare
from tests.web.accounts.authenticator import FLAG, Device, asked, enter

HTML = {"Accept": "text/html"}
PASSWORD = "zoe's password"
#: Tests whose statements the two databases understand differently, or could.
BOTH = pytest.mark.parametrize("closed", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def closed(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """An application that wants a credential, with its user zoe, in the file; in PostgreSQL where a test asks for that."""
    monkeypatch.setattr(verify, "FRESH_SECONDS", 0.0)
    if getattr(request, "param", "sqlite") == "postgresql":
        url = request.getfixturevalue("postgres_database")
        settings = Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path), "LOGINGESTOR_STORE_URL": url})
        prepare(settings)
    made = create_app(replace(settings, auth="required", admin_password="the admin's password"))
    with made.app_context():
        users.add("zoe", "reader", password=PASSWORD)
    yield made
    made.extensions["logingestor"].close()


def browser(app: Flask) -> FlaskClient:
    """Return a browser in which zoe has logged in by her password."""
    client = app.test_client()
    assert client.post("/login", data={"name": "zoe", "password": PASSWORD}).status_code == 303
    return client


def make(client: FlaskClient, device: Device, **changed: str) -> str:
    """Make a passkey on the device; return the page that follows."""
    begun = client.post("/account/passkey", data={"do": "begin", "label": "phone", "current": PASSWORD})
    options, state = asked(begun)
    sent = {"do": "confirm", "state": state, "answer": device.made(options), **changed}
    return client.post("/account/passkey", data=sent).text


def inside(client: FlaskClient) -> bool:
    """Return whether the client's cookie opens the search page."""
    return client.get("/", headers=HTML).status_code == 200


@BOTH
def test_a_passkey_opens_the_account_and_is_removed(closed: Flask) -> None:
    """Without password and code, to the page that was asked for; listed with its last use; once removed it opens nothing."""
    client, device = browser(closed), Device()
    assert "opens your account" in make(client, device)
    other = closed.test_client()
    entered = enter(other, device)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/searches")
    assert inside(other)
    page = client.get("/account").text
    assert "for localhost" in page
    assert "never" not in page
    with closed.app_context():
        (one,) = kept.listed("zoe")
        assert one["label"] == "phone"
        assert users.one("zoe")["passkeys"]
    assert "no such passkey" in client.post("/account/passkey", data={"do": "remove", "passkey": "x"}).text
    client.post("/account/passkey", data={"do": "remove", "passkey": one["passkey"]})
    assert enter(closed.test_client(), device).status_code == 403


def test_who_makes_one_is_known(closed: Flask) -> None:
    """By password, and by a code where codes are asked for; the form of one user makes none for another; admin and strangers have none."""
    client, device = browser(closed), Device()
    begin = {"do": "begin", "current": "wrong password"}
    assert "not your password" in client.post("/account/passkey", data=begin).text
    _, state = asked(client.post("/account/passkey", data={"do": "begin", "current": PASSWORD}))
    with closed.app_context():
        joe = users.add("joe", "reader")
        factor.turn_on("zoe", bytes(16), 0)
    assert "wrong" in client.post("/account/passkey", data={"do": "begin", "current": PASSWORD, "code": "1"}).text
    theirs = closed.test_client()
    theirs.post("/login", data={"name": "joe", "password": joe})
    sent = {
        "do": "confirm",
        "state": state,
        "answer": device.made(asked(closed.test_client().get("/login/passkey"))[0]),
    }
    assert "took too long" in theirs.post("/account/passkey", data=sent).text
    admin = closed.test_client()
    admin.post("/login", data={"name": "admin", "password": "the admin's password"})
    assert admin.post("/account/passkey", data={"do": "begin"}).status_code == 403
    assert closed.test_client().post("/account/passkey", data={"do": "begin"}).status_code == 401


@pytest.mark.parametrize("what", ["origin", "host", "nobody", "present", "kind", "junk", "long", "list", "state"])
def test_no_passkey_is_made_of_what_does_not_fit(closed: Flask, what: str) -> None:
    """Another site's, without its user, of another kind, or no answer at all: each is refused in words."""
    client, device = browser(closed), Device()
    changed = {
        "junk": {"answer": "{"},
        "long": {"answer": " " * ANSWER_LIMIT + "{}"},
        "list": {"answer": "[1]"},
        "state": {"state": "forged"},
    }.get(what, {})
    if what == "origin":
        device.origin = "http://localhost.evil.example"
    elif what == "host":
        device.host = "evil.example"
    elif what == "nobody":
        device.flags = FLAG.UP
    elif what == "present":
        device.flags = FLAG.UV
    elif what == "kind":
        options, _ = asked(client.get("/login/passkey"))
        changed = {"answer": device.used(options)}
    assert 'role="alert"' in make(client, device, **changed)
    with closed.app_context():
        assert kept.listed("zoe") == []


def test_one_too_many_is_refused_when_it_comes(closed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two windows may begin while there is room for one: the second is told that its passkey is not kept."""
    monkeypatch.setattr(ceremony, "MOST", 1)
    client, device = browser(closed), Device()
    options, state = asked(client.post("/account/passkey", data={"do": "begin", "current": PASSWORD}))
    other = Device()
    other.identity = b"id of another"
    assert "opens your account" in make(client, device)
    answer = client.post("/account/passkey", data={"do": "confirm", "state": state, "answer": other.made(options)})
    assert answer.status_code == 400
    assert "one more than the 1" in answer.text
    with closed.app_context():
        assert len(kept.listed("zoe")) == 1


@BOTH
def test_an_answer_counts_once(closed: Flask) -> None:
    """For its own challenge, in whichever process; a copied device, whose count stands still, opens nothing."""
    device = Device()
    make(browser(closed), device)
    client = closed.test_client()
    options, state = asked(client.get("/login/passkey"))
    sent = {"state": state, "answer": device.used(options)}
    assert client.post("/login/passkey", data=sent).status_code == 303
    assert closed.test_client().post("/login/passkey", data=sent).status_code == 403
    _, other = asked(client.get("/login/passkey"))
    assert client.post("/login/passkey", data={**sent, "state": other}).status_code == 403
    device.uses -= 1
    assert enter(client, device).status_code == 403
    assert enter(client, device).status_code == 303


@pytest.mark.parametrize("what", ["origin", "host", "nobody", "other key", "disabled", "removed", "junk", "state"])
def test_what_does_not_fit_opens_nothing(closed: Flask, what: str) -> None:
    """Nor does the passkey of who is shut out, or gone."""
    device, changed = Device(), {"junk": {"answer": "null"}, "state": {"state": "forged"}}.get(what, {})
    make(browser(closed), device)
    if what == "origin":
        device.origin = "https://evil.example"
    elif what == "host":
        device.host = "evil.example"
    elif what == "nobody":
        device.flags = FLAG.UP
    elif what == "other key":
        device = Device()
    with closed.app_context():
        if what == "disabled":
            users.set_disabled("zoe", True)
        elif what == "removed":
            users.remove("zoe")
            users.add("zoe", "admin", password=PASSWORD)
    client = closed.test_client()
    assert enter(client, device, **changed).status_code in (400, 403)
    assert not inside(client)
    with closed.app_context():
        users.set_disabled("zoe", False)


@pytest.mark.parametrize("deep", ["[" * (ANSWER_LIMIT - 1), '{"a":' * (ANSWER_LIMIT // 5 - 1)])
def test_an_answer_in_an_answer_without_end_opens_nothing(closed: Flask, deep: str) -> None:
    """It is no fault of the server's, and counted as others that open nothing are."""
    client = closed.test_client()
    _, state = asked(client.get("/login/passkey"))
    assert client.post("/login/passkey", data={"state": state, "answer": deep}).status_code == 403
    assert 'role="alert"' in make(browser(closed), Device(), answer=deep)


def test_guessing_waits_and_keeps_no_password_waiting(closed: Flask) -> None:
    """Wrong passkeys are counted by address, apart from passwords."""
    device, client = Device(), closed.test_client()
    for _ in range(AT_ONCE):
        assert enter(client, device).status_code == 403
    assert enter(client, device).status_code == 429
    assert inside(browser(closed))


def test_they_are_for_a_name_over_tls(closed: Flask) -> None:
    """Or for localhost: not for an address, nor without TLS, nor on a server that asks nobody. A passkey of one name opens no other."""
    client = closed.test_client()
    for base, there in (
        ("http://localhost:3000", True),
        ("https://logs.example", True),
        ("http://logs.example", False),
        ("http://127.0.0.1", False),
        ("https://127.0.0.1", False),
        ("https://[::1]", False),
    ):
        assert ("Use a passkey" in client.get("/login", headers=HTML, base_url=base).text) is there
        assert client.get("/login/passkey", headers=HTML, base_url=base).status_code == (200 if there else 404)
    device = Device()
    make(browser(closed), device)
    options, state = asked(client.get("/login/passkey", base_url="https://logs.example"))
    device.host, device.origin = "logs.example", "https://logs.example"
    sent = {"state": state, "answer": device.used(options)}
    assert client.post("/login/passkey", data=sent, base_url="https://logs.example").status_code == 403


def test_admins_help(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose device is lost has the passkeys taken away, by command or on the page."""
    app = create_app(replace(settings, auth="required", admin_password="the admin's password"))
    with app.app_context():
        users.add("zoe", "reader", password=PASSWORD)
    make(browser(app), Device())
    admin = app.test_client()
    admin.post("/login", data={"name": "admin", "password": "the admin's password"})
    assert "with passkeys" in admin.get("/access").text
    assert "no passkeys any more" in admin.post("/access", data={"do": "remove-passkeys", "name": "zoe"}).text
    make(browser(app), Device())
    run = CliRunner(env={"LOGINGESTOR_DATA_DIR": str(settings.data_dir)})
    assert "no passkeys any more" in run.invoke(cli, ["users", "remove-passkeys", "zoe"]).output
    assert run.invoke(cli, ["users", "remove-passkeys", "zoe"]).exit_code == 1
    with tables.opened(settings):
        assert kept.listed("zoe") == []
    app.extensions["logingestor"].close()


def test_without_the_extra_there_are_none(closed: Flask) -> None:
    """Pages offer none, and what is asked for all the same says what to install."""
    closed.extensions["logingestor.passkeys"] = False
    client = closed.test_client()
    assert "Use a passkey" not in client.get("/login", headers=HTML).text
    assert ".[passkeys]" in client.get("/login/passkey").text
