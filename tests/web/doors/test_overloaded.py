"""More requests than can be worked at: each door refuses in its own words, before a body is held, and the connection stays usable."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.errors import Overloaded
from app.maintain import spaces
from app.web.accounts import tokens
from app.web.server.admission import ALWAYS, WAITING_LIMIT, WaitingLine
from app.web.server.bridge import Bridge
from app.web.server.environ import REFUSED
from app.web.server.waiting import WaitingLines
from tests.web.doors.table import ROWS, Row, batch

#: Doors whose clients lose or double what is refused and wait as long as it takes; and the one that takes a body while it comes.
WAITING, STREAMED = {"elastic"}, {"journal"}
#: Doors whose clients send again by themselves.
RESENDING = {"ingest", "otlp", "otlp packed", "hec", "hec raw"}
REFUSING = [name for name in ROWS if name not in WAITING | STREAMED]
#: Tokens and their spaces.
SENDERS = {"plain": None, "shop-1": "shop", "shop-2": "shop"}
#: The time in an answer to Firehose.
_TIME = re.compile(rb'"timestamp":\d+')


class Server:
    """A bridge of an application, all of whose lines have too many waiting for too long."""

    def __init__(self, app: Flask) -> None:
        self.lines = WaitingLines(app)
        self._bridge = Bridge(app, body_limit=1 << 20, lines=self.lines)

    async def ask(self, row: Row, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes, int]:
        """Send a batch in two pieces; return status, headers and body of the answer, and how many pieces were read."""
        scope = self._scope(row, headers)
        for line in self.lines.all:
            self.fill(line, scope, ALWAYS + 1)
        found = await self.sent(scope, body)
        for line in self.lines.all:
            line.senders, line.size = {}, 0
            line.turns.clear()
        return found

    def fill(self, line: WaitingLine, scope: dict[str, Any], count: int) -> None:
        """Have so many requests of whose this one is wait in a line for ever."""
        queue = line.queue_of(scope, 0.0)
        for _ in range(count):
            line.add(queue, float("-inf"))

    async def sent(self, scope: dict[str, Any], body: bytes) -> tuple[int, dict[str, str], bytes, int]:
        """Send a request in two pieces; return what `ask` does."""
        pieces = [body[: len(body) // 2], body[len(body) // 2 :]]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._bridge(scope, receive, send)
        begun = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], begun, sent[1]["body"], 2 - len(pieces)

    async def stop(self) -> None:
        """Let the threads end, for which the process would wait."""

        async def receive() -> dict[str, Any]:
            return {"type": "lifespan.shutdown"}

        async def send(message: Any) -> None:
            pass

        await self._bridge({"type": "lifespan"}, receive, send)

    def _scope(self, row: Row, headers: dict[str, str]) -> dict[str, Any]:
        path, _, query = row.path.partition("?")
        given = {**row.headers, **headers}
        return {
            "type": "http", "method": "POST", "path": path, "query_string": query.encode(), "http_version": "1.1",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http",
        }  # fmt: skip


@pytest.fixture
def server(protected: FlaskClient) -> Iterator[Server]:
    """A server that has too much to do, and asks who it is of everybody: not of these, which would take longer."""
    made = Server(protected.application)
    yield made
    asyncio.run(made.stop())


@pytest.mark.parametrize("name", REFUSING)
def test_each_door_refuses_in_its_words(server: Server, name: str) -> None:
    """To be sent again in a few seconds; the body is read to its end, so that the client sees the answer, and can go on."""
    row = ROWS[name]

    async def twice() -> None:
        for _ in range(2):
            status, headers, body, read = await server.ask(row, batch(row, "x", 10))
            assert (status, read) == (503, 2)
            assert 0 < int(headers["retry-after"]) <= 5
            assert "connection" not in headers
            assert row.failed(body, 503), body

    asyncio.run(twice())


@pytest.mark.parametrize("name", REFUSING)
def test_remembered_words_are_those_that_flask_would_give(server: Server, name: str) -> None:
    """For another accepted form, another delivery, and another body, though one was refused before."""
    row = ROWS[name]
    path, _, query = row.path.partition("?")
    client = cast(Flask, server._bridge._app).test_client()
    others = (
        {"Accept": "text/html"},
        {"X-Amz-Firehose-Request-Id": "r-2"},
        {"Content-Type": "application/json"},
        {"User-Agent": "x"},
    )

    async def all_of_them() -> None:
        for more in ({}, *others, {}):
            given: dict[str, str] = {**row.headers, **more}
            said = client.post(path, query_string=query, headers=given, environ_overrides={REFUSED: Overloaded()})
            status, headers, body, _ = await server.ask(row, batch(row, "x", 3), **more)
            assert (status, _TIME.sub(b"", body)) == (said.status_code, _TIME.sub(b"", said.data))
            assert headers == {header.lower(): value for header, value in said.headers}

    asyncio.run(all_of_them())


def test_who_asks_first_is_told_so_at_once(server: Server) -> None:
    """The body isn't called for, and the connection ends, as nobody knows whether it comes after all."""
    status, headers, _, read = asyncio.run(server.ask(ROWS["ingest"], b"[]", Expect="100-continue"))
    assert (status, headers["connection"], read) == (503, "close", 0)


def test_a_refused_body_is_bounded_too(server: Server) -> None:
    """It is thrown away, but not without end."""
    status, headers, _, _ = asyncio.run(server.ask(ROWS["ingest"], b" " * (2 << 20)))
    assert (status, headers["connection"]) == (413, "close")


@pytest.mark.parametrize("name", ROWS)
def test_line_of_each_door(server: Server, name: str) -> None:
    """By what its clients do with a refusal; reading is never in the way of sending, nor the other way round."""
    scope = server._scope(ROWS[name], {})
    line = server.lines(scope)
    assert line.sends == (server.lines({**scope, "method": "GET"}) is not line)
    assert server.lines({**scope, "path": f"/base{scope['path']}", "root_path": "/base"}) is line
    if name in WAITING:
        assert line.patience(line.queue_of(scope, 0.0), 0.0) == float("inf")
    else:
        assert (line.standing < 1) == (name in RESENDING)
    assert line.burst < 5 or name in WAITING


def test_who_waits_until_logs_are_stored_is_in_nobodys_way(server: Server) -> None:
    """In a line of its own: how long it stays says nothing of how long others are worked at."""
    scope = server._scope(ROWS["ingest"], {})
    quick, staying = server.lines(scope), server.lines({**scope, "query_string": b"strict=true&wait=indexed"})
    assert quick.brisk
    assert not staying.brisk
    assert staying in server.lines.all
    assert server.lines(scope) is quick
    assert staying.standing == quick.standing


@pytest.mark.parametrize("path", ["/logs/filter", "/logs/export", "/login", "/nowhere/at/all/", "/dead/replay"])
def test_all_else_is_with_the_pages(server: Server, path: str) -> None:
    """Searches too, though they come by POST; and what is on no route."""
    assert server.lines({"method": "POST", "path": path}) is server.lines.others


def test_remembered_paths_are_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can make up paths."""
    monkeypatch.setattr("app.web.server.waiting.REMEMBERED", 10)
    for number in range(50):
        server.lines({"method": "POST", "path": f"/index-{number}/_doc"})
    assert len(server.lines._known) <= 10
    long = {"method": "POST", "path": f"/{'i' * 300}/_doc"}
    assert server.lines(long).sends
    assert ("POST", long["path"]) not in server.lines._known


def test_pages_are_answered_however_many_logs_wait(server: Server) -> None:
    """Elasticsearch's shippers are refused nothing for long, so that very many may wait: of their own kind they take the places."""
    scope = server._scope(ROWS["elastic"], {})

    async def both() -> list[int]:
        server.fill(server.lines(scope), scope, WAITING_LIMIT)
        asked = (scope, {**scope, "method": "GET", "path": "/health/live"})
        async with asyncio.timeout(10):
            return [(await server.sent(one, b""))[0] for one in asked]

    assert asyncio.run(both()) == [503, 200]


def test_senders_are_told_apart(server: Server, protected: FlaskClient) -> None:
    """By the space or the name of a token that was let in; by address whatever else they bring, made-up tokens too."""
    spaces.add(protected.application.extensions["logingestor"].backends().record.spaces, "shop")
    with protected.application.app_context():
        made = {name: tokens.create(name, "writer", "tests", space=space)[0] for name, space in SENDERS.items()}

    def sender(address: str = "192.0.2.1", **headers: str) -> str:
        scope = server._scope(ROWS["ingest"], {name.replace("_", "-"): value for name, value in headers.items()})
        return server.lines.sender({**scope, "client": (address, 1)})

    bearer = {name: f"Bearer {token}" for name, token in made.items()}
    assert sender(authorization=bearer["plain"]) == "192.0.2.1"
    for one in bearer.values():
        assert protected.post("/logs/ingest/", json={"message": "m"}, headers={"Authorization": one}).status_code == 202
    assert {sender(authorization=bearer[name]) for name in ("shop-1", "shop-2")} == {"space shop"}
    assert sender(authorization=bearer["plain"]) == sender(dd_api_key=made["plain"]) == "token plain"
    for scheme, text in (("Basic", f"any:{made['plain']}"), ("ApiKey", f"id:{made['plain']}")):
        assert sender(authorization=f"{scheme} {base64.b64encode(text.encode()).decode()}") == "token plain"
    for wrong in ("Bearer lgi_made-up", "Basic !", "Basic eA==", "", "\xff"):
        assert sender(authorization=wrong) == "192.0.2.1"
    assert sender("2001:db8::1") == sender("2001:db8::2") != sender("2001:db8:0:1::1")
