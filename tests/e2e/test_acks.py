"""kill -9 while events come in over Splunk's protocol: what is acknowledged is found, and what is taken gets acknowledged.

ACK_ROUNDS says how often it kills.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count

import pytest

from tests.e2e.program import Server, wait_for
from tests.services.server import free_ports

pytestmark = pytest.mark.system

ROUNDS = int(os.environ.get("ACK_ROUNDS", "6"))
CHANNEL = {"X-Splunk-Request-Channel": "FE0ECFAD-13D5-401B-847D-77833BD77131"}
ACK_SECONDS = 120.0
#: What is killed, in turn: `serve` with all its children, one web process, the worker.
VICTIMS = ("group", "web", "worker")


class Sender(threading.Thread):
    """Sends events until told to stop; remembers which number was given an ackId."""

    def __init__(self, server: Server, numbers: count[int]) -> None:
        super().__init__()
        self._server, self._numbers = server, numbers
        self.ended = threading.Event()
        self.given: dict[int, list[int]] = {}

    def run(self) -> None:
        """Send batches; one without an answer is given up."""
        while not self.ended.is_set():
            batch = [next(self._numbers) for _ in range(random.choice((1, 20, 120)))]
            body = "".join(json.dumps({"event": f"number {n}"}) for n in batch).encode()
            try:
                status, answer = self._server.request("POST", "/services/collector/event", body, CHANNEL)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            assert status == 200, answer
            self.given[answer["ackId"]] = batch


def asked(server: Server, numbers: list[int]) -> set[int]:
    """Return those of the ackIds that are true."""
    _, answer = server.request("POST", "/services/collector/ack", {"acks": numbers}, CHANNEL)
    return {int(number) for number, done in answer["acks"].items() if done}


def kill(server: Server, victim: str) -> None:
    """Kill -9 the victim; after the whole group the program is started again."""
    if victim == "group":
        server.kill_all()
        server.start()
        return
    with suppress(ProcessLookupError, IndexError):  # none may be there just now
        os.kill(random.choice(server.webs() if victim == "web" else server.workers()), signal.SIGKILL)


@pytest.mark.timeout(900 + 10 * ROUNDS)
def test_what_is_acknowledged_is_found(make_server: Callable[..., Server]) -> None:
    """At every true answer the logs are found then and there; in the end every ackId is true, and no log is there twice."""
    server = make_server(PORT=str(free_ports(1)[0]))
    server.start()
    numbers = count()
    senders = [Sender(server, numbers) for _ in range(3)]
    for sender in senders:
        sender.start()
    early = 0
    try:
        for number in range(ROUNDS):
            time.sleep(random.uniform(0.3, 1.5))
            with suppress(OSError, http.client.HTTPException):
                given = {ack: batch for sender in senders for ack, batch in list(sender.given.items())[-20:]}
                done = asked(server, list(given))
                early += len(done)
                for ack in list(done)[:3]:
                    found = server.get(f"/logs?q=%22number%20{given[ack][-1]}%22&limit=1&count=none")["results"]
                    assert found, (ack, given[ack])
                    assert server.get(f"/logs/{found[0]['id']}")["log"]["message"] == found[0]["message"]
            kill(server, VICTIMS[number % len(VICTIMS)])
    finally:
        for sender in senders:
            sender.ended.set()
        for sender in senders:
            sender.join(60)
    given = {ack: batch for sender in senders for ack, batch in sender.given.items()}
    wait_for(lambda: all(asked(server, part) == set(part) for part in parts(sorted(given))), ACK_SECONDS, "all ackIds")
    server.drained()
    logs = [json.loads(line) for line in server.get("/logs/export?format=ndjson").splitlines()]
    kept = [int(log["message"].split()[1]) for log in logs]
    print(f"rounds {ROUNDS}, ackIds {len(given)}, of them true at once {early}, logs {len(kept)}")
    assert {n for batch in given.values() for n in batch} <= set(kept)
    assert len(kept) == len(set(kept))


def parts(numbers: list[int]) -> list[list[int]]:
    """Return the numbers in parts as a client asks for them."""
    return [numbers[start : start + 100] for start in range(0, len(numbers), 100)]
