"""Telling notifiers: each event once and in order, later what is not taken now, and no storm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count, pairwise

import msgspec
import pytest

from app.backends import Backends
from app.errors import Unavailable
from app.monitor.failing import Failing
from app.notify import messages, outbox, telling
from app.notify.messages import BURST, GATHER_MS, choose
from app.notify.outbox import MemoryOutbox, events, plan
from app.notify.telling import Telling, settle
from app.ports.notices import Notice
from app.ports.outbox import Delivery, Message, Notifier, Standing, Undelivered
from app.systems.sqlite.file import SqliteDatabase
from app.times.instant import now_ms

NOW = 1_700_000_000_000
OPS = Notifier("ops", "webhook", "https://ops.example")
ERRORS = Notifier("errors", "webhook", "https://errors.example", "error")


def notice(name: str = "a", severity: str = "warning", until: int | None = None, kind: str = "worker_gone") -> Notice:
    """Return a notice."""
    return Notice(name, name, kind, severity, f"text {name}", NOW, until)


def delivery(name: str, event: str = "opened", **more: object) -> Delivery:
    """Return a delivery to OPS."""
    one = notice(name, until=NOW + 1 if event == "closed" else None)
    return msgspec.structs.replace(Delivery("ops", event, one, NOW, f"{name}-{event}"), **more)


def test_a_notice_is_told_when_it_opens_worsens_and_closes() -> None:
    """Once each, whatever else changes; and to those alone who want it."""
    opened = plan([OPS, ERRORS], [notice()], [])
    assert [(one.notifier, one.event) for one in opened] == [("ops", "opened")]
    assert plan([OPS, ERRORS], [msgspec.structs.replace(notice(), text="other")], opened) == []
    worse = plan([OPS, ERRORS], [notice(severity="error")], opened)
    assert [(one.notifier, one.event) for one in worse] == [("ops", "worsened"), ("errors", "opened")]
    assert plan([OPS, ERRORS], [notice(severity="error")], opened + worse) == []
    over = plan([OPS, ERRORS], [notice(severity="warning", until=NOW)], opened + worse)
    assert [(one.notifier, one.event) for one in over] == [("ops", "closed"), ("errors", "closed")]
    assert plan([OPS, ERRORS], [notice(until=NOW)], opened + worse + over) == []
    assert len({one.message for one in opened + worse[:1] + over[:1]}) == 3


def test_what_is_over_before_it_was_seen_is_told_as_one() -> None:
    """But not what nobody wanted."""
    assert events(OPS, notice(until=NOW), []) == ["closed"]
    assert events(ERRORS, notice(until=NOW), []) == []


def test_the_oldest_goes_first_and_what_is_over_is_told_as_one() -> None:
    """An opening that was tried may have arrived: it is settled before its end."""
    step = choose([delivery("a"), delivery("b"), delivery("a", "closed")], [], NOW)
    assert [(one.message, one.state) for one in step.changed] == [("a-opened", "merged")]
    assert step.message is not None and step.message.id == "b-opened"
    tried = delivery("a", tries=1)
    step = choose([tried, delivery("a", "closed")], [], NOW)
    assert (step.changed, step.message) == ((), Message("a-opened", (tried,)))
    assert choose([], [], NOW) == messages.Next()


def test_one_that_is_never_taken_holds_up_no_other() -> None:
    """What was tried least often goes first, of each notice in its order."""
    step = choose([delivery("a", tries=3), delivery("a", "closed"), delivery("b", tries=1), delivery("c")], [], NOW)
    assert step.message is not None and step.message.id == "c-opened"


def test_no_storm() -> None:
    """After a number of messages those that follow are gathered into a digest, one a minute; it is repeated as it was."""
    arrived = list(range(NOW - BURST, NOW))
    waiting = [delivery(f"{n:03}") for n in range(150)]
    assert choose(waiting, arrived[1:], NOW).message is not None
    assert choose(waiting, arrived, NOW).wait == GATHER_MS - 1
    step = choose(waiting, arrived, NOW + GATHER_MS)
    assert step.message is not None and len(step.message.deliveries) == messages.DIGEST
    assert step.changed == step.message.deliveries
    assert {one.message for one in step.changed} == {step.message.id}
    again = choose([*step.changed, *waiting[messages.DIGEST :]], [], NOW)
    assert again.message == step.message
    assert choose(waiting[:1], arrived, NOW + GATHER_MS).message == Message("000-opened", (waiting[0],))
    assert choose(waiting, [NOW - messages.BURST_MS] * BURST, NOW).changed == ()


def test_pauses_grow_for_a_day() -> None:
    """Until what is not taken is given up; what asks for a longer pause gets it; a final answer is no reason to wait."""
    standing, told, now = Standing("ops", 1), Message("m", (delivery("a"),)), NOW
    pauses = []
    for tries in count(1):
        settled, standing = settle(told, standing, Undelivered("503"), now)
        assert (settled[0].tries, standing.failures, standing.since) == (tries, tries, NOW)
        if settled[0].state == "failed":
            break
        pauses.append(standing.again - now)
        told, now = Message("m", tuple(settled)), standing.again
    assert 4_000 < pauses[0] < 6_000 and max(pauses) < 4_000_000
    assert all(shorter < longer for shorter, longer in pairwise(pauses[:6]))
    assert telling.GIVEN_UP_MS <= now - NOW < telling.GIVEN_UP_MS + 4_000_000
    assert (standing.failed, standing.again) == (1, 0)
    assert settle(told, Standing("ops", 1), Undelivered("429", wait=7_200), NOW)[1].again == NOW + 7_200_000
    settled, standing = settle(told, Standing("ops", 1), Undelivered("404", final=True), NOW)
    assert (settled[0].state, standing.again, standing.failed) == ("failed", 0, 1)
    settled, standing = settle(told, standing, None, NOW)
    assert (settled[0].state, standing.sent, standing.failures, standing.since) == ("sent", 1, 0, None)


class Line:
    """A channel whose other end is this test."""

    def __init__(self, notifier: Notifier = OPS) -> None:
        self.notifier = notifier
        self.sent: list[Message] = []
        self.fault: Exception | None = None

    def send(self, message: Message) -> None:
        """See Channel."""
        if self.fault is not None:
            raise self.fault
        self.sent.append(message)

    @property
    def told(self) -> list[str]:
        """The ids of what arrived."""
        return [one.id for one in self.sent]


@pytest.fixture
def begin(backends: Backends, quick: None) -> Iterator[Callable[..., Telling]]:
    """Return a function that begins to tell over lines, as a process does that leads."""
    begun: list[Telling] = []

    def make(*lines: Line) -> Telling:
        begun.append(Telling(backends.record.notices, backends.record.outbox, lines))
        begun[-1].start()
        return begun[-1]

    yield make
    for one in begun:
        one.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tries follow each other quickly."""
    monkeypatch.setattr(telling, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(telling, "LOOK_SECONDS", 0.05)


def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_new_notifier_is_told_what_is_open_and_nothing_older(
    backends: Backends, begin: Callable[..., Telling]
) -> None:
    """A second one, and one with a new name, too; who was there before is told nothing twice."""
    keeper, line, second = backends.record.notices, Line(), Line(ERRORS)
    keeper.keep_notices([notice("over", until=NOW), notice("open")])
    first = begin(line)
    first.tell(True, [])
    until(lambda: line.told == ["open-opened"])
    keeper.keep_notices([notice("short", "error", until=now_ms())])
    first.tell(True, [])
    until(lambda: line.told == ["open-opened", "short-closed"])
    first.close()
    keeper.keep_notices([notice("open", until=NOW), notice("late", "error")])
    begin(line, second).tell(True, [])
    until(lambda: len(line.told) == 4 and second.told)
    assert line.told[2:] == ["open-closed", "late-opened"]
    assert second.told == ["late-opened"]


def test_a_notifier_that_is_named_again_is_told_what_is_new(backends: Backends, begin: Callable[..., Telling]) -> None:
    """Not of all that began and ended meanwhile, nor what waited for it for days; what is open still, it is."""
    parts, line = backends.record, Line()
    parts.outbox.post([Delivery("ops", "opened", notice("old"), NOW, "old-opened")], [Standing("ops", 0)])
    parts.notices.keep_notices([notice("meanwhile", until=NOW), notice("open"), notice("just", until=now_ms())])
    begin(line).tell(True, [])
    until(lambda: line.told[:2] == ["open-opened", "just-closed"])
    until(lambda: [one.state for one in parts.outbox.deliveries(["old"])] == ["failed"])
    assert parts.outbox.deliveries(["meanwhile"]) == []


def test_that_a_notifier_fails_is_not_over_since_the_record_is_away(
    backends: Backends, begin: Callable[..., Telling]
) -> None:
    """It is when it takes something; who never saw the record says nothing of it."""
    line = Line()
    line.fault = Undelivered("it answered 404", final=True)
    process = begin(line)
    backends.record.notices.keep_notices([notice()])
    process.tell(True, [])
    until(lambda: [one.state for one in backends.record.outbox.deliveries(["a"])] == ["failed"])
    probe = Failing(process)
    assert list(probe.look()) == ["notifiers/ops"]
    process.tell_alone(True, [notice()], lambda _: False)
    assert list(probe.look()) == ["notifiers/ops"]
    with pytest.raises(Unavailable):
        Failing(process).look()
    line.fault = None
    process.tell_alone(True, [notice(), notice("b")], lambda _: True)
    until(lambda: line.told)
    until(lambda: probe.look() == {})


def test_nothing_is_sent_by_who_does_not_lead(backends: Backends, begin: Callable[..., Telling]) -> None:
    """And all that waits by who does then."""
    line = Line()
    first = begin(line)
    backends.record.notices.keep_notices([notice()])
    first.tell(False, [])
    assert backends.record.outbox.waiting_counts() == {}
    outbox.fill(backends.record.notices, backends.record.outbox, [OPS])
    time.sleep(0.2)
    assert line.sent == []
    first.tell(True, [])
    until(lambda: line.told == ["a-opened"])


def test_what_is_not_taken_waits_and_is_told_later(backends: Backends, begin: Callable[..., Telling]) -> None:
    """By another process too; meanwhile that is a trouble of the notifier, which its first arrival ends."""
    line = Line()
    line.fault = Undelivered("it answered 503")
    first = begin(line)
    backends.record.notices.keep_notices([notice()])
    first.tell(True, [])
    until(lambda: backends.record.outbox.standings() and backends.record.outbox.standings()[0].failures > 1)
    first.close()
    (standing,) = backends.record.outbox.standings()
    backends.record.outbox.post([], [msgspec.structs.replace(standing, since=NOW, again=NOW)])
    second = begin(line)
    (trouble,) = Failing(second).look().values()
    assert (trouble.kind, trouble.severity) == ("notifier_failing", "warning")
    assert "it answered 503. 1 message waits" in trouble.text
    assert not OPS.wants(Notice("n", "n", trouble.kind, "error", "", 1, None, trouble.details))
    line.fault = None
    second.tell(True, [])
    until(lambda: line.told == ["a-opened"])
    until(lambda: backends.record.outbox.standings()[0].sent == 1)
    assert Failing(second).look() == {}


def test_a_fault_of_ours_is_one_more_reason(backends: Backends, begin: Callable[..., Telling]) -> None:
    """It ends no thread, is shown as the notifier's, and the message waits."""
    line = Line()
    line.fault = ValueError("not foreseen")
    process = begin(line)
    backends.record.notices.keep_notices([notice()])
    process.tell(True, [])
    until(lambda: backends.record.outbox.standings()[0].reason == "ValueError: not foreseen")
    line.fault = None
    until(lambda: line.told == ["a-opened"])


def test_what_is_refused_for_good_is_a_trouble_at_once(backends: Backends, begin: Callable[..., Telling]) -> None:
    """It is counted and not sent again; a test that arrives ends it."""
    line = Line()
    line.fault = Undelivered("it answered 404", final=True)
    process = begin(line)
    backends.record.notices.keep_notices([notice()])
    process.tell(True, [])
    until(lambda: [one.state for one in backends.record.outbox.deliveries(["a"])] == ["failed"])
    (trouble,) = Failing(process).look().values()
    assert trouble.severity == "error" and "it answered 404. What it refused is not sent again" in trouble.text
    backends.record.outbox.keep_test("ops", NOW, "")
    assert Failing(process).look() == {}
    assert backends.record.outbox.standings()[0].failed == 1


def test_without_the_record_it_is_told_from_memory(backends: Backends, begin: Callable[..., Telling]) -> None:
    """What is found while it is away, and the end of what was told before; afterwards nothing of it a second time."""
    parts, line = backends.record, Line()
    process = begin(line)
    parts.notices.keep_notices([notice("before")])
    process.tell(True, [])
    until(lambda: line.told == ["before-opened"])
    known = [notice("before"), notice("away")]
    process.tell_alone(True, known, lambda name: name == "away")
    until(lambda: line.told[1:] == ["away-opened"])
    process.tell_alone(True, [notice("before", until=NOW), notice("away")], lambda _: False)
    until(lambda: line.told[2:] == ["before-closed"])
    parts.notices.keep_notices([notice("before", until=NOW), notice("away", until=NOW)])
    process.tell(True, [notice("before", until=NOW), notice("away", until=NOW)])
    until(lambda: line.told[3:] == ["away-closed"])
    until(lambda: parts.outbox.waiting_counts() == {})
    assert {(one.notice.id, one.event, one.state) for one in parts.outbox.deliveries(["before", "away"])} == {
        (name, event, "sent") for name in ("before", "away") for event in ("opened", "closed")
    }
    assert parts.outbox.standings()[0].sent == 4
    time.sleep(0.2)
    assert len(line.told) == 4


def test_what_can_not_be_noted_is_not_sent_again_and_again(backends: Backends, begin: Callable[..., Telling]) -> None:
    """A record that is read but not written: one message arrives once, and is noted when that works again."""
    parts, line = backends.record, Line()
    process = begin(line)
    parts.notices.keep_notices([notice()])
    outbox.fill(parts.notices, parts.outbox, [OPS])
    with SqliteDatabase(backends.settings.database).write(durable=True) as connection:
        connection.execute("CREATE TRIGGER full BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'full'); END")
    process.tell(True, [])
    until(lambda: line.told)
    time.sleep(0.5)
    assert line.told == ["a-opened"]
    with SqliteDatabase(backends.settings.database).write(durable=True) as connection:
        connection.execute("DROP TRIGGER full")
    until(lambda: parts.outbox.waiting_counts() == {})
    assert line.told == ["a-opened"]


def test_what_memory_knows_does_not_undo_what_the_record_knows(backends: Backends) -> None:
    """A delivery that another process settled stays settled; one that waited there and was told from memory is settled."""
    keeper, memory = backends.record.outbox, MemoryOutbox()
    keeper.post([delivery("a", state="sent"), delivery("b")])
    memory.post([delivery("a"), delivery("b", state="sent"), delivery("c")])
    outbox.hand_over(memory, keeper)
    assert [(one.notice.id, one.state) for one in keeper.deliveries(["a", "b", "c"])] == [
        ("a", "sent"),
        ("b", "sent"),
        ("c", "waiting"),
    ]


def test_a_record_that_is_away_ends_no_thread(backends: Backends, begin: Callable[..., Telling]) -> None:
    """It goes on when the record is back."""
    line = Line()
    process = begin(line)
    process.tell(True, [])
    with SqliteDatabase(backends.settings.database).write(durable=True) as connection:
        connection.execute("ALTER TABLE notifiers RENAME TO gone")
    with pytest.raises(Unavailable):
        process.tell(True, [])
    time.sleep(0.2)
    with SqliteDatabase(backends.settings.database).write(durable=True) as connection:
        connection.execute("ALTER TABLE gone RENAME TO notifiers")
    backends.record.notices.keep_notices([notice()])
    process.tell(True, [])
    until(lambda: line.told == ["a-opened"])
