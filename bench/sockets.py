"""Sockets: what open pages cost those who send. Single POST/s with and without 500 sockets, in turn, and what arrives there.

python -m bench.sockets                   500 sockets; about two minutes
python -m bench.sockets --sockets 2000    ulimit -n must allow it
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import connect

from bench import client, machine, run
from tests.e2e.program import Server

#: Share of the sockets that follow notices, as a page without a live tail does; the others follow logs.
NOTICES = 0.2
#: Different filters of the tails, and logs a second that fit all of them.
FILTERS, RATE = 20, 2.0
#: Turns of without and with, and seconds of single POSTs in each.
TURNS, SECONDS, CONNECTIONS = 4, 8.0, 32
#: Sockets that are opened at once.
OPENING = 50


def addresses(url: str, count: int) -> Iterator[str]:
    """Yield the address of each socket."""
    base = url.replace("http", "ws", 1)
    for n in range(count):
        fits = quote(f"level:fatal AND metadata.n:>={-(n % FILTERS)}")
        yield f"{base}/notices" if n < count * NOTICES else f"{base}/logs/tail?q={fits}"


async def hold(url: str, count: int) -> None:
    """Hold sockets until standard input ends; then print how many were open, what came and how late. A process of its own."""
    delays: list[float] = []
    opening = asyncio.Semaphore(OPENING)

    async def one(address: str, opened: asyncio.Event) -> None:
        async with opening:
            socket = await connect(address, open_timeout=60, max_size=None, compression=None)
        opened.set()
        async for text in socket:
            message = json.loads(text)
            if "metadata" in message:
                delays.append((time.time() - message["metadata"]["sent"]) * 1000)

    events = [asyncio.Event() for _ in range(count)]
    tasks = [asyncio.create_task(one(*pair)) for pair in zip(addresses(url, count), events, strict=True)]
    await asyncio.gather(*(event.wait() for event in events))
    print("open", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    still = sum(not task.done() for task in tasks)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"still_open": still, "delays": delays, "cpu": used.ru_utime + used.ru_stime}), flush=True)
    for task in tasks:
        task.cancel()


@contextmanager
def held(url: str, count: int) -> Iterator[dict[str, Any]]:
    """Hold sockets in another process; what it found is in the dictionary afterwards."""
    found: dict[str, Any] = {}
    command = [sys.executable, "-m", "bench.sockets", "--hold", url, "--sockets", str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        if process.stdout.readline() != "open\n":
            raise RuntimeError("the sockets could not be opened")
        yield found
        found |= json.loads(process.communicate()[0])


class Sender(threading.Thread):
    """Sends a log that fits all tails, RATE times a second, until it is told to stop."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.sent = 0
        self._url = url
        self._over = threading.Event()

    def run(self) -> None:
        """Do it."""
        connection = client.Connection(self._url)
        while not self._over.wait(1 / RATE):
            log = {"level": "fatal", "message": "seen by all", "metadata": {"n": 1, "sent": time.time()}}
            connection.request("POST", "/logs/ingest/", json.dumps(log).encode())
            self.sent += 1

    def close(self) -> None:
        """Stop."""
        self._over.set()
        self.join()


def singles(server: Server) -> float:
    """Return single POST/s, once all that was sent before is stored."""
    connection = client.Connection(server.url)
    while connection.unfound():
        time.sleep(0.1)
    found = client.singles(server.url, CONNECTIONS, SECONDS, run.DATA / "single.lua")
    if found.refused:
        raise RuntimeError(f"{found.refused} were not accepted")
    return found.per_second


def turn(server: Server, count: int) -> dict[str, Any]:
    """Measure without sockets, then with them."""
    without = singles(server)
    before = machine.memory_mib(server.webs())
    with held(server.url, count) as found:
        open_ = machine.memory_mib(server.webs())
        sender = Sender(server.url)
        sender.start()
        with_sockets = singles(server)
        sender.close()
        time.sleep(1)
    tails = count - int(count * NOTICES)
    return {
        "without_per_s": round(without),
        "with_per_s": round(with_sockets),
        "ratio": round(with_sockets / without, 3),
        "still_open": found["still_open"],
        "messages": len(found["delays"]),
        "messages_expected": sender.sent * tails,
        "delay_p50_ms": round(client.percentile(found["delays"], 50), 1),
        "delay_p99_ms": round(client.percentile(found["delays"], 99), 1),
        "kib_per_socket": round((open_ - before) * 1024 / count, 1),
        "client_cpu_s": round(found["cpu"], 1),
    }


def main() -> None:
    """Measure and keep the figures."""
    parser = run.parser(__doc__ or "")
    parser.add_argument("--sockets", type=int, default=500, help="sockets to hold (500)")
    parser.add_argument("--hold", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.hold:
        asyncio.run(hold(given.hold, given.sockets))
        return
    del given.hold
    found = run.probed()
    with run.serving(given) as server:
        turns = [turn(server, given.sockets) for _ in range(TURNS)]
    run.save("sockets", given, {"machine": found, "turns": turns}, table(turns, given.sockets))


def table(turns: list[dict[str, Any]], count: int) -> list[str]:
    """Return the figures as a table."""
    head = (
        "POST/s without",
        f"with {count}",
        "ratio",
        "still open",
        "messages (expected)",
        "delay p50 / p99, ms",
        "KiB a socket",
    )
    rows = [
        f"| {one['without_per_s']:,} | {one['with_per_s']:,} | {one['ratio']} | {one['still_open']} | {one['messages']:,} "
        f"({one['messages_expected']:,}) | {one['delay_p50_ms']} / {one['delay_p99_ms']} | {one['kib_per_socket']} |"
        for one in turns
    ]
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows]


if __name__ == "__main__":
    main()
