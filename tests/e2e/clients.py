"""Real clients of shippers: what each does by itself, and its program that runs."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import PurePath

from tests.e2e.program import wait_for
from tests.services.fixtures import need
from tests.services.shippers import Shippers, command

#: Seconds that a client has for what it was told to log: some pause for half a minute when they are refused.
PATIENCE = 120.0


@dataclass(frozen=True)
class Client:
    """A client, its program, and what it does by itself."""

    name: str
    #: A file beneath tests/e2e/shippers, or `go` or `jvm`, whose one program has the client by its name.
    program: str
    #: What is behind the server's address.
    path: str = ""
    #: Packages from PyPI, by their name in tests/services/shippers.py; the client's own name where empty.
    packages: str = ""
    #: Where it sends to: `http`, or a listener of ours, `tcp`, `udp` (syslog), `gelf` (over TCP) or `gelf-udp`.
    door: str = "http"
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
    #: Sends again what has no answer after 5 seconds, alone: on a machine under load the answer may just be on its way.
    hasty: bool = False
    #: Closes the connection when it has sent, and reads no answer.
    deaf: bool = False
    #: Keeps what is not taken, and sends it again together with what came since: nothing tells that what had no answer is a repeat.
    keeps: bool = False
    #: Loses what is refused, so that the server lets it wait instead.
    waits: bool = False

    @property
    def language(self) -> str:
        """The folder of its program."""
        return PurePath(self.program).parts[0]

    def address(self, url: str, ports: dict[str, int]) -> str:
        """Return where it sends to, at a server of this URL that listens at these ports, by the name of the door."""
        return (url if self.door == "http" else f"{self.transport}://127.0.0.1:{ports[self.door]}") + self.path

    @property
    def transport(self) -> str:
        """What its door is reached by: `http`, `tcp` or `udp`."""
        return {"gelf": "tcp", "gelf-udp": "udp"}.get(self.door, self.door)


def _python(name: str, program: str, path: str = "", **more: object) -> Client:
    return Client(name, f"python/{program}", path, **more)  # type: ignore[arg-type]


def _node(name: str, program: str, path: str = "", **more: object) -> Client:
    return Client(name, f"node/{program}", path, **more)  # type: ignore[arg-type]


def _jvm(name: str, **more: object) -> Client:
    return Client(name, "jvm", **more)  # type: ignore[arg-type]


def _go(name: str, **more: object) -> Client:
    return Client(name, "go", **more)  # type: ignore[arg-type]


def _system(name: str, shape: str, door: str = "http", **more: object) -> Client:
    return Client(name, "system/daemons.py", f"#{shape}", door=door, **more)  # type: ignore[arg-type]


CLIENTS = (
    _python("opensearch-py", "opensearch_py.py"),
    _python("elasticsearch-8", "elasticsearch_py.py"),
    _python("elasticsearch-9", "elasticsearch_py.py", "/elastic"),
    _python("python-logging-loki", "python_logging_loki.py"),
    _python("graypy", "gelf_http.py", repeats=False, deaf=True),
    _python("pygelf", "gelf_http.py", repeats=False, deaf=True),
    _python("seqlog", "seqlog_raw.py", traces=False, repeats=False),
    _python("seqlog-clef", "seqlog_raw.py", "#clef", packages="seqlog", traces=False, repeats=False),
    _python("otel-python", "otel_python.py", trace=None),
    # It sends no level, and an exception in the text.
    _python("splunk-handler", "splunk_handler_py.py", traces=False, levels=("info", "info")),
    # It raises at a connection that breaks.
    _python("datadog-api-client", "datadog_py.py", repeats=False),
    _python("HTTPHandler", "stdlib_handlers.py", repeats=False),
    _python("logingestor.handler", "our_handler.py"),
    # Over TCP it never connects again.
    _python("SysLogHandler, TCP", "stdlib_handlers.py", door="tcp", traces=False, dies=True),
    _python("SysLogHandler, UDP", "stdlib_handlers.py", door="udp", traces=False),
    _node("@elastic/elasticsearch", "bulk_js.js"),
    _node("@opensearch-project/opensearch", "bulk_js.js", "#opensearch"),
    _node("otel-node-proto", "otel_node.js", "#proto", trace=None),
    _node("otel-node-json", "otel_node.js", "#json", trace=None),
    _node("pino-opentelemetry-transport", "pino_opentelemetry.js", trace=None),
    _node("pino-elasticsearch", "pino_elasticsearch.js", dies=True, alone=True),
    _node("pino-loki", "pino_loki.js", repeats=False),
    _node("pino-seq", "pino_seq.js"),
    _node("winston-seq", "winston_seq.js", traces=False),
    _node("winston-elasticsearch", "winston_elasticsearch.js", alone=True),
    _node("winston-loki", "winston_loki.js", keeps=True),
    _node("winston-loki, JSON", "winston_loki.js", "#json", keeps=True),
    # It calls only 200 a success, where ingest answers 202, and repeats nothing.
    _node("winston-http", "winston_http.js", repeats=False),
    _node("winston-syslog", "winston_syslog.js", door="tcp"),
    _node("splunk-logging", "splunk_logging.js"),
    _jvm("otel-java", trace=None),
    _jvm("loki4j", repeats=False),
    _jvm("logback-gelf", alone=True, hasty=True),
    _jvm("logback-gelf-tcp", door="gelf"),
    _jvm("logback-syslog", door="udp", traces=False),
    _jvm("log4j2-http", repeats=False),
    _jvm("log4j2-syslog", door="tcp"),
    _jvm("log4j2-socket-gelf", door="gelf"),
    _jvm("elasticsearch-java", repeats=False),
    # It sends what was not taken again together with what came since.
    _go("docker splunk", keeps=True),
    _go("docker gelf, TCP", door="gelf"),
    _go("docker gelf, UDP", door="gelf-udp"),
    _go("docker syslog", door="tcp"),
    _go("otelslog", trace=None, repeats=False),
    _go("otelzap", trace=None, repeats=False),
    _go("slog-loki"),
    _system("rsyslog", "omelasticsearch", waits=True),
    _system("rsyslog, one by one", "omelasticsearch-single", waits=True),
    _system("rsyslog omhttp", "omhttp", waits=True),
    _system("rsyslog omfwd, TCP", "omfwd", "tcp"),
    _system("rsyslog omfwd, UDP", "omfwd", "udp"),
    _system("syslog-ng", "http"),
    _system("syslog-ng syslog()", "syslog", "tcp"),
    _system("syslog-ng network()", "network", "tcp"),
    _system("logger", "logger", "tcp"),
)


class Run:
    """A client's program that runs."""

    def __init__(self, client: Client, address: str) -> None:
        need(Shippers)
        words, environment = command(client.program, client.packages or client.name, client.name, address)
        self.client = client
        self._process = subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: dict[tuple[int, int], str] = {}
        self._told = 0
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
        self._told += 1

    @property
    def waiting(self) -> int:
        """How many batches it was told to log and has said nothing of yet."""
        return self._told - len(self.said)

    @property
    def ended(self) -> bool:
        """Whether the program has ended."""
        return self._process.poll() is not None

    def log(self, first: int, count: int, word: str = "log") -> str:
        """Have a batch logged and return what the client said of it."""
        self.tell(first, count, word)
        wait_for(
            lambda: (first, count) in self.said or self._process.poll() is not None,
            PATIENCE,
            f"{self.client.name}: {self.errors}",
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

    def close(self) -> None:
        """Say that nothing more is to be logged."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def end(self) -> None:
        """Let the client end as it does, with what it still holds delivered."""
        self.close()
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()
        for reader in self._readers:
            reader.join(10)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()


@contextmanager
def running(*clients: tuple[Client, str]) -> Iterator[Sequence[Run]]:
    """Give the programs of clients, each with its address, all ended afterwards."""
    with ExitStack() as stack:
        runs = []
        for client, address in clients:
            runs.append(Run(client, address))
            stack.callback(runs[-1].end)
        yield runs
        for run in runs:
            run.close()
