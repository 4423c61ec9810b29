"""Expiring record and index together, whatever lies where."""

from __future__ import annotations

import random

from app.backends import Backends
from app.drain.expire import expire
from app.log.record import IdSource
from app.query.query import Query
from app.settings.settings import Retention
from app.times.instant import now_ms
from tests.conftest import MakeRecord, fill_backends

#: More than two steps take.
LOGS = 4_500


def test_an_index_forgets_what_a_record_of_whole_periods_keeps_for_a_while(
    each_backends: Backends, make_record: MakeRecord
) -> None:
    """The index is emptied in as many steps as it needs, though the record may have nothing to give yet."""
    ids, before = IdSource(), now_ms() - 2 * 3600 * 1000
    old = [make_record(id=ids.take(1, now=before).to_bytes(16, "big")) for _ in range(LOGS)]
    new = make_record()
    fill_backends(each_backends, [*old, new])
    expire(each_backends.store, each_backends.index, Retention(3600))
    page = each_backends.index.find(Query(count="exact"))
    assert ([record.id for record in page.records], page.total) == ([new.id], 1)
    assert each_backends.store.get([new.id]) == [new]


def test_expiring_for_room_ends(each_backends: Backends, make_record: MakeRecord) -> None:
    """As many logs go as the limit asks for, and no more when it is asked again."""
    store = each_backends.store
    chance = random.Random(3_000)
    fill_backends(each_backends, [make_record(message=chance.randbytes(600).hex()) for _ in range(3_000)])
    limit = int(store.size() * 0.75)
    for _ in range(3):
        expire(store, each_backends.index, Retention(10**9, limit))
    assert store.size() <= limit * 1.05
    assert store.stats()["stored"] > 1_500
