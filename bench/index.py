"""Index: how many logs a second go into OpenSearch, beside a plain mapping of the same logs, and how fast they are found.

python -m bench.index                     1,000,000 logs to find; some minutes
python -m bench.index --n 100000          a quick look

A server of its own is started, unless --url names one.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import opensearchpy

from app.log.record import IdSource, LogRecord
from app.ports.deadline import Budget
from app.query.filter import And, Contains, Equals, Exists, Filter, Matches, Phrase, Range, Words
from app.query.query import Query
from app.settings.settings import Retention
from app.systems.opensearch import OpenSearchIndex, documents, mapping
from app.times import instant
from bench import logs, run
from tests.services.opensearch import OpenSearch

#: Logs of one measurement of writing, and logs in one request.
ADDED = 100_000
CHUNK = 1_000
#: How often each question is asked after the first time.
TIMES = 20
MONTH = Retention(30 * 86_400)

#: What one would map without thinking: texts as words, the metadata in one field, everything else whole.
PLAIN = {
    "message": {"type": "text"},
    "timestamp": {"type": "date"},
    "metadata": {"type": "flat_object"},
    **{field: {"type": "keyword"} for field in ("level", "resourceId", "traceId", "spanId", "commit")},
}
QUESTIONS: dict[str, Query] = {
    "newest 100": Query(),
    "newest 100 of level=error": Query(Equals("level", "error")),
    "severity": Query(Range("level", 4, None)),
    "one trace": Query(Equals("traceId", "0" * 32)),
    "a word": Query(Words(logs.NEEDLE)),
    "two words": Query(Words("timeout gateway")),
    "a phrase": Query(Phrase("failed to connect")),
    "a rare part": Query(Contains("message", logs.Facts.RARE)),
    "a common part": Query(Contains("message", logs.Facts.COMMON)),
    "a pattern": Query(Matches("message", r"timeout after 1[0-9]{3}ms")),
    "a pattern without case": Query(Matches("message", r"(?i)^FAILED .* took 1\d\dms$")),
    "a word that begins so": Query(Matches("message", r"(?i)(?:^|[^\pL\pN])authentic")),
    "a value of the metadata": Query(Equals("metadata.parentResourceId", "server-0007")),
    "three at once": Query(And((Equals("level", "error"), Words("timeout"), Exists("metadata")))),
    "newest 100 by arrival": Query(clock="received"),
}


def records(n: int) -> list[LogRecord]:
    """Return *n* logs of bench.logs as records that arrive now."""
    made, ids = [], IdSource()
    for line in logs.lines(n):
        log = json.loads(line)
        t, ns = instant.parse(log["timestamp"])
        fields = (log.get(name) for name in ("resourceId", "traceId", "spanId", "commit", "metadata"))
        made.append(LogRecord(ids.take(1).to_bytes(16, "big"), t, ns, log["level"], log["message"], *fields))
    return made


@contextmanager
def server(given: argparse.Namespace) -> Iterator[str]:
    """Give the URL of a server."""
    if given.url:
        yield given.url
        return
    with tempfile.TemporaryDirectory(prefix="logingestor-bench-", dir=given.folder, ignore_cleanup_errors=True) as name:
        started = OpenSearch(Path(name), tied=True, heap=given.heap)
        started.start()
        try:
            yield started.url
        finally:
            started.stop()


def chunks(bodies: Sequence[tuple[str, bytes]]) -> list[bytes]:
    """Return documents as bodies of bulk requests."""
    lines = [b'{"create":{"_id":"%b"}}\n%b\n' % (identity.encode(), body) for identity, body in bodies]
    return [b"".join(lines[start : start + CHUNK]) for start in range(0, len(lines), CHUNK)]


def loaded(client: opensearchpy.OpenSearch, body: dict[str, Any], requests: Sequence[bytes]) -> tuple[float, float]:
    """Return documents a second, and bytes of each, of an index that is filled with the requests."""
    name = f"bench-{secrets.token_hex(6)}"
    client.indices.create(index=name, body=body)
    try:
        began = time.perf_counter()
        for request in requests:
            assert not client.bulk(body=request, index=name, params={"filter_path": "errors"})["errors"]
        seconds = time.perf_counter() - began
        client.indices.refresh(index=name)
        client.indices.forcemerge(index=name, max_num_segments=1, request_timeout=600)
        count = client.count(index=name)["count"]
        stats = client.indices.stats(index=name, metric="store")["_all"]["primaries"]["store"]
        return count / seconds, stats["size_in_bytes"] / count
    finally:
        client.indices.delete(index=name)


def written(url: str, made: Sequence[LogRecord], times: int) -> dict[str, Any]:
    """Return rates and sizes of both mappings, each in turn, and of the index's own `add`."""
    settings = {
        "index": {"number_of_shards": 3, "number_of_replicas": 0, "refresh_interval": "30s", "max_regex_length": 30_000}
    }
    ours = {"settings": settings, "mappings": mapping.template("bench", 1, 3, 0)["template"]["mappings"]}
    plain = {"settings": settings, "mappings": {"dynamic": "strict", "properties": PLAIN}}
    identities = [documents.document_id(record.id) for record in made]
    began = time.perf_counter()
    bodies = [documents.encode(record) for record in made]
    keys = (time.perf_counter() - began) / len(made) * 1e6
    sent = [json.dumps(record.sent_fields(), separators=(",", ":")).encode() for record in made]
    requests = {
        "plain mapping": (plain, chunks(list(zip(identities, sent, strict=True)))),
        "our mapping": (ours, chunks(list(zip(identities, bodies, strict=True)))),
    }
    rates: dict[str, list[float]] = {name: [] for name in (*requests, "our add")}
    sizes: dict[str, float] = {}
    with closing(opensearchpy.OpenSearch([url], timeout=120)) as client:
        # A server that was just started compiles first.
        for body, some in requests.values():
            loaded(client, body, some)
        for _ in range(times):
            for name, (body, some) in requests.items():
                rate, sizes[name] = loaded(client, body, some)
                rates[name].append(rate)
            rates["our add"].append(added(url, made))
    return {
        "per_s": {name: round(statistics.median(found)) for name, found in rates.items()},
        "bytes_a_log": {name: round(size) for name, size in sizes.items()},
        "document_us": round(keys, 1),
    }


def added(url: str, made: Sequence[LogRecord]) -> float:
    """Return how many logs a second one thread puts into an empty index, the refresh included."""
    with closing(OpenSearchIndex(f"{url}/bench{secrets.token_hex(6)}?replicas=0", retention=MONTH)) as index:
        began = time.perf_counter()
        for start in range(0, len(made), 2 * CHUNK):
            index.add(made[start : start + 2 * CHUNK])
        index.refresh()
        seconds = time.perf_counter() - began
        index.expire(None, len(made))
    return len(made) / seconds


def timed(step: Callable[[], object]) -> dict[str, float]:
    """Return the first time, the middle and the 95th of a hundred, in ms."""

    def once() -> float:
        began = time.perf_counter()
        step()
        return (time.perf_counter() - began) * 1000

    first, rest = once(), sorted(once() for _ in range(TIMES))
    return {"first": round(first, 1), "p50": round(rest[TIMES // 2], 1), "p95": round(rest[int(TIMES * 0.95)], 1)}


def found(url: str, made: Sequence[LogRecord]) -> dict[str, Any]:
    """Fill an index, and return how long each question takes, its exact total included."""
    slow = Budget(120)
    with closing(OpenSearchIndex(f"{url}/bench{secrets.token_hex(6)}?replicas=0", retention=MONTH)) as index:
        for start in range(0, len(made), 2 * CHUNK):
            index.add(made[start : start + 2 * CHUNK])
        index.refresh()
        middle = made[len(made) // 2]
        asked = {**QUESTIONS, "one trace": Query(Equals("traceId", str(middle.trace_id)))}
        asked["100 after the middle"] = Query(after=middle.key)
        steps: dict[str, Callable[[], object]] = {}
        totals: dict[str, int | None] = {}
        for name, query in asked.items():
            exact = replace(query, count="exact")
            totals[name] = index.find(exact, slow).total
            steps[name] = lambda exact=exact: index.find(exact, slow)  # type: ignore[misc]
        hour, error = 3_600_000, Query(_errors())
        steps["histogram by hour and level"] = lambda: index.histogram(Query(), hour, True, 0, slow)
        steps["histogram by minute of level=error"] = lambda: index.histogram(error, 60_000, False, 0, slow)
        steps["top values of level, resourceId"] = lambda: index.facets(Query(), ["level", "resourceId"], 10, slow)
        steps["fields"] = lambda: index.fields(Query(), slow)
        figures = {name: timed(step) for name, step in steps.items()}
        index.expire(None, len(made))
    return {"ms": figures, "totals": totals}


def _errors() -> Filter:
    return Equals("level", "error")


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000, help="logs to find (1,000,000)")
    parser.add_argument("--url", help="a server that runs, as http://host:port")
    parser.add_argument("--folder", help="where the server's folder is made")
    parser.add_argument("--heap", default="1g", help="memory of the server (1g)")
    parser.add_argument("--times", type=int, default=3, help="how often each rate is measured; the middle is shown (3)")
    parser.add_argument("--no-save", action="store_true", help="print only; write nothing to bench/results")
    given = parser.parse_args()
    figures: dict[str, Any] = {"machine": run.probed()}
    made = records(max(given.n, ADDED))
    with server(given) as url:
        figures["written"] = written(url, made[:ADDED], given.times)
        figures["found"] = found(url, made[: given.n])
    run.save("index", given, figures, table(figures))


def table(figures: dict[str, Any]) -> list[str]:
    """Return the figures as Markdown."""
    done = figures["written"]
    rows = [f"A document takes {done['document_us']} µs to make.", "", "| | logs/s | bytes a log |", "|---|---:|---:|"]
    rows += [f"| {name} | {rate:,} | {done['bytes_a_log'].get(name, '')} |" for name, rate in done["per_s"].items()]
    rows += ["", "| question | logs | first ms | p50 ms | p95 ms |", "|---|---:|---:|---:|---:|"]
    for name, ms in figures["found"]["ms"].items():
        total = figures["found"]["totals"].get(name)
        rows.append(f"| {name} | {'' if total is None else f'{total:,}'} | {ms['first']} | {ms['p50']} | {ms['p95']} |")
    return rows


if __name__ == "__main__":
    main()
