"""Notices of the running program: a worker that is killed is told on an open socket, one that is stopped is not."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pysqlite3
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.program import Server, wait_for
from tests.notify.channels.receivers import Receiver
from tests.services.postgres import Postgres

pytestmark = pytest.mark.system

SECONDS = 120.0


def follow(server: Server, **options: Any) -> ClientConnection:
    """Open a socket to the notices."""
    address = server.url.replace("http", "ws", 1)
    return connect(f"{address}/notices", open_timeout=SECONDS, **options)


def received(socket: ClientConnection, seconds: float = SECONDS) -> dict[str, Any]:
    """Return the next message."""
    return dict(json.loads(socket.recv(seconds)))


def first(socket: ClientConnection, kind: str, state: str = "open") -> dict[str, Any]:
    """Return the first message of that kind, or of any, and state; others are passed over."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        message = received(socket)
        if message["kind"] == (kind or message["kind"]) and message["state"] == state:
            return message
    raise AssertionError(f"{kind} is not told")


def alive(server: Server) -> float:
    """Return how many workers the figures count."""
    text = server.get("/metrics").decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("logingestor_workers_alive "))


def beating(server: Server, count: int = 1) -> None:
    """Wait until so many workers beat, and a web process watches."""
    wait_for(lambda: alive(server) == count, SECONDS, f"{count} beating workers")
    wait_for(lambda: leaders(server), SECONDS, "who watches")
    time.sleep(2.5)


def test_a_killed_worker_is_told_and_is_over_after_the_restart(server: Server) -> None:
    """On every socket, whichever process holds it; kept as history, counted, and a line on the console each."""
    beating(server)
    with ExitStack() as stack:
        sockets = [stack.enter_context(follow(server)) for _ in range(6)]
        began = time.monotonic()
        os.kill(server.workers()[0], signal.SIGKILL)
        opened = [received(socket) for socket in sockets]
        print(f"\nkill -9 of the worker: told after {time.monotonic() - began:.1f} s")
        assert len({notice["id"] for notice in opened}) == 1
        notice = opened[0]
        assert (notice["kind"], notice["state"], notice["until"]) == ("worker_gone", "open", None)
        assert "nothing is lost" in notice["text"]
        wait_for(lambda: server.get("/notices?state=open")["notices"], SECONDS, "the record of it")
        assert [one["id"] for one in server.get("/notices?state=open")["notices"]] == [notice["id"]]
        with follow(server) as late:
            assert received(late)["id"] == notice["id"]
        # Before it is over it may say anew how many workers are at work.
        closed = [first(socket, "worker_gone", "closed") for socket in sockets]
        print(f"closed after {time.monotonic() - began:.1f} s")
    assert {(one["id"], one["state"]) for one in closed} == {(notice["id"], "closed")}
    wait_for(lambda: server.get("/notices?state=open")["notices"] == [], SECONDS, "the history")
    assert [one["id"] for one in server.get("/notices")["notices"]] == [notice["id"]]
    for line in ("notice opened (worker_gone", "notice closed (worker_gone"):
        wait_for(lambda line=line: line in server.console, SECONDS, "the line on the console")  # type: ignore[misc]
        assert server.console.count(line) == 1
    assert alive(server) == 1


def test_a_stopped_worker_is_not_told(make_server: Callable[..., Server]) -> None:
    """Neither when it alone is told to stop and another begins, nor when all stop and start again."""
    server = make_server(WORKERS="2")
    server.start()
    beating(server, 2)
    with follow(server) as socket:
        os.kill(server.workers()[0], signal.SIGTERM)
        with pytest.raises(TimeoutError):
            socket.recv(12)
    beating(server, 2)
    assert server.stop() == 0
    server.start()
    beating(server, 2)
    with follow(server) as socket, pytest.raises(TimeoutError):
        socket.recv(12)
    assert server.get("/notices")["notices"] == []
    assert "notice" not in server.console


def test_of_two_workers_one_is_killed_with_whoever_watches(make_server: Callable[..., Server]) -> None:
    """The web process that leads dies too: the other one takes over and tells."""
    server = make_server(WORKERS="2")
    server.start()
    beating(server, 2)
    began = time.monotonic()
    (leader,) = leaders(server)
    os.kill(leader, signal.SIGKILL)
    os.kill(server.workers()[0], signal.SIGKILL)
    wait_for(lambda: server.get("/notices?state=open")["notices"], SECONDS, "the notice")
    print(f"\nkill -9 of the worker and of who watches: told after {time.monotonic() - began:.1f} s")
    (notice,) = server.get("/notices?state=open")["notices"]
    assert (notice["kind"], notice["severity"]) == ("worker_gone", "warning")
    wait_for(lambda: not server.get("/notices?state=open")["notices"], SECONDS, "the end of the notice")
    assert len(server.get("/notices")["notices"]) == 1


def leaders(server: Server) -> list[int]:
    """Return the web processes that watch: one, once it has taken the lock."""
    return [pid for pid in server.webs() if holds(pid, "watch.lock")]


def holds(pid: int, name: str) -> bool:
    """Return whether the process has a file of that name open."""
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            if file.readlink().name == name:
                return True
    return False


def test_a_crash_is_told_with_its_traceback(server: Server) -> None:
    """Once, however often the new shift fails as well; over when it works again, and nothing was lost."""
    beating(server)
    refusing = "CREATE TRIGGER refusing BEFORE DELETE ON queue BEGIN SELECT RAISE(ABORT, 'not today'); END"
    with closing(pysqlite3.connect(str(server.folder / "logingestor.db"), timeout=30)) as database:
        database.execute(refusing)
        with follow(server) as socket:
            server.ingest({"message": "waits"})
            notice = received(socket)
            assert (notice["kind"], notice["state"]) == ("worker_crashed", "open")
            assert "not today" in notice["text"] and "nothing is lost" in notice["text"]
            assert "Traceback (most recent call last)" in notice["details"]["traceback"]

            def again() -> bool:
                """Return whether it crashed once more."""
                return any(one["details"].get("crashes", 0) > 1 for one in server.get("/notices?state=open")["notices"])

            wait_for(again, SECONDS, "the next crash")
            database.execute("DROP TRIGGER refusing")
            closed = received(socket)
            while closed["state"] == "open":
                closed = received(socket)
    assert closed["id"] == notice["id"]
    assert closed["details"]["crashes"] > 1
    server.drained()
    assert server.get("/logs?q=waits&count=exact")["total"] == 1
    assert server.console.count("notice opened") == 1


def test_refused_logs_are_told(server: Server) -> None:
    """With how many and why."""
    with follow(server) as socket:
        notice, sent = dict[str, Any](), 0
        # News is what is refused after the first look of who watches.
        while not notice and sent < SECONDS / 5:
            server.ingest([{"message": "good"}, sent])
            sent += 1
            with suppress(TimeoutError):
                notice = received(socket, 5)
    assert notice["kind"] == "logs_refused"
    count = notice["details"]["logs"]
    assert 1 <= count <= sent
    assert f"{count} log{'s were' if count > 1 else ' was'} refused" in notice["text"]
    assert "is not a JSON object" in notice["text"]


def test_a_full_disk_is_told(make_server: Callable[..., Server]) -> None:
    """At the start, and with what it means."""
    server = make_server(MIN_FREE_DISK="1000 TiB")
    server.start()
    with follow(server) as socket:
        notice = received(socket)
    assert (notice["kind"], notice["severity"]) == ("disk_nearly_full", "error")
    assert "No log is accepted" in notice["text"]
    wait_for(lambda: "notice opened (disk_nearly_full" in server.console, SECONDS, "the line on the console")


def test_who_may_follow(make_server: Callable[..., Server]) -> None:
    """Nobody without the password, and no page of another site."""
    server = make_server(AUTH="required", ADMIN_PASSWORD="secret of the tests")
    server.start()
    headers = {"Authorization": "Bearer secret of the tests"}
    for options in ({}, {"additional_headers": headers, "origin": "https://elsewhere.example"}):
        with follow(server, **options) as socket:
            assert received(socket)["status"] is False
            with pytest.raises(ConnectionClosed):
                socket.recv(SECONDS)
            assert socket.close_code == 1008
    with follow(server, additional_headers=headers, origin=server.url) as socket:
        assert server.stop() == 0
        with pytest.raises(ConnectionClosed):
            socket.recv(SECONDS)
        assert socket.close_code == 1001


def test_a_record_that_goes_away(make_server: Callable[..., Server], own_server: Any) -> None:
    """Told from memory while it is away, with a worker that is killed meanwhile; recorded when it is back."""
    postgres = own_server(Postgres)
    receiver = Receiver()
    server = make_server(STORE_URL=postgres.url, NOTIFY=f"{receiver.url}#name=ops", NOTIFY_PRIVATE="127.0.0.1")
    server.start()
    beating(server)
    over = {"service_unreachable", "worker_gone"}
    with ExitStack() as stack:
        sockets = [stack.enter_context(follow(server)) for _ in range(6)]
        began = time.monotonic()
        postgres.kill()
        for socket in sockets:
            notice = first(socket, "service_unreachable")
            assert notice["details"]["service"] == "record"
        print(f"\nkill -9 of PostgreSQL: told after {time.monotonic() - began:.1f} s")
        wait_for(lambda: receiver.got, SECONDS, "who is told outside")
        assert receiver.got[0].data["data"]["details"]["service"] == "record"
        assert server.get("/notices?state=open")["source"] == "memory"
        began = time.monotonic()
        os.kill(server.workers()[0], signal.SIGKILL)
        for socket in sockets:
            first(socket, "worker_gone")
        print(f"kill -9 of the worker meanwhile: told after {time.monotonic() - began:.1f} s")
        postgres.start()
        for socket in sockets:
            for _ in range(2):
                over.discard(first(socket, "", "closed")["kind"])
    assert over == set()
    over = {"service_unreachable", "worker_gone"}

    def recorded() -> bool:
        answer = server.get("/notices?state=closed")
        return answer["source"] == "record" and {one["kind"] for one in answer["notices"]} >= over

    wait_for(recorded, SECONDS, "the history in the record")
    # Beats that the record still shows of who went meanwhile are missed no second time.
    time.sleep(10)
    told = server.get("/notices")["notices"]
    assert [one["kind"] for one in told].count("worker_gone") == 1, told
    assert server.get("/notices?state=open")["notices"] == []
    assert server.console.count("notice opened (worker_gone") == 1
    assert server.console.count("notice opened (service_unreachable") == 1
    # From memory while the record was away; noted since, so nothing comes twice.
    assert sorted(one.headers["webhook-id"] for one in receiver.got) == sorted(
        f"{one['id']}-{event}" for one in told for event in ("opened", "closed")
    )
    receiver.stop()
