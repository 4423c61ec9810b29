"""The program with its record on PostgreSQL, whose server goes away and comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.e2e.program import DRAIN_SECONDS, Server, wait_for
from tests.services.fixtures import StartServer
from tests.services.postgres import Postgres

pytestmark = pytest.mark.system


def test_ingest_goes_on_without_the_record(make_server: Callable[..., Server], own_server: StartServer) -> None:
    """Logs are accepted while PostgreSQL is down, also by processes started meanwhile, and found once when it is back."""
    database = own_server(Postgres)
    server = make_server(STORE_URL=database.url, WORKERS="2")
    server.start()
    numbers = iter(range(1_000))

    def send(bodies: int) -> None:
        for _ in range(bodies):
            server.ingest([{"message": "hello", "metadata": {"n": next(numbers)}} for _ in range(20)])

    def found() -> list[int]:
        status, answer = server.request("GET", "/logs?limit=1000&sort=asc&clock=received")
        return sorted(log["metadata"]["n"] for log in answer["results"]) if status == 200 else []

    send(5)
    wait_for(lambda: len(found()) == 100, DRAIN_SECONDS, "logs of before")
    send(5)
    database.kill()
    send(5)
    status, health = server.request("GET", "/health/ready")
    assert (status, health["parts"]["store"]["ready"]) == (503, False)
    assert "can't be reached" in health["parts"]["store"]["message"]
    assert server.request("GET", f"/logs/{'0' * 8}-0000-7000-8000-{'0' * 12}")[0] in (404, 503)
    for part in (server.webs()[0], server.workers()[0]):
        os.kill(part, signal.SIGKILL)
    wait_for(lambda: len(server.webs()) == len(server.workers()) == 2, DRAIN_SECONDS, "parts that were killed")
    send(5)
    database.start()
    send(5)
    wait_for(lambda: len(found()) >= 500, DRAIN_SECONDS, "all logs")
    assert found() == list(range(500))
    wait_for(lambda: server.request("GET", "/health/ready")[0] == 200, DRAIN_SECONDS, "readiness")
    assert server.stop() == 0
