"""What operators' commands ask of every record, queue and index (app/ports/memory.py)."""

from __future__ import annotations

import random

import pytest

from app.backends import Backends
from app.log.envelope import DeadLetter, Envelope, Listing
from app.log.record import LogRecord
from app.ports.memory import ClaimMade, Doubled, Keeper, Listed, OwnId, Remembered
from app.ports.queue import Readable
from tests.conftest import MakeRecord, fill_backends

FIRST, LAST = bytes(16), b"\xff" * 16


def ids(chunks: object) -> list[bytes]:
    """Return the ids of all chunks."""
    return [identity for chunk in chunks for identity in chunk]  # type: ignore[attr-defined]


@pytest.mark.parametrize("part", ["store", "index"])
def test_ids_come_in_order_whatever_the_order_of_storing(
    each_backends: Backends, make_record: MakeRecord, part: str
) -> None:
    """All ids of a range, its ends included, ascending, over many chunks, none twice."""
    records = [make_record() for _ in range(12_500)]
    fill_backends(each_backends, random.Random(3).sample(records, len(records)))
    side = getattr(each_backends, part)
    assert ids(side.ids_between(FIRST, LAST)) == [record.id for record in records]
    assert ids(side.ids_between(records[5].id, records[10_017].id)) == [record.id for record in records[5:10_018]]
    assert ids(side.ids_between(records[7].id, records[7].id)) == [records[7].id]
    assert ids(side.ids_between(FIRST, FIRST)) == []


def test_index_names_only_what_it_can_find(each_backends: Backends, make_record: MakeRecord) -> None:
    """A record that is stored and not yet indexed is not among the index's ids."""
    seen, unseen = make_record(), make_record()
    fill_backends(each_backends, [seen])
    each_backends.store.add([unseen])
    assert ids(each_backends.store.ids_between(FIRST, LAST)) == [seen.id, unseen.id]
    assert ids(each_backends.index.ids_between(FIRST, LAST)) == [seen.id]
    assert ids(each_backends.store.lacking_ids()) == [unseen.id]


def test_removed_and_expired_ids_are_gone(each_backends: Backends, make_record: MakeRecord) -> None:
    """Neither side names what was deleted."""
    records = [make_record() for _ in range(20)]
    fill_backends(each_backends, records)
    store, index = each_backends.store, each_backends.index
    store.delete([records[3].id])
    index.remove([records[3].id])
    for side in (store, index):
        side.expire(None, 2)
    index.refresh()
    left = [record.id for record in records if record not in (records[0], records[1], records[3])]
    assert ids(store.ids_between(FIRST, LAST)) == ids(index.ids_between(FIRST, LAST)) == left


def test_many_marks(each_backends: Backends, make_record: MakeRecord) -> None:
    """Every marked id is named, and none whose mark is gone."""
    records = [make_record() for _ in range(1_300)]
    marks = [each_backends.store.add([record]).mark for record in records]
    assert sorted(ids(each_backends.store.lacking_ids())) == [record.id for record in records]
    each_backends.store.indexed(marks[:1_299])
    assert ids(each_backends.store.lacking_ids()) == [records[-1].id]


def test_notes(each_backends: Backends) -> None:
    """A note is 0 until it is set, keeps its last value, and meets no figure of the same name."""
    parts = each_backends.record
    assert parts.notes.noted("stored") == 0
    parts.notes.note("stored", 2**62)
    parts.notes.note("other", 5)
    assert (parts.notes.noted("stored"), parts.notes.noted("other"), parts.store.stats()["stored"]) == (2**62, 5, 0)
    parts.notes.note("stored", 0)
    assert parts.notes.noted("stored") == 0


def test_what_is_remembered_can_be_carried_over(each_backends: Backends) -> None:
    """Claims, listings and doubles come out as they went in; what is there already stays."""
    keeper = each_backends.record.claims
    claims = [ClaimMade(f"key {n}", n % 3, 3, b"digest", f"answer {n}".encode(), 1_000 + n) for n in range(2_500)]
    listed = Listed(b"k" * 16, b"i" * 32, 2**45)
    doubled = Doubled(b"a" * 16, b"b" * 16, 7)
    keeper.remember([*claims, listed, doubled])
    keeper.remember([ClaimMade("key 0", 0, 3, b"other", b"other", 9), Listed(b"k" * 16, b"", 5)])
    found = [item for chunk in keeper.remembered() for item in chunk]
    assert sorted(found, key=repr) == sorted([*claims, listed, doubled], key=repr)
    assert keeper.listed(b"k" * 16) == [b"i" * 16, b"i" * 16]


def test_queue_that_remembers(each_backends: Backends, make_record: MakeRecord) -> None:
    """What a queue keeps of requests comes out whole, and is known where it is carried to."""
    queue = each_backends.queue
    if not isinstance(queue, Keeper):
        pytest.skip("this queue remembers nothing by itself")
    record = make_record()
    queue.put([Envelope([record])], own_ids=frozenset([record.id]), listing=Listing(b"k" * 16, [record.id], 10**6))
    found: list[Remembered] = [item for chunk in queue.remembered() for item in chunk]
    assert {type(item) for item in found} == {Listed, OwnId}
    queue.remember(found)
    assert [item for chunk in queue.remembered() for item in chunk] == found


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
