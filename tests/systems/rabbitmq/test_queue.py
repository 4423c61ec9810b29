"""The queue in RabbitMQ: what it does that no other queue does."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pika
import pytest

from app.errors import InvalidSettings, QueueFull, Unavailable
from app.log.envelope import Envelope
from app.systems.rabbitmq.address import address
from app.systems.rabbitmq.link import Link
from app.systems.rabbitmq.queue import RabbitQueue
from app.systems.rabbitmq.taker import DEAD_LOOK_SECONDS, PREFETCH
from tests.conftest import MakeRecord
from tests.systems.conftest import eventually, take
from tests.systems.filling import fill

LIMIT = 1 << 30


@pytest.fixture
def queue(rabbitmq_queue: str) -> Iterator[RabbitQueue]:
    """An empty queue."""
    with closing(RabbitQueue(rabbitmq_queue, limit=LIMIT)) as opened:
        yield opened


@pytest.fixture
def channel(rabbitmq_queue: str) -> Iterator[Any]:
    """A channel of somebody else to the same broker."""
    url = urlsplit(rabbitmq_queue)._replace(query="").geturl()
    connection = pika.BlockingConnection(pika.URLParameters(url))
    yield connection.channel()
    if connection.is_open:
        connection.close()


def name_of(url: str) -> str:
    """Return the queue's name in a URL."""
    return parse_qs(urlsplit(url).query)["queue"][0]


def test_unsettled_messages_are_always_seen(queue: RabbitQueue, make_record: MakeRecord) -> None:
    """While a batch is taken, acknowledged in part or given back, the depth is never less than what is not settled."""
    queue.put([Envelope([make_record()]) for _ in range(30)])
    left, stop, wrong = [30], threading.Event(), []

    def watch() -> None:
        while not stop.is_set():
            least = left[0]
            found = queue.depth().logs
            if found < min(least, left[0]):
                wrong.append((found, least))

    watcher = threading.Thread(target=watch)
    watcher.start()
    while left[0]:
        batch = take(queue, 3)
        queue.release(batch)
        batch = take(queue, 3)
        left[0] -= len(batch.records)
        queue.ack(batch)
    stop.set()
    watcher.join()
    assert not wrong
    assert eventually(lambda: not queue.take(100, 0) and queue.depth().logs == 0)


def test_a_cancelled_consumer_counts_until_its_messages_are_settled(
    queue: RabbitQueue, channel: Any, rabbitmq_queue: str, make_record: MakeRecord
) -> None:
    """RabbitMQ counts a consumer of a quorum queue as long as it holds messages: `depth` stands on that."""
    queue.put([Envelope([make_record()]) for _ in range(3)])
    tags: list[int] = []
    channel.basic_qos(prefetch_count=PREFETCH)
    name = name_of(rabbitmq_queue)
    consumer = channel.basic_consume(name, lambda _c, method, _p, _b: tags.append(method.delivery_tag))
    while len(tags) < 3:
        channel.connection.process_data_events(0.1)
    channel.basic_cancel(consumer)
    assert queue.depth().logs == PREFETCH * 100
    channel.basic_ack(tags[1], multiple=True)
    assert queue.depth().logs == PREFETCH * 100
    channel.basic_nack(tags[2], requeue=True)
    assert eventually(lambda: queue.depth().logs == 100)
    assert channel.basic_get(name)[0] is not None
    assert queue.depth().logs == PREFETCH * 100
    channel.connection.close()
    assert eventually(lambda: queue.depth().logs == 100)
    queue.ack(take(queue))


def test_a_killed_process_gives_its_messages_back_unseen_by_nobody(
    queue: RabbitQueue, rabbitmq_queue: str, make_record: MakeRecord
) -> None:
    """When the process that holds a batch is killed the depth never says 0, and the logs can be taken at once."""
    records = [make_record() for _ in range(20)]
    queue.put([Envelope([record]) for record in records])
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=hold, args=(rabbitmq_queue, there))
    process.start()
    assert here.recv() > 0
    seen = [queue.depth().logs]
    process.kill()
    process.join()
    until = time.monotonic() + 1
    while time.monotonic() < until:
        seen.append(queue.depth().logs)
    assert min(seen) >= len(records)
    found = []
    while len(found) < len(records):
        batch = take(queue)
        queue.ack(batch)
        found += batch.records
    assert sorted(record.id for record in found) == [record.id for record in records]


def hold(url: str, told: Any) -> None:
    """Take a batch, say so, and never settle it."""
    queue = RabbitQueue(url, limit=LIMIT)
    told.send(len(take(queue).records))
    time.sleep(600)


def test_a_batch_held_longer_than_the_heartbeat_comes_back(rabbitmq_queue: str, make_record: MakeRecord) -> None:
    """A write that takes too long loses the connection: the late acknowledgement is dropped, and the batch given out again."""
    record = make_record()
    with closing(RabbitQueue(f"{rabbitmq_queue}&heartbeat=1", limit=LIMIT)) as queue:
        queue.put([Envelope([record])])
        batch = take(queue)
        assert batch.records == [record]
        # While it writes nothing answers for the connection, so the broker gives it up: the message is ready again.
        assert eventually(lambda: queue.depth().logs == 100)
        queue.ack(batch)
        again = take(queue)
        assert again.records == [record]
        queue.ack(again)
        assert eventually(lambda: not queue.take(1, 0) and queue.depth().logs == 0)


def test_two_takers_share_what_waits(queue: RabbitQueue, rabbitmq_queue: str, make_record: MakeRecord) -> None:
    """Threads and processes that take at once get each log once."""
    records = [make_record() for _ in range(2_000)]
    queue.put([Envelope(records[start : start + 10]) for start in range(0, 2_000, 10)])
    found: list[bytes] = []
    with closing(RabbitQueue(rabbitmq_queue, limit=LIMIT)) as other, ThreadPoolExecutor(4) as pool:

        def work(mine: RabbitQueue) -> None:
            while len(found) < len(records):
                batch = mine.take(50, 0.1)
                found.extend(record.id for record in batch.records)
                mine.ack(batch)

        for done in [pool.submit(work, mine) for mine in (queue, other, queue, other)]:
            done.result(120)
    assert sorted(found) == [record.id for record in records]


def test_what_a_taker_still_holds_reaches_the_next_caller(queue: RabbitQueue, make_record: MakeRecord) -> None:
    """A shift that ends leaves no message behind: whoever takes next, in whatever thread, gets them."""
    records = [make_record() for _ in range(30)]
    queue.put([Envelope([record]) for record in records])
    found = []
    while len(found) < len(records):
        with ThreadPoolExecutor(1) as fresh:
            batch = fresh.submit(take, queue, 7).result(120)
            fresh.submit(queue.ack, batch).result(120)
        found += batch.records
    assert found == records


def test_some_refused_envelopes_are_named(rabbitmq_queue: str, make_record: MakeRecord) -> None:
    """When only some find room their neighbours are kept, and the places of the others returned; then all are refused."""
    with closing(RabbitQueue(rabbitmq_queue, limit=4_000)) as queue:
        kept: set[str] = set()
        lost: set[str] = set()
        with pytest.raises(QueueFull) as full:
            for number in range(200):
                texts = [f"{number} {place}" for place in range(10)]
                places = queue.put([Envelope([make_record(message=text.ljust(400))]) for text in texts])
                kept |= {text for place, text in enumerate(texts) if place not in places}
                lost |= {text for place, text in enumerate(texts) if place in places}
        assert full.value.retry_after > 0 and not full.value.kept_unknown
        assert queue.depth().full
        found = set()
        while len(found) < len(kept):
            batch = take(queue)
            queue.ack(batch)
            found |= {record.message.rstrip() for record in batch.records}
        assert found == kept and not found & lost
        # With room again it takes again.
        assert eventually(lambda: takes(queue, lambda: Envelope([make_record()])))
        assert not queue.depth().full or eventually(lambda: not queue.depth().full)


def takes(queue: RabbitQueue, make: Callable[[], Envelope]) -> bool:
    """Return whether the queue takes an envelope."""
    try:
        return not queue.put([make()])
    except QueueFull:
        return False


def test_a_flood_leaves_room_for_others(rabbitmq_queue: str, make_record: MakeRecord) -> None:
    """Of a space about half of the limit may wait, and others find room beside it; when it was taken it may send again."""
    with closing(RabbitQueue(rabbitmq_queue, limit=200_000)) as queue:
        # RabbitMQ is asked for what waits beside the puts, and its answer may be one put late.
        assert 40 < fill(queue, make_record, "a") < 140
        for _ in range(20):
            queue.put([Envelope([make_record(message="x" * 1_000)])], space="b")
        queue.put([Envelope([make_record()])], space="c")
        while batch := queue.take(1_000, 0.5):
            queue.ack(batch)
        assert eventually(lambda: fill(queue, make_record, "a") > 0)


def test_what_can_not_be_read_is_set_apart(
    queue: RabbitQueue, channel: Any, rabbitmq_queue: str, make_record: MakeRecord
) -> None:
    """A message that is no envelope is handed out as its bytes, beside the others."""
    record = make_record()
    queue.put([Envelope([record])])
    channel.basic_publish("", name_of(rabbitmq_queue), b"no envelope")
    records, unreadable = [], []
    while not (records and unreadable):
        batch = take(queue)
        queue.ack(batch)
        records += batch.records
        unreadable += batch.unreadable
    assert (records, unreadable) == ([record], [b"no envelope"])


def test_what_the_broker_gave_up_is_drained(
    queue: RabbitQueue, channel: Any, rabbitmq_queue: str, make_record: MakeRecord
) -> None:
    """A message that the broker itself puts aside still counts as waiting, and is taken like the others."""
    record = make_record()
    queue.put([Envelope([record])])
    method, _, _ = channel.basic_get(name_of(rabbitmq_queue))
    channel.basic_nack(method.delivery_tag, requeue=False)
    assert eventually(lambda: queue.depth().logs == 100)
    started = time.monotonic()
    batch = take(queue)
    assert batch.records == [record]
    assert time.monotonic() - started < DEAD_LOOK_SECONDS + 55
    queue.ack(batch)
    assert eventually(lambda: queue.depth().logs == 0)


def test_a_queue_of_other_settings_is_said(rabbitmq_queue: str, make_record: MakeRecord) -> None:
    """A changed QUEUE_LIMIT is told in words, by whoever puts, takes or counts; nothing is kept."""
    with closing(RabbitQueue(rabbitmq_queue, limit=LIMIT)) as first:
        first.put([Envelope([make_record()])])
        with closing(RabbitQueue(rabbitmq_queue, limit=LIMIT + 1)) as other:
            for call in (lambda: other.put([Envelope([make_record()])]), lambda: other.take(1, 0), other.depth):
                with pytest.raises(Unavailable, match="QUEUE_LIMIT") as error:
                    call()
                assert not error.value.kept_unknown


def test_a_deleted_queue_is_made_anew(
    queue: RabbitQueue, channel: Any, rabbitmq_queue: str, make_record: MakeRecord
) -> None:
    """A put to a queue that was deleted is refused rather than lost, and one of the next finds it there again."""
    queue.put([Envelope([make_record()])])
    queue.depth()
    channel.queue_delete(name_of(rabbitmq_queue))
    with pytest.raises(Unavailable) as error:
        queue.put([Envelope([make_record()])])
    assert not error.value.kept_unknown
    record = make_record()

    def put() -> bool:
        try:
            return not queue.put([Envelope([record])])
        except Unavailable:
            return False

    assert eventually(put)
    assert take(queue).records == [record]


def test_a_link_may_be_closed_while_it_opens(rabbitmq_queue: str, caplog: pytest.LogCaptureFixture) -> None:
    """It ends at once, whatever step the handshake is at, and nobody is bothered with it; what was asked of it is answered."""
    where = address(rabbitmq_queue, LIMIT)
    started = time.monotonic()
    link = Link(where)
    assert link.count().result(60)
    link.close()
    whole = time.monotonic() - started
    for step in range(40):
        link = Link(where)
        asked = link.count()
        time.sleep(whole * step / 40)
        link.close()
        assert link.ended
        assert asked.done()
    assert not caplog.records


def test_a_forked_process_connects_anew(queue: RabbitQueue, make_record: MakeRecord) -> None:
    """Parent and child both put, each over connections of its own."""
    queue.put([Envelope([make_record()])])
    queue.ack(take(queue))
    context = multiprocessing.get_context("fork")
    process = context.Process(target=queue.put, args=([Envelope([make_record(message="child")])],))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    queue.put([Envelope([make_record(message="parent")])])
    found = set()
    while len(found) < 2:
        batch = take(queue)
        queue.ack(batch)
        found |= {record.message for record in batch.records}
    assert found == {"child", "parent"}


@pytest.mark.parametrize("url", ["amqp://h/%2F?queue=", "amqp://h:port/", "amqp://h/?colour=red", "amqp://h/?queue"])
def test_a_url_that_can_not_be_read_is_refused(url: str) -> None:
    """What is wrong is said with the setting's name."""
    with pytest.raises(InvalidSettings, match="LOGINGESTOR_QUEUE_URL"):
        RabbitQueue(url, limit=LIMIT)


def test_a_url_names_host_queue_and_pikas_parameters() -> None:
    """Ours are taken off before pika sees the rest; a user without a password is no fault."""
    found = address("amqp://me@host:1234/a%2Fb?queue=logs&heartbeat=7", LIMIT)
    assert (found.queue, found.dead_queue, found.place) == ("logs", "logs.dead", "host:1234")
    assert (found.parameters.virtual_host, found.parameters.heartbeat) == ("a/b", 7)
    assert found.parameters.credentials.username == "me"
    assert address("amqps://host", LIMIT).parameters.ssl_options is not None
