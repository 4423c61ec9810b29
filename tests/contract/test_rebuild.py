"""Rebuild: the index made anew from the record is what it was, live, and goes on after a crash at any step."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from app.backends import Backends
from app.drain.indexing import Indexing
from app.errors import Unavailable
from app.log.record import LogRecord
from app.maintain import rebuild as pipeline
from app.maintain.audit import audit
from app.maintain.progress import Progress
from app.maintain.rebuild import rebuild, settled
from app.ports.index import Rebuildable
from app.query.filter import EVERYTHING, Contains, Equals, Filter, Matches, Words
from app.query.query import Query
from tests.conftest import MakeRecord, fill_backends
from tests.mortal import Clock, Killed, Mortal
from tests.samples import random_records

MONTH_MS = 30 * 86_400_000

#: How many logs of `logs` fill a block, of which the index keeps the messages as texts, and begin a second.
TWO_BLOCKS = 1_100

FILTERS: tuple[Filter, ...] = (
    EVERYTHING,
    Words("needle"),
    Equals("resourceId", "r3"),
    Contains("message", "eedle number 1"),
    Matches("message", "number [0-9]+7$"),
    Equals("metadata.user.id", "u5"),
)


def logs(make_record: MakeRecord, count: int) -> list[LogRecord]:
    """Return records that differ in all that the index knows."""
    return [
        make_record(message=f"needle number {n}", t=n % 977, resource_id=f"r{n % 7}", metadata={"user": {"id": f"u{n % 50}"}})
        for n in range(count)
    ]  # fmt: skip


def fill_in_parts(backends: Backends, records: Sequence[LogRecord]) -> None:
    """Make records findable that were stored in commits of 220: those of one commit may share a place."""
    for start in range(0, len(records), 220):
        fill_backends(backends, records[start : start + 220])


def seen(backends: Backends, most: int = 100) -> list[Any]:
    """Return everything that an index answers, to be compared; of the logs with a word that all of `logs` hold the first *most*, and their number."""
    index = backends.index
    index.refresh()
    limits = [most if tree == Words("needle") else 10_000 for tree in FILTERS]
    pages = [index.find(Query(tree, limit=limit, count="exact")) for tree, limit in zip(FILTERS, limits, strict=True)]
    return [
        [([record.id for record in page.records], page.total) for page in pages],
        index.histogram(Query(start=(-10_000, 0), end=(2_000_000_000_000, 0)), 30 * 86_400_000, True),
        index.facets(Query(), ["level", "resourceId", "metadata.user.id"], 100),
        sorted(index.fields(Query()), key=lambda info: info.name),
    ]


@pytest.fixture
def rebuildable(each_backends: Backends) -> Backends:
    """Backends whose index can be rebuilt."""
    if not isinstance(each_backends.index, Rebuildable):
        pytest.skip("this index can't be rebuilt")
    return each_backends


def state(backends: Backends) -> int | None:
    """Return how far a rebuild is."""
    assert isinstance(backends.index, Rebuildable)
    found = backends.index.rebuilding()
    return None if found is None else found.place


def test_index_is_the_same_after_a_rebuild(rebuildable: Backends, make_record: MakeRecord) -> None:
    """Pages, counts, histogram, facets and fields are those of before, and so after a second rebuild."""
    # Two full blocks, and a third that is not full.
    fill_backends(rebuildable, [*logs(make_record, 2_000), *random_records(11, 300)])
    before = seen(rebuildable, 10_000)
    for _ in range(2):
        done = rebuild(rebuildable.store, rebuildable.record.letters, rebuildable.index)
        assert (done.logs, done.refused, done.resumed) == (2_300, 0, False)
        assert state(rebuildable) is None
        assert seen(rebuildable, 10_000) == before


def test_empty_record(rebuildable: Backends) -> None:
    """Nothing to rebuild is no error."""
    assert rebuild(rebuildable.store, rebuildable.record.letters, rebuildable.index).logs == 0
    page = rebuildable.index.find(Query(count="exact"))
    assert (page.records, page.total) == ([], 0)


def test_index_that_lost_and_invented_logs_is_mended(rebuildable: Backends, make_record: MakeRecord) -> None:
    """What the index lacks, and what it holds without the record, is right afterwards."""
    records = logs(make_record, TWO_BLOCKS)
    fill_backends(rebuildable, records)
    wanted = seen(rebuildable)
    rebuildable.index.remove([record.id for record in records[100:200]])
    strange = make_record(message="needle of nobody")
    rebuildable.index.add([strange])
    rebuild(rebuildable.store, rebuildable.record.letters, rebuildable.index)
    assert seen(rebuildable) == wanted
    assert audit(rebuildable.store, rebuildable.record.letters, rebuildable.index, MONTH_MS).same


def test_searches_are_whole_while_logs_come_and_go(
    rebuildable: Backends, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every step all is found that is stored; what is added, deleted or expired meanwhile is so in the end."""
    monkeypatch.setattr(pipeline, "AT_ONCE", 300)
    # Two full blocks, and a third that is not full.
    records = logs(make_record, 2_300)
    fill_in_parts(rebuildable, records)
    held = {record.id for record in records}
    steps = 0

    def live(progress: Progress) -> None:
        nonlocal steps
        steps += 1
        more = logs(make_record, 30)
        fill_backends(rebuildable, more)
        held.update(record.id for record in more)
        # One that has been taken over already, and one that has not.
        gone = [records[steps * 3].id, records[-steps * 3].id]
        rebuildable.store.delete(gone)
        rebuildable.index.remove(gone)
        held.difference_update(gone)
        for side in (rebuildable.store, rebuildable.index):
            side.expire(None, 1)
        rebuildable.index.refresh()
        held.discard(min(held))
        page = rebuildable.index.find(Query(Words("needle"), limit=10_000, count="exact"))
        assert {record.id for record in page.records} == held
        assert page.total == len(held)

    rebuild(rebuildable.store, rebuildable.record.letters, rebuildable.index, live)
    # How many chunks there are depends on the commits that a mix of systems makes.
    assert steps >= 6
    fill_backends(rebuildable, more := logs(make_record, 10))
    held.update(record.id for record in more)
    for tree in (EVERYTHING, Words("needle"), Contains("message", "eedl")):
        page = rebuildable.index.find(Query(tree, limit=10_000, count="exact"))
        assert {record.id for record in page.records} == held
        assert page.total == len(held)
    assert audit(rebuildable.store, rebuildable.record.letters, rebuildable.index, MONTH_MS).same
    facets = rebuildable.index.facets(Query(), ["level"], 10)
    assert sum(value.count for value in facets.fields["level"]) == len(held)


def test_marks_and_rebuild_together(rebuildable: Backends, make_record: MakeRecord) -> None:
    """Records that wait for the index by their marks are in the new index, once."""
    records = logs(make_record, 1_200)
    fill_backends(rebuildable, records[:600])
    rebuildable.store.add(records[600:])
    rebuild(rebuildable.store, rebuildable.record.letters, rebuildable.index)
    indexing = Indexing(rebuildable.store, rebuildable.record.letters, rebuildable.index)
    while indexing.catch_up():
        indexing.settle(now=True)
    assert rebuildable.index.find(Query(Words("needle"), count="exact")).total == 1_200
    assert rebuildable.index.facets(Query(), ["level"], 1).fields["level"][0].count == 1_200


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("method", "call"), [("begin_rebuild", 1), ("rebuild_add", 1), ("rebuild_add", 3), ("finish_rebuild", 1)]
)
def test_goes_on_after_a_crash_at_any_step(
    rebuildable: Backends,
    make_record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    call: int,
    after: bool,
) -> None:
    """The next run takes up the work, and the index is whole before, between and afterwards."""
    monkeypatch.setattr(pipeline, "AT_ONCE", 220)
    fill_in_parts(rebuildable, logs(make_record, TWO_BLOCKS))
    before = seen(rebuildable)
    with pytest.raises(Killed):
        rebuild(rebuildable.store, rebuildable.record.letters, Mortal(rebuildable.index, Clock(call, after), method))
    assert seen(rebuildable) == before
    reached = state(rebuildable)
    done = rebuild(rebuildable.store, rebuildable.record.letters, rebuildable.index)
    assert done.resumed == (reached is not None)
    if method != "begin_rebuild" and reached:
        assert done.logs < TWO_BLOCKS
    assert state(rebuildable) is None
    assert seen(rebuildable) == before


def test_abandoned_rebuild_leaves_no_trace(rebuildable: Backends, make_record: MakeRecord) -> None:
    """The index is what it was, and the next rebuild begins anew."""
    records = logs(make_record, 1_000)
    fill_backends(rebuildable, records)
    before = seen(rebuildable)
    index = rebuildable.index
    assert isinstance(index, Rebuildable)
    first = index.begin_rebuild()
    settled(rebuildable.store)
    index.rebuild_add(records[:500], rebuildable.store.after(0, 500)[-1][0])
    index.abandon_rebuild()
    assert index.rebuilding() is None
    with pytest.raises(Unavailable):
        index.rebuild_add(records[:500], 500)
    assert seen(rebuildable) == before
    assert rebuild(rebuildable.store, rebuildable.record.letters, index).logs == 1_000
    assert index.begin_rebuild() > first
    assert seen(rebuildable) == before


def test_readers_and_writers_of_other_threads(rebuildable: Backends, make_record: MakeRecord) -> None:
    """Searches of other threads see all logs in every moment, over the swap too."""
    # Two full blocks, and a third that is not full.
    records = logs(make_record, 2_600)
    fill_backends(rebuildable, records)
    wrong: list[Any] = []
    stop = threading.Event()

    def search(tree: Filter) -> None:
        while not stop.is_set():
            page = rebuildable.index.find(Query(tree, limit=10_000, count="exact"))
            if (len(page.records), page.total) != (2_600, 2_600):
                wrong.append((tree, len(page.records), page.total))

    trees: Sequence[Filter] = (EVERYTHING, Words("needle"), Contains("message", "eedle nu"))
    threads = [threading.Thread(target=search, args=(tree,)) for tree in trees]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            rebuild(rebuildable.store, rebuildable.record.letters, rebuildable.index)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not wrong
