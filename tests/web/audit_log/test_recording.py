"""Who did what is in the audit log: who read what, who changed what, who was not let in; never a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.audit_log.spool import Spool
from app.errors import Unavailable
from app.ports.audit_log.entry import decode
from app.web.accounts import tokens, users
from app.web.security import recording
from app.web.security.reads import UNWRITTEN
from app.web.security.rights import RIGHTS
from tests.conftest import Fill, MakeRecord
from tests.web.audit_log.conftest import AUTH, HTML, PASSWORD, Entries, token


def test_who_read_what(closed: Flask, entries: Entries, fill: Fill, make_record: MakeRecord) -> None:
    """Query and window, by whom, through which route, from where, how many came back."""
    records = [make_record(level="error", message=f"message {n}", trace_id="t") for n in range(7)]
    fill(records)
    reader, client = token(closed, "reader", "support"), closed.test_client()
    client.get("/logs?q=level:error&from=now-1d&limit=5", headers=reader)
    client.post("/logs/filter/", json={"query": "message:message", "limit": 3}, headers=reader)
    first, second = entries("log.search")
    assert (first.actor, first.by, first.address, first.subject) == ("support", "token", "127.0.0.1", "/logs")
    assert (first.outcome, first.details["returned"], first.details["status"]) == ("done", 0, 200)
    assert (first.details["q"], first.details["from"]) == ("level:error", "now-1d")
    assert (second.details["query"], second.details["returned"]) == ("message:message", 3)
    client.get("/?q=message", headers=reader | HTML)
    assert entries("log.search")[2].details["returned"] == 7
    name = client.get("/logs?limit=1", headers=reader).get_json()["results"][0]["id"]
    client.get(f"/logs/{name}", headers=reader)
    client.get(f"/logs/{name}/context?before=2&after=2", headers=reader)
    client.get(f"/log/{name}", headers=reader | HTML)
    client.get("/traces/t", headers=reader)
    assert [one.details["returned"] for one in entries("log.show")] == [1, 3, 7]
    assert {one.subject for one in entries("log.show")} == {name}
    (trace,) = entries("log.trace")
    assert (trace.subject, trace.details["returned"]) == ("t", 7)
    client.get("/logs?q=(", headers=reader)
    assert entries("log.search")[-1].outcome == "refused"


def test_an_export_has_a_beginning_and_an_end(
    closed: Flask, entries: Entries, fill: Fill, make_record: MakeRecord
) -> None:
    """The end says how many logs it had come to; of one that was broken off too."""
    fill([make_record(message="x" * 2_000) for _ in range(2_500)])
    reader, client = token(closed, "reader", "support"), closed.test_client()
    client.get("/logs/export?q=level:info", headers=reader, buffered=True)
    begun, ended = entries("log.export")
    assert (begun.outcome, begun.details["q"]) == ("asked", "level:info")
    assert (ended.outcome, ended.actor, ended.details) == ("done", "support", {"returned": 2_500, "whole": True})
    answer = client.get("/logs/export", headers=reader, buffered=False)
    next(answer.iter_encoded())
    answer.close()
    *_, broken = entries("log.export")
    assert 0 < broken.details["returned"] < 2_500
    assert broken.details["whole"] is False


def test_each_reading_route_leaves_an_entry(
    closed: Flask, entries: Entries, fill: Fill, make_record: MakeRecord
) -> None:
    """Every endpoint that wants a reader, whatever it answers, but those that tell nothing of logs."""
    fill([make_record()])
    reader, client = token(closed, "reader", "support"), closed.test_client()
    wanted = 0
    for rule in closed.url_map.iter_rules():
        if RIGHTS.get(rule.endpoint) == "reader" and "GET" in (rule.methods or ()):
            client.get(rule.rule.partition("<")[0] + ("0" * 32 if "<" in rule.rule else ""), headers=reader)
            wanted += rule.endpoint not in UNWRITTEN
    found = [one for one in entries() if one.action.startswith("log.")]
    assert len([one for one in found if one.actor == "support"]) >= wanted - 1
    assert wanted >= 15


def test_who_changed_what(closed: Flask, entries: Entries) -> None:
    """Tokens, users and sessions in the transaction of the change; all else before it is done, and how it ended."""
    admin = closed.test_client()
    admin.post("/login", data={"name": "admin", "password": PASSWORD}, headers=HTML)
    for sent in (
        {"do": "create", "name": "shop", "role": "reader", "filter": "level:error"},
        {"do": "revoke", "name": "shop"},
        {"do": "add", "name": "zoe", "role": "reader"},
        {"do": "role", "name": "zoe", "role": "admin"},
        {"do": "reset", "name": "zoe"},
        {"do": "remove", "name": "zoe"},
    ):
        assert admin.post("/access", data=sent, headers=HTML).status_code == 200
    assert admin.post("/access", data={"do": "remove", "name": "nobody"}, headers=HTML).status_code == 404
    found = entries()
    assert [(one.action, one.subject) for one in found] == [
        ("login", "admin"),
        ("token.create", "shop"),
        ("token.revoke", "shop"),
        ("user.add", "zoe"),
        ("user.role", "zoe"),
        ("user.password", "zoe"),
        ("user.remove", "zoe"),
    ]
    assert {(one.actor, one.by, one.address) for one in found} == {("admin", "session", "127.0.0.1")}
    assert found[1].details == {"role": "reader", "filter": "level:error"}
    admin.post("/searches", json={"name": "errors", "q": "level:error"})
    admin.delete("/searches/errors")
    admin.delete("/searches/errors")
    changes = [(one.action, one.subject, one.outcome) for one in entries()[7:]]
    assert changes == [
        ("searches.add", "/searches", "asked"),
        ("searches.add", "/searches", "done"),
        ("searches.remove", "errors", "asked"),
        ("searches.remove", "errors", "done"),
        ("searches.remove", "errors", "asked"),
        ("searches.remove", "errors", "refused"),
    ]
    admin.post("/logout")
    assert entries()[-1].action == "logout"


def test_nothing_is_changed_without_its_entry(closed: Flask, entries: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the audit log can't be written, an admin's request is 503 and has no effect."""
    audit_log = closed.extensions["logingestor"].backends().record.audit_log

    def full(*_: Any) -> int:
        raise Unavailable("the disk is full")

    client = closed.test_client()
    monkeypatch.setattr(type(audit_log), "append", full)
    refused = client.post("/searches", json={"name": "errors", "q": "level:error"}, headers=AUTH)
    assert refused.status_code == 503
    assert client.get("/searches", headers=AUTH).get_json()["searches"] == []
    monkeypatch.setattr("app.web.accounts.noting.append", full)
    assert client.post("/access", data={"do": "add", "name": "zoe", "role": "reader"}, headers=AUTH).status_code == 503
    monkeypatch.undo()
    with closed.app_context():
        assert users.every() == []


def test_a_read_that_can_t_be_written_says_so(closed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is answered, with a header."""

    def full(*_: Any) -> None:
        raise Unavailable("the disk is full")

    client = closed.test_client()
    assert recording.UNWRITTEN_HEADER not in client.get("/logs", headers=AUTH).headers
    monkeypatch.setattr(Spool, "write", full)
    answer = client.get("/logs", headers=AUTH)
    assert (answer.status_code, answer.headers[recording.UNWRITTEN_HEADER]) == (200, "unwritten")


def test_an_open_server_writes_changes_only(app: Flask, client: FlaskClient, entries: Entries) -> None:
    """It knows nobody who could have read."""
    client.get("/logs")
    client.post("/searches", json={"name": "errors", "q": "level:error"})
    parts = app.extensions["logingestor"]
    parts.recorder().close()
    audit_log = parts.backends().record.audit_log
    found = [decode(one.body) for chunk in audit_log.chained(0) for one in chunk]
    assert [(one.action, one.outcome, one.actor) for one in found] == [
        ("searches.add", "asked", ""),
        ("searches.add", "done", ""),
    ]


def test_admins_search_it_and_nobody_else(closed: Flask, entries: Entries) -> None:
    """By the query language of logs, on a page and by the API, page after page; ordinary searches find none of it."""
    client = closed.test_client()
    for n in range(30):
        with closed.app_context():
            tokens.create(f"token <b>{n}", "reader", "tests", filter="level:error")
    entries()
    asked = "/audit-log?q=metadata.action:token.* AND metadata.details.role:reader&limit=20"
    found = client.get(asked, headers=AUTH).get_json()
    assert (len(found["results"]), found["total"], found["pending"]) == (20, 30, 0)
    one = found["results"][0]
    assert one["resourceId"] == "audit-log"
    assert one["metadata"]["subject"] == "token <b>29"
    rest = client.get(f"{asked}&cursor={found['next']}", headers=AUTH).get_json()
    assert (len(rest["results"]), rest["next"]) == (10, None)
    page = client.get(asked, headers=AUTH | HTML).text
    assert "token &lt;b&gt;29" in page
    assert "<b>29" not in page
    assert ">Older</a>" in page
    assert "No entry fits" in client.get("/audit-log?q=nothing", headers=AUTH | HTML).text
    assert client.get("/audit-log?q=(", headers=AUTH | HTML).status_code == 400
    assert client.get("/audit-log?q=(", headers=AUTH).status_code == 400
    assert client.get("/audit-log", headers=token(closed, "reader", "support")).status_code == 403
    assert client.get("/logs?q=resourceId:audit-log", headers=AUTH).get_json()["results"] == []
    assert [one.action for one in entries("audit-log.search")] == ["audit-log.search"] * 6


def test_a_log_can_t_pretend_to_be_an_entry(closed: Flask, entries: Entries) -> None:
    """What is sent is a log, whatever it says it is."""
    client = closed.test_client()
    forged = {"message": "zoe user.remove", "resourceId": "audit-log", "space": "audit", "metadata": {"seq": 1}}
    assert client.post("/logs/ingest/", json=forged, headers=AUTH).status_code == 202
    assert json.loads(client.get("/audit-log", headers=AUTH).data)["results"] == []
    assert [one.action for one in entries()] == ["audit-log.search"]
