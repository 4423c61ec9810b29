"""What record and index promise alike of the ids that they hold."""

from __future__ import annotations

import random

import pytest

from app.backends import Backends
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
