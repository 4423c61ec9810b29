"""All that a server can do to its clients, to every real client of HTTP that there is: none is stuck, none repeats for ever, nothing is lost that it calls sent."""

from __future__ import annotations

import http.client
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.e2e.clients import CLIENTS, PATIENCE, Client, Run, running
from tests.e2e.network import Cutting
from tests.e2e.program import ROOT, Server, wait_for
from tests.e2e.test_doors import held
from tests.e2e.test_shippers import APART, Doors, all_numbers

pytestmark = pytest.mark.system

PASSWORD = "the admin's password"
#: Logs of a batch, and how far the first numbers of two lie apart.
BATCH, STEP = 5, 10
#: Seconds for which the queue is full: longer than a door waits for room; and for which answers are late: longer than the most
#: impatient clients wait.
FULL_SECONDS, LATE_SECONDS = 4.5, 6.0
#: Clients that begin together.
AT_ONCE = 8
#: Seconds in which nobody sends anything any more.
QUIET_SECONDS = 1.5
TROUBLED = [client for client in CLIENTS if client.door == "http"]


@dataclass
class Troubled:
    """A client amid trouble, and the proxy between it and the server."""

    run: Run
    proxy: Cutting
    #: The first of its numbers.
    first: int

    @property
    def client(self) -> Client:
        """Which it is."""
        return self.run.client

    @property
    def is_done(self) -> bool:
        """Whether no answer to it can come any more: it has ended, or reads none and has sent all."""
        return self.run.ended or (self.client.deaf and not self.run.waiting)

    @property
    def heard(self) -> int:
        """How often it was refused: by a status, or item by item; how often it asked, where it waits for its answer instead."""
        if self.client.waits:
            return self.proxy.asked
        return self.proxy.statuses[429] + self.proxy.statuses[503] + self.proxy.refused_items

    def log(self, number: int) -> None:
        """Have a batch logged that begins at the number, if it still lives."""
        if not self.run.ended:
            with suppress(BrokenPipeError):
                self.run.tell(self.first + number, BATCH)

    def has(self, counts: Counter[int], number: int) -> bool:
        """Return whether all of that batch was found."""
        return all(counts[self.first + number + offset] for offset in range(BATCH))


@pytest.mark.timeout(900)
def test_trouble(make_server: Callable[..., Server]) -> None:
    """A connection that breaks, a full queue (503), a token over its rate (429), an answer that is late; then all is well again."""
    server = make_server(AUTH="required", ADMIN_PASSWORD=PASSWORD, QUEUE_LIMIT="256 KiB", WEB_WORKERS="1")
    server.headers["Authorization"] = f"Bearer {PASSWORD}"
    server.start()
    with troubled(server) as all_of_them:
        begin(server, all_of_them)
        broken(all_of_them, 1)
        full(server, all_of_them, 2)
        too_often(server, all_of_them, 3)
        late(server, all_of_them, 4)
        go_on(server, all_of_them, 5)
        for one in all_of_them:
            wait_for(lambda one=one: not one.run.waiting or one.run.ended, PATIENCE, one.run.errors)  # type: ignore[misc]
        answers = [one.proxy.statuses.total() for one in all_of_them]
        time.sleep(QUIET_SECONDS)
        after = [one.proxy.statuses.total() for one in all_of_them]
        busy = [one.client.name for one, a, b in zip(all_of_them, answers, after, strict=True) if a != b]
        assert busy == [], "sends though it has nothing to send"
    judge(all_of_them, all_numbers(server))


def test_no_room_over_tcp(make_server: Callable[..., Server]) -> None:
    """Syslog and GELF have no answer: what comes over a connection while the queue is full waits, and is found once."""
    doors = Doors(make_server, QUEUE_LIMIT="256 KiB", WEB_WORKERS="1")
    clients = [client for client in CLIENTS if client.door in ("tcp", "gelf")]
    batches = [
        [range(place * APART + start, place * APART + start + BATCH) for place in range(len(clients))]
        for start in (0, STEP)
    ]

    def log(batch: Sequence[range]) -> None:
        """Have each log its numbers, and wait until they have come."""
        before = received(doors.server)
        for run, numbers in zip(runs, batch, strict=True):
            run.tell(numbers.start, len(numbers))
        sent = sum(map(len, batch))
        wait_for(lambda: received(doors.server) >= before + sent, PATIENCE, f"{sent} messages")

    with running(*map(doors.at, clients)) as runs:
        log(batches[0])
        with no_room(doors.server):
            log(batches[1])
    wanted = Counter(number for batch in batches for numbers in batch for number in numbers)
    wait_for(lambda: all_numbers(doors.server) == wanted, PATIENCE, "all logs, once")


def received(server: Server) -> int:
    """Return how many messages the listeners have had."""
    figures = server.get("/metrics").decode().splitlines()
    return sum(int(float(one.split()[-1])) for one in figures if one.startswith("logingestor_listen_messages_total{"))


@contextmanager
def troubled(server: Server) -> Iterator[Sequence[Troubled]]:
    """Give all clients, each behind a proxy of its own with a token of its own."""
    with ExitStack() as stack:
        proxies = [
            stack.enter_context(closing(Cutting(server.url, token(server, f"sender {place}"))))
            for place in range(len(TROUBLED))
        ]
        pairs = [(client, proxy.url + client.path) for client, proxy in zip(TROUBLED, proxies, strict=True)]
        runs = stack.enter_context(running(*pairs))
        yield [
            Troubled(run, proxy, place * APART) for place, (run, proxy) in enumerate(zip(runs, proxies, strict=True))
        ]


def token(server: Server, name: str, *options: str) -> str:
    """Return a new token that sends."""
    made = command(server, "tokens", "create", name, "--role", "writer", "--json", *options)
    return str(json.loads(made)["token"])


def command(server: Server, *words: str) -> str:
    """Run a command of ours on the server's folder; return what it prints."""
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", *words], check=True, env=server.environment, cwd=ROOT, capture_output=True
    )
    return ended.stdout.decode()


def phase(all_of_them: Sequence[Troubled], number: int) -> None:
    """Have each log a batch."""
    for one in all_of_them:
        one.log(number * STEP)


def begin(server: Server, all_of_them: Sequence[Troubled]) -> None:
    """Have each log its first batch, a few at a time: all at once may fill the queue, and not every client tries again."""
    for few in (all_of_them[place : place + AT_ONCE] for place in range(0, len(all_of_them), AT_ONCE)):
        phase(few, 0)
        names = ", ".join(one.client.name for one in few)
        wait_for(lambda few=few: every(server, few, 0), PATIENCE, f"{names} to begin")  # type: ignore[misc]


def every(server: Server, all_of_them: Sequence[Troubled], number: int) -> bool:
    """Return whether that batch of each was found, of those that have not ended for good."""
    counts = all_numbers(server)
    return all(one.has(counts, number * STEP) or one.run.ended for one in all_of_them)


def broken(all_of_them: Sequence[Troubled], number: int) -> None:
    """Cut the answer to a batch off."""
    for one in all_of_them:
        one.proxy.cut.set()
    phase(all_of_them, number)
    until = time.monotonic() + PATIENCE
    while waiting := [one for one in all_of_them if one.proxy.cut.is_set() and not one.is_done]:
        assert time.monotonic() < until, {one.client.name: one.run.errors[-500:] for one in waiting}
        time.sleep(0.05)
    for one in all_of_them:
        one.proxy.cut.clear()


def full(server: Server, all_of_them: Sequence[Troubled], number: int) -> None:
    """Have no room for a while."""
    with no_room(server):
        phase(all_of_them, number)
        time.sleep(FULL_SECONDS)


@contextmanager
def no_room(server: Server) -> Iterator[None]:
    """Let nobody put anything into the queue; afterwards all that waits in it is found."""
    server.drained()
    command(server, "queue", "pause")
    filler = [{"message": "filler " * 100}] * 20
    while server.request("POST", "/logs/ingest/", filler)[0] == 202:
        pass
    yield
    command(server, "queue", "resume")
    server.drained()


def too_often(server: Server, all_of_them: Sequence[Troubled], number: int) -> None:
    """Answer each that its token is used too often, until it was answered so; or have it wait, where that would cost it its logs."""
    slow, in_turn = token(server, "slow", "--rate", "0.1/s"), token(server, "in turn", "--rate", "0.5/s")
    own = [one.proxy.password for one in all_of_them]
    used = {"Authorization": f"Bearer {slow}"}
    for name in (slow, in_turn):
        while (
            server.request("POST", "/logs/ingest/", {"message": "used"}, {"Authorization": f"Bearer {name}"})[0] != 429
        ):
            pass
    for one in all_of_them:
        one.proxy.password = in_turn if one.client.waits else slow
    before = [one.heard for one in all_of_them]
    phase(all_of_them, number)
    until = time.monotonic() + PATIENCE
    for one, password, count in zip(all_of_them, own, before, strict=True):
        while one.heard == count and not one.is_done:
            assert time.monotonic() < until, f"{one.client.name} sends nothing: {one.run.errors}"
            # Its own use keeps the token used.
            server.request("POST", "/logs/ingest/", {"message": "used"}, used)
            time.sleep(0.1)
        one.proxy.password = password


def late(server: Server, all_of_them: Sequence[Troubled], number: int) -> None:
    """Be busy for longer than some clients wait; who says nothing meanwhile is still connected."""
    with idle(server), held(server):
        phase(all_of_them, number)
        time.sleep(LATE_SECONDS)


@contextmanager
def idle(server: Server) -> Iterator[None]:
    """Use a connection before and after: clients that send every five seconds lose what they send over one that the server closes."""
    at = urlsplit(server.url)
    with closing(http.client.HTTPConnection(at.hostname or "", at.port or 0, timeout=30)) as connection:
        for turn in range(2):
            connection.request("GET", "/ready", headers=server.headers)
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, answer.will_close) == (200, False)
            if turn == 0:
                used = connection.sock
                yield
        assert connection.sock is used


def go_on(server: Server, all_of_them: Sequence[Troubled], number: int) -> None:
    """Have each log until one of its logs is found, unless it has ended for good; the first may still be lost."""
    waiting = [one for one in all_of_them if not one.client.dies]
    until = time.monotonic() + PATIENCE
    for place in itertools.count(number * STEP, STEP):
        for one in waiting:
            one.log(place)
        time.sleep(1)
        counts = all_numbers(server)
        later = range(number * STEP, place + STEP)
        waiting = [one for one in waiting if not any(counts[one.first + n] for n in later)]
        if not waiting:
            return
        assert time.monotonic() < until, {one.client.name: one.run.errors[-500:] for one in waiting}


def judge(all_of_them: Sequence[Troubled], counts: Counter[int]) -> None:
    """What a client calls sent is found, nothing is found twice; and say what became of each batch."""
    wrong: dict[str, object] = {}
    for one in all_of_them:
        numbers = range(one.first, one.first + APART)
        batches = {
            name: one.has(counts, number * STEP) for number, name in enumerate(("well", "cut", "503", "429", "late"))
        }
        print(f"{one.client.name}: {batches}, {dict(sorted(one.proxy.statuses.items()))}")
        if lost := one.run.numbers("sent") - {number for number in numbers if counts[number]}:
            wrong[f"{one.client.name} lost"] = lost
        doubled = [number for number in numbers if counts[number] > 1]
        if one.client.keeps:
            # Nothing tells that what had no answer comes again: all until then, since it sends what was refused with what came later.
            doubled = [number for number in doubled if number >= one.first + 5 * STEP]
        if len(doubled) > one.client.alone + one.client.hasty:
            wrong[f"{one.client.name} doubled"] = doubled
        if one.client.repeats and not one.client.dies and not batches["cut"]:
            wrong[f"{one.client.name} did not send again"] = one.run.errors[-500:]
        if (one.client.waits or one.client.keeps) and not all(batches.values()):
            wrong[f"{one.client.name} lost what it would have kept"] = batches
    assert wrong == {}
