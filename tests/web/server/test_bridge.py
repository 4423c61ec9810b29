"""The bridge between ASGI server and WSGI application, on a real uvicorn over real sockets."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import uvicorn

from app.errors import Unavailable
from app.web.security.errors import refused_by
from app.web.server import bridge, protocol
from app.web.server.bridge import Bridge
from app.web.server.environ import GONE, LEFT, REFUSED, SENT, RequestEnd
from app.web.server.leaving import WATCH_SECONDS
from app.web.server.protocol import Protocol
from tests.e2e.program import wait_for

BODY_LIMIT = 100_000


class Application:
    """A WSGI application that shows what it was given, and what became of its answers."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.closed = threading.Event()
        self.made = 0
        #: Of requests that are over, whether their answer was delivered.
        self.ended: list[bool] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if REFUSED in environ:
            status, text, _ = refused_by(environ[REFUSED])
            start_response(f"{status} NO", [("Content-Length", str(len(text)))])
            return [text.encode()]
        self.seen.append({**environ, "body": environ["wsgi.input"].read()})
        path = environ["PATH_INFO"]
        if path == "/stream":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return self._stream(1_000_000)
        if path == "/breaks":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return self._breaks()
        if path == "/ends":
            environ[SENT].append(self.ended.append)
            raise RuntimeError("on purpose")
        if path == "/raises":
            raise RuntimeError("on purpose")
        if path == "/asks":
            # The loop is kept from the connection: the system knows all the same.
            wait_for(environ[GONE], 120, "the client's leaving")
            self.closed.set()
        if path == "/forgets":
            wait_for(environ[LEFT], 120, "the client's leaving")
            self.ended.append(environ[GONE]())
            self.closed.set()
        if path == "/late":
            # The loop may have read the end by now, or not: it is known how long the client waited either way.
            time.sleep(2 * protocol._WAITED)
            self.ended.append(environ[GONE]())
            self.closed.set()
        if path == "/slow":
            wait_for(environ[LEFT], 120, "the client's leaving")
            environ[SENT].append(self.ended.append)
            self.closed.set()
        start_response("201 CREATED", [("Content-Length", "5"), ("X-Twice", "a"), ("X-Twice", "b")])
        return [b"he", b"", b"llo"]

    def _stream(self, pieces: int) -> Iterator[bytes]:
        try:
            for _ in range(pieces):
                self.made += 1
                yield b"x" * 65_536 if self.made % 2 else b""
        finally:
            self.closed.set()

    def _breaks(self) -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError("in the middle")


@pytest.fixture
def application() -> Application:
    """The application behind the bridge."""
    return Application()


@pytest.fixture
def between(application: Application) -> Bridge:
    """The bridge to the application."""
    return Bridge(application, body_limit=BODY_LIMIT)


@pytest.fixture
def port(between: Bridge) -> Iterator[int]:
    """Port of a server with the bridge."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(between, http=Protocol, loop="uvloop", lifespan="on", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    wait_for(lambda: server.started, 120, "the server")
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(120)
    listener.close()
    assert not thread.is_alive()


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, Any]:
    """Send one request; return status, body and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def test_request_and_answer_cross_whole(port: int, application: Application) -> None:
    """Path, query, headers and body as PEP 3333 wants them; status, repeated headers and body back."""
    status, body, headers = ask(port, "POST", "/a%20b/%C3%BC?q=%C3%BC", b"\0\xff", **{"X-Name": "value"})
    assert (status, body, headers.get_all("X-Twice")) == (201, b"hello", ["a", "b"])
    (seen,) = application.seen
    assert seen["PATH_INFO"] == "/a b/ü".encode().decode("latin-1")
    assert (seen["QUERY_STRING"], seen["HTTP_X_NAME"], seen["body"]) == ("q=%C3%BC", "value", b"\0\xff")
    assert (seen["REMOTE_ADDR"], seen["CONTENT_LENGTH"], seen["REQUEST_METHOD"]) == ("127.0.0.1", "2", "POST")


def test_body_over_the_limit_is_413_in_the_words_of_the_application(port: int, application: Application) -> None:
    """Announced or chunked, before it is in memory."""
    status, body, _ = ask(port, "POST", "/", b"x" * (BODY_LIMIT + 1))
    assert (status, body) == (413, b"the body has more than 100,000 bytes")
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n"
        client.sendall(piece + piece)
        assert client.recv(100).startswith(b"HTTP/1.1 413")
    assert application.seen == []


def test_client_that_leaves_before_its_body_is_whole_reaches_nobody(port: int, application: Application) -> None:
    """Half a body is never taken for a whole one."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    assert ask(port, "GET", "/")[0] == 201
    assert len(application.seen) == 1


def test_silent_client_gets_408(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that stops coming is given up, in words."""
    monkeypatch.setattr(bridge, "SILENCE_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=120) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        assert client.recv(100).startswith(b"HTTP/1.1 408")


def test_slow_clients_hold_no_thread(port: int) -> None:
    """More half-sent bodies than there are threads: other requests are answered all the same."""
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3 * bridge.THREADS)]
    try:
        for client in clients:
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        assert ask(port, "GET", "/")[0] == 201
    finally:
        for client in clients:
            client.close()


def test_client_that_leaves_while_it_waits_is_noticed(port: int, application: Application) -> None:
    """What works for it can stop; one that stays is never taken for gone."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert not application.closed.wait(3 * WATCH_SECONDS)
    assert application.closed.wait(120)
    assert ask(port, "GET", "/")[0] == 201
    assert not application.seen[-1][LEFT]()
    wait_for(lambda: application.ended, 120, "the end")
    assert application.ended == [False]


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="the system does not say in which state a connection is")
@pytest.mark.parametrize("reset", [False, True])
def test_whether_a_client_is_gone_is_known_without_the_loop(port: int, application: Application, reset: bool) -> None:
    """Whether it closed the connection or broke it; one that stays is never taken for gone."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(b"POST /asks HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert not application.closed.wait(protocol._WAITED + 0.2)
    assert application.closed.wait(120)
    assert application.seen[0][GONE]()


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="the system does not say in which state a connection is")
@pytest.mark.parametrize("path", ["/forgets", "/late"])
def test_a_client_that_wants_no_answer_is_not_gone(
    port: int, application: Application, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Programs that send and forget close at once, and never repeat: what they sent is taken, also by a process that reads it late."""
    monkeypatch.setattr(protocol, "_WAITED", 0.2)
    request = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
    took = 1.0
    # A busy machine may leave this process no time between the two.
    while took > protocol._WAITED / 2:
        application.closed.clear()
        application.ended.clear()
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(request)
        took = time.monotonic() - began
        assert application.closed.wait(120)
    assert application.ended == [False]


def test_bodies_together_are_bounded(port: int, between: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever crosses the bound is told to come again; a single body may always come in."""
    monkeypatch.setattr(bridge, "BODIES_LIMIT", 60_000)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as one, socket.create_connection(("127.0.0.1", port)) as other:
        one.sendall(head)
        other.sendall(head)
        one.sendall(b"x" * 49_000)
        wait_for(lambda: between._held == 49_000, 120, "the body of one")
        other.sendall(b"x" * 49_000)
        assert other.recv(1000).startswith(b"HTTP/1.1 503")
        one.sendall(b"x" * 1_000)
        assert one.recv(1000).startswith(b"HTTP/1.1 201")
    assert ask(port, "POST", "/", b"x" * 80_000)[0] == 201


def test_reader_that_stops_holds_the_stream_and_nobody_else(port: int, application: Application) -> None:
    """A long answer waits for its reader instead of filling the memory, and ends when the reader leaves."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        seen = -1
        until = time.monotonic() + 20
        while seen != application.made and time.monotonic() < until:
            seen = application.made
            time.sleep(0.3)
        assert application.made < 2_000
        assert ask(port, "GET", "/")[0] == 201
    assert application.closed.wait(120)


def test_stream_that_breaks_does_not_look_whole(port: int) -> None:
    """The transfer is cut, so that the client knows."""
    with pytest.raises(http.client.IncompleteRead):
        ask(port, "GET", "/breaks")


def test_application_that_raises_is_500(port: int, application: Application) -> None:
    """And the server goes on; who waits for the end of the request is told."""
    assert ask(port, "GET", "/raises")[0] == 500
    assert ask(port, "GET", "/ends")[0] == 500
    wait_for(lambda: application.ended, 120, "the end")
    assert application.ended == [False]
    assert ask(port, "GET", "/")[0] == 201


def test_ends_of_a_request_that_is_over() -> None:
    """Who comes too late is told at once, and one that can't be noted keeps no other from being told."""
    told: list[bool] = []
    ends = RequestEnd()

    def fails(delivered: bool) -> None:
        told.append(delivered)
        raise Unavailable("the file can't be written")

    ends.append(fails)
    ends.append(told.append)
    ends.call(delivered=True)
    ends.append(told.append)
    ends.call(delivered=True)
    assert told == [True, True, False]
