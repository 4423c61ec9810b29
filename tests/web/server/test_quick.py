"""The quick way: over real connections, what goes it is answered and kept as what goes the usual way."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trials

from app.accept.report import CountReporter
from app.errors import QueueFull, Unavailable
from app.web.accounts import verify
from app.web.api import ingest
from app.web.security import access
from app.web.server.lane import connection as quick
from tests.e2e.program import wait_for
from tests.thorough import examples
from tests.web.requested import SERIES, compare
from tests.web.sides import JSON, KINDS, Side
from tests.web.wired import Wired, answer

pytestmark = pytest.mark.long

Make = Callable[..., Wired]
LOG = b'{"message":"m"}'


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make servers of a kind, with the lane or without; for all of them no time passes."""
    made: list[Wired] = []
    now, clock = int(time.time() * 1000), SimpleNamespace(at=0.0)
    monkeypatch.setattr(ingest, "now_ms", lambda: now)
    monkeypatch.setattr(verify, "FRESH_SECONDS", 3_600.0)
    monkeypatch.setattr(CountReporter, "due", lambda _: None)
    monkeypatch.setattr(access, "time", SimpleNamespace(monotonic=lambda: clock.at))

    def maker(kind: str = "open", *, lane: bool = True, **more: Any) -> Wired:
        made.append(Wired(Side(tmp_path / str(len(made)), lane=lane, **KINDS[kind]), **more))
        # Not before its tokens were looked up.
        clock.at = time.monotonic()
        return made[-1]

    yield maker
    for one in made:
        one.close()


@pytest.mark.parametrize("kind", KINDS)
@given(series=SERIES)
@trials(max_examples=examples(30), deadline=None)
def test_any_requests_are_answered_and_kept_as_by_flask(make: Make, kind: str, series: Any) -> None:
    """Status, headers and body of each, whatever it is and what is sent beside it; and all that is kept of them."""
    compare(make(kind), make(kind, lane=False), kind, series)


@pytest.mark.parametrize("kind", ["open", "closed"])
def test_plain_logs_never_meet_the_bridge(make: Make, kind: str) -> None:
    """Alone, several at once, and one after the other over one connection."""
    wired = make(kind)
    for count in (1, 3, 1):
        found = wired.send(*[{"body": LOG, "token": 0}] * count)
        assert [status for status, *_ in found] == [202] * count
    assert (wired.bridged, wired.side.went) == (0, ["answered"] * 5)
    assert len(wired.kept()[0]) == 5


def test_beneath_a_prefix_and_without_it_the_way_is_the_same(make: Make) -> None:
    """A proxy may pass a path whole, or cut (app/web/server/mount.py)."""
    wired = make()
    assert wired.bridge.quick is not None
    wired.bridge.quick.mounted("/of/ours")
    paths = ("/of/ours/logs/ingest/", "/logs/ingest", "/of/ours/logs/ingest")
    assert [wired.send({"body": LOG, "path": path})[0][0] for path in paths] == [202] * 3
    assert (wired.bridged, len(wired.kept()[0])) == (0, 3)


@pytest.mark.parametrize("pause", [0.0, 3 * quick.BODY_SECONDS])
def test_a_body_may_come_behind_its_head(make: Make, pause: float) -> None:
    """Right behind it, as most clients send it; one that takes long goes the usual way."""
    wired = make()
    with wired.connect() as client:
        for _ in range(2):
            raw = wired.raw(body=LOG)
            for piece in (raw[:-10], raw[-10:-3], raw[-3:]):
                client.sendall(piece)
                time.sleep(pause or 0.01)
            assert answer(client)[0] == 202
    assert wired.bridged == (2 if pause else 0)
    assert len(wired.kept()[0]) == 2


def test_a_body_larger_than_any_may_be_is_refused_by_its_length(make: Make) -> None:
    """However small that is."""
    wired = make(body_limit=len(LOG))
    assert [wired.send({"body": body})[0][0] for body in (LOG, LOG + b" ", LOG)] == [202, 413, 202]
    assert wired.bridged == 1


def test_requests_sent_ahead_are_answered_in_their_order(make: Make) -> None:
    """Plain ones, and such as the lane knows nothing of."""
    wired = make()
    ways = [{}, {"body": b"{"}, {"headers": (JSON, (b"x-other", b"1"))}, {}, {"path": "/logs/nothing"}, {"query": b"strict=1"}, {}]  # fmt: skip
    with wired.connect() as client:
        client.sendall(b"".join(wired.raw(**{"body": LOG} | one) for one in ways))
        assert [answer(client)[0] for _ in ways] == [202, 400, 202, 202, 404, 202, 202]
    assert len(wired.kept()[0]) == 5


@pytest.mark.parametrize("error", [QueueFull("full", retry_after=7), Unavailable("away", kept_unknown=True), OSError("odd")])  # fmt: skip
def test_what_the_queue_raises_is_worded_once(make: Make, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """By Flask, which takes nothing a second time: the first try may have been kept; not even where no thread is free for it."""
    quick, flask = make("closed"), make("closed", lane=False)
    asked = []

    def failing(*_: Any, **__: Any) -> Any:
        asked.append(1)
        raise error

    for one in (quick, flask):
        monkeypatch.setattr(one.side.parts.accept()._queue, "put", failing)
    monkeypatch.setattr(quick.bridge._admission, "refuses", lambda *_: True)
    request = {"body": LOG, "token": 2}
    assert quick.send(request) == flask.send(request)
    assert (len(asked), quick.side.went, quick.bridged) == (2, ["worded"], 1)
    assert quick.kept()[4] == flask.kept()[4]


class Held:
    """Makes the lane's `take` of a server wait until it is let go on."""

    def __init__(self, wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        lane = wired.side.lane
        assert lane is not None
        take = lane.take

        def held(*given: Any) -> Any:
            self.begun.set()
            assert self.go.wait(120)
            return take(*given)

        monkeypatch.setattr(lane, "take", held)
        # Not on the loop, which could do nothing else meanwhile.
        monkeypatch.setattr(lane, "waits_for_nobody", lambda: False)


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_harms_nobody(make: Make, monkeypatch: pytest.MonkeyPatch, reset: bool) -> None:
    """Its log is kept, its answer goes nowhere, and the next client is served."""
    wired = make()
    held = Held(wired, monkeypatch)
    with wired.connect() as client:
        client.sendall(wired.raw(body=LOG))
        assert held.begun.wait(120)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    held.go.set()
    wait_for(lambda: not wired.server.server_state.connections, 120, "the connection's end")
    assert wired.send({"body": LOG})[0][0] == 202
    assert len(wired.kept()[0]) == 2


def test_a_client_that_leaves_within_its_body_is_forgotten(make: Make) -> None:
    """Nothing is kept, and nothing waits for the rest."""
    wired = make()
    with wired.connect() as client:
        client.sendall(wired.raw(body=LOG)[:-1])
        wait_for(lambda: wired.server.server_state.connections, 120, "the connection")
    wait_for(lambda: not wired.server.server_state.connections, 120, "the connection's end")
    time.sleep(2 * quick.BODY_SECONDS)
    assert (wired.bridged, wired.kept()[0]) == (0, [])


def test_a_server_that_stops_answers_and_closes(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request under way is answered, with word that its connection ends."""
    wired = make()
    held = Held(wired, monkeypatch)
    with wired.connect() as client:
        client.sendall(wired.raw(body=LOG))
        assert held.begun.wait(120)
        wired.server.should_exit = True
        (connection,) = wired.server.server_state.connections
        wait_for(lambda: connection.cycle is not None and not connection.cycle.keep_alive, 120, "the stop")
        held.go.set()
        status, headers, _ = answer(client)
        assert (status, ("connection", "close") in headers, client.recv(1)) == (202, True, b"")


def test_a_client_that_reads_nothing_is_not_read_for_ever(make: Make) -> None:
    """Answers that it does not read are few: then its requests wait in its own system."""
    wired = make()
    raw = wired.raw(body=LOG) * 100
    with wired.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(3)
        with pytest.raises(TimeoutError):
            for _ in range(2_000):
                client.sendall(raw)
        (connection,) = wired.server.server_state.connections
        assert len(connection.pipeline) <= 200
        assert connection.transport.get_write_buffer_size() < 1 << 20
