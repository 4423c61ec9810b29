"""What every LogQueue promises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.backends import connect, upgrade
from app.core.envelope import Claim, DeadLetter, Envelope
from app.core.errors import QueueFull
from app.core.ports import LogQueue
from app.core.record import LogRecord
from app.core.settings import Settings
from tests.conftest import MakeRecord


@pytest.fixture(params=["sqlite"])
def queue(request: pytest.FixtureRequest, settings: Settings) -> Iterator[LogQueue]:
    """Return every alternate of the queue, empty."""
    opened = connect(settings)
    yield opened.queue
    opened.close()


def taken(queue: LogQueue, limit: int = 10_000) -> list[LogRecord]:
    """Take and acknowledge one batch."""
    batch = queue.take(limit, 0)
    if batch:
        queue.ack(batch)
    return batch.records


def test_what_is_put_is_taken_in_order(queue: LogQueue, make_record: MakeRecord) -> None:
    """Logs come out in the order in which they went in, whole."""
    records = [make_record(message=f"log {n}", metadata={"n": n, "big": 10**40, "é": [None, True]}) for n in range(250)]
    queue.put([Envelope(records[:100]), Envelope(records[100:200]), Envelope(records[200:])])
    assert queue.depth().logs == 250
    assert taken(queue) == records
    assert (queue.depth().logs, queue.depth().bytes, queue.depth().oldest) == (0, 0, None)


def test_a_limit_takes_whole_envelopes(queue: LogQueue, make_record: MakeRecord) -> None:
    """A batch ends with the envelope that reaches the limit."""
    queue.put([Envelope([make_record() for _ in range(60)]) for _ in range(3)])
    assert [len(taken(queue, 100)) for _ in range(3)] == [120, 60, 0]


def test_a_taken_batch_is_nobody_elses(queue: LogQueue, make_record: MakeRecord) -> None:
    """A leased envelope is not given out again, but still counts as waiting."""
    record = make_record()
    queue.put([Envelope([record])])
    batch = queue.take(100, 0)
    assert batch.records == [record]
    assert not queue.take(100, 0)
    assert queue.depth().logs == 1
    assert queue.waiting(record.id, record.id) == 1


def test_a_released_batch_comes_back(queue: LogQueue, make_record: MakeRecord) -> None:
    """Released envelopes can be taken again at once."""
    record = make_record()
    queue.put([Envelope([record])])
    queue.release(queue.take(100, 0))
    assert taken(queue) == [record]


def test_waiting_counts_by_id(queue: LogQueue, make_record: MakeRecord) -> None:
    """Only logs within the range of ids are counted."""
    records = [make_record() for _ in range(10)]
    queue.put([Envelope(records)])
    assert queue.waiting(records[2].id, records[5].id) == 4


def test_a_claim_is_made_once(queue: LogQueue, make_record: MakeRecord) -> None:
    """The second put with the same key queues nothing and is told what the first was answered."""
    claim = Claim("client key", b"digest", b'{"accepted": 1}')
    assert queue.put([Envelope([make_record()])], claim).fresh
    again = queue.put([Envelope([make_record()])], Claim("client key", b"digest", b"other"))
    assert (again.fresh, again.answer, again.digest) == (False, b'{"accepted": 1}', b"digest")
    assert queue.depth().logs == 1


def test_own_ids_are_queued_once(queue: LogQueue, make_record: MakeRecord) -> None:
    """A log whose own id was accepted before is left out and reported; its neighbours are queued."""
    first, second = make_record(message="first"), make_record(message="second")
    queue.put([Envelope([first])], own_ids=frozenset([first.id]))
    result = queue.put([Envelope([replace_message(first), second])], own_ids=frozenset([first.id, second.id]))
    assert result.duplicates == {first.id}
    assert [record.message for record in taken(queue)] == ["first", "second"]


def replace_message(record: LogRecord) -> LogRecord:
    """Return a log with the same id and another message."""
    return LogRecord(record.id, record.t, record.ns, record.level, "changed")


def test_dead_letters_travel(queue: LogQueue) -> None:
    """Envelopes may hold letters that are dead already; they don't count as waiting logs."""
    letter = DeadLetter(bytes(16), b"payload", "reason", "field", "sender")
    queue.put([Envelope(dead=[letter])])
    assert queue.depth().logs == 0
    assert queue.take(100, 0).dead == [letter]


def test_a_full_queue_refuses(settings: Settings, make_record: MakeRecord) -> None:
    """Over its limit the queue keeps nothing of a put and says so; after draining it takes again."""
    small = replace(settings, queue_limit=2_000)
    upgrade(small)
    opened = connect(small)
    big = [Envelope([make_record(message="x" * 1_500)])]
    opened.queue.put(big)
    with pytest.raises(QueueFull):
        opened.queue.put([Envelope([make_record(message="y" * 1_500)])])
    assert opened.queue.depth().logs == 1
    taken(opened.queue)
    opened.queue.put(big)
    opened.close()


def test_a_full_disk_refuses(settings: Settings, make_record: MakeRecord) -> None:
    """Below the least free disk nothing is taken."""
    opened = connect(replace(settings, min_free_disk=1 << 60))
    with pytest.raises(QueueFull, match="disk"):
        opened.queue.put([Envelope([make_record()])])
    opened.close()


def test_many_threads_put_at_once(queue: LogQueue, make_record: MakeRecord) -> None:
    """Puts that share a commit are each answered for themselves, and nothing is lost or doubled."""
    records = [make_record(message=str(n)) for n in range(400)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda record: queue.put([Envelope([record])]), records))
    assert sorted(record.id for record in taken(queue)) == sorted(record.id for record in records)


def test_a_put_wakes_who_waits(queue: LogQueue, make_record: MakeRecord) -> None:
    """`take` waits for the first log and returns as soon as it is there."""
    found: list[LogRecord] = []
    waiter = threading.Thread(target=lambda: found.extend(queue.take(100, 10).records))
    waiter.start()
    queue.put([Envelope([make_record()])])
    waiter.join(timeout=5)
    assert len(found) == 1


def test_what_was_put_survives_the_process(settings: Settings, make_record: MakeRecord, tmp_path: Path) -> None:
    """Another process finds what was put; so does the same one after closing."""
    record = make_record()
    first = connect(settings)
    first.queue.put([Envelope([record])])
    first.close()
    second = connect(settings)
    assert taken(second.queue) == [record]
    second.close()
