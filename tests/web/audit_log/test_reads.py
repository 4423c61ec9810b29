"""What of reading is an entry: no page fills the audit log by being open, and no request by being long."""

from __future__ import annotations

import msgspec
import pytest
from flask import Flask

from app.web.accounts import tokens
from app.web.security import reads
from tests.web.audit_log.conftest import AUTH, HTML, Entries, token


def test_an_open_page_is_one_look(closed: Flask, entries: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its load is an entry, what it asks for again none, but once an hour; by somebody else, or without a load, it is one."""
    ann, zoe = (token(closed, "reader", name) | HTML for name in ("ann", "zoe"))
    client = closed.test_client()
    client.get("/overview", headers=ann)
    for who in (ann, zoe):
        for _ in range(5):
            assert client.get("/overview?part=now", headers=who).status_code == 200
    looks = entries("log.count")
    assert [(one.actor, one.details.get("part")) for one in looks] == [("ann", None), ("zoe", "now")]
    client.get("/overview?part=now", headers=ann, environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert [one.address for one in entries("log.count")][2:] == ["192.0.2.9"]
    monkeypatch.setattr(reads, "LOOK_SECONDS", 0.0)
    client.get("/overview?part=now", headers=ann)
    client.get("/overview", headers=ann)
    assert [one.actor for one in entries("log.count")][3:] == ["ann", "ann"]


def test_a_load_is_always_an_entry(closed: Flask, entries: Entries) -> None:
    """Whoever loads a page looks at it anew; a bound reader's page has no part that it asks for by itself."""
    ann, bob = (
        token(closed, "reader", name, filter=text) | HTML for name, text in (("ann", None), ("bob", "level:error"))
    )
    client = closed.test_client()
    for _ in range(3):
        client.get("/overview", headers=ann)
        client.get("/overview?part=now", headers=bob)
    assert [one.actor for one in entries("log.count")] == ["ann", "bob"] * 3


def test_looks_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten first: then what was one look is two, and never none."""
    monkeypatch.setattr(reads, "LOOKS", 2)
    looks = reads.Looks()
    for name in "abac":
        looks.note(name)
    assert [looks.lasts(name) for name in "abc"] == [True, False, True]


def test_details_are_no_longer_than_their_budget(closed: Flask, entries: Entries) -> None:
    """Whatever is asked: each value is cut, all together too, and what has no room is counted."""
    reader, client = token(closed, "reader", "support"), closed.test_client()
    names = ("key", "value", "operation", "columns", "text", "name", "search", "kind", "window", "until", "reason")
    for value in ("x" * 2_000, "ä" * 1_000, "\x01" * 600, "<" * 1_999):
        client.get("/logs", query_string={"q": "level:error", **dict.fromkeys(names, value)}, headers=reader)
    found = entries("log.search")
    assert len(found) == 4
    for one in found:
        assert len(msgspec.json.encode(one.details)) <= 8_000
        assert len(msgspec.json.encode(one.details)) > 6_000
        assert one.details["q"] == "level:error"
        assert one.details["left_out"] > 0


@pytest.mark.parametrize("limit", ["1" * 4_000, "-" + "9" * 30])
def test_a_number_is_no_way_around_it(closed: Flask, entries: Entries, limit: str) -> None:
    """One of thousands of digits is cut as a text is."""
    sent = f'{{"query": "a", "limit": {limit}}}'.encode()
    client = closed.test_client()
    answer = client.post(
        "/logs/filter/", data=sent, content_type="application/json", headers=token(closed, "reader", "support")
    )
    assert answer.status_code == 400
    (one,) = entries("log.search")
    assert len(one.details["limit"]) <= 2_001


def test_one_spoilt_entry_hides_no_other(closed: Flask, entries: Entries) -> None:
    """The page and the API say that it can't be read, and show what lies around it."""
    client = closed.test_client()
    for name in "ab":
        token(closed, "reader", name)
    shelf = closed.extensions["logingestor"].backends().record.audit_log._shelf
    for identity in (None, b"\xff" * 16):
        with shelf.write(durable=True) as writing:
            writing.change("UPDATE audit_log SET body = ? WHERE seq = 1", (b'{"id":"x"',))
            if identity is not None:
                writing.change("UPDATE audit_log SET id = ? WHERE seq = 1", (identity,))
        page = client.get("/audit-log", headers=AUTH | HTML)
        assert page.status_code == 200
        assert "entry 1 can&#39;t be read" in page.text
        assert "token.create" in page.text
        answer = client.get("/audit-log?q=metadata.seq<=2&sort=asc", headers=AUTH)
        assert answer.status_code == 200
        assert "entry 1 can't be read" in [one["message"] for one in answer.get_json()["results"]]


def test_a_chain_that_can_t_go_on_says_so(closed: Flask) -> None:
    """Changes are refused with what is wrong, of tokens as of all else, and nothing fails."""
    with closed.app_context():
        tokens.create("a", "reader", "tests")
    shelf = closed.extensions["logingestor"].backends().record.audit_log._shelf
    with shelf.write(durable=True) as writing:
        writing.change("UPDATE audit_chain SET seq = 0 WHERE place = 1")
    client = closed.test_client()
    for path, sent in (
        ("/searches", {"json": {"name": "errors", "q": "level:error"}}),
        ("/access", {"data": {"do": "create", "name": "b", "role": "reader"}}),
    ):
        answer = client.post(path, headers=AUTH, **sent)
        assert answer.status_code == 503
        assert "logingestor audit-log verify" in answer.text
    with closed.app_context():
        assert [one.name for one in tokens.every()] == ["a"]
    assert client.get("/searches", headers=AUTH).get_json()["searches"] == []
