"""kill -9 at random moments under load: what was accepted is found, once, whatever dies."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.e2e.load import outcome, sending
from tests.e2e.program import Server

pytestmark = pytest.mark.system

ROUNDS = int(os.environ.get("KILL_ROUNDS", "30"))
CLIENTS = 4
VICTIMS = ("web", "worker", "group")


def kill(server: Server, victim: str) -> None:
    """Kill -9 the victim; after the whole group the program is started again."""
    if victim == "group":
        server.kill_all()
        server.start()
        return
    pids = server.webs() if victim == "web" else server.workers()
    with suppress(ProcessLookupError, IndexError):  # none may be there just now
        os.kill(random.choice(pids), signal.SIGKILL)


@pytest.mark.timeout(900)
def test_accepted_is_found_once_whatever_is_killed(make_server: Callable[..., Server]) -> None:
    """Accepted = found and none twice, by number and by id, after rounds of kill -9 under load."""
    chance = random.Random(20260101)
    server = make_server()
    server.start()
    killed: Counter[str] = Counter()
    with sending(server, CLIENTS) as load:
        for number in range(ROUNDS):
            time.sleep(chance.uniform(0.05, 1.2))
            victim = VICTIMS[number % len(VICTIMS)]
            kill(server, victim)
            killed[victim] += 1
        time.sleep(1)
    server.drained()
    kept = outcome(server, load)
    print(f"rounds {ROUNDS} ({dict(killed)}), {kept}")
    kept.check()
    assert set(load.statuses) == {202}
    assert kept.accepted > 100 * CLIENTS
