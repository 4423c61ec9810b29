"""Malformed: bodies and queries that no client should send, by every door and reader's route: does the server stand, and stay small?

python -m bench.malformed                     1,000,000 bodies and 1,000,000 queries; hours
python -m bench.malformed --n 20000           a quick look

Requests are made by tests.malformed from their numbers. It fails where a process ended, a request got no answer, or one that says that the server failed.
"""

from __future__ import annotations

import argparse
import http.client
import math
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench import machine, run
from tests import malformed
from tests.e2e.program import Server

#: What is sent: malformed bodies to the doors, malformed queries to the readers' routes.
KINDS = {"bodies": malformed.body, "queries": malformed.query}
#: Requests that a sender takes at a time, seconds between two looks at the memory, and bad answers that are named.
PIECE, LOOK_SECONDS, NAMED = 500, 10.0, 20
#: Seconds within which an answer must come: long, so that all of it can be held while somebody measures.
ANSWER_SECONDS = 900.0


@dataclass
class Answers:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    #: Numbers of the requests that got none, or one that says that the server failed, and what it was.
    bad: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Answers) -> None:
        """Count what another sender got too."""
        self.statuses += other.statuses
        self.bad += other.bad


def send(url: str, kind: str, numbers: range) -> Answers:
    """Send the requests of these numbers, one after another, over one connection that is kept open."""
    address, found = urlsplit(url), Answers()
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_SECONDS)
    for number in numbers:
        one = KINDS[kind](number)
        try:
            status, text = _answer(connection, one)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            found.bad.append((number, f"no answer: {error!r}"))
            continue
        found.statuses[status] += 1
        if not malformed.may_answer(status):
            found.bad.append((number, f"{status} {text[:200]!r}"))
    connection.close()
    return found


def _answer(connection: http.client.HTTPConnection, one: malformed.Hostile) -> tuple[int, bytes]:
    """Send a request, and once more on a new connection where the kept one was closed meanwhile, as browsers do; return status and body."""
    kept = connection.sock is not None
    try:
        connection.request(one.method, one.path, one.body, one.headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (http.client.RemoteDisconnected, ConnectionError):
        connection.close()
        if not kept:
            raise
    return _answer(connection, one)


def pieces(first: int, count: int) -> Iterator[range]:
    """Yield *count* numbers from *first* on, in pieces."""
    for start in range(first, first + count, PIECE):
        yield range(start, min(start + PIECE, first + count))


def measure(server: Server, kind: str, given: argparse.Namespace) -> dict[str, Any]:
    """Send all requests of a kind; return the answers' statuses, the bad ones, and the memory meanwhile in MiB by part."""
    answers, memory, began = Answers(), [], time.perf_counter()
    before = run.processes(server)
    with ProcessPoolExecutor(given.senders, multiprocessing.get_context("spawn")) as pool:
        waiting: set[Future[Answers]] = {
            pool.submit(send, server.url, kind, some) for some in pieces(given.first, given.n)
        }
        while waiting and run.processes(server) == before and time.perf_counter() - began < given.seconds:
            done, waiting = wait(waiting, LOOK_SECONDS)
            for one in done:
                answers.add(one.result())
            memory.append({part: round(machine.memory_mib(pids)) for part, pids in before.items()})
            print(
                f"{kind}: {answers.statuses.total():,} answered, {len(answers.bad)} bad; MiB {memory[-1]}", flush=True
            )
        for one in waiting:
            one.cancel()
    step = max(len(memory) // 10, 1)
    return {
        "requests": answers.statuses.total(),
        "per_s": round(answers.statuses.total() / (time.perf_counter() - began)),
        "statuses": dict(sorted(answers.statuses.items())),
        "bad": answers.bad[:NAMED],
        "ended": run.processes(server) != before,
        "memory_mib": memory[::step],
    }


def table(figures: dict[str, Any]) -> list[str]:
    """Return the figures as a table."""
    rows = []
    for kind, one in figures.items():
        said = ", ".join(f"{status}: {count:,}" for status, count in one["statuses"].items())
        web = [look["web"] for look in one["memory_mib"]]
        rows.append(
            f"| {kind} | {one['requests']:,} | {said} | {len(one['bad'])} | {'yes' if one['ended'] else 'no'} "
            f"| {', '.join(map(str, web))} | {one['per_s']:,} |"
        )
    return [
        "| | answered | by status | 5xx but 503, or no answer | a process ended | memory of the web processes by tenths, MiB | a second |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]


def main() -> None:
    """Send, keep the figures, and fail where the server did."""
    parser = run.parser(__doc__ or "")
    parser.add_argument("--senders", type=int, default=3, help="processes that send (3)")
    parser.add_argument("--first", type=int, default=0, help="number of the first request (0)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="what to send (both)")
    parser.add_argument("--seconds", type=float, default=math.inf, help="most seconds for each kind")
    given = parser.parse_args()
    found = run.probed()
    with run.serving(given) as server:
        measured = {kind: measure(server, kind, given) for kind in given.kinds}
    run.save("malformed", given, {"machine": found, **measured}, table(measured))
    if any(one["bad"] or one["ended"] for one in measured.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
