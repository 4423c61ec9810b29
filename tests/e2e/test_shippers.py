"""Real clients of shippers against the running program: all that they log is found once, whatever happens to the server.

A client is a program in tests/e2e/shippers; what it says of a batch (`sent`, `failed`, or nothing) is held against what is found.
"""

from __future__ import annotations

import itertools
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.log.record import SEVERITY
from tests.e2e.program import ROOT, Server, wait_for
from tests.services.fixtures import need
from tests.services.shippers import PYTHON, Shippers, folder, node_folder, system_folder

pytestmark = pytest.mark.system

#: How far the numbers of two tests lie apart; which are errors, and which spoilt, repeats within.
APART = 3_000
FIRST = itertools.count(0, APART)
PROGRAMS = Path(__file__).parent / "shippers"


@dataclass(frozen=True)
class Client:
    """A client, its program, and what it does by itself."""

    name: str
    program: str
    #: What is behind the server's address.
    path: str = ""
    #: Packages, by their name in tests/services/shippers.py; the client's own name where empty.
    packages: str = ""
    #: The bad of a batch are dead letters of ours; else the client has no way to send one.
    sends_bad: bool = True
    #: Traces and exceptions have a place in what it sends.
    traces: bool = True
    #: Sends again what got no answer, by itself.
    repeats: bool = True
    #: What the id of a trace begins with, before the number; None where the client makes one.
    trace: str | None = "trace-"
    #: Levels of an ordinary log and of an error; None where they are a warning and an error.
    levels: tuple[str, str] | None = None
    #: Ends for good at the first failure that it is told.
    dies: bool = False
    #: Sends logs alone, with times of milliseconds: of such an equal one may be a second log, not a repeat.
    alone: bool = False
    #: Is taken through all that can happen; else another client that behaves alike is.
    thorough: bool = True


CLIENTS = (
    Client("opensearch-py", "opensearch_py.py"),
    Client("elasticsearch-8", "elasticsearch_py.py", thorough=False),
    Client("elasticsearch-9", "elasticsearch_py.py", "/elastic"),
    Client("python-logging-loki", "python_logging_loki.py", sends_bad=False),
    Client("graypy", "gelf_http.py", sends_bad=False, repeats=False),
    Client("pygelf", "gelf_http.py", sends_bad=False, repeats=False, thorough=False),
    Client("seqlog", "seqlog_raw.py", sends_bad=False, traces=False, repeats=False, thorough=False),
    Client("seqlog-clef", "seqlog_raw.py", "#clef", packages="seqlog", sends_bad=False, traces=False, repeats=False),
    Client("otel-python", "otel_python.py", trace=None),
    Client("otel-node-proto", "otel_node.js", "#proto", trace=None),
    Client("otel-node-json", "otel_node.js", "#json", trace=None, thorough=False),
    # It calls only 200 a success, where ingest answers 202, and repeats nothing.
    Client("winston-http", "winston_http.js", sends_bad=False, repeats=False),
    # It sends no level, and an exception in the text.
    Client("splunk-handler", "splunk_handler_py.py", sends_bad=False, traces=False, levels=("info", "info")),
    # It raises at a connection that breaks.
    Client("datadog-api-client", "datadog_py.py", repeats=False),
    Client("@elastic/elasticsearch", "bulk_js.js"),
    Client("@opensearch-project/opensearch", "bulk_js.js", "#opensearch", thorough=False),
    Client("pino-elasticsearch", "pino_elasticsearch.js", sends_bad=False, dies=True, alone=True),
    Client("pino-loki", "pino_loki.js", sends_bad=False, repeats=False),
    Client("winston-elasticsearch", "winston_elasticsearch.js", sends_bad=False, alone=True),
    Client("winston-loki", "winston_loki.js", sends_bad=False, thorough=False),
    Client("rsyslog", "rsyslog.py", sends_bad=False),
    Client("rsyslog, one by one", "rsyslog.py", "#single", sends_bad=False, thorough=False),
    Client("syslog-ng", "syslog_ng.py", sends_bad=False),
    Client("winston-loki, JSON", "winston_loki.js", "#json", sends_bad=False, thorough=False),
)


#: One client for each door that lets requests wait.
DOORS = ("opensearch-py", "python-logging-loki", "graypy", "seqlog-clef")


class Run:
    """A client's program that runs."""

    def __init__(self, client: Client, url: str) -> None:
        need(Shippers)
        environment = {"PATH": os.environ["PATH"], "SYSTEM": str(system_folder())}
        if client.program.endswith(".js"):
            environment["NODE_PATH"] = str(node_folder() / "node_modules")
        else:
            packages = client.packages or client.name
            environment |= {
                "PYTHONPATH": str(folder(packages)) if packages in PYTHON else "",
                "PYTHONWARNINGS": "ignore",
            }
        self._process = subprocess.Popen(
            [
                "node" if client.program.endswith(".js") else sys.executable,
                str(PROGRAMS / client.program),
                url + client.path,
            ],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: dict[tuple[int, int], str] = {}
        self.errors = ""
        self._readers = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._err, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, first, count, *why = line.split(maxsplit=3)
            self.said[int(first), int(count)] = " ".join((word, *why))

    def _err(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.errors = (self.errors + line)[-20_000:]

    def tell(self, first: int, count: int, word: str = "log") -> None:
        """Have a batch logged; do not wait."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word} {first} {count}\n")
        self._process.stdin.flush()

    def log(self, first: int, count: int, word: str = "log") -> str:
        """Have a batch logged and return what the client said of it."""
        self.tell(first, count, word)
        wait_for(
            lambda: (first, count) in self.said or self._process.poll() is not None, 60, f"the client: {self.errors}"
        )
        assert (first, count) in self.said, self.errors
        return self.said[first, count]

    def numbers(self, word: str) -> set[int]:
        """Return the numbers of which the client said *word*."""
        return {
            n
            for (first, count), said in self.said.items()
            if said.split()[0] == word
            for n in range(first, first + count)
        }

    def end(self) -> None:
        """Let the client end as it does, with what it still holds delivered."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(60)
        finally:
            self._process.kill()
        for reader in self._readers:
            reader.join(10)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()


@contextmanager
def running(client: Client, url: str) -> Iterator[Run]:
    """Give the client's program, ended afterwards."""
    run = Run(client, url)
    try:
        yield run
    finally:
        run.end()


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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of many tests, each with numbers of its own: to start one takes longer than most of them."""
    made = Server(tmp_path_factory.mktemp("shared"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def first() -> int:
    """The first number of the test's own."""
    return next(FIRST)


@pytest.fixture(params=CLIENTS, ids=lambda client: client.name)
def client(request: pytest.FixtureRequest) -> Client:
    """Each client."""
    made: Client = request.param
    return made


def test_all_is_found_once_with_its_fields(client: Client, shared: Server, first: int) -> None:
    """Level, time, service, trace and exception are where they belong."""
    began = time.time()
    with running(client, shared.url) as run:
        run.log(first, 30)
        run.log(first + 30, 1)
    logs = found(shared)
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
    with running(next(one for one in CLIENTS if one.name == "otel-python"), server.url) as run:
        run.log(0, 3)
    trace = found(server)["mk-00001"][0]["traceId"]
    wait_for(
        lambda: len(server.get(f"/logs?q=metadata.kind:span AND traceId:{trace}".replace(" ", "%20"))["results"]) == 2,
        30,
        "two spans",
    )
    page = server.get(f"/trace/{trace}").decode()
    assert re.findall(r'class="d(\d)"><a href="[^"]*"[^>]*><bdi>([^<]*)</bdi>', page) == [("0", "pay"), ("1", "charge")]
    assert page.count("as it says") == 2


@pytest.mark.parametrize("client", [one for one in CLIENTS if one.sends_bad], ids=lambda client: client.name)
def test_bad_items_cost_no_good_ones(client: Client, shared: Server, first: int) -> None:
    """Five of a hundred are no logs: the others are found, these are dead letters, and the client goes on."""
    before = letters(shared)
    with running(client, shared.url) as run:
        run.log(first, 100, "bad")
        run.log(first + 100, 10)
    bad = {n for n in range(100) if n % 20 == 7}
    assert numbers_of(found(shared), first) == Counter(set(range(110)) - bad), run.errors
    wait_for(lambda: letters(shared) == before + len(bad), 30, "five dead letters")


def letters(server: Server) -> int:
    """Return how many dead letters there are."""
    return int(float(server.get("/metrics").decode().partition("\nlogingestor_dead_letters ")[2].split()[0]))


@pytest.fixture(params=[client for client in CLIENTS if client.thorough], ids=lambda client: client.name)
def thorough(request: pytest.FixtureRequest) -> Client:
    """Each client that stands for those that behave alike."""
    made: Client = request.param
    return made


def test_what_was_told_is_kept_whatever_is_killed(thorough: Client, make_server: Callable[..., Server]) -> None:
    """All processes are killed twice in mid-batch; the client goes on, and nothing is found twice."""
    server = make_server(PORT=str(free_port()))
    server.start()
    with running(thorough, server.url) as run:
        teller = threading.Thread(target=lambda: [time.sleep(0.02) or run.tell(n * 20, 20) for n in range(120)])  # type: ignore[func-returns-value]
        teller.start()
        for _ in range(2):
            time.sleep(0.7)
            server.kill_all()
            server.start()
        teller.join()
        wait_for(lambda: len(run.said) == 120, 120, f"the client: {run.errors}")
        assert run.log(2_400, 20).split()[0] in ("sent", "logged") or thorough.dies
    counts = numbers_of(found(server))
    print(f"{thorough.name}: sent {len(run.numbers('sent'))}, failed {len(run.numbers('failed'))}, found {len(counts)}")
    assert run.numbers("sent") - set(counts) == set()
    assert {n for n, times in counts.items() if times > 1} == set()
    assert thorough.dies or set(range(2_400, 2_420)) <= set(counts), run.errors


def test_a_connection_that_breaks_doubles_nothing(thorough: Client, shared: Server, first: int) -> None:
    """The answer is cut off: a client that sends the same again is answered from the first."""
    with closing(Cutting(shared.url)) as proxy, running(thorough, proxy.url) as run:
        run.log(first, 10)
        proxy.cut.set()
        run.log(first + 10, 10)
        run.log(first + 20, 10)
        expected = set(range(10)) | set(range(20, 30)) | (set(range(10, 20)) if thorough.repeats else set())
        # A client that reads no answer is done before its last request has arrived.
        if not thorough.dies:
            wait_for(lambda: set(numbers_of(found(shared), first)) >= expected, 30, f"all logs: {run.errors}")
    counts = numbers_of(found(shared), first)
    assert sum(counts.values()) - len(counts) <= thorough.alone


@pytest.mark.parametrize("thorough", [one for one in CLIENTS if one.name in DOORS], ids=lambda client: client.name)
def test_a_full_queue_is_waited_for(thorough: Client, make_server: Callable[..., Server]) -> None:
    """While there is no room for a second nothing is lost, by clients too that would drop what is refused."""
    server = make_server(QUEUE_LIMIT="64 KiB")
    server.start()
    with running(thorough, server.url) as run:
        run.log(0, 10)
        server.drained()
        command(server, "queue", "pause")
        filler = [{"message": "filler " * 100}] * 10
        while server.request("POST", "/logs/ingest/", filler)[0] == 202:
            pass
        run.tell(10, 3)
        time.sleep(1)
        command(server, "queue", "resume")
        run.log(20, 10)
    assert numbers_of(found(server)) == Counter([*range(13), *range(20, 30)]), run.errors


def command(server: Server, *words: str) -> None:
    """Run a command of ours on the server's folder."""
    subprocess.run(
        [sys.executable, "-m", "app.cli", *words], check=True, env=server.environment, cwd=ROOT, capture_output=True
    )


def free_port() -> int:
    """Return a port that nobody listens at just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Cutting:
    """A proxy before the server that cuts a connection once an answer is on its way, whenever it is told to."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._opened = [self._listener]
        #: Once set the next answer is cut off, and this cleared.
        self.cut = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                inner, _ = self._listener.accept()
                outer = socket.create_connection(self._server)
                self._opened += (inner, outer)
                for pair in ((inner, outer, False), (outer, inner, True)):
                    self._threads.append(threading.Thread(target=self._carry, args=pair, daemon=True))
                    self._threads[-1].start()

    def _carry(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                if answers and self.cut.is_set():
                    self.cut.clear()
                    break
                target.sendall(piece)
        _shut(source, target)

    def close(self) -> None:
        """End all connections."""
        _shut(*self._opened)
        for thread in self._threads:
            thread.join(10)
        for one in self._opened:
            one.close()


def _shut(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
