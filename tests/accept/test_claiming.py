"""Keys, own ids and listings where the queue remembers nothing: a re-send is stored once, and receipts add up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.accept import claiming
from app.accept.accept import Accept, Outcome
from app.accept.claiming import ClaimingQueue
from app.accept.receipts import Receipts
from app.backends import Backends
from app.drain import drain, indexing
from app.drain.indexing import Indexing
from app.errors import InvalidInput, PartTaken, Unavailable
from app.log.envelope import Claim, Envelope
from app.log.record import IdSource, LogRecord, id_text
from app.log.schema import read_items
from app.times.instant import now_ms
from tests.carrying import LIMITS, System, make_system
from tests.mortal import Clock, Killed, Mortal, each_part, mortal_record

#: Without the phase that explains a failure: it traces every line.
QUICK = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases end at once."""
    monkeypatch.setattr(indexing, "LEASE_SECONDS", 0.0)
    monkeypatch.setattr("app.systems.sqlite.queue.LEASE_SECONDS", 0)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A system on an empty folder."""
    made = make_system(tmp_path)
    yield made
    made.backends.close()


def numbered(count: int, word: str = "log") -> list[dict[str, str]]:
    """Return logs as they are sent; with 250 they fill three envelopes."""
    return [{"message": f"{word} {n:03}"} for n in range(count)]


def texts(count: int, word: str = "log") -> list[str]:
    """Return the messages of `numbered`."""
    return [log["message"] for log in numbered(count, word)]


def whole(system: System, outcome: Outcome) -> None:
    """Fail unless the receipt says that all of its logs are stored and found."""
    assert outcome.receipt is not None
    found = system.receipts.status(outcome.receipt)
    assert found.accepted == found.stored + found.dead + found.queued
    assert found.queued == 0


def test_resend_after_the_drain_is_answered_from_the_first(system: System) -> None:
    """It adds nothing and has the first receipt; with another body it is refused."""
    first = system.send(numbered(250), "key")
    system.work()
    again = system.send(numbered(250), "key")
    assert (first.accepted, again.accepted, again.duplicates, again.receipt) == (250, 0, 250, first.receipt)
    with pytest.raises(InvalidInput):
        system.send(numbered(250), "key", digest=b"other")
    system.work()
    assert system.messages() == texts(250)
    whole(system, first)


def test_resend_that_overtakes_is_stored_once(system: System) -> None:
    """Before the drain both count as accepted; the record holds the logs once, and both receipts add up."""
    outcomes = [system.send(numbered(250), "key") for _ in range(3)]
    assert [outcome.accepted for outcome in outcomes] == [250, 250, 250]
    system.work()
    assert system.messages() == texts(250)
    for outcome in outcomes:
        whole(system, outcome)


def test_resend_between_two_batches_is_stored_once(system: System) -> None:
    """Part of the first is stored, part waits, then the re-send comes."""
    first = system.send(numbered(250), "key")
    drain.drain(
        system.queue,
        system.backends.record,
        Indexing(system.backends.store, system.backends.record.letters, system.backends.index),
        1,
        0,
    )
    assert 0 < len(system.backends.store.after(0, 1000)) < 250
    again = system.send(numbered(250), "key")
    system.work()
    assert system.messages() == texts(250)
    whole(system, first)
    whole(system, again)


@pytest.mark.parametrize("lost", [{0}, {1}, {2}, {0, 1}, {1, 2}])
def test_request_that_was_kept_in_part_is_made_whole(system: System, lost: set[int]) -> None:
    """What the queue lost of the first is taken from the re-send, and what it kept is not doubled."""
    system.carrier.loses = frozenset(lost)
    first = system.send(numbered(250), "key")
    missing = sum(50 if place == 2 else 100 for place in lost)
    assert (first.accepted, len(first.rejected)) == (250 - missing, missing)
    assert all(one["retry"] for one in first.rejected)
    again = system.send(numbered(250), "key")
    system.work()
    assert system.messages() == texts(250)
    whole(system, first)
    whole(system, again)


@pytest.mark.parametrize("drained", [False, True])
def test_own_ids_and_a_key_kept_in_part(system: System, drained: bool) -> None:
    """Logs whose own ids are known are left out of the re-send, and its parts keep their numbers all the same."""
    source = IdSource()
    logs = [
        {"message": f"log {n:03}", "id": id_text(source.take(1).to_bytes(16, "big"))} for n in range(250)
    ]  # fmt: skip
    system.carrier.loses = frozenset({1, 2})
    system.send(logs, "key")
    if drained:
        system.work()
    again = system.send(logs, "key")
    assert again.accepted + again.duplicates == 250
    system.work()
    assert system.messages() == texts(250)
    whole(system, again)


def test_own_ids_known_before_leave_no_claim_open(system: System) -> None:
    """A request whose logs were all stored before, by another, is answered as one that was claimed."""
    source = IdSource()
    logs = [{"message": f"log {n:03}", "id": id_text(source.take(1).to_bytes(16, "big"))} for n in range(120)]
    system.send(logs)
    system.work()
    second = system.send(logs, "key")
    assert (second.accepted, second.duplicates) == (0, 120)
    system.work()
    third = system.send(logs, "key")
    assert (third.accepted, third.duplicates, third.receipt) == (0, 120, second.receipt)
    system.work()
    assert system.messages() == texts(120)


def test_own_ids_are_stored_once_with_their_first_content(system: System) -> None:
    """Sent twice before the drain and once after it."""
    identity = id_text(IdSource().take(1).to_bytes(16, "big"))
    system.send([{"message": "first", "id": identity}])
    system.send([{"message": "second", "id": identity}])
    system.work()
    assert system.messages() == ["first"]
    third = system.send([{"message": "third", "id": identity}, {"message": "new"}])
    assert (third.accepted, third.duplicates) == (1, 1)
    system.work()
    assert system.messages() == ["first", "new"]
    whole(system, third)


def test_another_body_that_overtakes_is_not_lost(system: System) -> None:
    """Where nobody could refuse it in time it was answered as accepted: then it is stored."""
    system.send(numbered(120, "one"), "key")
    other = system.send(numbered(120, "two"), "key", digest=b"other")
    assert other.accepted == 120
    system.work()
    assert system.messages() == sorted([*texts(120, "one"), *texts(120, "two")])
    whole(system, other)


def test_refused_logs_of_a_resend_are_kept_once(system: System) -> None:
    """Dead letters travel with the claim: one request, one letter for each bad log."""
    mixed = [*numbered(120), 5]
    for _ in range(2):
        system.send(mixed, "key")
    for _ in range(2):
        system.send([7], "only bad")
    system.work()
    assert sorted(json.loads(letter.payload) for letter in system.backends.record.letters.dead()) == [5, 7]
    assert system.messages() == texts(120)


class Down:
    """A record that can't be reached."""

    def __getattr__(self, name: str) -> Any:
        """Return a call that fails."""

        def fail(*given: Any) -> Any:
            raise Unavailable("the record is down")

        return fail


def test_record_that_is_down_stops_no_request(system: System) -> None:
    """Keyed requests are accepted meanwhile, counted as new, and stored once when it is back."""
    first = system.send(numbered(10), "key")
    system.work()
    down = ClaimingQueue(system.carrier, each_part(system.backends.record, lambda _: Down()))
    parsed = read_items(numbered(10), LIMITS, now_ms())
    again = Accept(down, system.receipts).take(parsed, sender="s", key="key", digest=b"d")
    assert again.accepted == 10
    system.work()
    assert system.messages() == texts(10)
    whole(system, first)
    whole(system, again)


def test_record_that_is_down_is_said_once_for_many_requests(
    system: System, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage under load fills no log: a line at its begin, and one more when a while has passed."""
    down = ClaimingQueue(system.carrier, each_part(system.backends.record, lambda _: Down()))
    accept = Accept(down, system.receipts)
    with caplog.at_level("WARNING", logger="app.accept.claiming"):
        for number in range(20):
            accept.take(read_items(numbered(1), LIMITS, now_ms()), sender="s", key=f"key {number}", digest=b"d")
        # On a machine so slow that the twenty take longer there may be more, but never one for each.
        assert 1 <= len(caplog.messages) < 20
        before = len(caplog.messages)
        monkeypatch.setattr(claiming, "QUIET_SECONDS", 0.0)
        monkeypatch.setattr(down, "_said_again", 0.0)
        accept.take(read_items(numbered(1), LIMITS, now_ms()), sender="s", key="later", digest=b"d")
        assert len(caplog.messages) == before + 1


def test_every_step_of_a_drain_can_be_the_last(system: System) -> None:
    """Killed before or after any call, with a re-send in the queue: stored once in the end."""
    expected: list[str] = []
    for after in (False, True):
        last, ended = 1, False
        while not ended:
            word = f"log {after} {last}"
            outcomes = [system.send(numbered(250, word), f"key {word}") for _ in range(2)]
            expected += texts(250, word)
            clock = Clock(last, after)
            record = mortal_record(system.backends.record, clock)
            queue = Mortal(system.queue, clock, "take", "ack", "release")
            carrying = Indexing(record.store, record.letters, Mortal(system.backends.index, clock))
            try:
                while system.queue.depth().bytes:
                    drain.drain(queue, record, carrying, 100, 0)
                ended = clock.calls < last
            except Killed:
                pass
            system.work()
            for outcome in outcomes:
                whole(system, outcome)
            last += 1
        assert last > 8
    assert system.messages() == sorted(expected)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=QUICK)
@given(data=st.data())
def test_any_order_of_sends_losses_drains_and_deaths(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Of every request that was accepted at least once, whole, each log is stored exactly once."""
    system = make_system(tmp_path_factory.mktemp("any"))
    try:
        whole_requests: set[int] = set()
        outcomes: list[Outcome] = []
        for _ in range(data.draw(st.integers(1, 10))):
            match data.draw(st.sampled_from(("send", "send", "lossy", "drain", "die", "all"))):
                case "send" | "lossy" as kind:
                    number = data.draw(st.integers(0, 2))
                    if kind == "lossy":
                        system.carrier.loses = data.draw(st.frozensets(st.integers(0, 1), max_size=2))
                    outcome = system.send(numbered(110, f"r{number}"), f"key {number}")
                    system.carrier.loses = frozenset()
                    outcomes.append(outcome)
                    if not outcome.rejected:
                        whole_requests.add(number)
                case "drain":
                    carrying = Indexing(system.backends.store, system.backends.record.letters, system.backends.index)
                    drain.drain(system.queue, system.backends.record, carrying, 100, 0)
                case "die":
                    clock = Clock(data.draw(st.integers(1, 8)), data.draw(st.booleans()))
                    record = mortal_record(system.backends.record, clock)
                    queue = Mortal(system.queue, clock, "take", "ack", "release")
                    with suppress(Killed):
                        drain.drain(
                            queue, record, Indexing(record.store, record.letters, system.backends.index), 100, 0
                        )
                case _:
                    system.work()
        system.work()
        found = system.messages()
        assert len(found) == len(set(found))
        for number in whole_requests:
            assert set(texts(110, f"r{number}")) <= set(found)
        for outcome in outcomes:
            if outcome.receipt is not None:
                whole(system, outcome)
    finally:
        system.backends.close()


def test_a_claim_keeps_its_parts_apart(system: System) -> None:
    """Of two requests with one key each part is the first's that claims it; the other's logs are noted as doubles."""
    parts, source = system.backends.record, IdSource()

    def part(answer: bytes, number: int) -> Envelope:
        records = [LogRecord(source.take(1).to_bytes(16, "big"), 0, 0, "info", "m") for _ in range(3)]
        return Envelope(records, [], Claim("key", b"digest", answer, number, 2))

    one, two = [part(b"one", 0), part(b"one", 1)], [part(b"two", 0), part(b"two", 1)]
    assert parts.claims.claim([one[0], two[1]]) == [True, True]
    assert parts.claims.claimed("key") is None
    assert parts.claims.claim([two[0], one[1], one[0], two[1]]) == [False, False, True, True]
    ids = sorted(record.id for record in two[0].records)
    assert parts.store.count(ids[0], ids[-1]) == 3


def test_answers_of_the_first_release_are_understood(backends: Backends) -> None:
    """They were kept as JSON; a request sent before an upgrade may be sent again after it."""
    answer = json.dumps({"sent": 3, "rejected": [{"index": 1}], "receipt": "r"}).encode()
    backends.queue.put([], Claim("key", b"d", answer))
    receipts = Receipts(
        backends.queue, backends.store, backends.record.letters, backends.index, b"secret", LIMITS.retention_ms
    )
    again = Accept(backends.queue, receipts).take(
        read_items(numbered(3), LIMITS, now_ms()), sender="s", key="key", digest=b"d"
    )
    assert (again.accepted, again.duplicates, again.receipt, again.rejected) == (0, 2, "r", [{"index": 1}])


def test_a_dead_letter_that_was_lost_is_to_be_sent_again(system: System) -> None:
    """A broker may lose the envelope of the letters alone: who is told only of faults takes them for kept."""
    system.carrier.loses = frozenset({1})
    outcome = system.send([{"message": "good"}, 5], key="k")
    assert [one.get("retry") for one in outcome.rejected] == [True]
    assert outcome.accepted == 1
    with pytest.raises(PartTaken):
        outcome.ensure_kept()
    assert system.send([{"message": "good"}, 5], key="k").rejected[0].get("retry") is None
    system.work()
    assert system.messages() == ["good"]
    assert sum(system.backends.record.letters.dead_counts().values()) == 1
