"""Stopping as a service manager does it, with SIGTERM: what is under way is finished, the rest handed back."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.backends import connect
from app.settings.settings import Settings
from tests.e2e.load import Load, outcome, sending
from tests.e2e.program import ROOT, START_SECONDS, Server, wait_for
from tests.e2e.test_kill import CLIENTS
from tests.services.server import free_ports

pytestmark = pytest.mark.system

#: Seconds within which a single part must be gone; more than it allows itself, for a busy machine.
STOP_SECONDS = 120.0
#: Queue, record and index in a file each: they are drained by leases, as services are.
THREE_FILES = {"QUEUE_URL": "queue.db", "STORE_URL": "record.db", "SEARCH_URL": "index.db"}


class Part:
    """One command that runs until it is told to stop, on a server's settings."""

    def __init__(self, server: Server, name: str) -> None:
        self.console = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", name],
            cwd=ROOT,
            env=server.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.console += line

    def listens(self) -> bool:
        """Return whether it has come so far that SIGTERM no longer ends it on the spot."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = re.search(r"SigCgt:\s*(\w+)", status)
        return bool(caught and int(caught[1], 16) >> signal.SIGTERM - 1 & 1)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal; return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(STOP_SECONDS)
        self._reader.join(60)
        return code


@pytest.fixture
def make_part() -> Iterator[Callable[[Server, str], Part]]:
    """Return a function that starts a part; none survives the test."""
    made: list[Part] = []

    def make(server: Server, name: str) -> Part:
        made.append(Part(server, name))
        return made[-1]

    yield make
    for part in made:
        if part.process.poll() is None:
            part.process.kill()
        part.process.wait()
        part._reader.join(60)


def three_files(tmp_path: Path) -> dict[str, str]:
    """Return settings with a file for each backend."""
    return {name: f"sqlite:///{tmp_path / file}" for name, file in THREE_FILES.items()}


def start_web(server: Server, make_part: Callable[[Server, str], Part]) -> Part:
    """Start `web` and point the server's requests at it."""
    subprocess.run([sys.executable, "-m", "app.cli", "db", "upgrade"], cwd=ROOT, env=server.environment, check=True)
    return serving(server, make_part(server, "web"))


def serving(server: Server, web: Part) -> Part:
    """Wait until `web` serves, and point the server's requests at it."""

    def address() -> str:
        line = re.search(r"serves (http://\S+)", web.console)
        assert web.process.poll() is None, web.console
        return line[1] if line else ""

    wait_for(address, START_SECONDS, "the address of web")
    server.url = address()
    return web


def check(server: Server, load: Load) -> None:
    """Fail unless everything accepted is found, once."""
    kept = outcome(server, load)
    print(kept)
    kept.check()


def waits(server: Server) -> int:
    """Return how many logs wait in the queue."""
    return int(server.request("GET", "/health/ready")[1]["parts"]["queue"]["waiting"])


def test_request_under_way_is_answered(make_server: Callable[..., Server]) -> None:
    """A web process that is told to stop in the middle of a request answers it first, then it is replaced."""
    server = make_server(WEB_WORKERS="1")
    server.start()
    (web,), (worker,) = server.webs(), server.workers()
    os.kill(worker, signal.SIGSTOP)
    answers: list[tuple[int, dict[str, object]]] = []
    body = {"message": "under way"}
    asking = threading.Thread(target=lambda: answers.append(server.request("POST", "/logs/ingest/?wait=indexed", body)))
    asking.start()
    try:
        wait_for(lambda: waits(server) == 1, 120, "the log in the queue")
        os.kill(web, signal.SIGTERM)
        time.sleep(0.5)
        assert not answers
    finally:
        os.kill(worker, signal.SIGCONT)
    asking.join(120)
    ((status, answer),) = answers
    assert (status, answer["accepted"], answer["indexed"]) == (202, 1, 1)
    # Connections wait in the socket that `serve` holds until the next process takes them.
    assert server.request("GET", "/logs?q=under")[1]["total"] == 1
    assert server.webs() != [web]


def test_body_under_way_is_taken(make_server: Callable[..., Server]) -> None:
    """The second half of a body that comes after SIGTERM still counts; connections at rest are closed."""
    server = make_server(WEB_WORKERS="1")
    server.start()
    address = urlsplit(server.url)
    body = json.dumps({"message": "in two halves"}).encode()
    head = f"POST /logs/ingest/ HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    where = (address.hostname or "", address.port or 0)
    idle = http.client.HTTPConnection(*where, timeout=120)
    idle.request("GET", "/health/live")
    assert idle.getresponse().read()
    assert idle.sock is not None
    with socket.create_connection(where) as client:
        client.sendall(head + body[:9])
        time.sleep(0.3)
        (web,) = server.webs()
        os.kill(web, signal.SIGTERM)
        time.sleep(0.5)
        client.sendall(body[9:])
        client.settimeout(120)
        assert client.recv(10_000).startswith(b"HTTP/1.1 202")
        assert idle.sock.recv(100) == b""
    idle.close()
    server.drained()
    assert server.get("/logs?q=halves")["total"] == 1


@pytest.mark.parametrize("command", ["serve", "web"])
def test_who_connects_during_a_stop_is_refused_at_once(
    make_server: Callable[..., Server], make_part: Callable[[Server, str], Part], command: str
) -> None:
    """It is not taken by a socket that nobody serves any more, to be cut off at the end; what is under way is answered."""
    server = make_server(WEB_WORKERS="1")
    server.start()
    part = None
    if command == "web":
        server.stop()
        part = serving(server, make_part(server, "web"))
    address = urlsplit(server.url)
    where = (address.hostname or "", address.port or 0)
    body = b'{"message": "in two halves"}'
    with socket.create_connection(where) as client:
        client.sendall(b"POST /logs/ingest/ HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:9])
        time.sleep(0.3)
        os.kill(server.pid if part is None else part.process.pid, signal.SIGTERM)
        time.sleep(1.5)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(where)
        client.sendall(body[9:])
        client.settimeout(120)
        assert client.recv(10_000).startswith(b"HTTP/1.1 202")


def test_stop_of_serve_under_load_loses_and_doubles_nothing(make_server: Callable[..., Server]) -> None:
    """Exit code 0, nobody had to be killed, and everything that was accepted is found after the next start."""
    server = make_server()
    server.start()
    with sending(server, CLIENTS) as load:
        wait_for(lambda: len(load.accepted) > 1_000, 120, "some load")
        assert server.stop() == 0
    assert "did not stop" not in server.console
    assert "Traceback" not in server.console
    server.start()
    server.drained()
    check(server, load)


def test_worker_under_load_finishes_its_batch_and_hands_the_rest_back(
    make_server: Callable[..., Server], make_part: Callable[[Server, str], Part], tmp_path: Path
) -> None:
    """After SIGTERM nothing is leased and nothing half indexed: what waits can be taken at once by the next worker."""
    server = make_server(WEB_WORKERS="1", **three_files(tmp_path))
    web = start_web(server, make_part)
    workers = [make_part(server, "worker"), make_part(server, "worker")]
    wait_for(lambda: all(worker.listens() for worker in workers), START_SECONDS, "both workers")
    with sending(server, CLIENTS) as load:
        wait_for(
            lambda: len(load.accepted) > 500 and server.get("/logs?limit=1&count=none")["results"], 120, "stored logs"
        )
        for worker in workers:
            assert worker.stop() == 0
            assert "Traceback" not in worker.console
        wait_for(lambda: waits(server) > 100, 120, "a backlog")
    names = {name.removeprefix("LOGINGESTOR_") for name in server.environment if name.startswith("LOGINGESTOR_")}
    backends = connect(Settings.from_env({f"LOGINGESTOR_{n}": server.environment[f"LOGINGESTOR_{n}"] for n in names}))
    try:
        assert backends.store.lacking().logs == 0
        waiting, free = backends.queue.depth().logs, 0
        batches = []
        while batch := backends.queue.take(10_000, 0):
            batches.append(batch)
            free += len(batch.records)
        assert free == waiting > 0
        for batch in batches:
            backends.queue.release(batch)
    finally:
        backends.close()
    again = make_part(server, "worker")
    wait_for(again.listens, START_SECONDS, "the worker")
    server.drained()
    check(server, load)
    assert again.stop(signal.SIGINT) == 0
    assert web.stop() == 0
    assert "did not stop" not in web.console


def test_web_is_a_service_of_its_own(
    make_server: Callable[..., Server], make_part: Callable[[Server, str], Part]
) -> None:
    """`web` takes logs without any worker, replaces a process that dies, and stops with 0; the port is free again."""
    server = make_server(WEB_WORKERS="2", PORT=str(free_ports(1)[0]))
    web = start_web(server, make_part)
    server.ingest({"message": "waits for a worker"})
    assert waits(server) == 1
    (one, other) = children(web.process.pid)
    os.kill(one, signal.SIGKILL)
    wait_for(lambda: "started again" in web.console, 120, "a new process")
    wait_for(lambda: len(children(web.process.pid)) == 2, 120, "two processes")
    server.ingest({"message": "after"})
    second = make_part(server, "web")
    assert second.process.wait(START_SECONDS) == 1
    wait_for(lambda: "in use" in second.console, 120, "the reason")
    assert web.stop() == 0
    assert not [pid for pid in (other,) if Path(f"/proc/{pid}").exists()]
    again = start_web(server, make_part)
    assert waits(server) == 2
    assert again.stop(signal.SIGINT) == 0


def test_web_starts_and_takes_logs_while_the_record_is_away(
    make_server: Callable[..., Server], make_part: Callable[[Server, str], Part]
) -> None:
    """The queue has them; when the record is back, a worker finds them there."""
    server = make_server(QUEUE_URL="sqlite:")
    assert start_web(server, make_part).stop() == 0
    server.environment["LOGINGESTOR_STORE_URL"] = "postgresql://nobody:none@127.0.0.1:1/none"
    web = serving(server, make_part(server, "web"))
    server.ingest({"message": "the record is away"})
    assert web.stop() == 0
    assert "Traceback" not in web.console
    del server.environment["LOGINGESTOR_STORE_URL"]
    again = start_web(server, make_part)
    assert waits(server) == 1
    assert again.stop() == 0


def children(parent: int) -> list[int]:
    """Return the process ids of the children."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in listed.split()]


def test_worker_that_is_told_at_once_stops_at_once(
    make_server: Callable[..., Server], make_part: Callable[[Server, str], Part]
) -> None:
    """SIGTERM in the first moments, twice: exit code 0 or the signal's own, never a traceback or a hang."""
    server = make_server()
    subprocess.run([sys.executable, "-m", "app.cli", "db", "upgrade"], cwd=ROOT, env=server.environment, check=True)
    for pause in (0.05, 0.5, 1.0, 2.0, 3.0):
        worker = make_part(server, "worker")
        time.sleep(pause)
        worker.process.send_signal(signal.SIGTERM)
        assert worker.stop() in {0, -signal.SIGTERM}
        assert "Traceback" not in worker.console
