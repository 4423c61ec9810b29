"""Idle: what an instance that nobody uses costs, by process, and how soon a log that comes then is found.

python -m bench.idle                   two minutes of nothing, then 60 logs; about four minutes
python -m bench.idle --seconds 600
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path

from bench import client, run
from tests.e2e.program import Server

#: Seconds after the start until all that a start brings is over.
SETTLE_SECONDS = 30.0
#: Single logs sent to an idle instance, and the seconds between two of them.
LOGS, GAP_SECONDS = 60, (0.5, 2.5)
#: Seconds between two searches for a log, and within which it must be found.
LOOK_SECONDS, FOUND_SECONDS = 0.002, 30.0


def spent(pids: Sequence[int]) -> tuple[int, int]:
    """Return what all threads of the processes took until now: ns of processor time, and how often they began to wait."""
    time_ns = waits = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            # proc(5): /proc/<pid>/stat counts in hundredths of a second, of which an idle process takes a few in a minute.
            time_ns += int((thread / "schedstat").read_text().split()[0])
            status = (thread / "status").read_text()
            waits += int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return time_ns, waits


def idle(server: Server, seconds: float) -> dict[str, dict[str, float]]:
    """Leave the instance alone; return per part the share of a core in percent, and waits a second."""
    time.sleep(SETTLE_SECONDS)
    parts = run.processes(server)
    before, began = {part: spent(pids) for part, pids in parts.items()}, time.monotonic()
    time.sleep(seconds)
    after, lasted = {part: spent(pids) for part, pids in parts.items()}, time.monotonic() - began
    return {
        part: {
            "percent": round((after[part][0] - before[part][0]) / lasted / 1e7, 4),
            "waits_per_s": round((after[part][1] - before[part][1]) / lasted, 1),
            "processes": len(pids),
        }
        for part, pids in parts.items()
    }


def arrivals(server: Server) -> dict[str, float]:
    """Send single logs with pauses; return how long each took from the beginning of its POST until it was found, in ms."""
    connection, took, chance = client.Connection(server.url), list[float](), random.Random(1)
    for n in range(LOGS):
        time.sleep(chance.uniform(*GAP_SECONDS))
        began = time.perf_counter()
        connection.request("POST", "/logs/ingest/", json.dumps({"message": f"idle word{n}x"}).encode())
        while not connection.get("/logs", q=f"word{n}x", limit="1", count="none")["results"]:
            if time.perf_counter() - began > FOUND_SECONDS:
                raise RuntimeError(f"after {FOUND_SECONDS:.0f} s log {n} can't be found")
            time.sleep(LOOK_SECONDS)
        took.append((time.perf_counter() - began) * 1000)
    return {f"p{part}_ms": round(client.percentile(took, part), 1) for part in (50, 95, 99)}


def table(parts: dict[str, dict[str, float]], found: dict[str, float]) -> list[str]:
    """Return the figures as a table."""
    rows = [f"| {part} | {of['processes']} | {of['percent']:.3f} | {of['waits_per_s']} |" for part, of in parts.items()]
    whole = sum(of["percent"] for of in parts.values())
    waits = sum(of["waits_per_s"] for of in parts.values())
    return [
        "| part | processes | % of a core | waits a second |",
        "|---|---|---|---|",
        *rows,
        f"| **all** | {sum(of['processes'] for of in parts.values())} | **{whole:.3f}** | {waits:.1f} |",
        "",
        f"A log that comes then, POST to found: p50 {found['p50_ms']} ms, p95 {found['p95_ms']} ms, p99 {found['p99_ms']} ms.",
    ]


def main() -> None:
    """Measure and keep the figures."""
    parser = run.parser(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=120.0, help="seconds of nothing (120)")
    given = parser.parse_args()
    described = run.probed()
    with run.serving(given) as server:
        parts = idle(server, given.seconds)
        found = arrivals(server)
    run.save("idle", given, {"machine": described, "idle": parts, "found": found}, table(parts, found))


if __name__ == "__main__":
    main()
