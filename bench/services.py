"""Services: the same logs straight into OpenSearch, and through HTTP, RabbitMQ, drain and PostgreSQL into it; rebuild; an outage.

python -m bench.services                  1,000,000 logs; some ten minutes
python -m bench.services --n 100000       a quick look
python -m bench.services --outage 60      instead: OpenSearch away for so many seconds under 2,000 logs/s

The systems are started here, synced as in earnest; they share the machine with the clients.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch as Client
from opensearchpy import helpers

from app.log import schema
from app.log.limits import Limits
from app.log.record import IdSource, LogRecord
from app.systems.opensearch import mapping
from app.systems.opensearch.documents import document_id, encode
from app.times import instant
from bench import client, ingest, outage, run
from tests.e2e.program import ROOT, Server
from tests.services.opensearch import OpenSearch
from tests.services.postgres import Postgres
from tests.services.rabbitmq import Rabbitmq

#: Documents indexed before anything is measured: a server that was just started compiles itself while it works.
WARM_UP = 50_000
CHUNK = 1_000
#: The steady load during which visibility is measured, in logs a second.
STEADY_RATE = 500
VISIBLE_SECONDS = 30.0
LIMITS = Limits(1 << 20, 256 << 10, 30 * 86_400_000)
#: The mapping of a plain log index: analysed text, keywords, a date, and metadata as one object.
PLAIN: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        **{name: {"type": "keyword"} for name in ("level", "resourceId", "traceId", "spanId", "commit")},
        "message": {"type": "text"},
        "timestamp": {"type": "date"},
        "metadata": {"type": "flat_object"},
    },
}


@dataclass(slots=True)
class Systems:
    """The systems, running, and the program's settings for them."""

    opensearch: OpenSearch
    settings: dict[str, str]

    @property
    def client(self) -> Client:
        """A client of OpenSearch."""
        return Client(self.opensearch.url, timeout=120)


@contextmanager
def systems(heap: str, workers: int) -> Iterator[Systems]:
    """Run RabbitMQ, PostgreSQL and OpenSearch on an empty folder."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=run.DATA, ignore_cleanup_errors=True)))
        for parent in (folder, run.DATA):
            parent.chmod(0o755)
        postgres = Postgres(folder / "postgres", tied=True, settings={"fsync": "on"})
        rabbitmq = Rabbitmq(folder / "rabbitmq", tied=True)
        opensearch = OpenSearch(folder / "opensearch", tied=True, heap=heap)
        for system in (postgres, rabbitmq, opensearch):
            system.start()
            stack.callback(system.kill)
        yield Systems(
            opensearch,
            {
                "STORE_URL": postgres.url,
                "QUEUE_URL": rabbitmq.url,
                "BROKER_URL": rabbitmq.url,
                "SEARCH_URL": f"{opensearch.url}/bench?shards=3&replicas=0",
                "WORKERS": str(workers),
            },
        )


def records(path: Path, n: int) -> Iterator[LogRecord]:
    """Yield the file's logs as the program would accept them now."""
    ids = IdSource()
    with path.open("rb") as file:
        for line in islice(file, n):
            (log,) = schema.read(line, None, LIMITS, instant.now_ms()).logs
            log.id = ids.take(1).to_bytes(16, "big")
            yield log


def straight(systems: Systems, name: str, body: dict[str, Any], actions: list[dict[str, Any]]) -> float:
    """Return the documents a second that opensearch-py's bulk helper puts into a new index, until all are searchable."""
    found = systems.client
    found.indices.create(index=name, body=body)
    began = time.perf_counter()
    helpers.bulk(found, ({**action, "_index": name} for action in actions), chunk_size=CHUNK, refresh=False)
    found.indices.refresh(index=name)
    took = time.perf_counter() - began
    count = found.count(index=name)["count"]
    if count != len(actions):
        raise RuntimeError(f"{len(actions)} documents were sent and {count} are found")
    size = found.indices.stats(index=name)["_all"]["primaries"]["store"]["size_in_bytes"]
    print(f"{name}: {len(actions) / took:,.0f}/s, {size / len(actions):.0f} bytes each", flush=True)
    found.indices.delete(index=name)
    return len(actions) / took


def bulk(systems: Systems, path: Path, n: int) -> dict[str, Any]:
    """Measure (a): our documents and plain ones, both made beforehand, after a warm-up."""
    ours = mapping.template("bench", 1, 3, 0)["template"]
    settings = {"index": {**ours["settings"]["index"], "refresh_interval": "1s"}}
    made = [(document_id(log.id), json.loads(encode(log))) for log in records(path, n)]
    actions = [{"_id": name, "_source": document} for name, document in made]
    straight(systems, "warm-up", {"settings": settings, "mappings": ours["mappings"]}, actions[:WARM_UP])
    rate = straight(systems, "ours", {"settings": settings, "mappings": ours["mappings"]}, actions)
    del actions, made
    with path.open("rb") as file:
        plain = [{"_source": json.loads(line)} for line in islice(file, n)]
    straight(systems, "warm-up", {"settings": settings, "mappings": PLAIN}, plain[:WARM_UP])
    return {
        "ours_per_s": round(rate),
        "plain_per_s": round(straight(systems, "plain", {"settings": settings, "mappings": PLAIN}, plain)),
    }


def through(server: Server, path: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Measure (b): over HTTP until all are searchable."""
    return ingest.bulk(server, path, given)


def rebuilt(server: Server) -> dict[str, Any]:
    """Make the index anew while searches go on; return the rate, and the slowest of the searches."""
    slowest, stop, asked = [0.0], threading.Event(), [0]

    def search() -> None:
        connection = client.Connection(server.url)
        while not stop.is_set():
            began = time.perf_counter()
            connection.get("/logs", q="level:error", limit="50")
            slowest[0] = max(slowest[0], (time.perf_counter() - began) * 1000)
            asked[0] += 1
            time.sleep(0.2)

    searcher = threading.Thread(target=search)
    searcher.start()
    command = [sys.executable, "-m", "app.cli", "rebuild", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=server.environment, capture_output=True, text=True, check=True)
    stop.set()
    searcher.join()
    return {**json.loads(done.stdout), "searches_meanwhile": asked[0], "slowest_search_ms": round(slowest[0], 1)}


def main() -> None:
    """Measure and keep the figures."""
    parser = run.parser(__doc__ or "")
    parser.add_argument("--heap", default="1g", help="heap of OpenSearch (1g)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes (2)")
    parser.add_argument("--outage", type=float, help="measure an outage of so many seconds instead")
    given = parser.parse_args()
    run.DATA.mkdir(exist_ok=True)
    path, figures = run.log_file(given), {"machine": run.probed()}
    with systems(given.heap, given.workers) as found:
        if given.outage is None:
            figures["bulk"] = bulk(found, path, given.n)
        given.set += [f"{name}={value}" for name, value in found.settings.items()]
        with run.serving(given) as server:
            if given.outage is not None:
                figures["outage"] = outage.measured(found.opensearch, server, given.outage)
            else:
                measured(server, path, given, figures)
    given.set = []
    run.save("services" if given.outage is None else "outage", given, figures, table(figures))


def measured(server: Server, path: Path, given: argparse.Namespace, figures: dict[str, Any]) -> None:
    """Fill in what is measured on the running program."""
    figures["through"] = through(server, path, given)
    seen = client.visibility(server.url, STEADY_RATE, 10, VISIBLE_SECONDS)
    figures["visibility"] = {
        "logs_per_s": round(seen.logs_per_second),
        **{f"p{part}_ms": round(client.percentile(seen.took_ms, part)) for part in (50, 95)},
        "samples": len(seen.took_ms),
    }
    figures["rebuild"] = rebuilt(server)


def table(figures: dict[str, Any]) -> list[str]:
    """Return the figures as a table."""
    rows: dict[str, str] = {}
    if "outage" in figures:
        rows = outage.rows(figures["outage"])
    else:
        ours, plain = figures["bulk"]["ours_per_s"], figures["bulk"]["plain_per_s"]
        through_, seen, anew = figures["through"], figures["visibility"], figures["rebuild"]
        rows = {
            "(a) straight into OpenSearch, our documents, logs/s": f"{ours:,}, {ours / plain:.2f} of the plain mapping's {plain:,}",
            "(b) HTTP to searchable, logs/s": f"{through_['searchable_per_s']:,}, {through_['searchable_per_s'] / ours:.2f} of (a)",
            "accepted, logs/s": f"{through_['accepted_per_s']:,}",
            "CPU, µs a log": ", ".join(f"{part} {cost}" for part, cost in through_["cpu_us_per_log"].items()),
            f"POST to found at {seen['logs_per_s']:,} logs/s": f"p50 {seen['p50_ms']} ms, p95 {seen['p95_ms']} ms",
            "rebuild, logs/s": f"{anew['logs_per_second']:,}, {anew['logs_per_second'] / ours:.2f} of (a); "
            f"{anew['searches_meanwhile']} searches meanwhile, the slowest {anew['slowest_search_ms']} ms",
        }
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


if __name__ == "__main__":
    main()
