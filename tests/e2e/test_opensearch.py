"""The program with its index on OpenSearch, whose server goes away and comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.program import DRAIN_SECONDS, Server, wait_for
from tests.services.fixtures import StartServer
from tests.services.opensearch import OpenSearch

pytestmark = pytest.mark.system


def test_logs_are_stored_and_found_without_the_index(
    make_server: Callable[..., Server], own_server: StartServer
) -> None:
    """While OpenSearch is down logs are accepted and stored, the record answers; when it is back each is found once."""
    cluster = own_server(OpenSearch)
    server = make_server(SEARCH_URL=f"{cluster.url}/logs?replicas=0", WORKERS="2")
    server.start()
    numbers = iter(range(1_000))

    def send(bodies: int) -> None:
        for _ in range(bodies):
            server.ingest([{"message": "hello", "metadata": {"n": next(numbers)}} for _ in range(20)])

    def look() -> Any:
        return server.get("/logs?q=hello&limit=1000&sort=asc&clock=received")

    def found(source: str) -> list[int]:
        answer = look()
        return sorted(log["metadata"]["n"] for log in answer["results"]) if answer["source"] == source else []

    send(5)
    wait_for(lambda: len(found("index")) == 100, DRAIN_SECONDS, "logs of before")
    send(5)
    cluster.kill()
    send(5)
    wait_for(lambda: len(found("record")) == 300, DRAIN_SECONDS, "logs in the record")
    status, health = server.request("GET", "/health/ready")
    assert (status, health["parts"]["index"]["ready"]) == (503, False)
    assert "can't be reached" in health["parts"]["index"]["message"]
    for part in (server.webs()[0], server.workers()[0]):
        os.kill(part, signal.SIGKILL)
    wait_for(lambda: len(server.webs()) == len(server.workers()) == 2, DRAIN_SECONDS, "parts that were killed")
    send(5)
    cluster.start()
    send(5)
    wait_for(lambda: len(found("index")) >= 500, DRAIN_SECONDS, "all logs")
    server.drained()
    assert found("index") == list(range(500))
    wait_for(lambda: server.request("GET", "/health/ready")[0] == 200, DRAIN_SECONDS, "readiness")
    assert server.stop() == 0
