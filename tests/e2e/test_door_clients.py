"""Real clients through the doors: what each logs is found once, where it belongs; also when the server is killed meanwhile.

Each client is a program beneath `clients/` that takes address, first number, count, and pause between two logs.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.times import instant
from tests.e2e.program import Server
from tests.services.server import free_ports

pytestmark = pytest.mark.system

CLIENTS = Path(__file__).parent / "clients"
#: Seconds in which a client must end.
CLIENT_SECONDS = 120


@dataclass(frozen=True)
class DoorClient:
    """A program that logs, what it needs, and what its logs look like."""

    name: str
    #: Module that must be there.
    needs: str
    #: What is found of an ordinary log and of one with an exception, at least.
    info: dict[str, Any]
    error: dict[str, Any]
    #: Whether the client repeats what was not answered.
    repeats: bool = True

    def start(self, server: Server, first: int, count: int, pause: float = 0.0) -> subprocess.Popen[str]:
        """Start the program."""
        if importlib.util.find_spec(self.needs) is None:
            pytest.skip(f"{self.needs} is not installed: pip install --editable '.[dev]'")
        command = [sys.executable, str(CLIENTS / f"{self.name}.py"), server.url, str(first), str(count), str(pause)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, server: Server, first: int, count: int) -> str:
        """Run the program to its end; return what it wrote."""
        return ended(self.start(server, first, count))


def ended(process: subprocess.Popen[str]) -> str:
    """Wait for a client's end; return what it wrote."""
    written, _ = process.communicate(timeout=CLIENT_SECONDS)
    assert process.returncode == 0, written
    return written


KNOWN = (
    DoorClient(
        "otel_python",
        "opentelemetry.sdk",
        {"level": "INFO", "resourceId": "shop", "metadata.scope.name": "shop.pay", "traceId": 32, "spanId": 16},
        {"level": "ERROR", "metadata.exception.type": "ValueError", "metadata.exception.message": "no such order"},
    ),
    # It sends no level; its stack is in the text.
    DoorClient(
        "splunk_handler_python",
        "splunk_handler",
        {"level": "info", "resourceId": "web-1", "metadata.source": "shop", "metadata.index": "main"},
        {"resourceId": "web-1"},
    ),
)


def found(server: Server) -> list[dict[str, Any]]:
    """Return all logs, read through the export."""
    server.drained()
    return [json.loads(line) for line in server.get("/logs/export?format=ndjson&sort=asc").splitlines()]


def number(log: dict[str, Any]) -> int:
    """Return the number that a client's message begins with."""
    return int(log["message"].split()[1])


def at(log: dict[str, Any], path: str) -> Any:
    """Return the value at a path, whose keys may hold dots."""
    if path in log:
        return log[path]
    for name, inner in log.items():
        if path.startswith(f"{name}.") and isinstance(inner, dict):
            value = at(inner, path[len(name) + 1 :])
            if value is not None:
                return value
    return None


def check(log: dict[str, Any], expected: dict[str, Any]) -> None:
    """Fail unless the log has what is expected; a number stands for the length of a text."""
    for path, value in expected.items():
        got = at(log, path)
        assert (len(got) if isinstance(value, int) and isinstance(got, str) else got) == value, (path, log)


@pytest.mark.parametrize("client", KNOWN, ids=lambda client: client.name)
def test_each_log_is_found_once_where_it_belongs(server: Server, client: DoorClient) -> None:
    """Level, time, resource, trace and exception are where a search looks for them."""
    before = time.time()
    written = client.run(server, 0, 120)
    logs = found(server)
    assert sorted(map(number, logs)) == list(range(120)), written
    by_number = {number(log): log for log in logs}
    check(by_number[0], client.info)
    check(by_number[1], client.error)
    assert all(before - 1 < instant.parse(log["timestamp"])[0] / 1000 < time.time() + 1 for log in logs)


@pytest.mark.parametrize("client", [one for one in KNOWN if one.repeats], ids=lambda client: client.name)
def test_a_client_goes_on_when_the_server_was_killed(make_server: Callable[..., Server], client: DoorClient) -> None:
    """Killed twice in mid-batch and started again: nothing that was answered is lost, nothing is there twice."""
    server = make_server(PORT=str(free_ports(1)[0]))
    server.start()
    running = client.start(server, 0, 300, 0.02)
    for _ in range(2):
        time.sleep(2.0)
        server.kill_all()
        server.start()
    written = ended(running)
    times = Counter(map(number, found(server)))
    assert set(times) == set(range(300)), written
    assert {n for n, count in times.items() if count > 1} == set()
