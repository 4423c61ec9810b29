"""Copy: one record into another, whatever they are, live, resumable, and compared at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.accept.accept import Accept
from app.accept.receipts import Receipts
from app.backends import Backends
from app.drain.indexing import Indexing
from app.log.envelope import Claim, DeadLetter, Envelope
from app.log.limits import Limits
from app.log.record import IdSource
from app.log.schema import read_items
from app.maintain import rebuild
from app.maintain.audit import audit
from app.maintain.copy import Copied, CopySource, Target, copy
from app.maintain.progress import Progress
from app.ports.alerts import Alert, SavedSearch
from app.ports.memory import ClaimMade
from app.query.query import Query
from app.times.instant import now_ms
from tests.conftest import MakeRecord, fill_backends
from tests.contract.conftest import open_combination
from tests.mortal import Clock, Killed, mortal_record

MONTH_MS = 30 * 86_400_000
LIMITS = Limits(1 << 20, 1 << 18, MONTH_MS)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Backends]:
    """A system of the default kind: where one comes from."""
    opened = open_combination("one-file", tmp_path / "old")
    yield opened
    opened.close()


def source(backends: Backends) -> CopySource:
    """Return backends as a source."""
    return CopySource("name", backends.record, backends.queue, backends.keepers())


def target(backends: Backends) -> Target:
    """Return backends as a target."""
    return Target(
        backends.record, Indexing(backends.store, backends.record.letters, backends.index), backends.keepers(), MONTH_MS
    )


def letter(reason: str) -> DeadLetter:
    """Return a dead letter."""
    return DeadLetter(IdSource().take(1).to_bytes(16, "big"), b"payload", reason)


def same(one: Backends, other: Backends) -> None:
    """Fail unless both records hold the same, and the other's index all of it."""
    first, last = bytes(16), b"\xff" * 16
    here, there = (
        [identity for chunk in backends.store.ids_between(first, last) for identity in chunk]
        for backends in (one, other)
    )
    assert here == there
    assert one.store.get(here) == other.store.get(here)
    assert audit(other.store, other.record.letters, other.index, MONTH_MS).same
    assert other.index.find(Query(count="exact")).total == len(there)


def test_all_is_copied(old: Backends, each_backends: Backends, make_record: MakeRecord) -> None:
    """Logs, waiting logs, dead letters and claims; a second run reads nothing again."""
    fill_backends(old, [make_record(message=f"log {n}", metadata={"n": n}) for n in range(1_300)])
    waits = [make_record(message="waits") for _ in range(20)]
    old.queue.put([Envelope(waits, [letter("b")])], Claim("key", b"d", b"answer"))
    old.record.letters.bury([letter("a")])
    old.record.alerts.keep_search(SavedSearch("s", "errors", {"q": "level:error"}, 1, 2))
    old.record.alerts.keep_alert(Alert("a", "many", "s", "at_least", 300))
    done = copy(source(old), target(each_backends))
    assert (done.read, done.new, done.waiting, done.mended, done.left) == (1_300, 1_320, 20, 0, 0)
    assert each_backends.record.letters.dead_counts() == {"a": 1, "b": 1}
    assert each_backends.record.alerts.searches() == old.record.alerts.searches()
    assert [one.alert for one in each_backends.record.alerts.alerts()] == [
        one.alert for one in old.record.alerts.alerts()
    ]
    claims = [
        item for chunk in each_backends.record.claims.remembered() for item in chunk if isinstance(item, ClaimMade)
    ]
    assert [claim.key for claim in claims] == ["key"]
    fill_backends(old, [])
    same(old, each_backends)
    again = copy(source(old), target(each_backends))
    # Of what had waited the source's worker made 20 records since.
    assert (again.read, again.new, again.waiting, again.left) == (20, 0, 0, 0)


def test_copies_what_came_meanwhile_with_the_next_run(
    old: Backends, each_backends: Backends, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source goes on taking logs, and the target too; in the end each log is there once."""
    monkeypatch.setattr(rebuild, "AT_ONCE", 200)
    monkeypatch.setattr("app.drain.indexing.LEASE_SECONDS", 0.0)
    fill_backends(old, [make_record() for _ in range(1_000)])
    own = [make_record(message="the target's own") for _ in range(10)]

    def live(progress: Progress) -> None:
        fill_backends(old, [make_record() for _ in range(10)])
        if progress.logs == 400:
            fill_backends(each_backends, own)

    first = copy(source(old), target(each_backends), live)
    # What came meanwhile lies behind the end that was copied to; the comparison brings it.
    assert first.read - first.mended == 1_000
    second = copy(source(old), target(each_backends))
    assert first.new + second.new == 1_050
    assert second.left == 0
    fill_backends(old, own)
    same(old, each_backends)


def test_goes_on_after_a_crash_at_any_step(
    old: Backends, each_backends: Backends, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after each call to the target in turn; what was noted as copied is never copied again."""
    monkeypatch.setattr(rebuild, "AT_ONCE", 150)
    monkeypatch.setattr("app.drain.indexing.LEASE_SECONDS", 0.0)
    records = [make_record(message=f"log {n}") for n in range(600)]
    fill_backends(old, records)
    old.record.letters.bury([letter("a")])
    read, done = list[int](), None
    for last in range(1, 40):
        clock = Clock(last, after=bool(last % 2))
        record = mortal_record(each_backends.record, clock, "add", "note", "bury", "indexed")
        indexing = Indexing(record.store, record.letters, each_backends.index)
        mortal = Target(record, indexing, [record.claims], MONTH_MS)
        with suppress(Killed):
            done = copy(source(old), mortal)
            read.append(done.read)
            break
    assert isinstance(done, Copied)
    assert sum(read) < 600
    indexing = Indexing(each_backends.store, each_backends.record.letters, each_backends.index)
    while each_backends.store.lacking().logs:
        indexing.catch_up()
        indexing.settle(now=True)
    same(old, each_backends)


def test_source_that_was_made_anew_is_copied_from_its_beginning(
    old: Backends, each_backends: Backends, make_record: MakeRecord, tmp_path: Path
) -> None:
    """What the target notes of a name is not believed when the source has not come that far, nor when it lies."""
    fill_backends(old, [make_record() for _ in range(300)])
    copy(source(old), target(each_backends))
    other = open_combination("one-file", tmp_path / "other")
    try:
        fill_backends(other, [make_record() for _ in range(20)])
        assert copy(source(other), target(each_backends)).new == 20
        fill_backends(other, [make_record() for _ in range(400)])
        each_backends.record.notes.note("copied name", 380)
        done = copy(source(other), target(each_backends))
        assert (done.new, done.left) == (400, 0)
        assert done.mended > 0
        assert done.read >= done.new - done.waiting, "what was stored here was read there"
    finally:
        other.close()


def test_keys_and_receipts_hold_in_the_new_system(
    old: Backends, each_backends: Backends, make_record: MakeRecord
) -> None:
    """A re-send to the target, and one back to the source's kind, is answered from the first request."""
    sent = read_items([{"message": f"log {n}"} for n in range(150)] + [5], LIMITS, now_ms())
    doors = {name: Accept(one.queue, receipts(one)) for name, one in (("old", old), ("new", each_backends))}
    first = doors["old"].take(sent, sender="s", key="key", digest=b"d")
    fill_backends(old, [])
    copy(source(old), target(each_backends))
    for door in ("new", "old"):
        again = doors[door].take(
            read_items([{"message": f"log {n}"} for n in range(150)] + [5], LIMITS, now_ms()),
            sender="s",
            key="key",
            digest=b"d",
        )
        assert (again.accepted, again.duplicates, again.receipt) == (0, 150, first.receipt)
        assert again.rejected == first.rejected
    assert first.receipt is not None
    assert receipts(each_backends).status(first.receipt).stored == 150


def test_keys_of_services_hold_in_a_file(old: Backends, each_backends: Backends) -> None:
    """The way back: a request whose parts were claimed one by one is known where it is claimed whole."""
    texts = [{"message": f"log {n}"} for n in range(250)]
    first = Accept(each_backends.queue, receipts(each_backends)).take(
        read_items(texts, LIMITS, now_ms()), sender="s", key="key", digest=b"d"
    )
    fill_backends(each_backends, [])
    copy(source(each_backends), target(old))
    again = Accept(old.queue, receipts(old)).take(
        read_items(texts, LIMITS, now_ms()), sender="s", key="key", digest=b"d"
    )
    assert (again.accepted, again.duplicates, again.receipt) == (0, 250, first.receipt)


def receipts(backends: Backends) -> Receipts:
    """Return who makes receipts, with one key for all."""
    return Receipts(
        backends.queue, backends.store, backends.record.letters, backends.index, b"secret", LIMITS.retention_ms
    )
