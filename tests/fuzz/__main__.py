"""Spoilt requests to a door of the running program: no answer is 500, none is late, and its memory stays as it is.

python -m tests.fuzz                     every door, a minute each
python -m tests.fuzz loki --minutes 10   one door, for ten minutes; names are those of tests/web/doors/table.py and of listeners
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import socket
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.program import Server, wait_for
from tests.fuzz.bodies import MESSAGES, request
from tests.services.server import free_ports
from tests.web.doors.table import ROWS

#: Seconds after which an answer counts as none, and between two looks at the memory.
HANG_SECONDS, LOOK_SECONDS = 30.0, 2.0
#: The share of the time in which memory may grow: caches fill, libraries are loaded.
WARM = 0.4
#: Messages a second to a listener: more would wait in its memory, for which it has 64 MiB, on a busy machine.
PACE = 1_000
#: By how many MiB a process may grow when it is warm: one large body, and what the allocator keeps of it.
GROWTH_MIB = 48.0


@dataclass
class Found:
    """What became of the requests, or messages, to one door."""

    door: str
    sent: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    #: (seconds since the start, MiB) of the largest web process or of the listener, and of the worker.
    memory: list[tuple[float, float, float]] = field(default_factory=list)
    #: Seconds of processor time that what takes logs, and the worker, took so far.
    busy: tuple[float, float] = (0.0, 0.0)
    faults: list[str] = field(default_factory=list)

    def warm(self, part: int) -> tuple[float, float]:
        """Return the most memory of a part (1 or 2) in the middle of the time and at its end, in MiB."""
        warm = [one[part] for one in self.memory if one[0] >= WARM * self.seconds]
        half = len(warm) // 2 or 1
        return max(warm[:half], default=0.0), max(warm[half:], default=0.0)

    def judge(self) -> None:
        """Add what the figures say against the door."""
        self.faults += [f"{count} answers of {status}" for status, count in self.statuses.items() if status == 500]
        for part, name in ((1, "what takes logs"), (2, "the worker")):
            before, after = self.warm(part)
            if after > before + GROWTH_MIB:
                self.faults.append(f"{name} grew from {before:.0f} to {after:.0f} MiB")

    def row(self) -> str:
        """Return the figures as a row of a table."""
        statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(self.statuses.items()))
        memory = "; ".join(f"{before:.0f} to {after:.0f}" for before, after in (self.warm(1), self.warm(2)))
        slowest = f"{self.slowest * 1000:.0f} ms" if self.statuses else "–"
        busy = "; ".join(f"{one:.0f}" for one in self.busy)
        return f"| {self.door} | {self.seconds / 60:.1f} | {self.sent:,} | {busy} | {statuses or '–'} | {slowest} | {memory} | {'; '.join(self.faults) or 'none'} |"


HEAD = (
    "| door | minutes | sent | CPU, s: of what takes logs; of the worker | answers | slowest | MiB of what takes logs; of the worker | faults |",
    "|---|---|---|---|---|---|---|---|",
)


def resident(pids: list[int]) -> float:
    """Return the memory of the largest of these processes, in MiB."""
    sizes = [0]
    for pid in pids:
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            sizes.append(int(next(line for line in lines if line.startswith("VmRSS")).split()[1]))
    return max(sizes) / 1024


def busy(pids: list[int]) -> float:
    """Return the processor time that these processes took so far, in seconds."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):
            # Fields 14 and 15 of the whole line (proc_pid_stat(5)); the name in the second may hold blanks.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Watch:
    """Looks at memory and processor time now and then, and at whether all processes are those that began."""

    def __init__(self, server: Server, part: str, found: Found, seconds: float) -> None:
        self._server, self._part, self._found = server, part, found
        self._began, self._until = time.monotonic(), time.monotonic() + seconds
        self._next = 0.0
        wait_for(lambda: server.children(part) and server.workers(), HANG_SECONDS, "a process of each kind")
        self._takers, self._workers = server.children(part), server.workers()

    def goes_on(self) -> bool:
        """Note the memory; return whether time is left."""
        now = time.monotonic()
        self._found.seconds = now - self._began
        if now >= self._next:
            self._next = now + LOOK_SECONDS
            self._found.memory.append((self._found.seconds, resident(self._takers), resident(self._workers)))
            self._found.busy = busy(self._takers), busy(self._workers)
            if not {*self._takers, *self._workers} <= set(self._server.children()):
                self._found.faults.append("a process ended")
                return False
        return now < self._until


def ask(server: Server, found: Found, seconds: float, chance: random.Random) -> None:
    """Send spoilt requests over one connection, which is opened anew where it was closed."""
    address, watch = urlsplit(server.url), Watch(server, "\0web\0", found, seconds)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=HANG_SECONDS)
    while watch.goes_on():
        path, body, headers = request(chance, ROWS[found.door])
        began = time.monotonic()
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            found.statuses[answer.status] += 1
        except TimeoutError:
            found.faults.append(f"no answer to {body[:200]!r} with {headers} in {HANG_SECONDS:.0f} s")
            connection.close()
        except (OSError, http.client.HTTPException):
            connection.close()
            found.statuses[0] += 1
        found.sent += 1
        found.slowest = max(found.slowest, time.monotonic() - began)
    connection.close()


def tell(server: Server, found: Found, seconds: float, chance: random.Random, port: int) -> None:
    """Send spoilt messages to a listener."""
    way = socket.SOCK_STREAM if found.door.endswith("tcp") else socket.SOCK_DGRAM
    watch, message = Watch(server, "\0syslog\0", found, seconds), MESSAGES[found.door]
    while watch.goes_on():
        with socket.socket(socket.AF_INET, way) as plain, suppress(ConnectionError):
            plain.settimeout(HANG_SECONDS)
            plain.connect(("127.0.0.1", port))
            count = chance.choice((1, 20, 200))
            for _ in range(count):
                plain.send(message(chance)[:60_000])
                found.sent += 1
            time.sleep(count / PACE)


def is_found(server: Server, word: str) -> bool:
    """Return whether a log that says so is found."""
    return int(server.request("GET", f"/logs?q={word}&limit=1&count=exact")[1].get("total", 0)) > 0


def fuzz(door: str, seconds: float, seed: int) -> Found:
    """Run the program, spoil what its door gets for so many seconds, and see whether the door still takes what is right."""
    found, chance, port = Found(door), random.Random(seed), free_ports(1)[0]
    protocol, _, way = door.partition(" ")
    listen = {"LISTEN": f"{'gelf+' if protocol == 'gelf' else ''}{way}://127.0.0.1:{port}"} if door in MESSAGES else {}
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        server = Server(Path(folder), **listen)
        server.start()
        try:
            if door in MESSAGES:
                wait_for(lambda: " listens at " in server.console, HANG_SECONDS, "the listener")
                tell(server, found, seconds, chance, port)
            else:
                ask(server, found, seconds, chance)
            server.ingest({"message": "afterwards"})
            wait_for(lambda: is_found(server, "afterwards"), 120.0 + seconds, "what was sent afterwards")
            found.judge()
        finally:
            server.stop()
    return found


def main() -> int:
    """Spoil what each door gets; print the figures, and return 1 where a door has a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("doors", nargs="*", metavar="DOOR", help=", ".join((*ROWS, *MESSAGES)))
    parser.add_argument("--minutes", type=float, default=1.0, help="minutes for each door (1)")
    parser.add_argument("--seed", type=int, default=1, help="another seed spoils otherwise (1)")
    given = parser.parse_args()
    doors = given.doors or [*ROWS, *MESSAGES]
    if unknown := [door for door in doors if door not in (*ROWS, *MESSAGES)]:
        parser.error(f"no door is called {', '.join(unknown)}")
    print("\n".join(HEAD), flush=True)
    faults = 0
    for door in doors:
        found = fuzz(door, given.minutes * 60, given.seed)
        faults += len(found.faults)
        print(found.row(), flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
