"""Audit: every difference between record and index is found and mended, and nothing on its way is called one."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends import Backends
from app.drain.indexing import Indexing
from app.log.envelope import Envelope
from app.log.record import IdSource
from app.maintain import audit as pipeline
from app.maintain.audit import audit, differences
from app.query.query import Query
from app.times.instant import now_ms
from tests.conftest import MakeRecord, fill_backends

MONTH_MS = 30 * 86_400_000


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is on its way in these tests but what they put there."""
    monkeypatch.setattr(pipeline, "SETTLE_SECONDS", 0.0)


def chunked(ids: list[bytes], size: int) -> Iterator[list[bytes]]:
    """Yield ids in chunks."""
    yield from (ids[at : at + size] for at in range(0, len(ids), size))


@given(
    st.lists(st.binary(min_size=1, max_size=2), unique=True),
    st.lists(st.binary(min_size=1, max_size=2), unique=True),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_differences_are_those_of_sets(left: list[bytes], right: list[bytes], ours: int, theirs: int) -> None:
    """Whatever the chunks, each is named once and in order."""
    found = list(differences(chunked(sorted(left), ours), chunked(sorted(right), theirs)))
    assert [one for more, _ in found for one in more] == sorted(set(left) - set(right))
    assert [one for _, less in found for one in less] == sorted(set(right) - set(left))


def test_same(each_backends: Backends, make_record: MakeRecord) -> None:
    """What the drain made has no difference; neither has nothing."""
    assert audit(each_backends.store, each_backends.record.letters, each_backends.index, MONTH_MS).same
    fill_backends(each_backends, [make_record() for _ in range(1_500)])
    found = audit(each_backends.store, each_backends.record.letters, each_backends.index, MONTH_MS)
    assert found.same
    assert (found.record, found.index, found.on_their_way, found.buckets) == (1_500, 1_500, 0, {})


def test_differences_of_both_directions_are_found_and_mended(
    each_backends: Backends, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is counted, in its bucket, listed up to a bound, and gone after a repair."""
    monkeypatch.setattr(pipeline, "LISTED", 10)
    monkeypatch.setattr(pipeline, "GROUP", 40)
    ids, hour = IdSource(), now_ms() - 5 * 3_600_000
    old = [make_record(id=ids.take(1, now=hour).to_bytes(16, "big"), message=f"old {n}") for n in range(200)]
    new = [make_record(message=f"new {n}") for n in range(300)]
    records = random.Random(2).sample([*old, *new], 500)
    store, index, letters = each_backends.store, each_backends.index, each_backends.record.letters
    shared = not _apart(each_backends)
    fill_backends(each_backends, records)
    lost = [*old[10:40], *new[100:190]]
    if shared:
        # There the rows are one; what an index can lose are its terms.
        lost = []
    else:
        index.remove([record.id for record in lost])
    unmarked = [make_record(message=f"unmarked {n}") for n in range(25)]
    store.indexed([store.add(unmarked).mark])
    surplus = [] if shared else [make_record(message=f"surplus {n}") for n in range(60)]
    index.add(surplus)
    found = audit(store, letters, index, MONTH_MS)
    assert (found.missing, found.surplus) == (len(lost) + 25, len(surplus))
    assert found.record == 525
    assert len(found.listed) == 10
    assert sum(missing for missing, _ in found.buckets.values()) == found.missing
    if not shared:
        assert found.buckets[hour // 3_600_000 * 3_600_000] == [30, 0]
    shown = found.to_dict()
    assert (shown["same"], len(shown["listed"])) == (False, 10)
    mended = audit(store, letters, index, MONTH_MS, repair=True)
    assert (mended.missing, mended.surplus, mended.repaired) == (found.missing, found.surplus, True)
    assert audit(store, letters, index, MONTH_MS).same
    page = index.find(Query(limit=10_000, count="exact"))
    assert {record.id for record in page.records} == {record.id for record in [*records, *unmarked]}
    assert page.total == 525


def _apart(backends: Backends) -> bool:
    return backends.settings.search_url != backends.settings.store_url


def test_what_is_on_its_way_is_no_difference(each_backends: Backends, make_record: MakeRecord) -> None:
    """Logs in the queue are in neither; marked ones are counted for themselves, and left to who carries them."""
    fill_backends(each_backends, [make_record() for _ in range(10)])
    each_backends.queue.put([Envelope([make_record()])])
    each_backends.store.add([make_record() for _ in range(7)])
    for repair in (False, True):
        found = audit(each_backends.store, each_backends.record.letters, each_backends.index, MONTH_MS, repair=repair)
        assert found.same
        assert (found.record, found.index, found.on_their_way) == (17, 10, 7)


def test_older_than_the_retention_is_not_compared(each_backends: Backends, make_record: MakeRecord) -> None:
    """What is about to expire may have gone from one of the two already."""
    record = make_record()
    each_backends.store.indexed([each_backends.store.add([record]).mark])
    assert audit(each_backends.store, each_backends.record.letters, each_backends.index, MONTH_MS).missing == 1
    assert audit(each_backends.store, each_backends.record.letters, each_backends.index, -60_000).same


def test_live_audits_find_nothing(each_backends: Backends, make_record: MakeRecord) -> None:
    """While logs come, move and go, an audit between any two steps is clean."""
    carrying = Indexing(each_backends.store, each_backends.record.letters, each_backends.index)
    for turn in range(6):
        records = [make_record() for _ in range(50)]
        added = each_backends.store.add(records, 60)
        if turn % 2:
            carrying.add(added.mark, records)
        if turn % 3 == 0:
            each_backends.store.delete([records[0].id])
            each_backends.index.remove([records[0].id])
        assert audit(each_backends.store, each_backends.record.letters, each_backends.index, MONTH_MS).same
        carrying.settle(now=True)
