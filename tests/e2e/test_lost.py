"""Syslog with sequence numbers, some of which never arrive: all of those are told, and none else, whoever is killed.

LOST_LOGS says how many messages are sent; a thousandth of them is dropped before the door, one in a hundred comes late,
and the sender begins again twenty times.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.monitor.lost import SETTLED_MS
from tests.e2e.program import START_SECONDS, Server, wait_for
from tests.services.server import free_ports

pytestmark = pytest.mark.system

LOGS = int(os.environ.get("LOST_LOGS", "20000"))
STARTS = 20
#: How often a worker is killed meanwhile.
KILLS = min(10, LOGS // 5_000)
#: By how many messages one may come late, and how many travel at once.
LATE, PIECE = 200, 500
#: Where the sender's clock begins, in ms since 1970; a start takes it a minute.
EPOCH_MS = 1_767_323_045_000


def messages(chance: random.Random) -> tuple[list[bytes], set[tuple[int, int]]]:
    """Return the messages as they arrive, and which of which start are dropped: never the last, of which nobody can know."""
    each, dropped = LOGS // STARTS, set[tuple[int, int]]()
    # One in a thousand, by a way that loses several at once too.
    while len(dropped) < LOGS // 1_000:
        start, first = chance.randrange(STARTS), chance.randrange(1, each)
        room = LOGS // 1_000 - len(dropped)
        dropped |= {(start, n) for n in range(first, min(first + chance.choice((1, 1, 1, 5)), each))[:room]}
    sent: list[tuple[float, bytes]] = []
    for start in range(STARTS):
        for number in range(1, each + 1):
            if (start, number) in dropped:
                continue
            t = EPOCH_MS + start * (each * 2 + 60_000) + number * 2
            moment = datetime.fromtimestamp(t / 1000, UTC).isoformat(timespec="milliseconds")
            line = f'<14>1 {moment} server-17 app 812 - [meta sequenceId="{number}"] number {start} {number}\n'
            late = chance.uniform(1, LATE) if chance.random() < 0.01 else 0
            sent.append((len(sent) + late, line.encode()))
    return [line for _, line in sorted(sent)], dropped


def kill_workers(server: Server) -> None:
    """Kill -9 the worker, once there is one."""
    wait_for(server.workers, START_SECONDS, "a worker")
    for worker in server.workers():
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


@pytest.mark.timeout(900 + LOGS // 500)
def test_all_that_never_arrived_is_told_and_nothing_else(make_server: Callable[..., Server]) -> None:
    """In a notice, with how many there were; what comes late after all is taken back."""
    chance, port = random.Random(20261129), free_ports(1)[0]
    lines, dropped = messages(chance)
    server = make_server(LISTEN=f"tcp://127.0.0.1:{port}")
    server.start()
    wait_for(lambda: " syslog listens at " in server.console, 120, "the listener")
    pieces = [lines[start : start + PIECE] for start in range(0, len(lines), PIECE)]
    killed = {len(pieces) * number // (KILLS + 1) for number in range(1, KILLS + 1)}
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for number, piece in enumerate(pieces):
            connection.sendall(b"".join(piece))
            if number in killed:
                kill_workers(server)
            # So that some are killed while much waits, and some while nothing does.
            time.sleep(chance.choice((0.0, 0.1)))

        def total() -> int:
            return int(server.request("GET", "/logs?count=exact&limit=1&q=number")[1].get("total", 0))

        wait_for(lambda: total() >= len(lines), 300 + LOGS / 1_000, "all logs that were sent")
        assert total() == len(lines)
        said = told(server, f"{len(dropped):,} of {LOGS:,} never arrived")
        assert said.startswith("Syslog of server-17 (127.0.0.1):")
        # A store-and-forward relay brings them in the end: all but one.
        rest = sorted(dropped)[1:]
        each = LOGS // STARTS
        for start, number in rest:
            t = EPOCH_MS + start * (each * 2 + 60_000) + number * 2
            moment = datetime.fromtimestamp(t / 1000, UTC).isoformat(timespec="milliseconds")
            connection.sendall(
                f'<14>1 {moment} server-17 app 812 - [meta sequenceId="{number}"] number {start} {number}\n'.encode()
            )
        told(server, f"1 of {LOGS:,} never arrived")


def told(server: Server, text: str) -> str:
    """Wait for the notice that says so; return its text."""
    found: list[str] = []

    def look() -> bool:
        notices = server.get("/notices?state=open&kind=logs_lost")["notices"]
        found[:] = [one["text"] for one in notices]
        return any(text in one for one in found)

    try:
        wait_for(look, SETTLED_MS / 1000 + 60, f"a notice of {text}")
    except AssertionError:
        raise AssertionError(f"{text!r} is not said: {found}") from None
    return found[0]
