"""Clients that send logs without a pause and remember what they were answered."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.program import Server

#: Seconds that a client waits for an answer before it counts as none.
ANSWER_SECONDS = 60.0
#: Seconds between two requests of a client that was told to come again.
AGAIN_SECONDS = 0.1


def secret(number: int) -> str:
    """Return a word that stands in the log of this number only."""
    return f"s{number * 0x9E3779B97F4A7C15 % (1 << 61):x}e"


@dataclass
class Client:
    """Sends bodies of many sizes; half of the failed requests it sends again with the same key, the others never."""

    server: Server
    numbers: itertools.count[int]
    seed: int
    stop: threading.Event = field(default_factory=threading.Event)
    #: Seconds between two requests.
    pause: float = 0.0
    #: Numbers that were answered with "accepted"; those whose request got no answer, or `kept: unknown`; those refused.
    accepted: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    #: How often each status was answered.
    statuses: Counter[int] = field(default_factory=Counter)
    #: Answers that nothing explains.
    unexpected: list[object] = field(default_factory=list)

    def run(self) -> None:
        """Send until told to stop."""
        chance = random.Random(self.seed)
        while not self.stop.is_set():
            numbers = [next(self.numbers) for _ in range(chance.choice((1, 1, 1, 20, 150)))]
            self._send(numbers, f"{self.seed}-{numbers[0]}", again=chance.random() < 0.5)
            time.sleep(self.pause)

    def _send(self, numbers: list[int], key: str, *, again: bool) -> None:
        body = [{"message": f"number {n} {secret(n)}", "metadata": {"n": n}} for n in numbers]
        unknown = False
        while True:
            try:
                status, answer = self.server.request(
                    "POST", "/logs/ingest/", body, {"Idempotency-Key": key}, timeout=ANSWER_SECONDS
                )
            except (OSError, http.client.HTTPException):
                unknown, status = True, 0
            else:
                self.statuses[status] += 1
                if self._settled(numbers, status, answer, unknown):
                    return
                unknown = unknown or answer.get("kept") == "unknown"
            if not again or self.stop.is_set():
                (self.unknown if unknown else self.refused).update(numbers)
                return
            time.sleep(AGAIN_SECONDS)

    def _settled(self, numbers: list[int], status: int, answer: dict[str, object], unknown: bool) -> bool:
        """Note what an answer says; return whether there is nothing left to send."""
        if status == 503:
            return False
        if status != 202:
            self.unexpected.append((status, answer))
            self.unknown.update(numbers)
            return True
        rejected = answer["rejected"]
        assert isinstance(rejected, list)
        places = {one["index"] for one in rejected if one.get("retry")}
        if answer["accepted"] + answer["duplicates"] + len(rejected) != len(numbers) or len(places) != len(rejected):  # type: ignore[operator]
            self.unexpected.append((status, answer))
        self.accepted.update(n for place, n in enumerate(numbers) if place not in places)
        (self.unknown if unknown else self.refused).update(n for place, n in enumerate(numbers) if place in places)
        return True


@dataclass
class Load:
    """What several clients sent, taken together."""

    clients: list[Client]

    @property
    def accepted(self) -> set[int]:
        """Numbers answered with "accepted"."""
        return set().union(*(client.accepted for client in self.clients))

    @property
    def unknown(self) -> set[int]:
        """Numbers that may or may not be kept."""
        return set().union(*(client.unknown for client in self.clients))

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was answered."""
        return sum((client.statuses for client in self.clients), Counter())

    @property
    def unexpected(self) -> list[object]:
        """Answers that nothing explains."""
        return [answer for client in self.clients for answer in client.unexpected]


@contextmanager
def sending(server: Server, clients: int, pause: float = 0.0) -> Iterator[Load]:
    """Send with so many clients for as long as the block runs, and wait for their last answers."""
    numbers = itertools.count()
    load = Load([Client(server, numbers, seed, pause=pause) for seed in range(clients)])
    threads = [threading.Thread(target=client.run) for client in load.clients]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        for client in load.clients:
            client.stop.set()
        for thread in threads:
            thread.join(ANSWER_SECONDS * 2)


@dataclass(frozen=True)
class Outcome:
    """What became of a load: all sets are empty where the promise was kept."""

    accepted: int
    unknown: int
    found: int
    #: Numbers that were accepted and are not found; numbers and ids found more than once; numbers found that were refused.
    lost: set[int]
    doubled: set[int | str]
    stray: set[int]
    unexpected: list[object]

    def __str__(self) -> str:
        return (
            f"accepted {self.accepted}, without answer {self.unknown}, found {self.found}, "
            f"lost {len(self.lost)}, doubled {len(self.doubled)}, stray {len(self.stray)}"
        )

    def check(self) -> None:
        """Fail unless everything accepted is found, once, and nothing else but what was not answered."""
        assert not self.lost
        assert not self.doubled
        assert not self.stray
        assert not self.unexpected


def outcome(server: Server, load: Load) -> Outcome:
    """Compare what was answered with what is found, read through the export."""
    logs = [json.loads(line) for line in server.get("/logs/export?format=ndjson&sort=asc").splitlines()]
    by_number = Counter[int](log["metadata"]["n"] for log in logs)
    by_id = Counter[str](log["id"] for log in logs)
    times = [*by_number.items(), *by_id.items()]
    return Outcome(
        accepted=len(load.accepted),
        unknown=len(load.unknown),
        found=len(by_id),
        lost=load.accepted - by_number.keys(),
        doubled={one for one, count in times if count > 1},
        stray=by_number.keys() - load.accepted - load.unknown,
        unexpected=load.unexpected,
    )
