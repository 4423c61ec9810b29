"""Ingest: logs/s until accepted and until found, what it costs, single POSTs, and the time from POST to found.

python -m bench.ingest                    1,000,000 logs; some minutes
python -m bench.ingest --n 20000          a quick look
"""

from __future__ import annotations

import argparse
import resource
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import client, machine, run
from tests.e2e.program import Server

#: Seconds of single POSTs, and of the steady load during which visibility is measured.
SINGLE_SECONDS, VISIBLE_SECONDS = 10.0, 20.0
SINGLE_CONNECTIONS = 32
#: The steady load: logs a second, and logs in each of its requests.
STEADY_RATE, STEADY_BODY = 1_000, 10
#: Seconds between two looks at what can be found.
LOOK_SECONDS = 0.05
#: Seconds in which all accepted logs must be found.
FOUND_SECONDS = 900.0


class Memory:
    """Watches the server's memory while logs come in."""

    def __init__(self, server: Server) -> None:
        self._pids = run.processes(server)
        self.by_share: dict[int, float] = {}
        #: The most of each part, and of all together, whenever it was looked.
        self.peaks: dict[str, float] = {}

    def look(self, share: int) -> None:
        """Note the memory of all processes when *share* percent of the logs were sent."""
        if share not in self.by_share:
            found = {part: machine.memory_mib(pids) for part, pids in self._pids.items()}
            found["all"] = sum(found.values())
            self.by_share[share] = round(found["all"], 1)
            self.peaks = {part: round(max(mib, self.peaks.get(part, 0.0)), 1) for part, mib in found.items()}


def bulk(server: Server, path: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Send the file; return rates, costs and memory."""
    parts = run.processes(server)
    before = {part: machine.cpu_seconds(pids) for part, pids in parts.items()}
    own = resource.getrusage(resource.RUSAGE_SELF)
    memory, sent, guard = Memory(server), [0], threading.Lock()

    def progress(count: int) -> None:
        with guard:
            sent[0] += count
            memory.look(sent[0] * 10 // given.n * 10)

    began = time.perf_counter()
    accepted = client.send_all(server.url, path, given.body, given.connections, progress)
    until_accepted = time.perf_counter() - began
    until_found = until_accepted + wait_until_found(server.url, accepted)
    after = {part: machine.cpu_seconds(pids) for part, pids in parts.items()}
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "accepted": accepted,
        "accepted_per_s": round(accepted / until_accepted),
        "searchable_per_s": round(accepted / until_found),
        "cpu_us_per_log": {part: round((after[part] - before[part]) / accepted * 1e6, 1) for part in parts},
        "client_cpu_us_per_log": round(
            (mine.ru_utime + mine.ru_stime - own.ru_utime - own.ru_stime) / accepted * 1e6, 1
        ),
        "peak_mib": memory.peaks,
        "mib_by_percent_sent": memory.by_share,
    }


def wait_until_found(url: str, expected: int) -> float:
    """Return the seconds until nothing is pending; the exact total must then be *expected*."""
    began = time.perf_counter()
    connection = client.Connection(url)
    while connection.unfound():
        if time.perf_counter() - began > FOUND_SECONDS:
            raise RuntimeError(f"after {FOUND_SECONDS:.0f} s {connection.unfound()} logs can't be found")
        time.sleep(LOOK_SECONDS)
    took = time.perf_counter() - began
    total = connection.get("/logs", limit="1", count="exact")["total"]
    if total != expected:
        raise RuntimeError(f"{expected} logs were accepted and {total} are found")
    return took


def sizes(server: Server, path: Path, count: int) -> dict[str, float]:
    """Return bytes a log, as sent and as kept; the server must be stopped, so that its write-ahead log is folded in."""
    return {
        "sent": round(path.stat().st_size / count, 1),
        "kept": round(sum(file.stat().st_size for file in server.folder.glob("*.db*")) / count, 1),
    }


def main() -> None:
    """Measure and keep the figures."""
    given = run.parser(__doc__ or "").parse_args()
    path, found = run.log_file(given), run.probed()
    with run.serving(given) as server:
        figures: dict[str, Any] = {"machine": found, "bulk": bulk(server, path, given)}
        time.sleep(2)  # blocks are sealed between batches
        server.stop()
        figures["bytes_per_log"] = sizes(server, path, figures["bulk"]["accepted"])
        server.start()
        script = run.DATA / "single.lua"
        figures["singles"] = asdict(client.singles(server.url, SINGLE_CONNECTIONS, SINGLE_SECONDS, script))
        connection = client.Connection(server.url)
        while connection.unfound():
            time.sleep(LOOK_SECONDS)
        seen = client.visibility(server.url, STEADY_RATE, STEADY_BODY, VISIBLE_SECONDS)
        figures["visibility"] = {
            "logs_per_s": round(seen.logs_per_second),
            "samples": len(seen.took_ms),
            **{f"p{part}_ms": round(client.percentile(seen.took_ms, part), 1) for part in (50, 95)},
            "max_ms": round(max(seen.took_ms), 1),
        }
    run.save("ingest", given, figures, table(figures))


def table(figures: dict[str, Any]) -> list[str]:
    """Return the figures as a table."""
    bulk_, single, seen = figures["bulk"], figures["singles"], figures["visibility"]
    costs = ", ".join(f"{part} {cost}" for part, cost in bulk_["cpu_us_per_log"].items())
    peaks = ", ".join(f"{part} {peak:,.0f}" for part, peak in bulk_["peak_mib"].items())
    rows = {
        "logs": f"{bulk_['accepted']:,}",
        "logs/s until accepted": f"{bulk_['accepted_per_s']:,}",
        "logs/s until all are searchable": f"{bulk_['searchable_per_s']:,}",
        "CPU, µs a log": f"{costs} (client {bulk_['client_cpu_us_per_log']})",
        "peak memory, MiB": peaks,
        "memory by percent sent, MiB": ", ".join(
            f"{share} %: {mib:,.0f}" for share, mib in bulk_["mib_by_percent_sent"].items()
        ),
        "bytes a log": ", ".join(f"{name} {size:,}" for name, size in figures["bytes_per_log"].items()),
        f"single POST/s, {SINGLE_CONNECTIONS} connections ({single['client']})": f"{single['per_second']:,.0f}, "
        f"p50 {single['p50_ms']:.1f} ms, p99 {single['p99_ms']:.1f} ms, not accepted {single['refused']}",
        f"POST to found at {seen['logs_per_s']:,} logs/s": f"p50 {seen['p50_ms']} ms, p95 {seen['p95_ms']} ms, "
        f"max {seen['max_ms']} ms ({seen['samples']} samples)",
    }
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


if __name__ == "__main__":
    main()
