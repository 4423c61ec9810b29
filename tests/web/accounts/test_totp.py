"""Users set up an authenticator app: its code is asked for after the password, counts once, and can't be guessed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from app.backends import upgrade
from app.cli import cli
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tables, users, verify
from app.web.accounts.totp import factor, pending
from app.web.security import access
from app.web.security.tries import AT_ONCE, Tries

ADMIN_PASSWORD = "the admin's password"
HTML = {"Accept": "text/html"}


class Clock:
    """The time that codes are made by, in seconds; whole steps, so that no test runs across the end of one."""

    def __init__(self) -> None:
        self.now = time.time() // 30 * 30

    def time(self) -> float:
        return self.now

    def code(self, secret: str, steps: int = 0) -> str:
        """Return the code that an app shows so many steps from now."""
        return pyotp.TOTP(secret).at(self.now, counter_offset=steps)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of codes."""
    made = Clock()
    monkeypatch.setattr(factor, "time", made)
    return made


@pytest.fixture
def closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application that wants a credential, and asks the record each time."""
    monkeypatch.setattr(verify, "FRESH_SECONDS", 0.0)
    made = create_app(replace(settings, auth="required", admin_password=ADMIN_PASSWORD))
    yield made
    made.extensions["logingestor"].close()


class Owner:
    """Zoe, her password, her browser, and what her app and her paper hold."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self.app, self.clock, self.client = app, clock, app.test_client()
        with app.app_context():
            self.password = users.add("zoe", "reader")
        assert self.give_password(self.client).status_code == 303
        page = self.act(do="begin", current=self.password)
        self.secret = hidden(page.text, r"Secret: <code>([A-Z2-7 ]+)<").replace(" ", "")
        self.setup = hidden(page.text, 'name="setup" value="([^"]+)"')
        self.codes: list[str] = []

    def act(self, **sent: str) -> Any:
        """Press a button of the page of the account."""
        return self.client.post("/account/totp", data=sent, headers=HTML)

    def turn_on(self) -> None:
        """Show a code of the app; write the recovery codes down."""
        page = self.act(do="confirm", setup=self.setup, code=self.clock.code(self.secret))
        assert page.status_code == 200
        self.codes = hidden(page.text, r"<pre[^>]*>([a-z2-7\n-]+)</pre>").split()
        self.clock.now += 60

    def give_password(self, client: FlaskClient, address: str = "192.0.2.1", way: str = "") -> Any:
        """Send the form."""
        sent = {"name": "zoe", "password": self.password, "next": way}
        return client.post("/login", data=sent, headers=HTML, environ_overrides={"REMOTE_ADDR": address})

    def give_code(self, client: FlaskClient, code: str, address: str = "192.0.2.1", way: str = "") -> Any:
        """Log in with password and code."""
        asked = self.give_password(client, address, way)
        kept = hidden(asked.text, 'name="pending" value="([^"]+)"')
        return give(client, kept, code, address)


def hidden(text: str, pattern: str) -> str:
    """Return what a page holds."""
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]


def give(client: FlaskClient, kept: str, code: str, address: str = "192.0.2.1") -> Any:
    """Send the form that asks for a code."""
    sent = {"pending": kept, "code": code}
    return client.post("/login/code", data=sent, headers=HTML, environ_overrides={"REMOTE_ADDR": address})


def inside(client: FlaskClient) -> bool:
    """Return whether the client's cookie opens the search page."""
    return client.get("/", headers=HTML).status_code == 200


@pytest.fixture
def owner(closed: Flask, clock: Clock) -> Owner:
    """Somebody who is about to set an app up."""
    return Owner(closed, clock)


def test_an_app_is_set_up(owner: Owner) -> None:
    """With the password, and with a code of the app, before anything changes; other sessions end, recovery codes are shown once."""
    other, client = owner.app.test_client(), owner.client
    owner.give_password(other)
    assert owner.act(do="begin", current="wrong password").status_code == 400
    page = owner.act(do="begin", current=owner.password)
    assert page.headers["Cache-Control"] == "no-store"
    assert "<svg" in page.text
    assert "style=" not in page.text
    uri = pyotp.parse_uri(hidden(page.text, 'href="(otpauth:[^"]+)"').replace("&amp;", "&"))
    assert (uri.name, uri.issuer) == ("zoe", "LogIngestor localhost")
    wrong = owner.act(do="confirm", setup=owner.setup, code="000000")
    assert wrong.status_code == 400
    assert "code is wrong" in wrong.text
    assert owner.act(do="confirm", setup=f"{owner.setup}x", code=owner.clock.code(owner.secret)).status_code == 400
    assert owner.give_password(owner.app.test_client()).status_code == 303
    owner.turn_on()
    assert len(set(owner.codes)) == factor.RECOVERY_CODES
    assert inside(client)
    assert not inside(other)
    shown = client.get("/account", headers=HTML).text
    assert "10 recovery codes left" in shown
    assert owner.codes[0] not in shown
    assert "asked for already" in owner.act(do="begin", current=owner.password).text
    assert owner.act(do="nonsense").status_code == 400


def test_a_code_is_asked_for_after_the_password(owner: Owner) -> None:
    """The password alone opens nothing; with the code it leads to the page that was asked for."""
    owner.turn_on()
    with owner.app.app_context():
        before = users.one("zoe")["last_login"]
    client = owner.app.test_client()
    asked = owner.give_password(client)
    assert asked.status_code == 200
    assert asked.headers["Cache-Control"] == "no-store"
    assert 'name="code"' in asked.text
    assert not inside(client)
    with owner.app.app_context():
        assert users.one("zoe")["last_login"] == before
    code = owner.clock.code(owner.secret)
    entered = owner.give_code(client, f" {code[:3]} {code[3:]}", way="/?q=level:error")
    assert (entered.status_code, entered.headers["Location"]) == (303, "/?q=level:error")
    assert inside(client)
    elsewhere = owner.give_code(owner.app.test_client(), owner.codes[0], way="//evil.example")
    assert elsewhere.headers["Location"] == "/"


def test_each_code_counts_once(owner: Owner) -> None:
    """Neither it nor one before it is taken again; clocks may differ by a step, and no further."""
    owner.turn_on()
    clock, secret = owner.clock, owner.secret
    for steps, status in ((-2, 400), (2, 400), (-1, 303), (-1, 400), (1, 303), (1, 400), (0, 400)):
        answer = owner.give_code(owner.app.test_client(), clock.code(secret, steps))
        assert answer.status_code == status, steps
        if status == 400:
            assert "used already" in answer.text
    clock.now += 60
    assert owner.give_code(owner.app.test_client(), clock.code(secret)).status_code == 303


def test_the_code_that_turned_it_on_counts_no_more(owner: Owner) -> None:
    """Whoever looked over the shoulder has nothing."""
    code = owner.clock.code(owner.secret)
    owner.turn_on()
    owner.clock.now -= 60
    assert owner.give_code(owner.app.test_client(), code).status_code == 400


def test_recovery_codes(owner: Owner) -> None:
    """Each counts once, however it is typed; new ones end those before. The tables hold none of them, nor the secret."""
    owner.turn_on()
    first, second, *_ = owner.codes
    assert owner.give_code(owner.app.test_client(), first.replace("-", " ").upper()).status_code == 303
    assert owner.give_code(owner.app.test_client(), first).status_code == 400
    page = owner.act(do="renew", code=owner.clock.code(owner.secret))
    assert "recovery codes" in page.text
    assert owner.give_code(owner.app.test_client(), second).status_code == 400
    fresh = hidden(page.text, r"<pre[^>]*>([a-z2-7\n-]+)</pre>").split()
    assert owner.give_code(owner.app.test_client(), fresh[0]).status_code == 303
    folder = owner.app.extensions["logingestor"].settings.data_dir
    # Beside the database lies a pipe too, which nobody can read to its end.
    kept = b"".join(one.read_bytes() for one in folder.glob("logingestor.db*") if one.is_file())
    for text in (owner.secret, *fresh, *owner.codes):
        assert text.encode() not in kept
        assert text.replace("-", "").encode() not in kept


def test_it_is_removed_by_who_has_it(owner: Owner) -> None:
    """An open browser is not enough, nor is the password; afterwards the password is."""
    owner.turn_on()
    for do in ("remove", "renew"):
        assert owner.act(do=do, code="000000").status_code == 400
        assert owner.act(do=do, code=owner.password).status_code == 400
    assert "alone opens" in owner.act(do="remove", code=owner.codes[0]).text
    assert owner.give_password(owner.app.test_client()).status_code == 303
    assert "Set an app up" in owner.client.get("/account", headers=HTML).text


def test_guessing_waits_and_ends(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address has few tries; from many addresses codes of the app count no more, and the owner is let in by recovery code."""
    owner.turn_on()
    access.guard_of(owner.app).codes = Tries(lambda: 0.0)
    monkeypatch.setattr(factor, "FAILURES", 2 * AT_ONCE)
    code = owner.clock.code(owner.secret)
    wrong = [f"{(int(code) + 7 * n) % 1_000_000:06}" for n in range(1, 60)]
    statuses = [owner.give_code(owner.app.test_client(), guess).status_code for guess in wrong[: AT_ONCE + 2]]
    assert statuses[0] == 400
    assert statuses[-1] == 429
    # Only of this user, at this address.
    assert owner.give_code(owner.app.test_client(), code, "192.0.2.2").status_code == 303
    owner.clock.now += 60
    for number, guess in enumerate(wrong[: 2 * AT_ONCE]):
        owner.give_code(owner.app.test_client(), guess, f"198.51.100.{number}")
    code = owner.clock.code(owner.secret)
    spent = owner.give_code(owner.app.test_client(), code, "192.0.2.2")
    assert spent.status_code == 400
    assert "somebody knows it" in spent.text
    assert owner.give_code(owner.app.test_client(), owner.codes[0], "192.0.2.2").status_code == 303
    assert owner.give_code(owner.app.test_client(), code, "192.0.2.2").status_code == 303


def test_who_knows_no_password_uses_up_no_tries(owner: Owner) -> None:
    """Wrong passwords at the same address keep nobody's codes waiting, nor do another user's codes."""
    owner.turn_on()
    client = owner.app.test_client()
    for n in range(AT_ONCE + 2):
        client.post(
            "/login", data={"name": "zoe", "password": f"guess {n}"}, environ_overrides={"REMOTE_ADDR": "192.0.2.1"}
        )
        give(client, "forged", f"{n:06}")
    assert owner.give_code(owner.app.test_client(), owner.clock.code(owner.secret)).status_code == 303


def test_forms_are_signed_and_short_lived(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What names a login that waits for its code can't be made or kept, and ends with the password."""
    owner.turn_on()
    client, code = owner.app.test_client(), owner.clock.code(owner.secret)
    kept = hidden(owner.give_password(client).text, 'name="pending" value="([^"]+)"')
    for forged in ("", "x", kept[:-2], owner.setup):
        assert "too long" in give(client, forged, code).text
    monkeypatch.setattr(pending, "LOGIN_SECONDS", -1)
    assert "too long" in give(client, kept, code).text
    monkeypatch.undo()
    with owner.app.app_context():
        owner.password = users.set_password("zoe")
    assert "too long" in give(client, kept, code).text
    foreign = client.post("/login/code", data={"pending": kept, "code": code}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert not inside(client)


def test_another_password_needs_the_code_too(owner: Owner) -> None:
    """The browser that changes it stays logged in."""
    owner.turn_on()
    sent = {"do": "password", "current": owner.password, "password": "a new password", "again": "a new password"}
    assert owner.client.post("/account", data=sent, headers=HTML).status_code == 200
    assert inside(owner.client)
    owner.password = "a new password"
    assert 'name="code"' in owner.give_password(owner.app.test_client()).text


def test_admins_help(owner: Owner, settings: Settings) -> None:
    """They see who is asked for codes, and end it on the page and by command; a user who is removed leaves nothing."""
    admin = owner.app.test_client()
    admin.post("/login", data={"name": "admin", "password": ADMIN_PASSWORD})
    act = lambda do: admin.post("/access", data={"do": do, "name": "zoe"}, headers=HTML)  # noqa: E731
    run = lambda *words: CliRunner(env={"LOGINGESTOR_DATA_DIR": str(settings.data_dir)}).invoke(cli, ["users", *words])  # noqa: E731
    assert act("remove-totp").status_code == 404
    owner.turn_on()
    assert "with codes" in admin.get("/access", headers=HTML).text
    assert "zoe  reader, totp" in run("list").stdout
    assert act("remove-totp").status_code == 200
    assert owner.give_password(owner.app.test_client()).status_code == 303
    for end in (("remove-totp", "zoe"), ("remove", "zoe")):
        with owner.app.app_context():
            factor.turn_on("zoe", b"salt", 1)
        assert run(*end).exit_code == 0
        with owner.app.app_context():
            assert factor.codes_left("zoe") is None
    assert run("remove-totp", "zoe").exit_code == 1
    # Their own account is opened by what is a setting.
    assert admin.post("/account/totp", data={"do": "begin", "current": ADMIN_PASSWORD}).status_code == 403


def test_codes_in_postgresql(postgres_database: str, tmp_path: Path, clock: Clock) -> None:
    """Turned on, taken once, counted and removed in the record's database, as in the file."""
    settings = Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path), "LOGINGESTOR_STORE_URL": postgres_database})
    upgrade(settings)
    with tables.opened(settings):
        password, salt = users.add("zoë", "reader"), b"0123456789abcdef"
        secret = factor.secret_of(settings, "zoë", salt)
        step = factor.step_of(secret, clock.code(secret))
        assert step == clock.now // 30
        codes = factor.turn_on("zoë", salt, step)
        assert users.needs_code("zoë")
        assert users.log_in("zoë", password) is not None
        clock.now += 30
        outcomes = [
            factor.take(settings, "zoë", given) for given in (clock.code(secret), clock.code(secret), *codes[:1] * 2)
        ]
        assert outcomes == ["right", "wrong", "right", "wrong"]
        assert factor.codes_left("zoë") == factor.RECOVERY_CODES - 1
        users.remove("zoë")
        assert not users.needs_code("zoë")
