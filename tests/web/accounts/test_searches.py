"""Saved searches go with the token or user whose they are: who gets the name next finds none of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.alerts import searches
from app.alerts.searches import new_id
from app.backends import Backends
from app.errors import Forbidden
from app.ports.alerts import SavedSearch
from app.settings.oidc import EVERYBODY, GroupRole
from app.settings.settings import Settings
from app.times.instant import now_ms
from app.web import create_app
from app.web.accounts import sessions, tokens, users
from app.web.accounts.oidc import members
from app.web.accounts.oidc.person import Person
from tests.prepared import prepare

PASSWORD = "the admin's password"
#: Owners whose names are alike, and everybody; none of them is the one whose name is taken anew.
OTHERS = ("", "token Pay", "token pay 2", "token a pay", "user pay", "token payé")


@pytest.fixture(params=["sqlite", "postgresql"])
def closed(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Flask]:
    """An application that wants a credential, with its record in the file and in PostgreSQL."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
        settings = Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path), "LOGINGESTOR_STORE_URL": url})
        prepare(settings)
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    with made.app_context():
        yield made
    made.extensions["logingestor"].close()


def held(app: Flask) -> Backends:
    """Return the application's backends."""
    found: Backends = app.extensions["logingestor"].backends()
    return found


def save(app: Flask, *owners: str) -> None:
    """Save a search for each of the owners."""
    for owner in owners:
        searches.add(held(app).record.alerts, "s", {"q": "level:error"}, owner=owner)


def owners(app: Flask) -> list[str]:
    """Return whose searches there are."""
    return sorted(one.owner for one in held(app).record.alerts.searches())


def found(client: FlaskClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    """Return the searches that whoever asks finds."""
    answer = client.get("/searches", headers=headers)
    assert answer.json is not None
    return list(answer.json["searches"])


def test_a_token_of_a_name_that_was_anothers_finds_no_search(closed: Flask) -> None:
    """The new token is bound otherwise, and the other's queries would tell of logs that it may not see."""
    client = closed.test_client()

    def bearer(filter: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {tokens.create('pay', 'reader', 'tests', filter=filter)[0]}"}

    before = bearer("resourceId:shop")
    sent = client.post("/searches", json={"name": "s", "q": "message:secret"}, headers=before)
    assert (sent.status_code, owners(closed)) == (201, ["token pay"])
    save(closed, *OTHERS)
    tokens.revoke("pay")
    after = bearer("resourceId:bank")
    assert found(client, after) == []
    assert owners(closed) == sorted(OTHERS)
    save(closed, "token pay")
    assert len(found(client, after)) == 1


def test_a_revoked_token_reaches_no_search_of_the_next_of_its_name(closed: Flask) -> None:
    """Neither to read nor to write, also in a process that let it in a moment ago and takes it for valid still."""
    client = closed.test_client()
    before = {"Authorization": f"Bearer {tokens.create('pay', 'reader', 'tests', filter='resourceId:shop')[0]}"}
    assert client.get("/logs", headers=before).status_code == 200
    tokens.revoke("pay")
    after = {"Authorization": f"Bearer {tokens.create('pay', 'reader', 'tests', filter='resourceId:bank')[0]}"}
    assert client.post("/searches", json={"name": "mine", "q": "a"}, headers=after).status_code == 201
    assert client.get("/searches", headers=before).status_code == 401
    assert client.post("/searches", json={"name": "s", "q": "b"}, headers=before).status_code == 401
    assert [one["name"] for one in found(client, after)] == ["mine"]


def test_who_saves_is_looked_up_in_the_transaction(closed: Flask) -> None:
    """A token or session that ended since the request was let in keeps nothing; one that lasts does."""
    keeper, now = held(closed).record.alerts, now_ms()
    _, made = tokens.create("pay", "reader", "tests")
    users.add("zoe", "reader")
    stamp = users.renew("zoe").partition(" ")[0]
    session = sessions.digest(sessions.begin("zoe", stamp, "", ""))
    for owner, key in (("token pay", made.digest), ("user zoe", session)):
        assert keeper.keep_search(SavedSearch(new_id(), "s", {}, now, now, owner), key)
    tokens.revoke("pay")
    users.renew("zoe")
    for owner, key in (("token pay", made.digest), ("user zoe", session)):
        with pytest.raises(Forbidden):
            keeper.keep_search(SavedSearch(new_id(), "t", {}, now, now, owner), key)
    assert owners(closed) == ["token pay", "user zoe"]


def test_searches_of_a_user_go_with_them(closed: Flask) -> None:
    """Searches that an earlier removal left go too."""
    users.add("zoe", "reader", filter="resourceId:shop")
    save(closed, "user zoe", "user joe", "token zoe")
    users.remove("zoe")
    assert owners(closed) == ["token zoe", "user joe"]
    users.add("joe", "reader", filter="resourceId:bank")
    assert owners(closed) == ["token zoe"]


def test_who_first_logs_in_at_an_issuer_finds_no_search(closed: Flask) -> None:
    """Searches of somebody else who had the name here are gone; those of a user who logs in again stay."""
    save(closed, "user zoe")
    roles, zoe = (GroupRole(EVERYBODY, "reader"),), Person("17", ("zoe",), frozenset())
    settings = replace(held(closed).settings, oidc_issuer="https://issuer.example", oidc_roles=roles)
    members.log_in(settings, zoe, "one")
    assert owners(closed) == []
    save(closed, "user zoe")
    members.log_in(settings, zoe, "two")
    assert owners(closed) == ["user zoe"]
