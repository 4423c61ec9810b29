"""What every LogQueue promises.

A queue on a system without memory counts from above, gives its order up where the system does, and makes claims
when it is drained (app/ports/): `Kind` says which of the two a test looks at.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace

import pytest

from app.backends import Backends, connect
from app.drain import drain
from app.drain.indexing import Indexing
from app.errors import QueueFull, Unavailable
from app.log.envelope import Batch, Claim, DeadLetter, Envelope
from app.log.record import LogRecord
from app.ports.queue import LogQueue, Readable
from app.settings.settings import Settings
from app.systems import shares
from tests.conftest import MakeRecord
from tests.prepared import prepare

#: Seconds within which a service must give out what it has, be the machine ever so busy.
TAKE_SECONDS = 60.0
#: Bytes of a small queue, logs of 1,000 characters that are more than a share of it and fewer than all of it, and more than all.
LIMIT, SHARE, ALL_TAKEN = 300_000, 210, 400


@dataclass(frozen=True)
class Kind:
    """What an alternate promises beyond what all do."""

    #: Fixture with its URL; empty for the default.
    fixture: str = ""
    #: It tells how many logs wait, by id if asked, and knows a claim as soon as it is made.
    exact: bool = True
    #: It gives logs out in exactly the order in which they came; else a message that was given back may come later.
    ordered: bool = True
    #: It gives each space its turn; else the service does, or nobody.
    fair: bool = True
    #: Bytes of it are limited; else the service has room for everything.
    limited: bool = True


KINDS = {
    "sqlite": Kind(),
    "rabbitmq": Kind("rabbitmq_queue", exact=False, ordered=False, fair=False),
    "sqs": Kind("sqs_queue", exact=False, ordered=False, fair=False, limited=False),
}


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    """Return every alternate of the queue."""
    return KINDS[request.param]


@pytest.fixture
def chosen(request: pytest.FixtureRequest, kind: Kind, settings: Settings) -> Settings:
    """Return settings that name the alternate."""
    return replace(settings, queue_url=request.getfixturevalue(kind.fixture)) if kind.fixture else settings


@pytest.fixture
def held(chosen: Settings) -> Iterator[Backends]:
    """Backends with the alternate, empty."""
    opened = connect(chosen)
    yield opened
    opened.close()


@pytest.fixture
def queue(held: Backends) -> LogQueue:
    """Return the alternate of the queue, empty."""
    return held.queue


def take(queue: LogQueue, limit: int = 10_000) -> Batch:
    """Take a batch that must be there; a service may need a moment to give it out."""
    until = time.monotonic() + TAKE_SECONDS
    while not (batch := queue.take(limit, 0.2)) and time.monotonic() < until:
        pass
    assert batch
    return batch


def taken(queue: LogQueue, count: int, limit: int = 10_000) -> list[LogRecord]:
    """Take and acknowledge *count* logs; there must be no more."""
    records: list[LogRecord] = []
    while len(records) < count:
        batch = take(queue, limit)
        queue.ack(batch)
        records += batch.records
    assert len(records) == count
    assert not queue.take(limit, 0)
    return records


def becomes_empty(queue: LogQueue) -> bool:
    """Return whether the depth says that nothing waits, at the latest a moment after somebody found nothing."""
    until = time.monotonic() + TAKE_SECONDS
    while queue.depth().logs and time.monotonic() < until:
        assert not queue.take(100, 0)
    return (queue.depth().logs, queue.depth().bytes, queue.depth().oldest) == (0, 0, None)


def store_all(held: Backends) -> None:
    """Drain the queue, which on a carrier makes the claims."""
    indexing = Indexing(held.store, held.record.letters, held.index)
    until = time.monotonic() + TAKE_SECONDS
    while held.queue.depth().logs and time.monotonic() < until:
        drain.drain(held.queue, held.record, indexing, 2_000, 0.2)
    assert held.queue.depth().logs == 0


def test_what_is_put_is_taken_in_order(queue: LogQueue, kind: Kind, make_record: MakeRecord) -> None:
    """Logs come out whole, in the order in which they went in."""
    records = [make_record(message=f"log {n}", metadata={"n": n, "big": 10**40, "é": [None, True]}) for n in range(250)]
    queue.put([Envelope(records[:100]), Envelope(records[100:200]), Envelope(records[200:])])
    assert queue.depth().logs == 250 if kind.exact else queue.depth().logs >= 250
    found = taken(queue, 250)
    assert (found if kind.ordered else sorted(found, key=lambda record: record.id)) == records
    assert becomes_empty(queue)


def test_one_space_waits_for_no_other(queue: LogQueue, kind: Kind, make_record: MakeRecord) -> None:
    """What a space sends is taken among the first, however much of another came before; each keeps its order, nothing comes twice."""
    loud = [[make_record(message=f"loud {n}") for n in range(20 * part, 20 * part + 20)] for part in range(150)]
    quiet = [[make_record(message=f"quiet {n}")] for n in range(3)]
    for part in range(0, 150, 50):
        queue.put([Envelope(records) for records in loud[part : part + 50]], space="loud")
    for records in quiet:
        queue.put([Envelope(records)], space="quiet")
    nobody = make_record(message="nobody's")
    queue.put([Envelope([nobody])])
    first = take(queue, 100)
    queue.ack(first)
    if kind.fair:
        assert [one.message for one in first.records][-4:] == ["quiet 0", "quiet 1", "quiet 2", "nobody's"]
    rest = taken(queue, 3_004 - len(first.records), 1_000)
    found = [one.message for one in (*first.records, *rest)]
    sent = [one.message for records in (*loud, *quiet) for one in records]
    for space in ("loud", "quiet"):
        of_space = [one for one in found if one.startswith(space)]
        wanted = [one for one in sent if one.startswith(space)]
        assert (of_space if kind.ordered else sorted(of_space)) == (wanted if kind.ordered else sorted(wanted))
    assert found.count("nobody's") == 1
    assert becomes_empty(queue)


def test_a_limit_takes_whole_envelopes(queue: LogQueue, kind: Kind, make_record: MakeRecord) -> None:
    """A batch ends with the envelope that reaches the limit; a service may have a few more at hand."""
    queue.put([Envelope([make_record() for _ in range(60)]) for _ in range(31)])
    sizes = []
    while sum(sizes) < 1_860:
        batch = take(queue, 100)
        queue.ack(batch)
        sizes.append(len(batch.records))
    assert sizes == [*[120] * 15, 60] if kind.exact else max(sizes) <= 10 * 60
    assert not queue.take(100, 0)


def test_a_taken_batch_is_nobody_elses(queue: LogQueue, kind: Kind, make_record: MakeRecord) -> None:
    """A leased envelope is not given out again, but still counts as waiting."""
    record = make_record()
    queue.put([Envelope([record])])
    batch = take(queue, 100)
    assert batch.records == [record]
    assert not queue.take(100, 0)
    assert not queue.take(100, 0.2)
    assert queue.depth().logs == 1 if kind.exact else queue.depth().logs >= 1
    assert queue.waiting(record.id, record.id) == 1 if kind.exact else queue.waiting(record.id, record.id) >= 1
    queue.ack(batch)
    assert becomes_empty(queue)


def test_a_released_batch_comes_back(queue: LogQueue, make_record: MakeRecord) -> None:
    """Released envelopes can be taken again at once."""
    record = make_record()
    queue.put([Envelope([record])])
    queue.release(take(queue, 100))
    assert queue.depth().logs >= 1
    assert taken(queue, 1) == [record]


def test_waiting_counts_by_id(queue: LogQueue, kind: Kind, make_record: MakeRecord) -> None:
    """Only logs within the range of ids are counted, where the queue can look at ids; never too few."""
    records = [make_record() for _ in range(10)]
    queue.put([Envelope(records)])
    waiting = queue.waiting(records[2].id, records[5].id)
    assert waiting == 4 if kind.exact else waiting >= 4


def test_a_claim_is_made_once(held: Backends, kind: Kind, make_record: MakeRecord) -> None:
    """The second put with the same key queues nothing and is told what the first was answered."""
    claim = Claim("client key", b"digest", b'{"accepted": 1}')
    assert held.queue.put([Envelope([make_record()])], claim).fresh
    if not kind.exact:
        store_all(held)
    waiting = held.queue.depth().logs
    again = held.queue.put([Envelope([make_record()])], Claim("client key", b"digest", b"other"))
    assert (again.fresh, again.answer, again.digest) == (False, b'{"accepted": 1}', b"digest")
    assert held.queue.depth().logs == waiting == (1 if kind.exact else 0)


def test_own_ids_are_queued_once(held: Backends, kind: Kind, make_record: MakeRecord) -> None:
    """A log whose own id was accepted before is left out and reported; its neighbours are queued."""
    queue, first, second = held.queue, make_record(message="first"), make_record(message="second")
    queue.put([Envelope([first])], own_ids=frozenset([first.id]))
    if not kind.exact:
        store_all(held)
    result = queue.put([Envelope([replace_message(first), second])], own_ids=frozenset([first.id, second.id]))
    assert result.duplicates == {first.id}
    expected = ["first", "second"] if kind.exact else ["second"]
    assert [record.message for record in taken(queue, len(expected))] == expected


def replace_message(record: LogRecord) -> LogRecord:
    """Return a log with the same id and another message."""
    return LogRecord(record.id, record.t, record.ns, record.level, "changed")


def test_dead_letters_travel(queue: LogQueue, kind: Kind) -> None:
    """Envelopes may hold letters that are dead already; they don't count as waiting logs."""
    letter = DeadLetter(bytes(16), b"payload", "reason", "field", "sender")
    queue.put([Envelope(dead=[letter])])
    if kind.exact:
        assert queue.depth().logs == 0
    assert take(queue, 100).dead == [letter]


def test_a_full_queue_refuses(settings: Settings, make_record: MakeRecord) -> None:
    """Over its limit the queue keeps nothing of a put and says so; after draining it takes again."""
    small = replace(settings, queue_limit=2_000)
    prepare(small)
    opened = connect(small)
    big = [Envelope([make_record(message="x" * 1_500)])]
    opened.queue.put(big)
    with pytest.raises(QueueFull):
        opened.queue.put([Envelope([make_record(message="y" * 1_500)])])
    assert opened.queue.depth().logs == 1
    taken(opened.queue, 1)
    opened.queue.put(big)
    opened.close()


def fill(queue: LogQueue, make_record: MakeRecord, space: str = "") -> int:
    """Put logs of 1,000 characters, ten at a time, until no more of the space is taken, or ALL_TAKEN are; return how many."""
    for count in range(0, ALL_TAKEN, 10):
        try:
            queue.put([Envelope([make_record(message="x" * 1_000) for _ in range(10)])], space=space)
        except QueueFull:
            return count
    return ALL_TAKEN


def drained(queue: LogQueue) -> None:
    """Take all that waits."""
    until = time.monotonic() + TAKE_SECONDS
    while queue.depth().logs and time.monotonic() < until:
        queue.ack(queue.take(1_000, 0.2))
    assert queue.depth().logs == 0


def test_logs_of_no_space_have_the_whole_queue_again(
    chosen: Settings, kind: Kind, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a space that sends they have a share; once it has sent nothing for a while and none of its logs wait, all of the queue."""
    with closing(connect(replace(chosen, queue_limit=LIMIT))) as opened:
        queue = opened.queue
        whole = fill(queue, make_record)
        drained(queue)
        queue.put([Envelope([make_record()])], space="shop")
        drained(queue)
        if kind.limited:
            # It may come again at any moment.
            assert fill(queue, make_record) < SHARE < whole
            drained(queue)
        monkeypatch.setattr(shares, "SENDING_SECONDS", 0.0)
        queue.put([Envelope([make_record(message="x" * 2_000)])], space="shop")
        if kind.limited:
            assert fill(queue, make_record) < SHARE
        drained(queue)
        until = time.monotonic() + TAKE_SECONDS
        while (found := fill(queue, make_record)) <= SHARE and time.monotonic() < until:
            drained(queue)
        assert found > SHARE
        # And a space that comes then has room as soon as something is stored, before them.
        monkeypatch.undo()
        if kind.limited:
            _asks(queue, make_record)
            queue.ack(take(queue, 50))
            while not _asks(queue, make_record) and time.monotonic() < until:
                pass
            # They have a share again; of a few messages that a taker holds ready a service says nothing.
            drained(queue)
            assert fill(queue, make_record) < SHARE
            with pytest.raises(QueueFull, match="no space have a share"):
                queue.put([Envelope([make_record(message="x" * 1_000) for _ in range(10)])])


def _asks(queue: LogQueue, make_record: MakeRecord) -> bool:
    """Return whether a space has room for a log."""
    try:
        queue.put([Envelope([make_record()])], space="shop")
    except QueueFull:
        return False
    return True


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
    assert sorted(record.id for record in taken(queue, 400)) == sorted(record.id for record in records)


def test_a_put_wakes_who_waits(queue: LogQueue, make_record: MakeRecord) -> None:
    """`take` waits for the first log and returns as soon as it is there."""
    found: list[LogRecord] = []
    until = time.monotonic() + TAKE_SECONDS

    def wait() -> None:
        # A service that can't be reached in time is asked again, as workers do.
        while not found and time.monotonic() < until:
            with suppress(Unavailable):
                found.extend(queue.take(100, 2 * TAKE_SECONDS).records)

    waiter = threading.Thread(target=wait)
    waiter.start()
    queue.put([Envelope([make_record()])])
    waiter.join(timeout=TAKE_SECONDS)
    assert len(found) == 1


def test_what_was_put_survives_the_process(chosen: Settings, make_record: MakeRecord) -> None:
    """Another process finds what was put; so does the same one after closing."""
    record = make_record()
    first = connect(chosen)
    first.queue.put([Envelope([record])])
    first.close()
    second = connect(chosen)
    assert taken(second.queue, 1) == [record]
    second.close()


def test_what_was_taken_and_not_acknowledged_is_not_lost(chosen: Settings, kind: Kind, make_record: MakeRecord) -> None:
    """A batch of a process that closed without acknowledging still counts as waiting."""
    first = connect(chosen)
    first.queue.put([Envelope([make_record()])])
    assert take(first.queue)
    first.close()
    second = connect(chosen)
    assert second.queue.depth().logs >= 1
    second.close()


def test_looking_takes_nothing(each_backends: Backends, make_record: MakeRecord) -> None:
    """What waits is read in order, leased envelopes too, and waits as before."""
    queue = each_backends.queue
    if not isinstance(queue, Readable):
        pytest.skip("this queue can't be read")
    records = [make_record(message="x" * 500) for _ in range(5_000)]
    queue.put([Envelope(records[at : at + 100]) for at in range(0, 5_000, 100)])
    queue.put([Envelope(dead=[DeadLetter(b"d" * 16, b"payload", "reason")])])
    queue.take(100, 0)
    batches = list(queue.look())
    found: list[LogRecord] = [record for batch in batches for record in batch.records]
    assert found == records
    assert [letter.reason for batch in batches for letter in batch.dead] == ["reason"]
    assert queue.depth().logs == 5_000
