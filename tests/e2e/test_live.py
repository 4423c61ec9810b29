"""The live tail of the running program: over sockets and as events, without a gap, until the server says goodbye."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.settings.settings import Settings
from app.web.accounts import sessions, tables, tokens
from tests.e2e.program import Server, wait_for

pytestmark = pytest.mark.system

SECONDS = 120.0


def tail(server: Server, **parameters: str) -> ClientConnection:
    """Open a socket. With messages unread it would wait long for the goodbye that lies behind them: it doesn't."""
    address = server.url.replace("http", "ws", 1)
    url = f"{address}/logs/tail?{urlencode(parameters)}"
    return connect(url, open_timeout=SECONDS, close_timeout=0.1, max_size=None)


def received(socket: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    return dict(json.loads(socket.recv(SECONDS)))


@contextmanager
def events(
    server: Server, headers: dict[str, str] | None = None, **parameters: str
) -> Iterator[http.client.HTTPResponse]:
    """Open an event stream."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS)
    connection.request("GET", f"/logs/tail?{urlencode(parameters)}", headers=headers or {})
    yield connection.getresponse()
    connection.close()


def lines(answer: http.client.HTTPResponse, start: str) -> Iterator[str]:
    """Yield what follows *start* on the lines of an event stream."""
    while line := answer.readline().decode():
        if line.startswith(start):
            yield line.removeprefix(start).strip()


def test_a_log_is_there_when_it_is_stored(server: Server) -> None:
    """Whoever is told that the socket is open sees each log that fits, as it stands in answers, and a cursor."""
    with tail(server, q="level:error AND metadata.n:>=0") as socket:
        server.ingest(
            [{"message": f"log {n}", "level": "error" if n % 2 else "info", "metadata": {"n": n}} for n in range(10)]
        )
        came = [received(socket) for _ in range(5)]
    assert [log["metadata"]["n"] for log in came] == [1, 3, 5, 7, 9]
    server.drained()
    found = server.get("/logs?q=level:error&sort=asc")["results"]
    assert [{name: value for name, value in log.items() if name != "cursor"} for log in came] == found


def test_no_gap_over_lost_connections(server: Server) -> None:
    """Under load a reader that comes back with its last cursor, again and again, has every log in the end."""
    total, seen = 2_000, set[int]()
    sender = threading.Thread(
        target=lambda: [
            server.ingest([{"message": "n", "metadata": {"n": n + m}} for m in range(10)]) for n in range(0, total, 10)
        ]
    )
    with tail(server) as socket:
        sender.start()
        message = received(socket)
    while len(seen) < total:
        seen.add(message["metadata"]["n"])
        with tail(server, after=message["cursor"]) as socket:
            for _ in range(min(137, total - len(seen))):
                message = received(socket)
                seen.add(message["metadata"]["n"])
    sender.join()
    assert seen == set(range(total))


def test_events_for_who_only_reads(server: Server) -> None:
    """A plain GET is sent events; `Last-Event-ID` goes on where the last one ended."""
    with events(server, q="hello") as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
        server.ingest([{"message": "hello 1"}, {"message": "other"}, {"message": "hello 2"}])
        identity = next(lines(answer, "id: "))
    with events(server, {"Last-Event-ID": identity}, q="hello") as answer:
        assert json.loads(next(lines(answer, "data: ")))["message"] == "hello 2"


def test_rows_for_the_page_are_harmless(server: Server) -> None:
    """`as=row` gives rows of the table, with what a log holds escaped."""
    with tail(server, **{"as": "row"}) as socket:
        server.ingest({"message": "<script>alert(1)</script>\u202e\u0007"})
        row = received(socket)["row"]
    assert "&lt;script&gt;" in row
    assert "<script" not in row
    assert "\\u202e" in row and "\\x07" in row


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"q": "level:("}, "q"), ({"after": "x"}, "after"), ({"as": "xml"}, "as"), ({"from": "1"}, "from")],
)
def test_faults_are_named(server: Server, parameters: dict[str, str], field: str) -> None:
    """A fault is a message and a close with 1008, or a 400."""
    with tail(server, **parameters) as socket:
        message = received(socket)
        assert message["status"] is False
        assert message["errors"][0]["field"] == field
        with pytest.raises(ConnectionClosed):
            socket.recv(SECONDS)
        assert socket.close_code == 1008
    with events(server, **parameters) as answer:
        assert answer.status == 400
        assert json.loads(answer.read())["errors"][0]["field"] == field


def test_pages_of_other_sites_may_not_follow(server: Server) -> None:
    """A browser opens sockets for any page: one of another site gets no log."""
    with connect(server.url.replace("http", "ws", 1) + "/logs/tail", origin="https://elsewhere.example") as socket:  # type: ignore[arg-type]
        assert "another site" in received(socket)["message"]
        with pytest.raises(ConnectionClosed):
            socket.recv(SECONDS)
    with connect(server.url.replace("http", "ws", 1) + "/logs/tail", origin=server.url) as socket:  # type: ignore[arg-type]
        server.ingest({"message": "seen"})
        assert received(socket)["message"] == "seen"


def test_the_password_is_wanted_here_too(make_server: Callable[..., Server]) -> None:
    """What keeps a reader out of every other route keeps it out of the tail."""
    server = make_server(AUTH="required", ADMIN_PASSWORD="secret of the tests")
    server.start()
    with tail(server) as socket:
        assert received(socket)["status"] is False
    with events(server) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    address = server.url.replace("http", "ws", 1)
    headers = {"Authorization": "Bearer secret of the tests"}
    with connect(f"{address}/logs/tail", additional_headers=headers) as socket:
        server.request("POST", "/logs/ingest/", {"message": "seen"}, headers)
        assert received(socket)["message"] == "seen"


def test_goodbye(server: Server) -> None:
    """When the server stops, sockets are closed with 1001, event streams end whole, and nothing holds the stop up."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(tail(server)) for _ in range(5)]
        answer = stack.enter_context(events(server))
        assert answer.status == 200
        assert server.stop() == 0
        assert list(lines(answer, "data: ")) == []
        for socket in sockets:
            with pytest.raises(ConnectionClosed):
                socket.recv(SECONDS)
            assert socket.close_code == 1001
    assert "was killed" not in server.console


def test_a_bound_reader_follows_what_it_may_see_until_it_may_no_more(make_server: Callable[..., Server]) -> None:
    """Only logs that fit the token's filter come, without what is hidden, by socket and by events; revoking ends both, and opens neither again."""
    server = make_server(AUTH="required", ADMIN_PASSWORD="secret of the tests")
    server.start()
    chosen = Settings.from_env(server.environment)
    with tables.opened(chosen):
        token, _ = tokens.create("a reader", "reader", "tests", filter="resourceId:shop-*", hide="message")
    admin, reader = {"Authorization": "Bearer secret of the tests"}, {"Authorization": f"Bearer {token}"}
    address = server.url.replace("http", "ws", 1)
    with ExitStack() as stack:
        socket = stack.enter_context(connect(f"{address}/logs/tail", additional_headers=reader))
        stream = stack.enter_context(events(server, reader))
        logs = [{"message": name, "resourceId": name} for name in ("bank-1", "shop-1", "bank-2", "shop-2")]
        server.request("POST", "/logs/ingest/", logs, admin)
        found = [received(socket) for _ in range(2)]
        assert [(one["resourceId"], one["message"]) for one in found] == [("shop-1", ""), ("shop-2", "")]
        with connect(f"{address}/logs/tail?after={found[0]['cursor']}", additional_headers=reader) as again:
            assert received(again)["resourceId"] == "shop-2"
        with connect(f"{address}/notices", additional_headers=reader) as refused:
            assert received(refused)["status"] is False
        with tables.opened(chosen):
            tokens.revoke("a reader")
        with pytest.raises(ConnectionClosed):
            received(socket)
        assert socket.close_code == 1008
        events_read = stream.read()
        assert b"bank" not in events_read
        assert events_read.count(b'"message":""') == 2

        def is_refused() -> bool:
            with connect(f"{address}/logs/tail", additional_headers=reader) as late:
                try:
                    return received(late)["status"] is False
                except ConnectionClosed:  # the other web process learns of it up to five seconds later
                    return False

        wait_for(is_refused, SECONDS, "the refusal")


def test_an_ended_session_is_cut_off(make_server: Callable[..., Server]) -> None:
    """Whoever logged in follows until the session is ended from elsewhere: the tail and the notices both close, for good."""
    server = make_server(AUTH="required", ADMIN_PASSWORD="secret of the tests")
    server.start()
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS)
    form = urlencode({"name": "admin", "password": "secret of the tests"})
    connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
    entered = connection.getresponse()
    cookie = {"Cookie": entered.headers["Set-Cookie"].partition(";")[0]}
    connection.close()
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(connect(f"ws://{address.netloc}{path}", additional_headers=cookie))
            for path in ("/logs/tail", "/notices")
        ]
        with tables.opened(Settings.from_env(server.environment)):
            sessions.end_all("admin")
        for socket in sockets:
            with pytest.raises(ConnectionClosed):
                while True:
                    received(socket)
            assert socket.close_code == 1008
