"""Store: how many logs a second one worker and two put into the record on PostgreSQL, what each index costs, and how it is read.

python -m bench.store                     1,000,000 logs to read; some minutes
python -m bench.store --n 100000          a quick look

A server of its own is started, synced as in earnest, unless --url names one whose user may make databases.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from app.log.record import IdSource, LogRecord
from app.query.query import Query
from app.systems.postgres import entry, schema
from app.times import instant
from bench import logs, run
from tests.services.postgres import Postgres

#: Logs that one worker stores in one measurement of `add`.
ADDED = 100_000
BATCHES = (100, 2_000)
#: Days over which the logs that are read arrived: as many partitions.
DAYS = 30
#: How often each reading is repeated after the first time.
TIMES = 30
DAY = 24 * 3600 * 1000
DEAD_LIMIT = 1 << 30


def records(n: int, seed: int, days: int = 0) -> list[LogRecord]:
    """Return *n* logs of bench.logs that arrive now, or evenly over the last *days*."""
    made, last = [], instant.now_ms()
    ids = IdSource()
    for number, line in enumerate(logs.lines(n, seed=seed)):
        log = json.loads(line)
        t, ns = instant.parse(log["timestamp"])
        shift = 0 if not days else days * DAY - number * days * DAY // n
        made.append(
            LogRecord(
                ids.take(1, now=last - shift).to_bytes(16, "big"),
                t - shift,
                ns,
                log["level"],
                log["message"],
                log.get("resourceId"),
                log.get("traceId"),
                log.get("spanId"),
                log.get("commit"),
                log.get("metadata"),
            )
        )
    return made


def sql(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements, each by itself; return the rows of the last."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def database(url: str, *changes: str) -> Iterator[str]:
    """Give a database with our tables, on which *changes* were made."""
    name = f"bench_{secrets.token_hex(6)}"
    sql(url, f"CREATE DATABASE {name}")
    inner = urlsplit(url)._replace(path=f"/{name}").geturl()
    try:
        schema.upgrade(inner)
        sql(inner, "SELECT 1", *changes)
        yield inner
    finally:
        sql(url, f"DROP DATABASE {name} WITH (FORCE)", "CHECKPOINT")


@contextmanager
def server(given: argparse.Namespace) -> Iterator[str]:
    """Give the URL of a server."""
    if given.url:
        yield given.url
        return
    with tempfile.TemporaryDirectory(prefix="logingestor-bench-", dir=given.folder, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        settings = {"fsync": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}
        started = Postgres(folder / "postgres", tied=True, settings=settings)
        started.start()
        try:
            yield started.url
        finally:
            started.stop()


def work(url: str, seed: int, batch: int, ready: Any, times: Any) -> None:
    """Store ADDED logs when all workers are ready; give the time that it took."""
    mine = records(ADDED, seed)
    with closing(entry.opened(url, dead_limit=DEAD_LIMIT)) as held:
        store = held.record.store
        store.stats()
        ready.wait()
        began = time.monotonic()
        for start in range(0, len(mine), batch):
            store.add(mine[start : start + batch])
        times.put((began, time.monotonic()))


def add(url: str, workers: int, batch: int, *changes: str) -> float:
    """Return how many logs a second this many workers store, in commits of *batch*."""
    context = multiprocessing.get_context("spawn")
    with database(url, *changes) as inner:
        ready, times = context.Barrier(workers), context.Queue()
        started = [
            context.Process(target=work, args=(inner, seed, batch, ready, times)) for seed in range(1, workers + 1)
        ]
        for process in started:
            process.start()
        spans = [times.get(timeout=600) for _ in started]
        for process in started:
            process.join()
    return workers * ADDED / (max(end for _, end in spans) - min(began for began, _ in spans))


def rates(url: str, times: int) -> dict[str, int]:
    """Return the middle rate of each way to add; all are measured in turn, so that other work on the machine meets all alike."""
    ways: dict[str, tuple[int, int, tuple[str, ...]]] = {}
    for batch in BATCHES:
        ways |= {f"{workers} of {batch:,}": (workers, batch, ()) for workers in (1, 2)}
        for index in ("logs_time", "logs_place"):
            ways[f"1 of {batch:,}, without {index}"] = (1, batch, (f"DROP INDEX {index}",))
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(times):
        for name, (workers, batch, changes) in ways.items():
            found[name].append(add(url, workers, batch, *changes))
    return {name: round(statistics.median(some)) for name, some in found.items()}


def timed(step: Callable[[], object]) -> dict[str, float]:
    """Return the first time, the middle and the 95th of a hundred, in ms."""

    def once() -> float:
        began = time.perf_counter()
        step()
        return (time.perf_counter() - began) * 1000

    first, rest = once(), sorted(once() for _ in range(TIMES))
    return {
        "first": round(first, 2),
        "p50": round(rest[len(rest) // 2], 2),
        "p95": round(rest[int(len(rest) * 0.95)], 2),
    }


def read(url: str, n: int) -> dict[str, Any]:
    """Fill a database over DAYS partitions, and return the bytes of a log and how long readings take."""
    with database(url) as inner, closing(entry.opened(inner, dead_limit=DEAD_LIMIT)) as held:
        store = held.record.store
        stored = records(n, 1, DAYS)
        for start in range(0, n, 2_000):
            store.indexed([store.add(stored[start : start + 2_000]).mark])
        sql(inner, "VACUUM ANALYZE")
        middle, newest = stored[n // 2], store.newest_place()
        later = store.after(0, n // 2)[-1][0]
        some = [record.id for record in stored[:: max(1, n // 100)]]
        sizes = sql(
            inner,
            "SELECT coalesce((SELECT relname FROM pg_class WHERE oid = parent.inhparent), 'rows'), "
            "sum(CASE WHEN relkind = 'r' THEN pg_table_size(c.oid) ELSE pg_relation_size(c.oid) END)::bigint "
            "FROM pg_class c JOIN pg_inherits parent ON parent.inhrelid = c.oid GROUP BY 1 ORDER BY 1",
        )

        def page(query: Query) -> Callable[[], object]:
            return lambda: next(iter(store.walk(query)))

        steps: dict[str, Callable[[], object]] = {
            "newest 500": page(Query()),
            "500 from the middle": page(Query(after=middle.key)),
            "500 of one day, oldest first": page(Query(start=(middle.t, 0), end=(middle.t + DAY, 0), sort="asc")),
            "newest 500 by arrival": page(Query(clock="received")),
            "100 by id": lambda: store.get(some),
            "500 after a place": lambda: store.after(later, 500),
            "what is new: nothing": lambda: store.after(newest, 500),
            "newest place": store.newest_place,
            "what lacks in the index": store.lacking,
            "figures": store.stats,
        }
        began = time.perf_counter()
        walked = sum(len(chunk) for chunk in islice(store.walk(Query()), n // 500 + 1))
        return {
            "bytes_a_log": {name: round(size / n, 1) for name, size in sizes},
            "walked_per_s": round(walked / (time.perf_counter() - began)),
            "ms": {name: timed(step) for name, step in steps.items()},
        }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000, help="logs to read from (1,000,000)")
    parser.add_argument("--url", help="a server that runs, as postgresql://user@host/postgres")
    parser.add_argument("--folder", help="where the server's folder is made; other users must be able to enter it")
    parser.add_argument("--times", type=int, default=3, help="how often each rate is measured; the middle is shown (3)")
    parser.add_argument("--no-save", action="store_true", help="print only; write nothing to bench/results")
    given = parser.parse_args()
    figures: dict[str, Any] = {"machine": run.probed()}
    with server(given) as url:
        figures["server"] = sql(url, "SHOW server_version")[0][0]
        figures["added_per_s"] = rates(url, given.times)
        figures["read"] = read(url, given.n)
    run.save("store", given, figures, table(figures))


def table(figures: dict[str, Any]) -> list[str]:
    """Return the figures as Markdown."""
    rows = [f"PostgreSQL {figures['server']}.", "", "| workers, logs a commit | logs/s |", "|---|---:|"]
    rows += [f"| {name} | {rate:,} |" for name, rate in figures["added_per_s"].items()]
    read_ = figures["read"]
    sizes = ", ".join(f"{name} {size}" for name, size in read_["bytes_a_log"].items())
    rows += ["", f"Bytes a log: {sizes}. A walk over all reads {read_['walked_per_s']:,} logs/s.", ""]
    rows += [f"| over {DAYS} partitions | first ms | p50 | p95 |", "|---|---:|---:|---:|"]
    rows += [f"| {name} | {ms['first']} | {ms['p50']} | {ms['p95']} |" for name, ms in read_["ms"].items()]
    return rows


if __name__ == "__main__":
    main()
