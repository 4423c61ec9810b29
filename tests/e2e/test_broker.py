"""`serve` with RabbitMQ as queue and as broker: the schedule is a process of its own, and no worker is ever idle."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.e2e.program import Server, wait_for
from tests.e2e.test_system import command
from tests.services.fixtures import StartServer
from tests.services.rabbitmq import Rabbitmq

pytestmark = pytest.mark.system

#: Seconds in which a log is stored though any worker died: less than the minute after which the schedule would help.
SOON = 45.0


def stored(server: Server, text: str) -> bool:
    """Send a log and return whether it was stored by the answer."""
    status, answer = server.request("POST", "/logs/ingest/?wait=stored", {"message": text})
    assert status == 202
    return bool(answer["stored"] == 1)


def test_any_worker_may_die(make_server: Callable[..., Server], rabbitmq_url: str, rabbitmq_queue: str) -> None:
    """While workers are killed logs are stored by the others; in the end each is there once, and nothing is pending."""
    server = make_server(QUEUE_URL=rabbitmq_queue, BROKER_URL=rabbitmq_url, WORKERS="2")
    server.start()
    assert len(server.workers()) == 2 and len(server.children("workers.scheduler")) == 1
    wait_for(lambda: stored(server, "first"), SOON, "the first log in the record")
    sent = [0]
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            status, answer = server.request("POST", "/logs/ingest/", [{"message": "log"}] * 50)
            assert status == 202
            sent[0] += answer["accepted"]

    sender = threading.Thread(target=send)
    sender.start()
    for place in (0, 1, 0):
        os.kill(server.workers()[place], signal.SIGKILL)
        wait_for(lambda: stored(server, "while one is dead"), SOON, "a log in the record while a worker is dead")
        wait_for(lambda: len(server.workers()) == 2, SOON, "the worker again")
    os.kill(server.children("workers.scheduler")[0], signal.SIGKILL)
    wait_for(lambda: len(server.children("workers.scheduler")) == 1, SOON, "the scheduler again")
    stop.set()
    sender.join()
    server.drained()
    wait_for(lambda: server.get("/logs?limit=1")["pending"] == 0, SOON, "nothing pending")
    assert server.get("/logs?q=message:log%20AND%20NOT%20message:dead&limit=1&count=exact")["total"] == sent[0]
    assert server.stop() == 0
    assert "Traceback" not in server.console


def test_logs_are_stored_while_the_broker_is_away(make_server: Callable[..., Server], own_server: StartServer) -> None:
    """Ticks only make sure that somebody is on shift: without the broker workers go on, and the scheduler comes back."""
    broker = own_server(Rabbitmq)
    server = make_server(BROKER_URL=broker.url)
    server.start()
    wait_for(lambda: stored(server, "before"), SOON, "a log in the record")
    broker.kill()
    killed = time.monotonic()
    wait_for(lambda: stored(server, "without broker"), SOON, "a log in the record without the broker")
    os.kill(server.workers()[0], signal.SIGKILL)
    wait_for(lambda: stored(server, "without broker, by a new worker"), SOON, "a log in the record")
    broker.start()
    wait_for(lambda: broker_in_use(server), SOON, "the scheduler")
    wait_for(lambda: stored(server, "after"), SOON, "a log in the record with the broker again")
    assert "Traceback" not in server.console
    # Each of the two workers may say it, and once more after each minute; not each of its queues every three seconds.
    minutes = int(time.monotonic() - killed) // 60
    assert server.console.count("CRITICAL") <= 4 + 2 * minutes, server.console
    assert server.stop() == 0


def broker_in_use(server: Server) -> bool:
    """Return whether the scheduler runs."""
    return len(server.children("workers.scheduler")) == 1


def test_the_scheduler_ends_when_the_broker_is_away(make_server: Callable[..., Server]) -> None:
    """It says so in a line and ends with 1; with the local broker there is nothing to start, which is 2."""
    ended = command(make_server(BROKER_URL="amqp://guest:guest@127.0.0.1:9/"), "scheduler")
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
    assert "broker can't be reached" in ended.stderr
    local = command(make_server(), "scheduler")
    assert (local.returncode, "nothing to start" in local.stderr) == (2, True)
    wrong = command(make_server(BROKER_URL="amqp://h:port/"), "scheduler")
    assert (wrong.returncode, "LOGINGESTOR_BROKER_URL" in wrong.stderr) == (2, True)
