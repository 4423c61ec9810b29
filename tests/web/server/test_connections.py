"""Connections that send nothing, slowly, or too much: on a real uvicorn over real sockets."""

from __future__ import annotations

import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any, TypeVar

import pytest
import uvicorn
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect as websocket

from app.web.server import connections
from app.web.server.connections import Places
from tests.e2e.program import wait_for

Start = Callable[..., int]
Made = TypeVar("Made")


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer every request, after its body, with how long that was; a socket echoes."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(str(length)))]}
    )
    await send({"type": "http.response.body", "body": str(length).encode()})


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a server with these places, that closes connections which are idle for so many seconds; return its port."""
    with ExitStack() as stack:

        def started(places: Places, idle: int = 60) -> int:
            listener = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
            kind = connections.protocol(places)
            config = uvicorn.Config(
                application, http=kind, loop="uvloop", lifespan="off", log_config=None, timeout_keep_alive=idle
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            stack.callback(thread.join, 20)
            stack.callback(setattr, server, "should_exit", True)
            wait_for(lambda: server.started, 120, "the server")
            return int(listener.getsockname()[1])

        yield started


def connect(port: int) -> socket.socket:
    """Open a connection."""
    return socket.create_connection(("127.0.0.1", port), 20)


def read(connection: socket.socket) -> bytes:
    """Return what comes until the server closes the connection; it breaks where a client sent more after that."""
    found = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            found += piece
    return found


def again(make: Callable[[], Made]) -> Made:
    """Return what can be made at one of a hundred tries: on a machine that stands still any head takes too long now and then."""
    for _ in range(99):
        with suppress(OSError, WebSocketException):
            return make()
    return make()


def refused(answer: bytes) -> tuple[int, str]:
    """Return status and message of an answer that is a refusal in the shape of every error."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    found = json.loads(body)
    assert (found["status"], found["errors"]) == (False, [])
    return int(head.split()[1]), found["message"]


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"POST /lo", b"GET / HTTP/1.1\r\nHost: x\r\nX-"])
def test_a_head_that_never_ends_is_given_up(start: Start, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a new connection: nothing at all, an empty line, half a line, half of the headers."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    with connect(start(Places(10))) as client:
        client.sendall(sent)
        assert refused(read(client))[0] == 408


@pytest.mark.parametrize("sent", [b"\r\n", b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX-"])
def test_a_second_head_must_end_too(start: Start, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an answered request uvicorn waits for the next; a byte of it must not make that wait endless."""
    with connect(start(Places(10))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
        client.sendall(sent)
        assert refused(read(client))[0] == 408


def test_an_idle_connection_is_closed(start: Start) -> None:
    """Behind an answer, without a word: its client sent no request that one would belong to."""
    with connect(start(Places(10), idle=1)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, rest = read(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and b"connection: close" not in head
    assert rest == b"0"


def test_a_slow_head_does_not_count_as_alive(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time runs from the first byte, however often others follow."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    with connect(start(Places(10))) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError):
            for number in range(1_000):
                client.sendall(b"X-%d: y\r\n" % number)
                time.sleep(0.02)


def test_a_slow_body_is_not_given_up_here(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its patience is the bridge's."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    port = start(Places(10))

    def begun() -> socket.socket:
        """Return a connection with a head that was whole in time."""
        made = connect(port)
        made.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"
        )
        if made.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n":
            return made
        made.close()
        raise OSError("the head took too long")

    with again(begun) as client:
        for _ in range(4):
            time.sleep(0.2)
            client.sendall(b"x")
        assert read(client).endswith(b"\r\n\r\n4")


@pytest.mark.parametrize("piece", [b"X-Long: " + b"y" * 1_000, b"y" * 1_000])
def test_a_head_has_a_size(start: Start, piece: bytes) -> None:
    """Many headers, or one without end."""
    with connect(start(Places(10))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + (b"" if piece[:1] == b"X" else b"X-Long: "))
        answer = b""
        with pytest.raises(OSError):
            for _ in range(10_000):
                client.sendall(piece + (b"\r\n" if piece[:1] == b"X" else b""))
                client.setblocking(False)
                try:
                    answer += client.recv(65_536)
                except BlockingIOError:
                    client.settimeout(20)
        assert answer == b"" or refused(answer)[0] == 431


def test_a_socket_lives_longer_than_a_head_may_take(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its handshake on it is no request: nothing of HTTP is written into it."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    url = f"ws://127.0.0.1:{start(Places(2))}/"
    with again(lambda: websocket(url)) as client:
        for number in range(4):
            time.sleep(0.2)
            client.send(str(number))
            assert client.recv(20) == str(number)


def test_a_large_body_is_no_head(start: Start) -> None:
    """Nor is what follows it on the same connection."""
    with connect(start(Places(10))) as client:
        body = b"x" * (connections.HEAD_LIMIT * 4)
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(body)
        for _ in range(3):
            client.sendall(head + b"\r\n" + body)
            came = b""
            # Head and body may come apart.
            while not came.endswith(b"\r\n\r\n%d" % len(body)):
                piece = client.recv(65_536)
                assert piece, came
                came += piece
            assert came.startswith(b"HTTP/1.1 200 OK")
        client.sendall(head + b"Connection: close\r\n\r\n" + body)
        assert read(client).endswith(b"\r\n\r\n%d" % len(body))


def test_one_address_takes_half_of_the_places(start: Start) -> None:
    """Others still get in; who leaves makes room."""
    port = start(Places(6))
    with ExitStack() as stack:
        held = [stack.enter_context(connect(port)) for _ in range(3)]
        with connect(port) as late:
            answer = read(late)
        assert refused(answer)[0] == 503
        assert b"retry-after: 2\r\n" in answer
        held[0].close()

        def is_in() -> bool:
            with connect(port) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return read(client).startswith(b"HTTP/1.1 200")

        wait_for(is_in, 120, "a place")


def test_a_proxy_may_take_all(start: Start) -> None:
    """Many clients stand behind it; the whole is bounded all the same."""
    port = start(Places(6, ["127.0.0.0/8"]))
    with ExitStack() as stack:
        for _ in range(6):
            client = stack.enter_context(connect(port))
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        with connect(port) as late:
            assert refused(read(late))[0] == 503


@pytest.mark.parametrize(
    ("proxy", "address", "other"),
    [
        ("10.0.0.0/8", "10.1.2.3", "11.1.2.3"),
        ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
        ("fd00::/64", "fd00::1", "fd01::1"),
    ],
)
def test_a_proxy_is_known_by_its_network(proxy: str, address: str, other: str) -> None:
    """As TRUSTED_PROXIES names it, by whichever family its connection comes."""
    assert [Places(2, [proxy]).take(one) is not None for one in (address, other)] == [True, True]
    places = Places(2, [proxy])
    assert [places.take(address) is not None for _ in range(3)] == [True, True, False]
    places = Places(2, [proxy])
    assert [places.take(other) is not None for _ in range(2)] == [True, False]


def test_a_customers_addresses_share_a_half() -> None:
    """Whoever holds a network of IPv6 has addresses without number."""
    places = Places(4)
    assert [places.take(f"2001:db8::{number}") is not None for number in range(1, 4)] == [True, True, False]
    assert places.take("2001:db8:0:1::1") is not None


def test_the_process_may_open_files_for_its_connections() -> None:
    """The soft limit of many systems, 1,024, is raised to what the process is allowed."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert 0 < connections.file_limit() < (1 << 20) + 1
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
