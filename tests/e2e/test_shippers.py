"""Real clients of shippers against the running program: all that they log is found once, whatever happens to the server.

A client is a program in tests/e2e/shippers; what it says of a batch (`sent`, `failed`, or nothing) is held against what is found.
"""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from app.log.record import SEVERITY
from tests.e2e.clients import CLIENTS, PATIENCE, Client, Run, running
from tests.e2e.program import Server, wait_for
from tests.services.server import free_ports

pytestmark = pytest.mark.system

#: How far the numbers of two clients lie apart; which are errors, and which spoilt, repeats within.
APART = 3_000
#: Most batches that a client is told to log while the server is killed, the logs of one, and seconds between them.
BATCHES, BATCH, PAUSE = 290, 10, 0.1
FIRST = itertools.count(0, APART)
LANGUAGES = sorted({client.language for client in CLIENTS})


def found(server: Server) -> dict[str, list[dict[str, Any]]]:
    """Return the logs of the client, by their message's first word, once nothing waits."""
    server.drained()
    logs: dict[str, list[dict[str, Any]]] = {}
    cursor = ""
    while True:
        page = server.get(f"/logs?q=message:mk*&limit=1000&sort=asc{cursor}")
        for log in page["results"]:
            logs.setdefault(log["message"].split()[0], []).append(log)
        if not page["next"]:
            return logs
        cursor = f"&cursor={page['next']}"


def numbers_of(logs: dict[str, list[dict[str, Any]]], first: int = 0) -> Counter[int]:
    """Return how often each number was found, counted from *first*; those of other tests are left out."""
    numbers = {int(name[3:]) - first: len(same) for name, same in logs.items()}
    return Counter({number: times for number, times in numbers.items() if 0 <= number < APART})


class Doors:
    """A server that takes what every client sends."""

    def __init__(self, make: Callable[..., Server], **settings: str) -> None:
        tcp, udp, gelf = free_ports(1)[0], free_ports(1, socket.SOCK_DGRAM)[0], free_ports(1)[0]
        gelf_udp = free_ports(1, socket.SOCK_DGRAM)[0]
        self.ports = {"tcp": tcp, "udp": udp, "gelf": gelf, "gelf-udp": gelf_udp}
        listen = (
            f"tcp://127.0.0.1:{tcp},udp://127.0.0.1:{udp},gelf+tcp://127.0.0.1:{gelf},gelf+udp://127.0.0.1:{gelf_udp}"
        )
        self.server = make(PORT=str(free_ports(1)[0]), LISTEN=listen, **settings)
        self.start()

    def start(self) -> None:
        """Start the server and wait until it listens everywhere."""
        self.server.start()
        wait_for(lambda: self.server.console.count(" syslog listens at ") >= len(self.ports), 120, "the listeners")

    def at(self, client: Client) -> tuple[Client, str]:
        """Return the client and where it sends to."""
        return client, client.address(self.server.url, self.ports)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """A server of many tests, each with numbers of its own: to start one takes longer than most of them."""
    made = Doors(lambda **settings: Server(tmp_path_factory.mktemp("shared"), **settings), METADATA_LIMIT="6 KiB")
    yield made
    made.server.stop()


@pytest.fixture
def first() -> int:
    """The first number of the test's own."""
    return next(FIRST)


@pytest.fixture(params=CLIENTS, ids=lambda client: client.name)
def client(request: pytest.FixtureRequest) -> Client:
    """Each client."""
    made: Client = request.param
    return made


def test_all_is_found_once_with_its_fields(client: Client, shared: Doors, first: int) -> None:
    """Level, time, service, trace and exception are where they belong."""
    began = time.time()
    with running(shared.at(client)) as [run]:
        run.log(first, 30)
        run.log(first + 30, 1)
    # Over TCP and UDP a client has sent before it is read, and over HTTP where it doesn't wait for the answer.
    answered = client.door == "http" and not client.deaf
    wait_for(lambda: answered or len(numbers_of(found(shared.server), first)) == 31, 120, "all logs")
    logs = found(shared.server)
    assert numbers_of(logs, first) == Counter(range(31)), run.errors
    ordinary, failed = (logs[f"mk-{first + n:05d}"][0] for n in (1, 3))
    wanted = client.levels or ("warn", "error")
    assert [SEVERITY[log["level"].lower()] for log in (ordinary, failed)] == [SEVERITY[name] for name in wanted]
    assert ordinary["message"].startswith(f"mk-{first + 1:05d} paid")
    if client.traces:
        assert ordinary["traceId"] == (f"{client.trace}{first + 1}" if client.trace else ordinary["traceId"])
    assert "ValueError: card refused" in str(failed)
    for log in (ordinary, failed):
        at = time.mktime(time.strptime(log["timestamp"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        assert began - 2 < at < time.time() + 2


def test_spans_of_opentelemetry_are_lanes(server: Server) -> None:
    """The page of a trace draws the SDK's spans by their names, with the logs within them."""
    with running((next(one for one in CLIENTS if one.name == "otel-python"), server.url)) as [run]:
        run.log(0, 3)
    trace = found(server)["mk-00001"][0]["traceId"]
    wait_for(
        lambda: len(server.get(f"/logs?q=metadata.kind:span AND traceId:{trace}".replace(" ", "%20"))["results"]) == 2,
        120,
        "two spans",
    )
    page = server.get(f"/trace/{trace}").decode()
    assert re.findall(r'class="d(\d)"><a href="[^"]*"[^>]*><bdi>([^<]*)</bdi>', page) == [("0", "pay"), ("1", "charge")]
    assert page.count("as it says") == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_bad_items_cost_no_good_ones(language: str, shared: Doors) -> None:
    """Five of a hundred are no logs, or too large: the others are found, these are dead letters, and the client goes on. All of a language at once."""
    clients = [client for client in CLIENTS if client.language == language]
    firsts = [next(FIRST) for _ in clients]
    before = letters(shared.server)
    with running(*map(shared.at, clients)) as runs:
        for run, first in zip(runs, firsts, strict=True):
            run.tell(first, 100, "bad")
            run.tell(first + 100, 10)
        for run in runs:
            wait_for(lambda run=run: not run.waiting or run.ended, PATIENCE, f"{run.client.name}: {run.errors}")  # type: ignore[misc]
    bad = {n for n in range(100) if n % 20 == 7}
    wanted = Counter(set(range(110)) - bad)

    def wrong() -> dict[str, object]:
        """Return what is missing and what is too much of each client."""
        logs, differ = found(shared.server), dict[str, object]()
        for run, first in zip(runs, firsts, strict=True):
            counts = numbers_of(logs, first)
            if counts != wanted:
                differ[run.client.name] = (wanted - counts, counts - wanted, run.errors[-500:])
        return differ

    # Over TCP and UDP a client has sent before it is read.
    with suppress(AssertionError):
        wait_for(lambda: not wrong(), 120, "all logs")
    assert wrong() == {}
    with suppress(AssertionError):
        wait_for(lambda: letters(shared.server) - before == len(bad) * len(clients), 120, "five dead letters of each")
    assert letters(shared.server) - before == len(bad) * len(clients)


def letters(server: Server) -> int:
    """Return how many dead letters there are."""
    return int(float(server.get("/metrics").decode().partition("\nlogingestor_dead_letters ")[2].split()[0]))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_told_is_kept_whatever_is_killed(language: str, make_server: Callable[..., Server]) -> None:
    """All processes are killed twice in mid-batch of all clients of a language; each goes on, and nothing is found twice."""
    doors = Doors(make_server)
    clients = [client for client in CLIENTS if client.language == language]
    with running(*map(doors.at, clients)) as runs:
        ended = threading.Event()
        teller = threading.Thread(target=tell, args=(runs, ended))
        teller.start()
        try:
            wait_for(lambda: all(run.said or run.ended for run in runs), PATIENCE, "all clients to begin")
            for _ in range(2):
                kill_amid(doors)
        finally:
            ended.set()
            teller.join()
        for run in runs:
            wait_for(lambda run=run: not run.waiting or run.ended, PATIENCE, f"{run.client.name}: {run.errors}")  # type: ignore[misc]
        for place, run in enumerate(runs):
            goes_on(run, range(place * APART + BATCHES * BATCH, (place + 1) * APART), doors.server)
    counts = all_numbers(doors.server)
    for place, run in enumerate(runs):
        own = range(place * APART, (place + 1) * APART)
        found_once = {n for n in own if counts[n]}
        print(
            f"{run.client.name}: sent {len(run.numbers('sent'))}, failed {len(run.numbers('failed'))}, found {len(found_once)}"
        )
        assert run.numbers("sent") - found_once == set(), run.client.name
        assert not run.client.keeps or run.numbers("logged") <= found_once, run.client.name
        doubled = {n for n in own if counts[n] > 1} if not run.client.keeps else set()
        assert len(doubled) <= run.client.hasty, (run.client.name, doubled)


def tell(runs: Sequence[Run], ended: threading.Event) -> None:
    """Have each log a batch after another, until told to end."""
    told = [0] * len(runs)
    while not ended.wait(PAUSE):
        for place, run in enumerate(runs):
            # Who can't keep up, or died, is told nothing more.
            if run.waiting < 3 and told[place] < BATCHES and not run.ended:
                with suppress(BrokenPipeError):
                    run.tell(place * APART + told[place] * BATCH, BATCH)
                    told[place] += 1


def goes_on(run: Run, numbers: range, server: Server) -> None:
    """A client that was cut off logs again, unless it ends for good at such a failure; the first may still be lost."""
    if run.client.dies:
        return
    for number in numbers:
        run.tell(number, 1)
        with suppress(AssertionError):
            wait_for(lambda: set(numbers) & set(all_numbers(server)), 1, "a log")
            return
    pytest.fail(f"{run.client.name} does not go on: {run.errors}")


def kill_amid(doors: Doors) -> None:
    """Kill all processes of the server once logs have come, and start it again."""
    before = total(doors.server)
    wait_for(lambda: total(doors.server) > before, 120, "logs")
    doors.server.kill_all()
    doors.start()


def total(server: Server) -> int:
    """Return how many logs of the clients are found."""
    return int(server.get("/logs?q=message:mk*&limit=1&count=exact")["total"])


def all_numbers(server: Server) -> Counter[int]:
    """Return how often each number was found."""
    server.drained()
    return Counter({int(name[3:]): len(same) for name, same in found(server).items()})
