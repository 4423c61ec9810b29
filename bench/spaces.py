"""Spaces: how long a log of one space takes from its POST until it is found, alone and beside another space's flood.

python -m bench.spaces                    20 s alone, 20 s beside the flood, twice
python -m bench.spaces --seconds 5 --turns 1

The flood sends bodies without pause, from processes of its own; the other space posts one log at a time, and asks for it until it is there.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import subprocess
import sys
import time
from itertools import cycle
from multiprocessing.synchronize import Event
from typing import Any
from urllib.parse import quote, urlsplit

from bench import client, logs, run
from bench.idle import spent
from tests.e2e.program import ROOT, Server

#: Milliseconds of a log of the space that sends little: until its POST is answered, and until it is found.
Took = dict[str, list[float]]
#: Seconds between two logs of the space that sends little.
PAUSE_SECONDS = 0.02
#: Different bodies that the flood sends, again and again.
BODIES = 100


def command(server: Server, *words: str) -> str:
    """Run a command of the program on the server's folder; return what it prints."""
    whole = [sys.executable, "-m", "app.cli", *words]
    return subprocess.run(whole, cwd=ROOT, env=server.environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def token(server: Server, name: str, role: str, *options: str) -> str:
    """Make a token; return it."""
    return str(json.loads(command(server, "tokens", "create", name, "--role", role, "--json", *options))["token"])


class Speaker:
    """A connection with a token."""

    def __init__(self, url: str, token: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": client.NDJSON}

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Send a request; return status and body of its answer."""
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def flood(url: str, token: str, size: int, ended: Event, accepted: Any) -> None:
    """Send bodies of *size* logs until *ended*; count in *accepted* the logs that were taken."""
    made = list(logs.lines(size * BODIES))
    bodies = cycle("\n".join(made[place : place + size]).encode() for place in range(0, len(made), size))
    speaker = Speaker(url, token)
    while not ended.is_set():
        status, _ = speaker.ask("POST", "/logs/ingest/", next(bodies))
        if status == 202:
            with accepted.get_lock():
                accepted.value += size


def visits(url: str, writer: str, reader: str, seconds: float) -> Took:
    """Post single logs, one after another, and search each until it is found."""
    sending, asking = Speaker(url, writer), Speaker(url, reader)
    took: Took = {"answered": [], "found": []}
    began, name = time.perf_counter(), f"{time.time_ns():x}"
    while time.perf_counter() - began < seconds:
        word = f"probe{name}x{len(took['found'])}"
        posted = time.perf_counter()
        status, text = sending.ask("POST", "/logs/ingest/", json.dumps({"message": word}).encode())
        if status != 202:
            raise RuntimeError(f"{status} {text[:500]!r}")
        took["answered"].append((time.perf_counter() - posted) * 1000)
        while not json.loads(asking.ask("GET", f"/logs?q={quote(word)}&limit=1&count=none")[1])["results"]:
            time.sleep(0.002)
        took["found"].append((time.perf_counter() - posted) * 1000)
        time.sleep(PAUSE_SECONDS)
    return took


def beside(server: Server, tokens: dict[str, str], given: argparse.Namespace) -> dict[str, Any]:
    """Do the same beside the flood; return what the flood brought too, and what a log of all cost the worker."""
    context = multiprocessing.get_context("spawn")
    ended, accepted = context.Event(), context.Value("q", 0)
    arguments = (server.url, tokens["flood"], given.body, ended, accepted)
    senders = [context.Process(target=flood, args=arguments) for _ in range(given.connections)]
    for sender in senders:
        sender.start()
    before, began = spent(server.workers())[0], time.perf_counter()
    # The flood's queue is long before the first look.
    time.sleep(3)
    took = visits(server.url, tokens["writer"], tokens["reader"], given.seconds)
    ended.set()
    for sender in senders:
        sender.join()
    flooded = time.perf_counter() - began
    all_found(server.url, tokens["watcher"])
    return {
        **figures(took),
        "flood_logs_per_s": round(accepted.value / flooded),
        "found_after_s": round(time.perf_counter() - began - flooded, 1),
        "worker_us_per_log": round((spent(server.workers())[0] - before) / 1000 / accepted.value, 1),
    }


def all_found(url: str, reader: str) -> None:
    """Wait until nothing waits."""
    asking = Speaker(url, reader)
    while json.loads(asking.ask("GET", "/logs?limit=1&count=none")[1])["pending"]:
        time.sleep(0.1)


def figures(took: Took) -> dict[str, Any]:
    """Return the middle, the 95th percentile and the most of both times, and how many logs there were."""
    found: dict[str, Any] = {"logs": len(took["found"])}
    for name, values in took.items():
        found[f"{name}_ms"] = [
            round(value, 1) for value in (client.percentile(values, 50), client.percentile(values, 95), max(values))
        ]
    return found


def table(turns: list[dict[str, Any]]) -> list[str]:
    """Return the figures as a table."""
    rows = []
    for turn in turns:
        for name, one in turn.items():
            answered, found = (" / ".join(map(str, one[f"{what}_ms"])) for what in ("answered", "found"))
            flooded = "|".join(
                f" {one.get(key, '–')} " for key in ("flood_logs_per_s", "found_after_s", "worker_us_per_log")
            )
            rows.append(f"| {name} | {one['logs']} | {answered} | {found} |{flooded}|")
    return [
        "| | logs | answered, ms: p50 / p95 / most | found, ms: p50 / p95 / most | flood, logs/s | flood found after, s | worker, µs a log |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]


def main() -> None:
    """Measure and keep the figures."""
    parser = run.parser(__doc__ or "")
    parser.set_defaults(body=500)
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds alone, and beside the flood (20)")
    parser.add_argument("--turns", type=int, default=2, help="how often (2)")
    given = parser.parse_args()
    given.set += ["AUTH=required", "ADMIN_PASSWORD=only-for-measuring"]
    described, turns = run.probed(), list[dict[str, Any]]()
    with run.serving(given) as server:
        for space in ("quiet", "loud"):
            command(server, "spaces", "add", space)
        tokens = {
            "flood": token(server, "flood", "writer", "--space", "loud"),
            "writer": token(server, "writer", "writer", "--space", "quiet"),
            "reader": token(server, "reader", "reader", "--space", "quiet"),
            "watcher": token(server, "watcher", "reader"),
        }
        visits(server.url, tokens["writer"], tokens["reader"], 2)
        for _ in range(given.turns):
            alone = figures(visits(server.url, tokens["writer"], tokens["reader"], given.seconds))
            turns.append({"alone": alone, "beside the flood": beside(server, tokens, given)})
            print(json.dumps(turns[-1]), flush=True)
    run.save("spaces", given, {"machine": described, "turns": turns}, table(turns))


if __name__ == "__main__":
    main()
