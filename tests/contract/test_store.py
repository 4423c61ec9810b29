"""What every LogStore promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.backends import Backends, connect
from app.log.envelope import DeadLetter
from app.log.record import IdSource, LogRecord
from app.settings.settings import Settings
from app.systems.sqlite.record import SqliteStore
from tests.conftest import MakeRecord
from tests.samples import random_records


def letter(reason: str = "reason", payload: bytes = b"payload") -> DeadLetter:
    """Return a dead letter with a new id."""
    return DeadLetter(_ids.take(1).to_bytes(16, "big"), payload, reason, "field", "sender")


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
    known, place = make_record(id=ids[150], message="again"), store.newest_place()
    assert store.add([make_record(id=ids[-1]), known, make_record(id=ids[0]), make_record(id=ids[-1])]).new == 2
    assert {record.id for _, record in store.after(place, 10)} == {ids[-1], ids[0]}
    assert store.get([ids[150]])[0].message == "hello"


def test_count_and_places(each_backends: Backends, make_record: MakeRecord) -> None:
    """Records are counted by id and read on in the order of storing."""
    records = [make_record() for _ in range(10)]
    store = each_backends.store
    store.add(records[:5])
    place = store.newest_place()
    store.add(records[5:])
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
    place = store.newest_place()
    assert place > 0
    assert store.delete([record.id]) == 1
    assert store.newest_place() >= place
    later = make_record()
    store.add([later])
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


def test_dead_letters(each_backends: Backends) -> None:
    """Dead letters are kept once, listed newest first, counted by reason, and dropped by id."""
    keeper = each_backends.record.letters
    letters = [letter("a"), letter("b"), letter("a")]
    keeper.bury(letters)
    keeper.bury(letters[:1])
    assert keeper.dead() == letters[::-1]
    assert keeper.dead(limit=1, before=letters[2].id) == [letters[1]]
    assert keeper.dead(reason="a") == [letters[2], letters[0]]
    assert keeper.dead_counts() == {"a": 2, "b": 1}
    assert keeper.dead_between(letters[1].id, letters[2].id) == 2
    assert keeper.drop_dead([letters[0].id, bytes(16)]) == 1
    assert keeper.dead_counts() == {"a": 1, "b": 1}


def test_too_many_dead_letters_push_out_the_oldest(settings: Settings) -> None:
    """Over DEAD_LIMIT the oldest go, and are counted."""
    opened = connect(replace(settings, dead_limit=1_000))
    letters = [letter(payload=b"x" * 400) for _ in range(4)]
    opened.record.letters.bury(letters)
    assert opened.record.letters.dead() == letters[:1:-1]
    assert opened.store.stats()["dead_letters_dropped"] == 2
    opened.close()


@pytest.mark.parametrize("count", [1, 1_500])
def test_stats(each_backends: Backends, make_record: MakeRecord, count: int) -> None:
    """Figures for operators name what is stored."""
    each_backends.store.add([make_record() for _ in range(count)])
    stats = each_backends.store.stats()
    assert stats["stored"] == count
    assert stats["bytes"] > 0
    assert stats["oldest_received"] <= stats["newest_received"]
