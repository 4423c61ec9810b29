"""What each route answers to whom: every route of the URL map, by each method, with each credential."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tokens, users
from app.web.accounts.tables import ApiToken, transaction
from app.web.security import session
from app.web.security.rights import DOOR_PREFIX, RIGHTS, right_of
from tests.web.security import page

PASSWORD = "the admin's password"
#: Credentials, each with its column in the table of docs/security.md.
KINDS = {
    "none": 0,
    "wrong": 1,
    "wrong token": 1,
    "revoked": 1,
    "expired": 1,
    "writer": 2,
    "reader": 3,
    "bound reader": 4,
    "admin": 5,
    "password": 5,
    "session": 3,
}
_addresses = count(1)
#: Commands that leave nothing: they serve, count, look at settings, or write what each log says of itself.
SILENT = {
    *("serve", "web", "worker", "scheduler", "syslog", "db upgrade", "ingest", "preview", "stats", "costs", "doctor"),
    *("queue status", "notifiers list", "rules list", "rules check", "searches list", "alerts list", "alerts show"),
    *("audit-log verify", "tokens list", "users list", "users sessions", "sources list", "spaces list"),
}


@pytest.fixture
def closed(settings: Settings) -> Iterator[Flask]:
    """An application that wants a credential."""
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    yield made
    made.extensions["logingestor"].close()


def credentials(app: Flask) -> dict[str, str]:
    """Return each kind of credential; those that open nothing included."""
    made = {"none": "", "wrong": "wrong", "wrong token": "lgi_wrong", "password": PASSWORD}
    with app.app_context():
        for name in ("writer", "reader", "admin"):
            made[name], _ = tokens.create(name, name, "tests")
        made["bound reader"], _ = tokens.create("bound reader", "reader", "tests", filter="resourceId:a")
        made["revoked"], _ = tokens.create("revoked", "admin", "tests")
        tokens.revoke("revoked")
        made["expired"], kept = tokens.create("expired", "admin", "tests", expires="1s")
        with transaction() as session:
            session.merge(ApiToken(digest=kept.digest, expires=1))
    return made


def cookie(app: Flask) -> str:
    """Return the cookie of a reader who has logged in."""
    name = f"zoe {next(_addresses)}"
    with app.app_context():
        sent = {"name": name, "password": users.add(name, "reader")}
    client = app.test_client()
    client.post("/login", data=sent)
    found = client.get_cookie(session.COOKIE)
    assert found is not None
    return found.value


def ask(client: FlaskClient, path: str, method: str, credential: str) -> int:
    """Return the status of a request, from an address that nobody has guessed from."""
    headers = {"Authorization": f"Bearer {credential}"} if credential else {}
    environ = {"REMOTE_ADDR": f"2001:db8:{next(_addresses):x}::1"}
    made = re.sub("<[^>]+>", "0" * 32, path)
    return client.open(made, method=method, headers=headers, environ_overrides=environ, buffered=True).status_code


@pytest.mark.parametrize("kind", KINDS)
def test_every_route_answers_as_the_table_says(closed: Flask, kind: str) -> None:
    """401 without a credential that opens, 403 without the right, else the route itself."""
    logged_in = cookie(closed) if kind == "session" else ""
    credential, client = credentials(closed).get(kind, ""), closed.test_client()
    wrong, asked = [], 0
    for path, method, endpoint in page.routes(closed):
        if logged_in:  # anew each time: some of the routes take it away
            client.set_cookie(session.COOKIE, logged_in)
        status = ask(client, path, method, credential)
        says = page.ANSWERS[right_of(endpoint)][KINDS[kind]]
        says = ("yes" if logged_in else "403") if says == "user" else says
        if logged_in and path == "/logout":
            logged_in = cookie(closed)
        if logged_in and "<password>" in path:  # what the path brings counts, and opens nothing
            says = "401"
        fine = status == int(says) if says.isdigit() else status not in (401, 403, 429, 500)
        if not fine:
            wrong.append((method, path, status, says))
        asked += 1
    assert wrong == []
    assert asked > 90


def test_every_route_is_in_the_table(app: Flask) -> None:
    """A new route has to say what it wants, and what is named is there."""
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    named = {DOOR_PREFIX if name.startswith(DOOR_PREFIX) else name for name in endpoints}
    assert named == RIGHTS.keys()


def test_what_a_command_leaves_is_known() -> None:
    """A new command has to say in which way it is in the audit log; what is named is there."""
    named = page.commands()
    assert page.OWN.keys() <= named.keys()
    silent = {name for name, left in named.items() if left == "–"}
    assert silent <= SILENT, "say in tests/web/security/page.py what they leave"


def test_the_table_is_documented(app: Flask) -> None:
    """docs/security.md has it: `python -m tests.web.security.page` writes it."""
    assert page.PAGE.read_text() == page.page(app)


def test_what_there_is_not_is_told_to_members_only(closed: Flask) -> None:
    """404 and 405 to who is let in, 401 to others."""
    made, client = credentials(closed), closed.test_client()
    assert ask(client, "/nosuch", "GET", made["writer"]) == 404
    assert ask(client, "/logs", "DELETE", made["bound reader"]) == 405
    assert ask(client, "/nosuch", "GET", made["revoked"]) == 401


def test_elasticsearch_clients_ask_who_is_there(settings: Settings) -> None:
    """`/` answers a shipper's token with what it is; without that door a writer gets no page."""
    for doors, status in ((settings.doors, 200), ((), 403)):
        app = create_app(replace(settings, auth="required", admin_password=PASSWORD, doors=doors))
        token = credentials(app)["writer"] if doors else again(app)
        headers = {"Authorization": f"ApiKey {token}", "User-Agent": "elastic-transport/8"}
        answer = app.test_client().get("/", headers=headers)
        assert answer.status_code == status
        assert b"<html" not in answer.data
        app.extensions["logingestor"].close()


def again(app: Flask) -> str:
    """Return another writer's token."""
    with app.app_context():
        return tokens.create("another writer", "writer", "tests")[0]
