"""Who was not let in is in the audit log, but nothing of what they sent that may be a secret, or is long."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from flask import Flask

from app.audit_log.spool import Spool
from app.errors import Unavailable
from app.ports.audit_log.entry import encode
from app.web.accounts import users
from app.web.security import recording
from tests.web.audit_log.conftest import AUTH, HTML, PASSWORD, Entries, token


def test_who_was_not_let_in(closed: Flask, entries: Entries) -> None:
    """Wrong passwords, tokens and rights; of a name that nobody has nothing is kept: it may be a password."""
    client = closed.test_client()
    with closed.app_context():
        users.add("zoe", "reader", password="zoe's password")
    for name in ("zoe", "my-password-by-mistake"):
        client.post("/login", data={"name": name, "password": "wrong password"}, headers=HTML)
    client.get("/logs", headers={"Authorization": "Bearer lgi_wrong-wrong-wrong"})
    client.get("/dead", headers=token(closed, "reader", "support"))
    client.get("/logs")
    found = [one for one in entries() if one.outcome == "refused"]
    assert [(one.action, one.actor, one.subject) for one in found] == [
        ("login.refused", "", "zoe"),
        ("login.refused", "", ""),
        ("credential.refused", "", "/logs"),
        ("right.refused", "support", "/dead"),
    ]


def test_guessers_do_not_fill_the_disk(closed: Flask, entries: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many refusals some are entries; the next that is one says how many were not."""
    monkeypatch.setattr(recording, "REFUSALS_A_SECOND", 0.0)
    client, addresses = closed.test_client(), count()

    def guess() -> None:
        address = {"REMOTE_ADDR": f"2001:db8:{next(addresses):x}::1"}
        client.get("/dead", headers={"Authorization": "Bearer lgi_wrong"}, environ_overrides=address)

    for _ in range(recording.REFUSALS + 20):
        guess()
    assert len(entries("credential.refused")) == recording.REFUSALS
    monkeypatch.setattr(recording, "REFUSALS_A_SECOND", 1e9)
    guess()
    assert entries("credential.refused")[-1].details["also"] == 20


def test_no_secret_is_in_it(closed: Flask, entries: Entries) -> None:
    """Whatever way it came: passwords, tokens that were made, used, looked for, or put into a path or a form."""
    admin = closed.test_client()
    admin.post("/login", data={"name": "admin", "password": PASSWORD}, headers=HTML)
    made = admin.post("/access", data={"do": "create", "name": "t", "role": "writer"}, headers=HTML).text
    secret = "lgi_" + made.partition("lgi_")[2].partition("<")[0]
    added = admin.post("/access", data={"do": "add", "name": "zoe", "role": "reader"}, headers=HTML).text
    password = added.partition('tabindex="0">')[2].partition("<")[0]
    admin.get(f"/logs?q={secret}")
    admin.get(f"/traces/{secret}")
    admin.post(f"/logs/ingest/?token={secret}", json={"message": "m"})
    admin.post("/logs/filter/", json={"key": "message", "value": secret, "operation": "contains"})
    zoe = closed.test_client()
    zoe.post("/login", data={"name": "zoe", "password": password}, headers=HTML)
    sent = {"do": "password", "current": password, "password": "a new password", "again": "a new password"}
    assert zoe.post("/account", data=sent, headers=HTML).status_code == 200
    text = repr(entries())
    assert "user.password" in text
    for kept in (PASSWORD, secret, password, "a new password"):
        assert kept not in text


def test_what_stands_in_a_path_is_not_written(
    closed: Flask, entries: Entries, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a password, right or mistyped, nor at a path that nobody serves; an entry is short, however long the path."""
    client, wrong = closed.test_client(), {"Authorization": "Bearer a wrong password"}
    reader = token(closed, "reader", "support")
    secret = reader["Authorization"].partition(" ")[2]
    long = "x" * 60_000
    for path in (f"/v1/input/{secret}", "/v1/input/mistyped"):
        client.post(path, json=[{"message": "m"}])
    for path in (f"/inputs/{secret}", "/inputs/mistyped", "/mistyped/in/a/path", f"/{long}", f"/dead/{long}"):
        assert client.get(path, headers=wrong).status_code in (401, 429), path
    client.get(f"/dead/{long}", headers=reader)
    found = [one for one in entries() if one.outcome == "refused"]
    assert [(one.action, one.subject, one.details) for one in found[:2]] == [
        (f"{what}.refused", "/v1/input/<password>", {"route": "/v1/input/<password>"})
        for what in ("right", "credential")
    ]
    assert len(found) == 8
    assert (found[-1].action, found[-1].details) == ("right.refused", {"route": "/dead/<identity>"})
    assert max(len(encode(one)) for one in found) < 2_000 + 1_000

    def full(*_: Any) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(Spool, "write", full)
    assert client.post(f"/v1/input/{secret}", json=[]).headers[recording.UNWRITTEN_HEADER] == "unwritten"
    for text in (secret, "mistyped"):
        assert text not in repr(found) + caplog.text


def test_each_part_of_a_path_is_known(closed: Flask) -> None:
    """To be kept, or not: it may be a password, belong to another program, or be as long as it likes."""
    unkept = {"password", "receipt", "index", "kind", "rest", "filename"}
    named = {name for rule in closed.url_map.iter_rules() for name in rule.arguments}
    assert recording.PARTS & unkept == set()
    assert named == recording.PARTS | unkept


def test_a_value_is_kept_no_longer_than_it_may_be(closed: Flask, entries: Entries) -> None:
    """Texts, lists and numbers alike."""
    number = 10**4_000
    for value in ("x" * 50_000, ["x"] * 50_000, number):
        closed.test_client().post("/logs/filter/", json={"query": "a", "limit": value}, headers=AUTH)
    found = entries("log.search")
    assert [one.details["query"] for one in found] == ["a"] * 3
    assert all(len(encode(one)) < 3_000 for one in found)
