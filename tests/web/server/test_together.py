"""Single logs that come at once: one thread, one commit, and to each its own answer, as if it had come alone."""

from __future__ import annotations

import asyncio
import gzip
import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import fibers
from app.backends import Backends, is_one_file
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.web import create_app
from app.web.accounts import tokens
from app.web.security.access import guard_of
from app.web.server.bridge import Bridge
from app.web.server.waiting import QUICK_BYTES, WaitingLines

JSON = (b"content-type", b"application/json")


class Server:
    """A bridge of an application, to which requests come in one turn of the loop."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bridge = Bridge(app, body_limit=1 << 20, lines=WaitingLines(app))
        #: Synced commits.
        self.commits = 0
        write = SqliteDatabase.write

        @contextmanager
        def counting(database: SqliteDatabase, *, durable: bool) -> Iterator[Any]:
            self.commits += durable
            with write(database, durable=durable) as connection:
                yield connection

        monkeypatch.setattr(SqliteDatabase, "write", counting)
        #: How many calls each thread carried out at once.
        self.shared: list[int] = []
        run = fibers.run

        def noting(calls: Sequence[Callable[[], None]]) -> None:
            self.shared.append(len(calls))
            run(calls)

        monkeypatch.setattr(fibers, "run", noting)

    def post(self, *bodies: bytes, query: bytes = b"", more: tuple[tuple[bytes, bytes], ...] = ()) -> list[Any]:
        """Send these bodies at once; return status, headers and decoded body of each answer."""

        async def all_of_them() -> list[Any]:
            try:
                return await asyncio.gather(*[self._one(body, query, more) for body in bodies])
            finally:
                await self.bridge({"type": "lifespan"}, _shut_down, _nowhere)

        return asyncio.run(all_of_them())

    async def _one(self, body: bytes, query: bytes, more: tuple[tuple[bytes, bytes], ...]) -> Any:
        sent: list[Any] = []

        unread = [body]

        async def receive() -> dict[str, Any]:
            if not unread:
                # The client stays.
                await asyncio.Event().wait()
            return {"type": "http.request", "body": unread.pop(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope: dict[str, Any] = {
            "type": "http", "method": "POST", "path": "/logs/ingest/", "query_string": query, "http_version": "1.1",
            "headers": [JSON, *more], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http",
        }  # fmt: skip
        await self.bridge(scope, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"])


async def _shut_down() -> dict[str, Any]:
    return {"type": "lifespan.shutdown"}


async def _nowhere(_: Any) -> None:
    return None


@pytest.fixture
def server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server of the default, where queue and record are one file."""
    app.extensions["logingestor"].accept()
    return Server(app, monkeypatch)


def log(message: str) -> bytes:
    """Return a log as it is sent."""
    return json.dumps({"message": message}).encode()


def test_logs_that_come_at_once_share_a_commit(server: Server, backends: Backends) -> None:
    """All of them are in the queue when they are answered, each with its own receipt."""
    answers = server.post(*[log(f"number {n}") for n in range(8)])
    assert [(status, body["accepted"]) for status, _, body in answers] == [(202, 1)] * 8
    assert len({body["receipt"] for *_, body in answers}) == 8
    assert (server.shared, server.commits) == ([8], 1)
    waiting = [record.message for batch in backends.queue.look() for record in batch.records]  # type: ignore[attr-defined]
    assert sorted(waiting) == [f"number {n}" for n in range(8)]


@pytest.mark.parametrize(
    ("body", "headers"),
    [(log("x"), {}), (b'{"level": 5}', {}), (b"{", {}), (b"", {}), (log("y"), {"Idempotency-Key": "k"})],
    ids=["taken", "refused", "no JSON", "empty", "with a key"],
)
def test_answers_are_those_of_requests_that_come_alone(
    server: Server, app: Flask, body: bytes, headers: dict[str, str]
) -> None:
    """Status, headers and words, whatever comes beside it."""
    alone = app.test_client().post(
        "/logs/ingest/", data=body, content_type="application/json", headers=dict.fromkeys(headers, "alone")
    )
    more = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    (status, sent, said), (beside, *_) = server.post(body, log("beside"), more=more)
    assert server.shared == [2]
    assert (status, {**said, "receipt": None}) == (alone.status_code, {**alone.get_json(), "receipt": None})
    assert {name.decode() for name in sent} == {name.lower() for name, _ in alone.headers}
    # Of two bodies with one key one is refused.
    assert beside == (400 if headers else 202)


def test_a_queue_that_is_full_refuses_them_all(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of one that comes alone; nothing is kept."""
    app = create_app(replace(settings, min_free_disk=1 << 60))
    app.extensions["logingestor"].accept()
    answers = Server(app, monkeypatch).post(*[log(f"number {n}") for n in range(4)])
    assert {(status, headers[b"retry-after"], body["message"][:23]) for status, headers, body in answers} == {
        (503, b"60", "the disk is nearly full")
    }
    assert app.extensions["logingestor"].backends().queue.depth().logs == 0
    app.extensions["logingestor"].close()


@pytest.mark.parametrize("slow", ["query", "packed", "large"])
def test_what_may_take_long_has_a_thread_of_its_own(server: Server, slow: str) -> None:
    """Who waits for an index, has a packed body or a large one lets no others wait."""
    body = log("x" * QUICK_BYTES if slow == "large" else "x")
    if slow == "packed":
        answers = server.post(*[gzip.compress(body)] * 4, more=((b"content-encoding", b"gzip"),))
    else:
        answers = server.post(*[body] * 4, query=b"strict=0" if slow == "query" else b"")
    assert [status for status, *_ in answers] == [202] * 4
    assert server.shared == [1] * 4


def test_who_is_unknown_lets_no_others_wait(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server asks who sends, a password may take a tenth of a second to check; a token that was let in takes none."""
    app = create_app(replace(settings, auth="required", admin_password="correct horse battery staple"))
    app.extensions["logingestor"].accept()
    with app.app_context():
        token, _ = tokens.create("app", "writer", "admin")
        assert guard_of(app)._tokens.verify(token) is not None
    server = Server(app, monkeypatch)
    answers = server.post(log("x"), log("y"), more=((b"authorization", b"Basic " + b64encode(b"admin:wrong")),))
    assert ([status for status, *_ in answers], server.shared) == ([401] * 2, [1] * 2)
    server = Server(app, monkeypatch)
    answers = server.post(log("x"), log("y"), more=((b"authorization", f"Bearer {token}".encode()),))
    assert ([status for status, *_ in answers], server.shared) == ([202] * 2, [2])
    app.extensions["logingestor"].close()


def test_other_queues_are_asked_one_by_one(settings: Settings, tmp_path: Any) -> None:
    """Where queue or record lie elsewhere, a request waits for the network, and lets none wait with it."""
    apart = replace(settings, queue_url=f"sqlite:///{tmp_path}/queue.db")
    assert not is_one_file(apart)
    scope = {"method": "POST", "path": "/logs/ingest/", "query_string": b"", "headers": [JSON]}
    assert WaitingLines(create_app(settings)).shares(scope, 100)
    assert not WaitingLines(create_app(settings)).shares({**scope, "path": "/logs/filter"}, 100)
    assert not WaitingLines(create_app(apart)).shares(scope, 100)
