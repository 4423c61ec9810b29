"""What every ClaimKeeper promises, and every queue that remembers requests itself."""

from __future__ import annotations

import pytest

from app.backends import Backends
from app.log.envelope import Claim, Earlier, Envelope, Listing
from app.log.record import IdSource
from app.ports.memory import ClaimMade, Doubled, Keeper, Listed, OwnId, Remembered
from tests.conftest import MakeRecord


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
