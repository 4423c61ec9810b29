"""A change of who may come in is seen at once by every process of a data folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import sessions, tokens, users
from app.web.accounts.changes import NAME, Changes
from app.web.accounts.tables import changes_of
from app.web.security.access import guard_of
from tests.web.accounts.test_tokens import PASSWORD, make


@pytest.fixture
def closed(settings: Settings) -> Iterator[Flask]:
    """An application that wants a credential."""
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    yield made
    made.extensions["logingestor"].close()


def test_a_revoked_token_opens_nothing_from_that_moment(closed: Flask, settings: Settings) -> None:
    """In every process of the data folder, whichever revoked it; so it is with a session whose user is removed."""
    other = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    token = {"Authorization": f"Bearer {make(closed, 'admin')}"}
    with closed.app_context():
        sent = {"name": "zoe", "password": users.add("zoe", "reader")}
    clients = closed.test_client(), other.test_client()
    browsers = closed.test_client(), other.test_client()
    for browser in browsers:
        assert browser.post("/login", data=sent).status_code == 303
    for client, browser in zip(clients, browsers, strict=True):
        assert client.get("/logs", headers=token).status_code == 200
        assert client.post("/logs/ingest/", json={"message": "x"}, headers=token).status_code == 202
        assert browser.get("/logs").status_code == 200
    with closed.app_context():
        tokens.revoke("a token")
        users.remove("zoe")
    for client, browser in zip(clients, browsers, strict=True):
        assert client.get("/logs", headers=token).status_code == 401
        assert client.post("/logs/ingest/", json={"message": "x"}, headers=token).status_code == 401
        assert browser.get("/logs").status_code == 401
    other.extensions["logingestor"].close()


def test_where_the_folder_takes_no_file_others_see_it_within_seconds(tmp_path: Path) -> None:
    """A process sees what it changed itself all the same."""
    here, there = Changes(tmp_path / "nowhere"), Changes(tmp_path / "nowhere")
    before = here.sign(), there.sign()
    here.note()
    assert here.sign() != before[0]
    assert there.sign() == before[1]


def test_a_disk_that_fills_ends_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's bytes are on the disk before they are looked at, and a change that can't be written there is seen here all the same."""
    here, there = Changes(tmp_path), Changes(tmp_path)
    before = here.sign(), there.sign()
    # In memory that has no room on the disk the next look would be a SIGBUS.
    assert (tmp_path / NAME).stat().st_blocks > 0

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        here.note()
    assert here.sign() != before[0]
    assert there.sign() == before[1]
    here.note()
    assert there.sign() != before[1]


def test_only_a_change_puts_what_is_known_in_doubt(closed: Flask) -> None:
    """A look at searches, their removal, or a login ends no token, so what senders bring is known still without asking the record."""
    reader, writer, admin = (make(closed, role, role) for role in ("reader", "writer", "admin"))
    client, known = closed.test_client(), guard_of(closed)._tokens
    sent = client.post("/logs/ingest/", json={"message": "x"}, headers={"Authorization": f"Bearer {writer}"})
    assert sent.status_code == 202
    assert client.get("/searches", headers={"Authorization": f"Bearer {reader}"}).status_code == 200
    client.delete("/searches/none", headers={"Authorization": f"Bearer {admin}"})
    with closed.app_context():
        by_password = {"name": "zoe", "password": users.add("zoe", "reader")}
        assert known.verify(writer) is not None
    assert closed.test_client().post("/login", data=by_password).status_code == 303
    assert known.fresh(writer) is not None
    with closed.app_context():
        tokens.revoke("reader")
    assert known.fresh(writer) is None


def test_what_ends_sessions_is_seen_by_all(closed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second factor ends all sessions of its user, and one login too many the oldest: in every process at once."""
    monkeypatch.setattr(sessions, "MOST", 1)
    sign = changes_of(closed).sign
    with closed.app_context(), closed.test_request_context():
        users.add("zoe", "reader")
        before = sign()
        stamp = users.renew("zoe").partition(" ")[0]
        assert sign() != before
        before = sign()
        sessions.begin("zoe", stamp, "", "")
        assert sign() == before
        sessions.begin("zoe", stamp, "", "")
        assert sign() != before


def test_the_file_is_closed_with_its_last_user(tmp_path: Path) -> None:
    """A process that opens and closes many applications, as tests do, keeps none of their files open."""
    changes = Changes(tmp_path)
    changes.note()
    assert str(tmp_path / NAME) in open_files()
    del changes
    assert str(tmp_path / NAME) not in open_files()


def open_files() -> set[str]:
    """Return what this process has open."""
    found = set[str]()
    for number in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the folder itself
            found.add(str(number.readlink()))
    return found
