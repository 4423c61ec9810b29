"""People log in by name and password, on a page that works without a script; nobody is locked out by somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from app.backends import upgrade
from app.cli import cli
from app.errors import InvalidInput, NotFound
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import sessions, tables, tokens, users, verify
from app.web.security import access, session
from app.web.security.tries import AT_ONCE, Tries

PASSWORD = "the admin's password"
HTML = {"Accept": "text/html"}


@pytest.fixture
def closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application that wants a credential, and asks the record each time."""
    monkeypatch.setattr(verify, "FRESH_SECONDS", 0.0)
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    yield made
    made.extensions["logingestor"].close()


def add(app: Flask, name: str = "zoe", role: str = "reader", **options: Any) -> str:
    """Add a user; return the password."""
    with app.app_context():
        return users.add(name, role, **options)


def enter(client: FlaskClient, name: str, password: str, next: str = "") -> Any:
    """Send the form."""
    return client.post("/login", data={"name": name, "password": password, "next": next}, headers=HTML)


def inside(client: FlaskClient) -> bool:
    """Return whether the client's cookie opens the search page."""
    return client.get("/", headers=HTML).status_code == 200


def test_the_form_stands_where_the_page_would(closed: Flask) -> None:
    """A browser that asks for a page gets the form, which leads back there; a program gets a challenge."""
    client, password = closed.test_client(), add(closed)
    asked = client.get("/?q=level:error", headers=HTML)
    assert asked.status_code == 401
    assert 'name="next" value="/?q=level:error"' in asked.text
    assert not asked.headers["WWW-Authenticate"].startswith("Basic")
    assert client.get("/logs").headers["WWW-Authenticate"].startswith("Basic")
    entered = enter(client, "zoe", password, "/?q=level:error")
    assert (entered.status_code, entered.headers["Location"]) == (303, "/?q=level:error")
    cookie = entered.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert password not in cookie
    page = client.get("/", headers=HTML)
    assert page.status_code == 200
    assert ">zoe</a>" in page.text
    assert ">Dead letters</a>" not in page.text
    assert client.get("/dead", headers=HTML).status_code == 403
    # Nor does a page offer what would be refused: to make an alert. Searches are saved by readers too.
    admin = closed.test_client()
    enter(admin, "admin", PASSWORD)
    pages = [one.get("/?q=level:error", headers=HTML).text for one in (client, admin)]
    assert [">Alert on this<" in page for page in pages] == [False, True]
    assert all(">Save<" in page for page in pages)


def test_over_tls_the_cookie_goes_by_no_other_way(closed: Flask) -> None:
    """Also where a proxy ends TLS, which the server is told of by the scheme."""
    password = add(closed)
    sent = {"name": "zoe", "password": password}
    entered = closed.test_client().post("/login", data=sent, base_url="https://logs.example")
    cookie = entered.headers["Set-Cookie"]
    assert "Secure" in cookie
    # Browsers take one with this prefix from this host and over TLS alone: no page of another name sets it.
    assert cookie.startswith("__Host-logingestor=")
    assert "Path=/;" in f"{cookie};"
    assert "Domain" not in cookie
    client = closed.test_client()
    client.post("/login", data=sent, base_url="https://logs.example")
    assert client.get("/account", base_url="https://logs.example").status_code == 200


@pytest.mark.parametrize(
    "way", ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "/a\nb", "javascript:1"]
)
def test_the_form_leads_nowhere_else(closed: Flask, way: str) -> None:
    """Whoever follows a link to it stays on this server."""
    entered = enter(closed.test_client(), "zoe", add(closed), way)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/")


def test_the_admin_s_password_logs_in(settings: Settings) -> None:
    """As the user admin; another one ends the session."""
    first = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    client = first.test_client()
    assert enter(client, "admin", "wrong password").status_code == 400
    assert enter(client, "admin", PASSWORD).status_code == 303
    assert client.get("/dead", headers=HTML).status_code == 200
    wanted = {"do": "password", "current": PASSWORD, "password": "a new password", "again": "a new password"}
    assert client.post("/account", data=wanted).status_code == 403
    cookie = client.get_cookie(session.COOKIE)
    assert cookie is not None
    for password, status in ((PASSWORD, 200), ("another password", 401)):
        second = create_app(replace(settings, auth="required", admin_password=password))
        other = second.test_client()
        other.set_cookie(session.COOKIE, cookie.value)
        assert other.get("/dead", headers=HTML).status_code == status
        second.extensions["logingestor"].close()
    first.extensions["logingestor"].close()


def test_what_ends_a_session(closed: Flask) -> None:
    """Another password, another role, removal, logging out everywhere, and logging out here."""
    password, client, elsewhere = add(closed), closed.test_client(), closed.test_client()
    for end in (
        lambda: users.set_password("zoe", password),
        lambda: users.set_role("zoe", "admin"),
        lambda: sessions.end_all("zoe"),
    ):
        assert enter(client, "zoe", password).status_code == 303
        assert inside(client)
        with closed.app_context():
            end()
        assert not inside(client)
    assert enter(client, "zoe", password).status_code == 303
    assert enter(elsewhere, "zoe", password).status_code == 303
    assert client.post("/logout").status_code == 303
    assert not inside(client)
    assert inside(elsewhere)
    assert elsewhere.post("/account", data={"do": "end"}).status_code == 303
    assert not inside(elsewhere)
    assert enter(client, "zoe", password).status_code == 303
    with closed.app_context():
        users.remove("zoe")
    assert not inside(client)
    assert enter(client, "zoe", password).status_code == 400


def test_a_forged_cookie_opens_nothing(closed: Flask, settings: Settings) -> None:
    """One signed with another key, a changed one, and one that is none."""
    password = add(closed)
    client = closed.test_client()
    enter(client, "zoe", password)
    cookie = client.get_cookie(session.COOKIE)
    assert cookie is not None
    other = create_app(replace(settings, auth="required", admin_password=PASSWORD, secret_key="another key"))
    for app, value in ((other, cookie.value), (closed, cookie.value[:-2]), (closed, "x"), (closed, "")):
        forged = app.test_client()
        forged.set_cookie(session.COOKIE, value)
        assert not inside(forged)
    other.extensions["logingestor"].close()


def test_foreign_pages_make_nobody_log_in_or_change(closed: Flask) -> None:
    """Neither the form nor what a session may do is for pages of other sites."""
    password, client = add(closed, role="admin"), closed.test_client()
    foreign = {"Sec-Fetch-Site": "cross-site", **HTML}
    assert client.post("/login", data={"name": "zoe", "password": password}, headers=foreign).status_code == 403
    enter(client, "zoe", password)
    made = {"do": "create", "name": "t", "role": "admin"}
    assert client.post("/access", data=made, headers=foreign).status_code == 403
    assert client.post("/logs/ingest/", json={"message": "m"}, headers=foreign).status_code == 403
    assert client.post("/access", data=made, headers={"Origin": "https://evil.example", **HTML}).status_code == 403
    with closed.app_context():
        assert tokens.every() == []


def test_guessing_locks_nobody_else_out(closed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries are counted by address: whoever guesses a name's password waits; its owner, elsewhere or known here, doesn't."""
    # No time passes, however long a password's hash takes: else another try is allowed every six seconds.
    monkeypatch.setattr(access.guard_of(closed), "_tries", Tries(lambda: 0.0))
    password, other = add(closed), add(closed, "ann")
    # Tries come back with time, of which a busy machine takes much for a hash.
    access.guard_of(closed)._tries = Tries(lambda: 0.0)
    at = lambda address: {"REMOTE_ADDR": address}  # noqa: E731

    def tried(name: str, given: str, address: str) -> int:
        sent = {"name": name, "password": given}
        return closed.test_client().post("/login", data=sent, environ_overrides=at(address)).status_code

    assert tried("ann", other, "192.0.2.1") == 303
    statuses = [tried("zoe", f"guess {n}", "192.0.2.1") for n in range(AT_ONCE + 2)]
    assert statuses[0] == 400
    assert statuses[-1] == 429
    assert tried("zoe", password, "192.0.2.1") == 429
    assert tried("admin", "guess", "192.0.2.1") == 429
    assert tried("ann", other, "192.0.2.1") == 303
    assert tried("zoe", password, "192.0.2.2") == 303


def test_a_bound_user_sees_what_a_bound_token_sees(closed: Flask) -> None:
    """The filter is the session's."""
    client = closed.test_client()
    enter(client, "zoe", add(closed, filter="resourceId:shop-*"))
    assert client.get("/logs").status_code == 200
    assert client.get("/metrics").status_code == 403


def test_hidden_fields_of_a_user_are_the_session_s(closed: Flask) -> None:
    """They are in no log; what counts all logs is closed, and the user can't be made an admin."""
    client = closed.test_client()
    enter(client, "zoe", add(closed, hide="message, metadata.card"))
    posted = {"message": "4111", "metadata": {"card": "4111", "shop": 1}}
    closed.test_client().post("/logs/ingest/", json=posted, headers={"Authorization": f"Bearer {PASSWORD}"})
    held = closed.extensions["logingestor"].backends()
    assert held.move is not None
    held.move(100, 0)
    (found,) = client.get("/logs").json["results"]
    assert (found["message"], found["metadata"]) == ("", {"shop": 1})
    assert client.get("/metrics").status_code == 403
    with closed.app_context(), pytest.raises(InvalidInput):
        users.set_role("zoe", "admin")


def test_a_user_changes_the_password(closed: Flask) -> None:
    """With the one that was, twice the same new one; this browser stays logged in, others don't."""
    password, client, other = add(closed), closed.test_client(), closed.test_client()
    enter(client, "zoe", password)
    enter(other, "zoe", password)
    wanted = {"do": "password", "current": password, "password": "a new password", "again": "a new password"}
    for wrong in (
        {"current": "wrong password"},
        {"again": "another password"},
        {"password": "short", "again": "short"},
    ):
        refused = client.post("/account", data={**wanted, **wrong}, headers=HTML)
        assert refused.status_code == 400
        assert 'role="alert"' in refused.text
    changed = client.post("/account", data=wanted, headers=HTML)
    assert changed.status_code == 200
    assert changed.headers["Cache-Control"] == "no-store"
    assert inside(client)
    assert not inside(other)
    assert enter(other, "zoe", password).status_code == 400
    assert enter(other, "zoe", "a new password").status_code == 303


def test_the_page_of_access(closed: Flask) -> None:
    """What the commands do, by buttons: a token and a password are shown once, faults are named."""
    client = closed.test_client()
    enter(client, "admin", PASSWORD)
    act = lambda **sent: client.post("/access", data=sent, headers=HTML)  # noqa: E731
    made = act(do="create", name="<b>shop</b>", role="reader", filter="resourceId:shop-*", expires="90d", rate="5")
    assert "lgi_" in made.text
    assert "<b>shop</b>" not in made.text
    assert made.headers["Cache-Control"] == "no-store"
    shown = client.get("/access", headers=HTML).text
    assert "lgi_" not in shown
    assert "resourceId:shop-*" in shown
    assert act(do="create", name="x", role="reader", filter="level:(").status_code == 400
    assert act(do="create", name="x", role="reader", hide="timestamp").status_code == 400
    act(do="create", name="y", role="reader", hide="metadata.card,message")
    act(do="add", name="yan", role="reader", hide="commit")
    shown = client.get("/access", headers=HTML).text
    assert "metadata.card,message" in shown
    assert "commit" in shown
    act(do="remove", name="yan")
    assert act(do="revoke", name="<b>shop</b>").status_code == 200
    assert act(do="revoke", name="nobody").status_code == 404
    assert act(do="nonsense").status_code == 400
    added = act(do="add", name="zoe", role="reader")
    password = added.text.partition('tabindex="0">')[2].partition("<")[0]
    assert enter(closed.test_client(), "zoe", password).status_code == 303
    assert "zoe is admin" in act(do="role", name="zoe", role="admin").text
    assert act(do="reset", name="zoe").text.count('<pre class="code"') == 1
    assert act(do="remove", name="zoe").status_code == 200
    with closed.app_context():
        assert users.every() == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "admin"}, "name"),
        ({"role": "writer"}, "role"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 1_001}, "password"),
        ({"filter": "level:("}, "filter"),
        ({"filter": "level:error", "role": "admin"}, "filter"),
        ({"hide": "received"}, "hide"),
        ({"hide": "message", "role": "admin"}, "hide"),
    ],
)
def test_who_can_t_be_added(closed: Flask, given: dict[str, str], field: str) -> None:
    """Each fault by its field, and nobody is added."""
    with pytest.raises(InvalidInput) as caught:
        add(closed, **{"name": "zoe", "role": "reader", **given})
    assert [problem.field for problem in caught.value.problems] == [field]
    with closed.app_context():
        assert users.every() == []


def test_commands(settings: Settings) -> None:
    """The password alone on standard output, once; only argon2's hash is kept."""

    def run(*words: str) -> Result:
        return CliRunner(env={"LOGINGESTOR_DATA_DIR": str(settings.data_dir)}).invoke(cli, ["users", *words])

    first = run("add", "zoe", "--role", "reader").stdout.strip()
    second = run("reset", "zoe").stdout.strip()
    assert first != second
    with tables.opened(settings):
        assert users.every()[0].hash.startswith("$argon2id$")
        assert users.log_in("zoe", first) is None
        assert users.log_in("zoe", second) is not None
    assert run("role", "zoe", "admin").exit_code == 0
    listed = json.loads(run("list", "--json").stdout)
    assert [(one["name"], one["role"]) for one in listed] == [("zoe", "admin")]
    assert "zoe  admin, last login " in run("list").stdout
    assert run("add", "zoe", "--role", "reader").exit_code == 2
    assert run("remove", "zoe").exit_code == 0
    assert run("remove", "zoe").exit_code == 1


def test_users_in_postgresql(postgres_database: str, tmp_path: Path) -> None:
    """Added, logged in, changed and removed in the record's database, as in the file."""
    settings = Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path), "LOGINGESTOR_STORE_URL": postgres_database})
    upgrade(settings)
    with tables.opened(settings):
        password = users.add("zoë", "reader", filter="level:error")
        key = users.log_in("zoë", password)
        assert key is not None
        stamp, _, name = key.partition(" ")
        session_key = sessions.digest(sessions.begin(name, stamp, "::1", "Firefox/1"))
        found = sessions.ask(session_key, lambda: "")
        assert found is not None
        assert (found[0].name, found[0].filter) == ("zoë", "level:error")
        assert [one.user for one in sessions.listed(lambda: "")] == ["zoë"]
        assert users.every()[0].used is not None
        with pytest.raises(InvalidInput, match="bound"):
            users.set_role("zoë", "admin")
        users.set_password("zoë")
        assert sessions.ask(session_key, lambda: "") is None
        assert sessions.listed(lambda: "") == []
        users.remove("zoë")
        with pytest.raises(NotFound):
            users.remove("zoë")


def test_requests_without_a_cookie_read_none(closed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender pays nothing for sessions: no signature is checked, no cookie is set."""
    monkeypatch.setattr(session.CookieSessions, "get_signing_serializer", lambda *_: pytest.fail("was read"))
    with closed.app_context():
        token, _ = tokens.create("w", "writer", "tests")
    sent = closed.test_client().post("/logs/ingest/", json={"message": "m"}, headers={"X-Seq-ApiKey": token})
    assert sent.status_code == 202
    assert "Set-Cookie" not in sent.headers


def test_an_open_server_asks_nobody(client: FlaskClient) -> None:
    """The form leads to the page, nobody has an account, and the page of access is there to prepare for others."""
    assert client.get("/login").headers["Location"] == "/"
    assert enter(client, "zoe", "any password").headers["Location"] == "/"
    assert client.get("/account").status_code == 404
    assert client.get("/access").status_code == 200
