"""Requests that offer another protocol, as Java's own client does in each of its own, over a real connection."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from app.web.server.environ import ANSWER
from app.web.server.protocol import Protocol

#: As `java.net.http` of Java 17 sends it.
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\nUpgrade: h2c\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the path and the body."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    answer = scope["path"].encode() + b" " + body
    head = [(b"content-length", str(len(answer)).encode())]
    if scope["path"] == "/whole":
        assert ANSWER in scope["extensions"]
        await send({"type": ANSWER, "status": 200, "headers": head, "body": answer})
        return
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": answer})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Where a server with our protocol listens."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(echo, http=Protocol, ws="websockets-sansio", log_config=None, lifespan="off")
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    yield listener.getsockname()[:2]
    server.should_exit = True
    thread.join(120)
    listener.close()


def answers(address: tuple[str, int], count: int, *pieces: bytes) -> list[bytes]:
    """Send the pieces over one connection; return the bodies of so many answers."""
    with socket.create_connection(address, timeout=120) as connection, connection.makefile("rb") as stream:
        for piece in pieces:
            connection.sendall(piece)
        found = []
        for _ in range(count):
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            head = iter(stream.readline, b"\r\n")
            length = next(int(line.split(b":")[1]) for line in [*head] if line.startswith(b"content-length"))
            found.append(stream.read(length))
        return found


def request(path: str, body: bytes, *, offer: bytes = OFFER) -> bytes:
    """Return a request with a body."""
    head = f"POST /{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n".encode()
    return head + offer + b"\r\n" + body


CHUNKED = (
    b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + OFFER + b"\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ((request("a", b"body"),), [b"/a body"]),
        ((request("a", b"x" * 300_000),), [b"/a " + b"x" * 300_000]),
        (
            (request("a", b"one"), request("b", b"two", offer=b""), request("c", b"three")),
            [b"/a one", b"/b two", b"/c three"],
        ),
        # Sent at once, without waiting for an answer.
        ((request("a", b"one") + request("b", b"two") + request("c", b"", offer=b""),), [b"/a one", b"/b two", b"/c "]),
        ((CHUNKED,), [b"/c onetwo"]),
        ((request("a", b"", offer=b"Upgrade: h2c\r\nConnection: upgrade\r\nConnection: keep-alive\r\n"),), [b"/a "]),
        ((request("a", b"one", offer=b"Upgrade: websocket\r\n"),), [b"/a one"]),
    ],
)
def test_an_offer_is_passed_over(address: tuple[str, int], pieces: tuple[bytes, ...], expected: list[bytes]) -> None:
    """The body arrives, and so do the requests behind it on the connection."""
    assert answers(address, len(expected), *pieces) == expected


def test_many_at_once(address: tuple[str, int]) -> None:
    """A client may send as many as it likes without waiting; nothing goes deeper with each."""
    sent = b"".join(request(str(number), b"body") for number in range(1_500))
    assert answers(address, 1_500, sent) == [b"/%d body" % number for number in range(1_500)]


def test_a_head_in_pieces(address: tuple[str, int]) -> None:
    """Wherever the network cuts it."""
    whole = request("a", b"body")
    for place in range(1, len(whole), 7):
        assert answers(address, 1, whole[:place], whole[place:]) == [b"/a body"]


def test_what_is_no_http_is_refused(address: tuple[str, int]) -> None:
    """As before, and a CONNECT ends without going round in a circle."""
    for sent in (b"nonsense\r\n\r\n", b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(address, timeout=120) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100)[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 200 ", b"")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("close", [False, True])
def test_an_answer_that_is_sent_whole_is_the_same(address: tuple[str, int], method: str, close: bool) -> None:
    """Also the second of two that were sent at once, and where the connection is closed behind it."""
    body, found = b"x" * 200_000 if method == "POST" else b"", list[bytes]()
    for path in ("/parts", "/whole"):
        first = f"{method} {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n".encode()
        last = first + (b"" if close else b"X: y\r\n") + b"Connection: close\r\n\r\n" + body
        with socket.create_connection(address, timeout=120) as connection, connection.makefile("rb") as stream:
            connection.sendall(last if close else first + b"\r\n" + body + last)
            found.append(re.sub(rb"date: [^\r]+", b"", stream.read()))
    assert found[0].count(b"HTTP/1.1 200 OK") == 2 - close
    assert found[0] == found[1].replace(b"/whole", b"/parts")


def test_a_client_that_reads_nothing_is_not_read_either(caplog: pytest.LogCaptureFixture) -> None:
    """What it sends without waiting stays with it, its leaving is no error, and its requests end."""
    ended = list[bool]()

    async def large(scope: Any, receive: Any, send: Any) -> None:
        """Answer with more than a connection holds, asking for the client's end as the bridge does."""
        await receive()
        watch = asyncio.ensure_future(receive())
        try:
            head = [(b"content-length", b"200000")]
            await send({"type": ANSWER, "status": 200, "headers": head, "body": b"x" * 200_000})
        finally:
            watch.cancel()
            ended.append(True)

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    server = uvicorn.Server(uvicorn.Config(large, http=Protocol, loop="uvloop", log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    sent, some = 0, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000
    with socket.create_connection(listener.getsockname()[:2], 120) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        client.settimeout(1)
        with contextlib.suppress(TimeoutError):
            while sent < 20_000_000:
                sent += client.send(some)
    server.should_exit = True
    thread.join(120)
    # uvloop reads 256 KB at once, and the system holds some.
    assert sent < 4_000_000
    assert 0 < len(ended) < 2_000
    assert not [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
