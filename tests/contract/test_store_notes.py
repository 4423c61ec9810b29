"""What every LogStore promises beside keeping logs: walks, marks, claims, listings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.backends import Backends
from app.log.envelope import Claim, Earlier, Envelope, Listing
from app.log.record import IdSource, LogRecord
from app.query.query import Clock, Query, Sort
from tests.conftest import MakeRecord
from tests.samples import random_records


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


def claim(key: str, answer: bytes, part: int = 0, parts: int = 1) -> Claim:
    """Return a claim of a request that was answered so."""
    return Claim(key, b"digest", answer, part, parts)


def test_a_claim_is_the_first_requests(each_backends: Backends) -> None:
    """The same request has it for ever, another never; an envelope without one is nobody's rival."""
    keeper = each_backends.record.claims
    first, second = Envelope(claim=claim("k\0", b"1")), Envelope(claim=claim("k\0", b"2"))
    assert keeper.claim([first, Envelope(), second]) == [True, True, False]
    assert keeper.claim([second]) == [False]
    assert keeper.claim([first]) == [True]
    assert keeper.claim([]) == []
    assert keeper.claimed("k\0") == Earlier(b"1", b"digest")
    assert keeper.claimed("k") is None


def test_a_request_is_claimed_when_all_its_parts_are(each_backends: Backends) -> None:
    """A request that reached the queue in part only is made whole by the next; then neither's answer tells the whole."""
    keeper = each_backends.record.claims
    assert keeper.claim([Envelope(claim=claim("key", b"1", 1, 2))]) == [True]
    assert keeper.claimed("key") is None
    rival = [Envelope(claim=claim("key", b"2", part, 2)) for part in range(2)]
    assert keeper.claim(rival) == [True, False]
    assert keeper.claimed("key") is None
    assert keeper.claim([Envelope(claim=claim("other", b"3", part, 2)) for part in range(2)]) == [True, True]
    assert keeper.claimed("other") == Earlier(b"3", b"digest")


def test_another_body_is_no_resend(each_backends: Backends, make_record: MakeRecord) -> None:
    """It was accepted before anybody could refuse it: it is to be stored, and nothing of it counts as a double."""
    parts, record = each_backends.record, make_record()
    assert parts.claims.claim([Envelope(claim=claim("key", b"1"))]) == [True]
    other = Envelope([record], claim=Claim("key", b"other", b"2"))
    assert parts.claims.claim([other, other]) == [True, True]
    assert parts.store.count(record.id, record.id) == 0
    assert parts.claims.claimed("key") == Earlier(b"1", b"digest")


def test_logs_that_lost_their_claim_count_as_stored(each_backends: Backends, make_record: MakeRecord) -> None:
    """The receipt of a re-send adds up, though its logs stand under the first request's ids."""
    parts, records = each_backends.record, [make_record() for _ in range(3)]
    parts.claims.claim([Envelope(claim=claim("key", b"1"))])
    parts.claims.claim([Envelope(records, claim=claim("key", b"2"))])
    assert parts.store.count(records[0].id, records[2].id) == 3
    assert parts.store.get([records[0].id]) == []


def test_listings(each_backends: Backends) -> None:
    """A listing is kept until its time is over; a listing of nothing is one too."""
    keeper, ids = each_backends.record.claims, IdSource()
    keys = [ids.take(1).to_bytes(16, "big") for _ in range(4)]
    keeper.keep(Listing(keys[0], keys[1:], 60_000))
    keeper.keep(Listing(keys[1], [], 60_000))
    keeper.keep(Listing(keys[2], keys, -1))
    keeper.forget_claims()
    assert [keeper.listed(key) for key in keys] == [keys[1:], [], None, None]


def test_claims_of_today_are_remembered(each_backends: Backends) -> None:
    """Forgetting takes what is older than a day only."""
    keeper = each_backends.record.claims
    keeper.claim([Envelope(claim=claim("key", b"1"))])
    keeper.forget_claims()
    assert keeper.claimed("key") == Earlier(b"1", b"digest")


def test_a_store_takes_logs_of_any_arrival(each_backends: Backends, make_record: MakeRecord) -> None:
    """The first, the last and any id between are kept, and found in their order."""
    edges = [bytes(16), b"\x00" * 6 + b"\x01" + bytes(9), b"\x7f" * 16, b"\xff" * 16]
    records: list[LogRecord] = [make_record(id=identity) for identity in edges]
    store = each_backends.store
    assert store.add(records[::-1]).new == 4
    assert store.get(edges) == records
    assert [record for chunk in store.walk(Query(clock="received", sort="asc")) for record in chunk] == records
    assert store.count(bytes(16), b"\xff" * 16) == 4
