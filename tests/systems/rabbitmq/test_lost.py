"""The queue in RabbitMQ when the broker dies, hangs or is not there."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from app.errors import Unavailable
from app.log.envelope import Envelope
from app.systems.rabbitmq import queue as rabbitmq
from app.systems.rabbitmq.address import address, prepare
from app.systems.rabbitmq.queue import RabbitQueue
from tests.conftest import MakeRecord
from tests.services.fixtures import StartServer
from tests.services.rabbitmq import Rabbitmq
from tests.services.server import free_ports
from tests.systems.conftest import eventually, take

LIMIT = 1 << 30


@pytest.fixture
def broker(own_server: StartServer) -> Rabbitmq:
    """A RabbitMQ that the test may kill."""
    started = own_server(Rabbitmq)
    prepare(address(started.url, LIMIT))
    return started


@pytest.fixture
def queue(broker: Rabbitmq) -> Iterator[RabbitQueue]:
    """An empty queue there."""
    with closing(RabbitQueue(broker.url, limit=LIMIT)) as opened:
        yield opened


def again(call: Callable[[], object]) -> bool:
    """Return whether the call works, at the latest when everything is connected again."""

    def works() -> bool:
        try:
            call()
        except Unavailable:
            return False
        return True

    return eventually(works)


def test_what_was_put_survives_kill_minus_9(broker: Rabbitmq, queue: RabbitQueue, make_record: MakeRecord) -> None:
    """RabbitMQ is killed between put and take, and again while a batch is taken: every log comes out."""
    records = [make_record(message=str(number)) for number in range(500)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda start: queue.put([Envelope(records[start : start + 10])]), range(0, 500, 10)))
    broker.kill()
    for call in (lambda: queue.put([Envelope(records[:1])]), lambda: queue.take(100, 0.1), queue.depth):
        with pytest.raises(Unavailable) as error:
            call()
        assert not error.value.kept_unknown and error.value.retry_after > 0
    broker.start()
    assert again(queue.depth)
    assert queue.depth().logs >= 500
    held = take(queue, 100)
    assert held.records
    broker.kill()
    queue.ack(held)  # lost with the connection: the batch comes back
    broker.start()
    assert again(queue.depth)
    found: set[bytes] = set()
    while len(found) < 500:
        assert again(lambda: found.update(settled(queue)))
    assert found == {record.id for record in records}


def settled(queue: RabbitQueue) -> list[bytes]:
    """Take a batch, acknowledge it, and return its ids."""
    batch = take(queue)
    queue.ack(batch)
    return [record.id for record in batch.records]


def test_a_connection_lost_before_the_confirm_leaves_it_unknown(
    broker: Rabbitmq, queue: RabbitQueue, make_record: MakeRecord
) -> None:
    """A put that was sent and not confirmed is answered as unknown; one that could not be sent as not kept."""
    queue.put([Envelope([make_record()])])
    pid = broker.process.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # it takes what is sent and answers nothing
    errors: list[Unavailable] = []

    def put() -> None:
        try:
            queue.put([Envelope([make_record()])])
        except Unavailable as error:
            errors.append(error)

    puts = [threading.Thread(target=put) for _ in range(5)]
    for thread in puts:
        thread.start()
    link = queue._opened.publishing.link
    assert link is not None and eventually(lambda: len(link._unconfirmed) == 5)
    broker.kill()
    for thread in puts:
        thread.join(60)
    assert [error.kept_unknown for error in errors] == [True] * 5
    errors.clear()
    put()
    assert [error.kept_unknown for error in errors] == [False]


def test_a_broker_that_does_not_answer_is_not_waited_for_for_ever(
    broker: Rabbitmq, queue: RabbitQueue, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A confirm that does not come in time leaves it unknown; the log may well be there later."""
    monkeypatch.setattr(rabbitmq, "CONFIRM_SECONDS", 0.5)
    monkeypatch.setattr(rabbitmq, "COUNT_SECONDS", 0.5)
    record = make_record()
    assert again(lambda: queue.put([Envelope([make_record()])]))
    assert again(queue.depth)
    pid = broker.process.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Unavailable, match="did not answer") as error:
        queue.put([Envelope([record])])
    assert error.value.kept_unknown
    with pytest.raises(Unavailable, match="did not answer"):
        queue.depth()
    os.kill(pid, signal.SIGCONT)
    found: set[bytes] = set()
    while record.id not in found:
        found.update(settled(queue))


def test_nobody_listens(make_record: MakeRecord) -> None:
    """Without a broker every call says so at once, and nothing was kept."""
    with closing(RabbitQueue(f"amqp://guest@127.0.0.1:{free_ports(1)[0]}/", limit=LIMIT)) as queue:
        for _ in range(3):
            with pytest.raises(Unavailable, match="can't serve") as error:
                queue.put([Envelope([make_record()])])
            assert not error.value.kept_unknown
        with pytest.raises(Unavailable):
            queue.take(1, 0)
        with pytest.raises(Unavailable):
            queue.depth()


def test_a_connection_that_never_becomes_one_is_given_up(
    make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who listens and says nothing is no broker: the put is given up in time, and is surely not kept."""
    monkeypatch.setattr(rabbitmq, "CONFIRM_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        queue = RabbitQueue(f"amqp://guest@127.0.0.1:{silent.getsockname()[1]}/", limit=LIMIT)
        with pytest.raises(Unavailable, match="did not answer") as error:
            queue.put([Envelope([make_record()])])
        assert not error.value.kept_unknown
        queue.close()
