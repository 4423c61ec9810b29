"""What takes long ends with the token that it was asked for with: exports are cut, uploads of journals take nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.backends import Backends
from app.find import export
from app.web.accounts import tokens, verify
from app.web.accounts.identity import Identity
from app.web.security import staying
from app.web.security.staying import AGAIN_SECONDS, Stay
from app.web.server.uploading import Uploading
from tests.conftest import MakeRecord
from tests.files.test_journal import STREAM
from tests.web.conftest import Fill

PASSWORD = "the admin's password"
SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "path": "/upload",
    "query_string": b"",
    "scheme": "http",
    "client": ("127.0.0.1", 1),
}


def made(client: FlaskClient, role: str) -> dict[str, str]:
    """Return the header of a new token called `long`."""
    with client.application.app_context():
        return {"Authorization": f"Bearer {tokens.create('long', role, 'tests')[0]}"}


def revoked(client: FlaskClient) -> None:
    """Revoke the token."""
    with client.application.app_context():
        tokens.revoke("long")


@pytest.fixture
def client(make_client: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of a closed server that looks each time whether who is there may stay."""
    monkeypatch.setattr(staying, "AGAIN_SECONDS", 0.0)
    return make_client(auth="required", admin_password=PASSWORD)


def test_all_of_it_is_within_five_seconds() -> None:
    """As docs/security.md says: the time between two looks, and that for which the record's answer holds on another machine."""
    assert AGAIN_SECONDS + verify.FRESH_SECONDS <= 5


def test_it_is_asked_again_and_again(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once in AGAIN_SECONDS, not with each piece; the admin's password ends with the process alone."""
    monkeypatch.setattr(staying, "AGAIN_SECONDS", AGAIN_SECONDS)
    now, asked = [0.0], [0]

    def ask(_app: Flask, _who: Identity) -> bool:
        asked[0] += 1
        return asked[0] < 3

    monkeypatch.setattr(staying, "may_stay", ask)
    stay = Stay(client.application, Identity("a", "reader"), lambda: now[0])
    seen = []
    for now[0] in (0.0, 1.9, 2.0, 3.9, 4.0, 5.0, 6.0):
        seen.append((stay.is_over(), asked[0]))
    assert seen == [(False, 0), (False, 0), (False, 1), (False, 1), (False, 2), (False, 2), (True, 3)]


def test_an_export_ends_with_its_token(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream raises, so that the server cuts the transfer; until then all of it comes."""
    monkeypatch.setattr(export, "PIECE_BYTES", 1_000)
    fill([make_record() for _ in range(200)])
    header = made(client, "reader")
    whole = client.get("/logs/export", headers=header)
    assert len(whole.data.splitlines()) == 200
    pieces = iter(client.get("/logs/export", headers=header, buffered=False).response)
    assert next(pieces)
    assert next(pieces)
    revoked(client)
    with pytest.raises(PermissionError):
        next(pieces)


def test_an_upload_ends_with_its_token(client: FlaskClient, backends: Backends) -> None:
    """Entries that came before are kept, what comes afterwards is not taken, and the client is told why."""
    name, value = next(iter(made(client, "writer").items()))
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not begun:
            begun.append(True)
            return {"type": "http.request", "body": STREAM, "more_body": True}
        revoked(client)
        return {"type": "http.request", "body": STREAM, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    begun: list[bool] = []
    headers = [(name.lower().encode(), value.encode()), (b"content-type", b"application/vnd.fdo.journal")]
    asyncio.run(Uploading(client.application).serve({**SCOPE, "headers": headers}, receive, send))
    assert (sent[0]["status"], b"close" in dict(sent[0]["headers"])[b"connection"]) == (401, True)
    assert backends.queue.depth().logs == 2
