"""What every LogStore promises: records, places, walks, and marks for what the index lacks.

PostgreSQL holds back what was stored while an older transaction is open in any database of its server. Other tests run on the
same server, so a test that reads by places waits with `settled` first.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.backends import Backends
from app.log.record import IdSource, LogRecord
from app.maintain.rebuild import settled
from app.query.query import Clock, Query, Sort
from app.systems.postgres import server
from app.systems.sqlite import record as sqlite_record
from app.systems.sqlite.record import SqliteStore
from tests.conftest import MakeRecord
from tests.samples import random_records

_ids = IdSource()


#: Milliseconds.
DAY = 24 * 3600 * 1000


def test_records_come_back_as_they_were(each_backends: Backends) -> None:
    """Every field of every kind of log is kept."""
    records = list(random_records(3, 300))
    assert each_backends.store.add(records).new == 300
    assert each_backends.store.get([record.id for record in records]) == records


def test_a_record_is_stored_once(each_backends: Backends, make_record: MakeRecord) -> None:
    """An id that is stored already keeps its first content, within a batch too."""
    record = make_record(message="first")
    other = make_record(id=record.id, message="second")
    assert each_backends.store.add([record, other]).new == 1
    assert each_backends.store.add([other]).new == 0
    assert [found.message for found in each_backends.store.get([record.id])] == ["first"]


def test_known_ids_are_told_however_many_lie_between(each_backends: Backends, make_record: MakeRecord) -> None:
    """Two new logs and a stored one, with hundreds of stored ids between them: the new ones are stored, in order."""
    ids = [_ids.take(1).to_bytes(16, "big") for _ in range(302)]
    store = each_backends.store
    assert store.add([make_record(id=identity) for identity in ids[1:-1]]).new == 300
    known, place = make_record(id=ids[150], message="again"), settled(store)
    assert store.add([make_record(id=ids[-1]), known, make_record(id=ids[0]), make_record(id=ids[-1])]).new == 2
    settled(store)
    assert {record.id for _, record in store.after(place, 10)} == {ids[-1], ids[0]}
    assert store.get([ids[150]])[0].message == "hello"


def test_count_and_places(each_backends: Backends, make_record: MakeRecord) -> None:
    """Records are counted by id and read on in the order of storing."""
    records = [make_record() for _ in range(10)]
    store = each_backends.store
    store.add(records[:5])
    place = settled(store)
    store.add(records[5:])
    settled(store)
    assert store.count(records[2].id, records[6].id) == 5
    assert [record for _, record in store.after(place, 100)] == records[5:]
    # At least as many as asked for: records of one commit may share a place.
    assert [record for _, record in store.after(0, 3)][:3] == records[:3]


def test_reading_on_by_places_meets_every_record_once(each_backends: Backends, make_record: MakeRecord) -> None:
    """However few are asked for, the last place leads on: no commit is parted."""
    store, stored, met, place = each_backends.store, list[LogRecord](), list[LogRecord](), 0
    for size in (1, 7, 3, 5):
        stored += (batch := [make_record() for _ in range(size)])
        store.add(batch)
    settled(store)
    while found := store.after(place, 2):
        met += [record for _, record in found]
        assert [at for at, _ in found] == sorted(at for at, _ in found)
        place = found[-1][0]
    assert met == stored
    assert place == store.newest_place()


def test_the_newest_place_never_falls(each_backends: Backends, make_record: MakeRecord) -> None:
    """Whoever reads on from it misses nothing though the newest records went meanwhile."""
    store = each_backends.store
    assert store.newest_place() == 0
    record = make_record()
    store.add([record])
    place = settled(store)
    assert place > 0
    assert store.delete([record.id]) == 1
    assert store.newest_place() >= place
    later = make_record()
    store.add([later])
    settled(store)
    assert [found for _, found in store.after(place, 10)] == [later]


def test_unknown_ids_are_left_out(each_backends: Backends, make_record: MakeRecord) -> None:
    """Asking for what is not there finds nothing."""
    assert each_backends.store.get([bytes(16)]) == []


def test_expire_takes_the_oldest_by_arrival(each_backends: Backends, make_record: MakeRecord) -> None:
    """Age counts from arrival: an old timestamp shortens no life, a new one lengthens none."""
    ids, store = IdSource(), each_backends.store
    old = make_record(id=ids.take(1, now=1_000_000).to_bytes(16, "big"), timestamp="9999-01-01T00:00:00Z")
    new = make_record(timestamp="0001-01-01T00:00:00Z")
    store.add([old, new])
    if isinstance(store, SqliteStore):
        assert store.expire(1_000_000, 100) == 0
        assert store.expire(1_000_001, 100) == 1
    else:  # a record's period goes as a whole, when all of it is older
        assert store.expire(1_000_001, 100) == 0
        assert store.expire(2 * DAY, 100) == 1
    assert store.get([old.id, new.id]) == [new]
    assert store.stats()["stored"] == 1


def test_expire_takes_as_many_as_it_may(each_backends: Backends, make_record: MakeRecord) -> None:
    """For want of room the oldest go, whatever their age."""
    ids, store = IdSource(), each_backends.store
    days = [ids.take(1, now=1 + day * DAY).to_bytes(16, "big") for day in (0, 0, 0, 1, 1, 5)]
    records = [make_record(id=identity) for identity in days]
    store.add(records[::-1])
    assert store.expire(None, 2) == 2
    assert store.expire(None, 2) == 2
    assert store.get(days) == records[4:]
    assert store.stats()["stored"] == 2
    assert store.expire(None, 100) == 2
    assert store.stats()["stored"] == 0
    store.add(records)
    assert store.count(days[0], days[-1]) == 6


@pytest.mark.parametrize("count", [1, 1_500])
def test_stats(each_backends: Backends, make_record: MakeRecord, count: int) -> None:
    """Figures for operators name what is stored."""
    each_backends.store.add([make_record() for _ in range(count)])
    stats = each_backends.store.stats()
    assert stats["stored"] == count
    assert stats["bytes"] > 0
    assert stats["oldest_received"] <= stats["newest_received"]


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("clock", ["event", "received"])
def test_a_walk_is_in_the_querys_order(each_backends: Backends, clock: Clock, sort: Sort) -> None:
    """Window, order and cursor hold, over many chunks and many records of one instant."""
    store, records = each_backends.store, list(random_records(11, 1_700))
    store.add(records[::-1])
    ordered = sorted(
        records, key=lambda record: record.key if clock == "event" else (record.id,), reverse=sort == "desc"
    )
    query = Query(clock=clock, sort=sort)
    assert [record for chunk in store.walk(query) for record in chunk] == ordered
    after = ordered[700].key
    assert [record for chunk in store.walk(replace(query, after=after)) for record in chunk] == ordered[701:]
    times = sorted((record.t, record.ns) if clock == "event" else (record.received, 0) for record in records)
    start, end = times[300], times[1_400]
    inside = [
        record
        for record in ordered
        if start <= ((record.t, record.ns) if clock == "event" else (record.received, 0)) <= end
    ]
    windowed = replace(query, start=start, end=end)
    assert [record for chunk in store.walk(windowed) for record in chunk] == inside


def test_a_walk_before_all_time_finds_nothing(each_backends: Backends, make_record: MakeRecord) -> None:
    """No record was received before 1970."""
    each_backends.store.add([make_record()])
    assert [*each_backends.store.walk(Query(clock="received", end=(-1, 0)))] == []


def test_deleted_records_are_gone(each_backends: Backends, make_record: MakeRecord) -> None:
    """What is deleted is neither found nor counted; unknown ids do no harm."""
    records = [make_record() for _ in range(5)]
    store = each_backends.store
    store.add(records)
    assert store.delete([records[1].id, records[3].id, bytes(16)]) == 2
    assert store.get([record.id for record in records]) == records[::2]
    assert store.count(records[0].id, records[4].id) == 3
    assert store.stats()["stored"] == 3


def test_records_lack_in_the_index_until_they_are_indexed(each_backends: Backends, make_record: MakeRecord) -> None:
    """Each commit's mark is leased once, the oldest first, and gone when it is indexed."""
    store = each_backends.store
    batches = [[make_record() for _ in range(3)] for _ in range(4)]
    added = [store.add(batch) for batch in batches]
    assert store.lacking().logs == 12
    assert store.lacking().since is not None
    marks, records = store.lacking_records(5, 60)
    assert marks == [added[0].mark, added[1].mark]
    assert sorted(records, key=lambda record: record.id) == batches[0] + batches[1]
    assert store.lacking_records(100, 60)[0] == [added[2].mark, added[3].mark]
    assert store.lacking_records(100, 60) == ([], [])
    assert store.lacking().logs == 12
    store.indexed([one.mark for one in added])
    assert (store.lacking().logs, store.lacking().since) == (0, None)
    store.indexed([added[0].mark])


def test_a_lease_ends(each_backends: Backends, make_record: MakeRecord) -> None:
    """A mark of whoever died is given to another; one that was left to its writer is not, yet."""
    store, records = each_backends.store, [make_record() for _ in range(2)]
    mark = store.add(records[:1]).mark
    store.add(records[1:], lease=60)
    assert store.lacking_records(100, 0)[0] == [mark]
    assert store.lacking_records(100, 0)[0] == [mark]
    assert store.lacking().logs == 2


def test_records_stored_before_are_marked_again(each_backends: Backends, make_record: MakeRecord) -> None:
    """A batch that comes a second time may be one whose index write was lost."""
    store, record = each_backends.store, make_record()
    first = store.add([record])
    store.indexed([first.mark])
    again = store.add([record])
    assert (again.new, again.mark != first.mark) == (0, True)
    assert store.lacking_records(10, 60) == ([again.mark], [record])


def test_a_store_takes_logs_of_any_arrival(each_backends: Backends, make_record: MakeRecord) -> None:
    """The first, the last and any id between are kept, and found in their order."""
    edges = [bytes(16), b"\x00" * 6 + b"\x01" + bytes(9), b"\x7f" * 16, b"\xff" * 16]
    records: list[LogRecord] = [make_record(id=identity) for identity in edges]
    store = each_backends.store
    assert store.add(records[::-1]).new == 4
    assert store.get(edges) == records
    assert [record for chunk in store.walk(Query(clock="received", sort="asc")) for record in chunk] == records
    assert store.count(bytes(16), b"\xff" * 16) == 4


def ids(chunks: object) -> list[bytes]:
    """Return the ids of all chunks."""
    return [identity for chunk in chunks for identity in chunk]  # type: ignore[attr-defined]


def test_many_marks(each_backends: Backends, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every marked id is named, and none whose mark is gone, of more marks than are read at once."""
    monkeypatch.setattr(sqlite_record, "MARKS_AT_ONCE", 100)
    monkeypatch.setattr(server, "CHUNK", 100)
    records = [make_record() for _ in range(260)]
    marks = [each_backends.store.add([record]).mark for record in records]
    assert sorted(ids(each_backends.store.lacking_ids())) == [record.id for record in records]
    each_backends.store.indexed(marks[:-1])
    assert ids(each_backends.store.lacking_ids()) == [records[-1].id]
