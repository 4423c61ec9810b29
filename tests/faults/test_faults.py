"""Rounds of faults under steady load: each log answered 202 is in record and index once, and audit agrees."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.e2e.load import Load, outcome, sending
from tests.e2e.program import ROOT
from tests.faults import acts
from tests.faults.systems import Systems
from tests.services.fixtures import need, open_folder
from tests.services.opensearch import OpenSearch
from tests.services.postgres import Postgres
from tests.services.rabbitmq import Rabbitmq

pytestmark = [pytest.mark.system, pytest.mark.alone, pytest.mark.timeout(7200)]

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "15"))
NODE_ROUNDS = max(ROUNDS // 5, 2)
CLIENTS = 4
#: Seconds between two requests of one client: a steady load that leaves the machine room to recover.
PAUSE_SECONDS = 0.05


@pytest.fixture
def make_systems() -> Iterator[Callable[..., Systems]]:
    """Return a function that starts the program on systems of its own; all end with the test."""
    for kind in (Postgres, Rabbitmq, OpenSearch):
        need(kind)
    made: list[Systems] = []
    with open_folder() as folder:

        def make(nodes: int = 1, **settings: str) -> Systems:
            systems = Systems(folder, nodes=nodes, **settings)
            made.append(systems)
            systems.start()
            return systems

        try:
            yield make
        finally:
            for systems in made:
                systems.stop()


def suffer(systems: Systems, chosen: Sequence[str], table: dict[str, Callable[[Systems], None]]) -> Load:
    """Act the faults one after another under load; everything must be whole again after each."""
    chance = random.Random(20260202)
    with sending(systems.server, CLIENTS, PAUSE_SECONDS) as load:
        for number, name in enumerate(chosen):
            time.sleep(chance.uniform(0.5, 2))
            began = time.monotonic()
            table[name](systems)
            acted = time.monotonic() - began
            print(f"{number + 1}/{len(chosen)} {name}: {acted:.0f} s; accepted {len(load.accepted)}", flush=True)
        time.sleep(2)
    began = time.monotonic()
    systems.settled()
    print(f"all findable {time.monotonic() - began:.1f} s after the last request")
    return load


def check(systems: Systems, load: Load, rounds: int) -> None:
    """Accepted = found and none twice, nothing else found, and record and index agree."""
    kept = outcome(systems.server, load)
    audit = run(systems, "audit", "--json")
    stored = json.loads(run(systems, "stats", "--json").stdout)["stored"]
    print(f"rounds {rounds}, {kept}, stored {stored}, statuses {dict(load.statuses)}, audit {audit.returncode}")
    kept.check()
    assert stored == kept.found
    assert audit.returncode == 0, audit.stdout + audit.stderr


def run(systems: Systems, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the server's settings."""
    command = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=systems.server.environment, capture_output=True, text=True, check=False, timeout=600
    )


def test_accepted_is_stored_and_indexed_once_whatever_fails(make_systems: Callable[..., Systems]) -> None:
    """Each fault at least once where there are rounds enough, in an order of chance, under load from four clients."""
    systems = make_systems(QUEUE_LIMIT="256 KiB")
    chance = random.Random(20260303)
    names = list(acts.ACTS)
    chosen: list[str] = []
    while len(chosen) < ROUNDS:
        chosen += chance.sample(names, len(names))
    load = suffer(systems, chosen[:ROUNDS], acts.ACTS)
    print(f"faults {dict(Counter(chosen[:ROUNDS]))}")
    check(systems, load, ROUNDS)


def test_a_node_of_three_may_die(make_systems: Callable[..., Systems]) -> None:
    """With a node of the cluster killed searches and ingest go on, and nothing is lost."""
    systems = make_systems(nodes=3)
    load = suffer(systems, ["a node"] * NODE_ROUNDS, {"a node": acts.a_node})
    check(systems, load, NODE_ROUNDS)
