"""All doors in one table, through the whole program: bodies that are too large or stop, answers that come late or never."""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.program import Server
from tests.web.doors.table import ROWS, Row, batch

pytestmark = pytest.mark.system

#: Items of a batch that is sent twice.
ITEMS = 20
#: The API has a key of its own for a request that is sent again; the doors know it by itself.
KEYS = {"ingest": {"Idempotency-Key": "doors"}}


@pytest.fixture
def limited(make_server: Callable[..., Server]) -> Server:
    """A server that takes 64 KiB in a body."""
    server = make_server(BODY_LIMIT="64 KiB")
    server.start()
    return server


def headers(name: str, more: str = "") -> dict[str, str]:
    """Return the headers of a door's clients."""
    found = {**ROWS[name].headers, **{header: value + more for header, value in KEYS.get(name, {}).items()}}
    return {"Content-Type": "text/plain", **found}


def spoken(row: Row, answer: Any, status: int) -> bool:
    """Return whether an answer of failure is in the door's tongue."""
    return row.failed(answer if isinstance(answer, bytes) else json.dumps(answer).encode(), status)


def test_too_large_and_stopped_bodies(limited: Server) -> None:
    """413 before it is read, in the words of the door. The journal is a stream that may be of any size."""
    wrong = {}
    for name, row in ROWS.items():
        if name == "journal":
            continue
        # Texts of which a packed body becomes no smaller.
        body = batch(row, "".join(f"{n:x} " for n in range(0, 2_000, 7)), 100) + b" " * (64 << 10)
        status, answer = limited.request("POST", row.path, body, headers(name))
        if status != 413 or not spoken(row, answer, 413):
            wrong[name] = (status, answer)
    assert wrong == {}


def kept(server: Server, word: str) -> dict[str, int]:
    """Return how often each message of that word is kept."""
    server.drained()
    logs = [json.loads(line) for line in server.get("/logs/export?format=ndjson").splitlines()]
    return Counter(log["message"] for log in logs if f" {word} " in log["message"])


def wanted(word: str) -> dict[str, int]:
    """Return that each is kept once."""
    return Counter(f"{name.replace(' ', '-')} {word} {n}" for name in ROWS for n in range(ITEMS))


@contextmanager
def held(server: Server) -> Iterator[None]:
    """Let nobody write: what is sent waits for its answer."""
    with (server.folder / "logingestor.db.lock").open("rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_a_broken_connection(limited: Server) -> None:
    """The client is gone before its answer comes, and sends the batch again: each log is there once."""
    address = urlsplit(limited.url)
    for name, row in ROWS.items():
        body = batch(row, f"{name.replace(' ', '-')} broken", ITEMS)
        with held(limited), socket.create_connection((address.hostname or "", address.port or 0)) as connection:
            head = f"POST {row.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            head += "".join(f"{header}: {value}\r\n" for header, value in headers(name).items())
            # The answer finds nobody: the connection is reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(head.encode() + b"\r\n" + body)
        status, answer = limited.request("POST", row.path, body, headers(name))
        assert status == row.status, (name, answer)
    assert kept(limited, "broken") == wanted("broken")


def test_a_slow_answer(limited: Server) -> None:
    """The client has no patience and sends the batch again while the first is in work: each log is there once, each is answered well."""
    statuses: dict[str, list[int]] = {name: [] for name in ROWS}

    def send(name: str) -> None:
        body = batch(ROWS[name], f"{name.replace(' ', '-')} slow", ITEMS)
        statuses[name].append(limited.request("POST", ROWS[name].path, body, headers(name, "-slow"))[0])

    for name in ROWS:
        with held(limited):
            clients = [threading.Thread(target=send, args=(name,)) for _ in range(2)]
            for client in clients:
                client.start()
                client.join(0.2)
        for client in clients:
            client.join(60)
    assert statuses == {name: [row.status] * 2 for name, row in ROWS.items()}
    assert kept(limited, "slow") == wanted("slow")
