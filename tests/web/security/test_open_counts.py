"""A token or user has so many exports, sockets and streams open at once, and no more; what ends makes room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.errors import TooMany
from app.web.accounts import tokens
from app.web.accounts.identity import Identity
from app.web.security import open_counts
from app.web.security.open_counts import OpenCounts
from app.web.server.door import FrontDoor

PASSWORD = "the admin's password"
SCOPE = {"http_version": "1.1", "path": "/logs/tail", "query_string": b"", "scheme": "http", "client": ("127.0.0.1", 1)}


def test_each_has_a_count_of_its_own() -> None:
    """One that ends twice makes room once."""
    counts = OpenCounts("exports", 2)
    zoe, ann = Identity("a", "reader", by="session"), Identity("a", "reader", by="token")
    ends = [counts.begin(zoe), counts.begin(zoe)]
    counts.begin(ann)
    with pytest.raises(TooMany):
        counts.begin(zoe)
    ends[0]()
    ends[0]()
    counts.begin(zoe)
    with pytest.raises(TooMany):
        counts.begin(zoe)


def test_exports(make_client: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are read to their end, or left, make room; another token has its own."""
    monkeypatch.setattr(open_counts, "EXPORTS", 2)
    client = make_client(auth="required", admin_password=PASSWORD)
    with client.application.app_context():
        other, _ = tokens.create("other", "reader", "tests")
    mine, theirs = {"Authorization": f"Bearer {PASSWORD}"}, {"Authorization": f"Bearer {other}"}
    held = [client.get("/logs/export", headers=mine) for _ in range(2)]
    refused = client.get("/logs/export", headers=mine)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "5"
    assert client.get("/logs/export", headers=theirs).status_code == 200
    held[0].close()
    assert client.get("/logs/export?format=none", headers=mine).status_code == 400
    assert client.get("/logs/export", headers=mine).status_code == 200


def test_sockets_and_streams(make_client: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream too many is answered 429, a socket is told so; when one ends there is room."""
    monkeypatch.setattr(open_counts, "FOLLOWED", 1)
    client = make_client(auth="required", admin_password=PASSWORD)
    asyncio.run(_followed(client.application))


async def _followed(app: Flask) -> None:
    door = FrontDoor(app, _none)
    try:
        sent, leave, task = _begin(door, "http")
        await _until(lambda: bool(sent))
        assert sent[0]["status"] == 200
        refused, _, over = _begin(door, "http")
        await over
        assert (refused[0]["status"], dict(refused[0]["headers"])[b"retry-after"]) == (429, b"5")
        told, _, closed = _begin(door, "websocket")
        await closed
        assert [one["type"] for one in told] == ["websocket.accept", "websocket.send", "websocket.close"]
        assert "are open" in told[1]["text"]
        leave.set()
        await task
        again, leave, task = _begin(door, "http")
        await _until(lambda: bool(again))
        assert again[0]["status"] == 200
        leave.set()
        await task
    finally:
        door.close()


def _begin(door: FrontDoor, kind: str) -> tuple[list[dict[str, Any]], asyncio.Event, asyncio.Task[None]]:
    """Let a client follow; return what it is sent, how it leaves, and the task that serves it."""
    sent: list[dict[str, Any]] = []
    leave, first = asyncio.Event(), [True]

    async def receive() -> dict[str, Any]:
        if first.pop() if first else False:
            return {"type": "websocket.connect" if kind == "websocket" else "http.request", "body": b""}
        await leave.wait()
        return {"type": "websocket.disconnect" if kind == "websocket" else "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {PASSWORD}".encode()), (b"host", b"localhost")]
    upgrade = [(b"upgrade", b"websocket")] if kind == "websocket" else []
    scope = {**SCOPE, "type": kind, "method": "GET", "headers": headers + upgrade, "server": ("localhost", 80)}
    return sent, leave, asyncio.ensure_future(door(scope, receive, send))


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def _none(*_: Any) -> None:
    raise AssertionError("nothing else is asked for")
