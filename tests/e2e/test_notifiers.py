"""Notifiers of the running program: what is wrong reaches a real receiver, whoever is killed and whenever it listens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from tests.e2e.program import ROOT, Server, wait_for
from tests.e2e.test_notices import beating, holds
from tests.notify.channels.receivers import Receiver

pytestmark = pytest.mark.system

SECONDS = 90.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def server(make_server: Callable[..., Server], receiver: Receiver) -> Server:
    """A running program that tells it."""
    made = make_server(NOTIFY=f"{receiver.url}#name=ops", NOTIFY_SECRET=SECRET, NOTIFY_PRIVATE="127.0.0.1")
    made.start()
    return made


def told(receiver: Receiver) -> list[str]:
    """Return the types of what arrived."""
    return [one.data["type"] for one in receiver.got]


def first(receiver: Receiver) -> list[str]:
    """Return the types of what arrived of the first notice."""
    ids = [one.data["data"]["id"] for one in receiver.got]
    return [kind for kind, identity in zip(told(receiver), ids, strict=True) if identity == ids[0]]


def figure(server: Server, name: str) -> float:
    """Return a figure of the notifier."""
    start = f'logingestor_notifier_{name}{{notifier="ops"}} '
    return next(
        (
            float(line.removeprefix(start))
            for line in server.get("/metrics").decode().splitlines()
            if line.startswith(start)
        ),
        -1,
    )


def test_a_receiver_that_is_down_is_told_when_it_is_back(server: Server, receiver: Receiver) -> None:
    """Though all of the program is killed meanwhile: what was committed is sent, signed, its beginning before its end."""
    beating(server)
    receiver.stop()
    os.kill(server.workers()[0], signal.SIGKILL)
    wait_for(lambda: figure(server, "waiting") >= 1 and figure(server, "failing") == 1, SECONDS, "a try that failed")
    server.kill_all()
    receiver.start()
    server.start()
    # The worker that had begun meanwhile was killed too, and may be missed by a notice of its own.
    wait_for(lambda: first(receiver)[-1:] == ["notice.closed"], SECONDS, "both messages")
    assert first(receiver) == ["notice.opened", "notice.closed"]
    assert all(one.is_signed(SECRET) for one in receiver.got)
    wait_for(lambda: figure(server, "waiting") == 0, SECONDS, "an empty outbox")
    wait_for(lambda: figure(server, "messages_total") == len(receiver.got), SECONDS, "all messages counted")


def test_who_sends_is_killed_while_it_sends(server: Server, receiver: Receiver) -> None:
    """The next one that leads sends it again, under the same id, and the receiver need not be told twice."""
    beating(server)
    ended = threading.Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        ended.wait(SECONDS)
        handler.close_connection = True

    receiver.answers = [hold]
    os.kill(server.workers()[0], signal.SIGKILL)
    wait_for(lambda: receiver.got, SECONDS, "the first try")
    (leader,) = [pid for pid in server.webs() if holds(pid, "watch.lock")]
    os.kill(leader, signal.SIGKILL)
    wait_for(lambda: len(receiver.got) > 1, SECONDS, "the second try")
    ended.set()
    assert [one.headers["webhook-id"] for one in receiver.got[:2]] == [receiver.got[0].headers["webhook-id"]] * 2
    assert receiver.got[0].body == receiver.got[1].body
    wait_for(lambda: "notice.closed" in told(receiver), SECONDS, "the end")


def test_commands_tell_who_is_told(server: Server, receiver: Receiver) -> None:
    """A test arrives beside the running program; what is wrong with it, and with what was typed, is an exit code."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", "notifiers", *words]
        return subprocess.run(
            command, check=False, cwd=ROOT, env=server.environment, capture_output=True, text=True, timeout=120
        )

    wait_for(lambda: figure(server, "failing") == 0, SECONDS, "the notifier's standing")
    tested = run("test", "ops")
    assert (tested.returncode, tested.stdout) == (0, "ops: taken\n"), tested.stderr
    assert told(receiver) == ["test"] and receiver.got[0].is_signed(SECRET)
    receiver.answers = [(500, {}, "")]
    failed = run("test", "--json")
    assert failed.returncode == 1 and '"sent":false' in failed.stdout.replace(" ", "")
    assert run("test", "nobody").returncode == 2
    listed = run("list", "--secret")
    assert listed.returncode == 0 and SECRET in listed.stdout
    assert "ops (webhook): warning and worse, all kinds; 0 sent, 0 wait, 0 given up" in listed.stdout
