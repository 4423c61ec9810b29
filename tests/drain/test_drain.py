"""The drain, by one transaction and by leases: what can't be stored is set apart, and what can is stored once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest

from app.accept.receipts import ReceiptCounts, Receipts
from app.backends import Backends
from app.drain import drain
from app.drain.indexing import Indexing
from app.errors import Unavailable
from app.log.envelope import Batch, DeadLetter, Envelope, unreadable
from app.log.record import IdSource
from app.query.query import Query
from tests.conftest import MakeRecord
from tests.contract.conftest import open_combination

#: Moves up to so many logs, waiting so many seconds for the first; returns how many.
Step = Callable[[int, float], int]
#: Milliseconds that no 64-bit column holds: a log that the store must refuse though it is sound.
POISON = 1 << 63


@pytest.fixture(params=["one-file", "three-files"])
def backends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backends]:
    """Backends that are drained by one transaction, and by leases."""
    opened = open_combination(request.param, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def step(backends: Backends) -> Step:
    """What a worker calls on these backends."""
    return backends.move or draining(backends)


def draining(backends: Backends) -> Step:
    """Return the drain by leases, with the index following at once."""
    indexing = Indexing(backends.store, backends.record.letters, backends.index)

    def step(limit: int, wait: float) -> int:
        moved = drain.drain(backends.queue, backends.record, indexing, limit, wait)
        indexing.settle(now=True)
        return moved

    return step


def queue_file(backends: Backends) -> Path:
    """Return the file that holds the queue."""
    apart = backends.settings.data_dir / "queue.db"
    return apart if apart.exists() else backends.settings.database


def test_log_that_cannot_be_stored_costs_no_neighbour(
    backends: Backends, step: Step, make_record: MakeRecord, caplog: pytest.LogCaptureFixture
) -> None:
    """It becomes a dead letter of the same id, with its content and the reason; the receipt tells the same."""
    first = IdSource().take(100)
    records = [
        make_record(id=(first + n).to_bytes(16, "big"), message=f"log {n}", t=POISON if n == 41 else n)
        for n in range(100)
    ]
    receipts = Receipts(backends.queue, backends.store, backends.record.letters, backends.index, b"secret", 86_400_000)
    receipt = receipts.consecutive(records[0].id, 100)
    backends.queue.put([Envelope(records)])
    assert step(1_000, 0) == 100
    assert step(1_000, 0) == 0
    good = [record for record in records if record.t != POISON]
    assert backends.store.get([record.id for record in records]) == good
    assert backends.index.find(Query(limit=1_000, sort="asc")).records == good
    (letter,) = backends.record.letters.dead()
    assert letter.id == records[41].id
    assert b"log 41" in letter.payload
    assert letter.reason.startswith("can't be stored: OverflowError")
    assert receipts.status(receipt) == ReceiptCounts(accepted=100, queued=0, stored=99, indexed=99, dead=1)
    assert "trying its logs one by one" in caplog.text


@pytest.mark.parametrize("body", [b"", b"noise", b"\x92\x90", bytes(300), b"\x92\x91\x01\x90"])
def test_message_that_cannot_be_read_costs_no_neighbour(
    backends: Backends, step: Step, make_record: MakeRecord, body: bytes
) -> None:
    """Its bytes become a dead letter; the envelopes before and behind it are stored."""
    before, after = make_record(message="before"), make_record(message="after")
    backends.queue.put([Envelope([before])])
    with closing(pysqlite3.connect(str(queue_file(backends)))) as connection:
        row = (bytes(16), bytes(16), 0, body)
        connection.execute("INSERT INTO queue (first, last, logs, body) VALUES (?, ?, ?, ?)", row)
        connection.commit()
    backends.queue.put([Envelope([after])])
    while step(1_000, 0):
        pass
    assert backends.store.get([before.id, after.id]) == [before, after]
    (letter,) = backends.record.letters.dead()
    assert (letter.payload, letter.reason) == (body, "the queue's message can't be decoded")
    assert not backends.queue.take(100, 0)


def test_letters_travel_with_their_logs(backends: Backends, step: Step, make_record: MakeRecord) -> None:
    """What was refused at the door is kept by the same step that stores its neighbours, or alone."""
    ids = IdSource()
    letters = [DeadLetter(ids.take(1).to_bytes(16, "big"), b"{", "is not JSON", None, "me") for _ in range(2)]
    record = make_record()
    backends.queue.put([Envelope([record], letters[:1]), Envelope(dead=letters[1:])])
    step(1_000, 0)
    step(1_000, 0)
    assert backends.record.letters.dead() == letters[::-1]
    assert backends.store.get([record.id]) == [record]


def test_redelivered_batch_stores_nothing_twice(backends: Backends, make_record: MakeRecord) -> None:
    """A crash between storing and acknowledging: the same envelopes come again."""
    records = [make_record(message=f"log {n}") for n in range(50)]
    backends.queue.put([Envelope(records)])
    batch = backends.queue.take(100, 0)
    backends.store.add(batch.records)
    backends.queue.release(batch)
    assert draining(backends)(100, 0) == 50
    assert backends.store.stats()["stored"] == 50
    page = backends.index.find(Query(limit=100, count="exact"))
    assert (page.total, len(page.records)) == (50, 50)


def test_shift_outlives_a_store_that_is_down(backends: Backends, step: Step, make_record: MakeRecord) -> None:
    """It tries again until the store is back, and ends when it is told to."""
    ended, failures = threading.Event(), 3
    record = make_record()
    backends.queue.put([Envelope([record])])

    def failing(limit: int, wait: float) -> int:
        nonlocal failures
        if failures:
            failures -= 1
            raise Unavailable("the store is away")
        return step(limit, wait)

    moved: list[int] = []
    shift = threading.Thread(target=lambda: moved.append(drain.shift(failing, ended.is_set, batch_size=100)))
    shift.start()
    until = time.monotonic() + 60
    while not backends.store.get([record.id]) and time.monotonic() < until:
        time.sleep(0.01)
    ended.set()
    shift.join()
    assert (failures, moved) == (0, [1])


def test_nothing_is_acknowledged_while_the_store_is_down(tmp_path: Path, make_record: MakeRecord) -> None:
    """The batch is given back at once and waits on."""
    opened = open_combination("three-files", tmp_path)
    record = make_record()
    opened.queue.put([Envelope([record])])
    with closing(pysqlite3.connect(str(tmp_path / "store.db"))) as connection:
        connection.execute("ALTER TABLE logs RENAME TO away")
        with pytest.raises(Unavailable):
            draining(opened)(100, 0)
        assert opened.queue.depth().logs == 1
        connection.execute("ALTER TABLE away RENAME TO logs")
    assert draining(opened)(100, 0) == 1
    assert opened.store.get([record.id]) == [record]
    opened.close()


def test_letters_of_unreadable_messages_have_ids_of_their_own() -> None:
    """Of now, and distinct, so that none hides another."""
    letters = unreadable(Batch([], [], [], [b"a", b"b"]))
    assert len({letter.id for letter in letters}) == 2
    assert unreadable(Batch([], [], [])) == []
