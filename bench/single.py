"""Single: one log a request, over one connection in turn and over many, with what each request cost the parts.

python -m bench.single                          ten seconds each
python -m bench.single --against ../other       in turn with the program of another checkout, five pairs of four seconds

The database is not empty when it is measured: its write-ahead log has been started anew, as that of a program that runs has.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path

from bench import client, run
from bench.idle import spent
from tests.e2e.program import ROOT, Server

#: Connections of the two measurements.
CONNECTIONS = (1, 32)
#: Seconds of single logs before anything is measured, over many connections.
WARM_SECONDS = 2.0
#: What is shown of each measurement, and how many decimals it has.
SHOWN = {
    "per_second": ("POST/s", 0),
    "p50_ms": ("p50, ms", 2),
    "p99_ms": ("p99, ms", 2),
    "web_us": ("web CPU, µs", 0),
    "worker_us": ("worker CPU, µs", 0),
    "web_waits": ("waits of the web's threads", 1),
}


def measured(server: Server, connections: int, seconds: float) -> dict[str, float]:
    """Send single logs; return rate and times, and what a request cost the parts."""
    parts, script = run.processes(server), run.DATA / "single.lua"
    before = {part: spent(pids) for part, pids in parts.items()}
    found = client.singles(server.url, connections, seconds, script)
    if found.refused:
        raise RuntimeError(f"{found.refused} logs were not accepted")
    after, count = {part: spent(pids) for part, pids in parts.items()}, found.per_second * seconds
    web, worker = (
        [one - other for one, other in zip(after[part], before[part], strict=True)] for part in ("web", "worker")
    )
    return {
        "per_second": found.per_second,
        "p50_ms": found.p50_ms,
        "p99_ms": found.p99_ms,
        "web_us": web[0] / count / 1000,
        "worker_us": worker[0] / count / 1000,
        "web_waits": web[1] / count,
    }


def turn(root: Path, settings: dict[str, str], seconds: float) -> dict[int, dict[str, float]]:
    """Run the program of a checkout on an empty folder; return its figures by the number of connections."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=run.DATA))
    server = Server(folder, **settings)
    server.root = root
    try:
        server.start()
        client.singles(server.url, CONNECTIONS[-1], WARM_SECONDS, run.DATA / "single.lua")
        time.sleep(1)  # the worker moves what waits
        return {connections: measured(server, connections, seconds) for connections in CONNECTIONS}
    finally:
        if server.url:
            server.stop()
        shutil.rmtree(folder)


def main() -> None:
    """Measure and keep the figures."""
    parser = run.parser(__doc__ or "")
    parser.add_argument(
        "--against", type=Path, help="another checkout, whose program is measured in turn with this one"
    )
    parser.add_argument("--seconds", type=float, help="seconds of each measurement (10; 4 in pairs)")
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    found, settings = run.probed(), dict(setting.split("=", 1) for setting in given.set)
    roots = {"this": ROOT} if given.against is None else {"this": ROOT, "other": given.against.resolve()}
    turns: dict[str, list[dict[int, dict[str, float]]]] = {name: [] for name in roots}
    for pair in range(1 if given.against is None else given.pairs):
        # Who is first changes, as what runs beside them may.
        for name in sorted(roots, reverse=bool(pair % 2)):
            turns[name].append(turn(roots[name], settings, given.seconds or (10 if given.against is None else 4)))
    given.against = None  # a path of this machine
    run.save("single", given, {"machine": found, "turns": turns}, table(turns))


def table(turns: dict[str, list[dict[int, dict[str, float]]]]) -> list[str]:
    """Return the middle of all turns, beside each other."""
    rows = []
    for connections in CONNECTIONS:
        for name, (shown, decimals) in SHOWN.items():
            middle = {who: statistics.median(one[connections][name] for one in each) for who, each in turns.items()}
            cells = [f"{value:,.{decimals}f}" for value in middle.values()]
            ratio = [f"{middle['this'] / middle['other']:.2f}"] if middle.get("other") else []
            rows.append(" | ".join([f"| {connections}", shown, *cells, *ratio]) + " |")
    heads = ["connections", "", *turns, *(["this by other"] if "other" in turns else [])]
    return ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *rows]


if __name__ == "__main__":
    main()
