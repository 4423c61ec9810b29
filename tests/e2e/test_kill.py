"""kill -9 at random moments under load: what was accepted is found, once, whatever dies."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.e2e.program import Server

pytestmark = pytest.mark.system

ROUNDS = int(os.environ.get("KILL_ROUNDS", "30"))
CLIENTS = 4
VICTIMS = ("web", "worker", "group")


@dataclass
class Client:
    """Sends bodies of many sizes; half of the failed requests it sends again with the same key, the others never."""

    server: Server
    numbers: itertools.count[int]
    seed: int
    stop: threading.Event = field(default_factory=threading.Event)
    #: Numbers that were answered with "accepted", and those whose request got no answer.
    accepted: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    unexpected: list[object] = field(default_factory=list)

    def run(self) -> None:
        """Send until told to stop."""
        chance = random.Random(self.seed)
        while not self.stop.is_set():
            numbers = [next(self.numbers) for _ in range(chance.choice((1, 1, 1, 20, 150)))]
            self._send(numbers, f"{self.seed}-{numbers[0]}", again=chance.random() < 0.5)

    def _send(self, numbers: list[int], key: str, *, again: bool) -> None:
        body = [{"message": f"number {n}", "metadata": {"n": n}} for n in numbers]
        while True:
            try:
                status, answer = self.server.request(
                    "POST", "/logs/ingest/", body, {"Idempotency-Key": key}, timeout=20
                )
            except (OSError, http.client.HTTPException):
                if again and not self.stop.is_set():
                    time.sleep(0.05)
                    continue
                self.unknown.update(numbers)
                return
            if status == 202 and answer["accepted"] + answer["duplicates"] == len(numbers):
                self.accepted.update(numbers)
            elif status in (500, 503):
                self.unknown.update(numbers)
                self.unexpected.append(answer)
            else:
                self.unexpected.append((status, answer))
            return


def kill(server: Server, victim: str) -> None:
    """Kill -9 the victim; after the whole group the program is started again."""
    if victim == "group":
        server.kill_all()
        server.start()
        return
    pids = server.webs() if victim == "web" else server.workers()
    if pids:
        os.kill(random.choice(pids), signal.SIGKILL)


def found(server: Server) -> tuple[Counter[int], Counter[str]]:
    """Return how often each number and each id is found, read through the export."""
    lines = server.get("/logs/export?format=ndjson&sort=asc").splitlines()
    logs = [json.loads(line) for line in lines]
    return Counter(log["metadata"]["n"] for log in logs), Counter(log["id"] for log in logs)


@pytest.mark.timeout(900)
def test_accepted_is_found_once_whatever_is_killed(make_server: Callable[..., Server]) -> None:
    """Accepted = found and none twice, by number and by id, after rounds of kill -9 under load."""
    chance = random.Random(20260101)
    server = make_server()
    server.start()
    numbers = itertools.count()
    clients = [Client(server, numbers, seed) for seed in range(CLIENTS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    killed: Counter[str] = Counter()
    for number in range(ROUNDS):
        time.sleep(chance.uniform(0.05, 1.2))
        victim = VICTIMS[number % len(VICTIMS)]
        kill(server, victim)
        killed[victim] += 1
    time.sleep(1)
    for client in clients:
        client.stop.set()
    for thread in threads:
        thread.join(60)
    server.drained()
    by_number, by_id = found(server)
    accepted = set().union(*(client.accepted for client in clients))
    unknown = set().union(*(client.unknown for client in clients))
    doubled = [one for counts in (by_number, by_id) for one, times in counts.items() if times > 1]
    lost = accepted - by_number.keys()
    print(
        f"rounds {ROUNDS} ({dict(killed)}), accepted {len(accepted)}, without answer {len(unknown)}, "
        f"found {len(by_number)}, lost {len(lost)}, doubled {len(doubled)}"
    )
    assert not lost
    assert not doubled
    assert by_number.keys() <= accepted | unknown
    assert not [problem for client in clients for problem in client.unexpected]
    assert len(accepted) > 100 * CLIENTS
