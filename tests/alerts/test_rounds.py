"""Rounds of alerts on a real queue, record and index: every minute told once, whoever tells it, and nothing said that isn't known."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from app.alerts import counts, rounds
from app.alerts.condition import AWAY_MS, now_state
from app.alerts.counts import CountSources
from app.alerts.rounds import CATCH_UP, LEASE_SECONDS, MINUTE, SETTLE_MS, work
from app.backends import Backends, connect
from app.errors import TimedOut, Unavailable
from app.log.envelope import Envelope
from app.log.record import IdSource
from app.ports.alerts import Alert, Change, SavedSearch, Status
from app.ports.deadline import Budget
from app.ports.index import SearchIndex
from app.query.query import Page, Query
from app.systems.sqlite.file import SqliteDatabase
from tests.conftest import Fill, MakeRecord

#: A whole minute of the year 2026.
NOON = 1_780_000_020_000
assert NOON % MINUTE == 0

Arrive = Callable[..., None]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is not waited for."""
    monkeypatch.setattr(counts, "CALM_SECONDS", 0.0)


@pytest.fixture
def sources(backends: Backends) -> Backends:
    """The default backends, with a search for errors."""
    backends.record.alerts.keep_search(SavedSearch("s", "errors", {"q": "level:error"}, 1, 1))
    return backends


@pytest.fixture
def arrive(backends: Backends, make_record: MakeRecord, fill: Fill) -> Arrive:
    """Return a function that lets errors arrive at an instant; they can be found unless they wait."""

    def make(at: int, count: int = 1, *, wait: bool = False, level: str = "error") -> None:
        ids = IdSource()
        made = [make_record(id=ids.take(1, at).to_bytes(16, "big"), level=level) for _ in range(count)]
        if wait:
            backends.queue.put([Envelope(made)])
        else:
            fill(made)

    return make


def make(sources: Backends, identity: str = "a", **fields: object) -> Alert:
    """Keep an alert on errors: five in a minute."""
    given = {
        "id": identity,
        "name": identity,
        "search": "s",
        "kind": "at_least",
        "window": 60,
        "threshold": 5,
        **fields,
    }
    alert = Alert(**given)  # type: ignore[arg-type]
    assert sources.record.alerts.keep_alert(alert)
    return alert


def status(sources: Backends, identity: str = "a") -> Status:
    """Return the status of an alert."""
    return next(one.status for one in sources.record.alerts.alerts() if one.alert.id == identity)


def changes(sources: Backends, identity: str = "a") -> list[Change]:
    """Return what happened to an alert, oldest first."""
    return sources.record.alerts.alert_changes(identity)[::-1]


def tell(sources: Backends, rest: Callable[[float], bool], now: int, **options: Any) -> int:
    """Do the rounds."""
    counted = CountSources(sources.queue, sources.store, sources.index)
    return work(sources.record.alerts, counted, rest, now, **options)


def at(sources: Backends, minute: float, **options: Any) -> int:
    """Let a worker evaluate so many minutes after NOON, as soon as that may be told."""
    return tell(sources, lambda _: True, NOON + int(minute * MINUTE) + SETTLE_MS, **options)


def test_an_alert_fires_and_is_over(sources: Backends, arrive: Arrive) -> None:
    """By the logs of whole minutes, with the logs that decided; over after three quiet minutes."""
    make(sources)
    arrive(NOON + 10, 4)
    arrive(NOON + MINUTE - 1)
    arrive(NOON + MINUTE, 4)  # another minute's
    arrive(NOON + 20, 9, level="info")
    states = []
    for minute in range(6):
        assert at(sources, minute) == 1
        states.append(status(sources).state)
    assert states == ["ok", "firing", "firing", "firing", "ok", "ok"]
    ok, fired, over = changes(sources)
    assert (ok.what, fired.what, over.what) == ("ok", "firing", "ok")
    assert (fired.count, fired.start, fired.end, fired.question.q) == (5, NOON, NOON + MINUTE - 1, "level:error")
    assert len(fired.samples) == 5 and {sample.level for sample in fired.samples} == {"error"}
    assert [point.count for point in status(sources).recent] == [0, 5, 4, 0, 0, 0]


def test_a_minute_is_told_once(sources: Backends, arrive: Arrive) -> None:
    """Not before it may be, and not again when another tick comes."""
    make(sources)
    assert at(sources, 0) == 1
    assert tell(sources, lambda _: True, NOON + MINUTE + SETTLE_MS - 1) == 0
    assert at(sources, 1) == 1
    assert at(sources, 1.5) == 0
    assert len(status(sources).recent) == 2


def test_no_log_falls_between_two_evaluations(sources: Backends, arrive: Arrive) -> None:
    """Whatever the tick's second: windows of a minute lie side by side."""
    make(sources, threshold=1, close_after=1)
    for minute, second in ((0, 0), (1, 40), (2, 2), (3, 51)):
        at(sources, minute + second / 60)
        arrive(NOON + minute * MINUTE + 59_999)
    at(sources, 4)
    assert [point.count for point in status(sources).recent] == [0, 1, 1, 1, 1]


def test_logs_that_wait_leave_it_open(sources: Backends, arrive: Arrive, backends: Backends) -> None:
    """Neither quiet nor firing is said while it depends on them; later every minute is told, and none is lost."""
    make(sources, threshold=5)
    make(sources, "quiet", kind="absent")
    arrive(NOON - 1)
    at(sources, 0)
    arrive(NOON + 100, 2)
    arrive(NOON + MINUTE + 1, 9)
    arrive(NOON + 200, 3, wait=True)
    at(sources, 1)
    assert (status(sources).state, status(sources, "quiet").state) == ("cannot_tell", "ok")
    assert "up to 3 accepted logs can't be found yet" in status(sources).why
    at(sources, 2)
    assert status(sources).evaluated == NOON
    assert backends.move is not None
    backends.move(100, 0)
    at(sources, 3)
    # The first minute fired: it is told, and the others with the next ticks.
    assert status(sources).state == "firing"
    assert [(point.at - NOON) // MINUTE for point in status(sources).recent] == [0, 1]
    at(sources, 4)
    assert [point.count for point in status(sources).recent] == [1, 5, 9, 0, 0]
    assert [change.what for change in changes(sources)] == ["ok", "cannot_tell", "firing"]


def test_what_waits_but_decides_nothing_is_no_matter(sources: Backends, arrive: Arrive) -> None:
    """Enough were found; or too few wait; or they came after the window."""
    make(sources, "enough", threshold=2)
    make(sources, "few", threshold=50)
    make(sources, "quiet", kind="absent")
    arrive(NOON - 500, 2)
    arrive(NOON - 400, 3, wait=True)
    at(sources, 0)
    assert [status(sources, name).state for name in ("enough", "few", "quiet")] == ["firing", "ok", "ok"]
    make(sources, "later", kind="absent", window=60)
    arrive(NOON + 3 * MINUTE + 1, 1, wait=True)
    at(sources, 3)
    assert status(sources, "later").state == "cannot_tell"  # those of the first minute wait still


def test_a_worker_that_was_away(sources: Backends, arrive: Arrive) -> None:
    """Is seen; many logs are told all the same, few only of the time since somebody is there."""
    make(sources)
    make(sources, "quiet", kind="absent", window=120)
    arrive(NOON - 1)
    at(sources, 0)
    arrive(NOON + 7 * MINUTE + 1, 6)
    watched = {one.alert.id: one for one in sources.record.alerts.alerts()}
    assert now_state(watched["a"], NOON + 20 * MINUTE)[0] == "cannot_tell"
    at(sources, 20)
    assert status(sources).state == "firing"
    assert [change.what for change in changes(sources)] == ["ok", "cannot_tell", "ok", "firing"]
    assert "It was not evaluated from" in changes(sources)[1].text
    assert (changes(sources)[3].count, changes(sources)[3].start) == (6, NOON + 7 * MINUTE)
    assert status(sources, "quiet").state == "cannot_tell"
    assert "perhaps nobody could send" in status(sources, "quiet").why
    for minute in (21, 22):
        at(sources, minute)
    assert status(sources, "quiet").state == "firing"


def test_too_long_away_is_given_up(sources: Backends, arrive: Arrive) -> None:
    """An hour is caught up with; what is older is named in the history, with a way to its logs."""
    make(sources)
    at(sources, 0)
    arrive(NOON + 10 * MINUTE, 9)
    at(sources, CATCH_UP + 1)
    told = [change for change in changes(sources) if "will not be" in change.text]
    assert [(change.what, change.start, change.question.q) for change in told] == [("cannot_tell", NOON, "level:error")]
    assert status(sources).evaluated == NOON + (CATCH_UP + 1) * MINUTE
    assert status(sources).state == "ok"


@pytest.mark.parametrize("hours", [1, 24 * 400])
def test_a_clock_that_is_set_forward(sources: Backends, arrive: Arrive, hours: int) -> None:
    """Nobody could send in a time that never was: no lack is told of it."""
    make(sources, "quiet", kind="absent", window=600)
    arrive(NOON - 1)
    at(sources, 0)
    at(sources, hours * 60)
    assert status(sources, "quiet").state == "cannot_tell"
    for minute in range(1, 10):
        at(sources, hours * 60 + minute)
    assert status(sources, "quiet").state == "cannot_tell"
    at(sources, hours * 60 + 10)
    assert status(sources, "quiet").state == "firing"


def test_a_clock_that_is_set_back(sources: Backends, arrive: Arrive) -> None:
    """Logs may carry times of the clock as it was: nothing is told until it has caught up, and no minute twice."""
    make(sources)
    at(sources, 60)
    for minute in range(0, 60, 20):
        at(sources, minute)
        assert status(sources).state == "cannot_tell"
    assert [change.what for change in changes(sources)] == ["ok", "cannot_tell"]
    assert "set back" in status(sources).why
    arrive(NOON + 60 * MINUTE + 1, 5)
    for minute in (58, 59, 60, 61):
        at(sources, minute)
    assert status(sources).state == "firing"
    assert [point.count for point in status(sources).recent] == [0, 5]
    # A step of a second or two is none.
    make(sources, "b")
    at(sources, 62)
    at(sources, 61)
    assert status(sources, "b").state == "ok"


def test_another_meaning_begins_anew(sources: Backends, arrive: Arrive) -> None:
    """A changed query or condition is not judged by what the earlier one counted."""
    alert = make(sources, fire_after=2)
    arrive(NOON - 1, 9)
    arrive(NOON + 1, 9)
    at(sources, 0)
    at(sources, 1)
    assert status(sources).state == "firing"
    sources.record.alerts.keep_alert(msgspec.structs.replace(alert, threshold=10))
    at(sources, 2)
    assert (status(sources).state, status(sources).fires) == ("ok", False)
    sources.record.alerts.keep_search(SavedSearch("s", "errors", {"q": "level:fatal"}, 1, 1))
    at(sources, 3)
    assert [change.what for change in changes(sources)] == ["ok", "firing", "changed", "ok", "changed", "ok"]
    sources.record.alerts.drop_search("s")
    at(sources, 4)
    assert (status(sources).state, status(sources).why) == (
        "cannot_tell",
        "The search whose logs it counts was removed.",
    )


def test_relative_times_count_from_the_window(sources: Backends, make_record: MakeRecord, fill: Fill) -> None:
    """A query may leave out what is old by its own time: an import of last year's errors is no alarm."""
    sources.record.alerts.keep_search(SavedSearch("s", "errors", {"q": "level:error AND timestamp:>=now-10m"}, 1, 1))
    make(sources, threshold=1)
    ids = IdSource()
    fill(
        [
            make_record(id=ids.take(1, NOON - 5).to_bytes(16, "big"), level="error", timestamp=when)
            for when in ("2025-01-01T00:00:00Z", "2026-05-28T20:20:00Z")
        ]
    )
    at(sources, 0)
    assert status(sources).count == 1, "2026-05-28T20:27:00Z is NOON"


def test_times_without_an_offset_are_of_the_searchs_zone(
    sources: Backends, make_record: MakeRecord, fill: Fill
) -> None:
    """As on the page on which the search was saved."""
    parameters = {"q": "timestamp:>=2026-05-28T09:00:00", "tz": "Asia/Tokyo"}
    sources.record.alerts.keep_search(SavedSearch("s", "errors", parameters, 1, 1))
    make(sources, threshold=1)
    identity = IdSource().take(1, NOON - 5).to_bytes(16, "big")
    fill([make_record(id=identity, timestamp="2026-05-28T00:00:00Z")])
    at(sources, 0)
    assert status(sources).count == 1
    assert changes(sources)[0].question.to_dict() == parameters


class Index:
    """An index that fails, or is slow, for some queries."""

    def __init__(self, index: SearchIndex, fault: Exception | None = None) -> None:
        self.index = index
        self.fault = fault
        self.asked: list[float] = []

    def find(self, query: Query, budget: Budget) -> Page:
        """See SearchIndex."""
        self.asked.append(budget.seconds)
        if self.fault is not None:
            raise self.fault
        return self.index.find(query, budget)


@pytest.mark.parametrize("fault", [Unavailable("the index is away."), TimedOut("the query took longer than 5 s")])
def test_an_index_that_cannot_count(sources: Backends, arrive: Arrive, fault: Exception) -> None:
    """What fires goes on to, as far as is known; what it could not tell it tells when it can."""
    make(sources, close_after=1)
    arrive(NOON - 1, 5)
    at(sources, 0)
    failing = Index(sources.index, fault)
    at(replace(sources, index=failing), 1)  # type: ignore[arg-type]
    assert failing.asked == [rounds.COUNT_SECONDS]
    assert (status(sources).state, status(sources).fires) == ("cannot_tell", True)
    assert status(sources).why == f"The index could not count: {str(fault).rstrip('.')}."
    at(sources, 2)
    assert [change.what for change in changes(sources)] == ["firing", "cannot_tell", "ok"]
    assert len(status(sources).recent) == 3


def test_a_queue_that_cannot_be_asked(sources: Backends, arrive: Arrive) -> None:
    """How much waits is unknown then, and nothing is told."""

    class Queue:
        def depth(self) -> None:
            raise Unavailable("RabbitMQ is away")

    make(sources)
    at(replace(sources, queue=Queue()), 0)  # type: ignore[arg-type]
    assert status(sources).why == "How many accepted logs can't be found yet is unknown: RabbitMQ is away."


def test_slow_ones_come_last(sources: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round that is out of time has told what is quick; the others take turns."""
    for name in ("slow1", "quick", "slow2"):
        alert = make(sources, name)
        assert sources.record.alerts.lease_alert(alert.id, 0, 0)
        cost = 4_000 if name != "quick" else 3
        sources.record.alerts.settle_alert(
            alert.id, 0, Status("ok", 1, evaluated=NOON - MINUTE, tried=NOON - MINUTE, cost_ms=cost)
        )
    sources.record.alerts.lease_alert("slow1", 1, 0)
    sources.record.alerts.settle_alert(
        "slow1", 1, Status("ok", 1, evaluated=NOON - MINUTE, tried=NOON - 1, cost_ms=4_000)
    )
    order: list[str] = []
    lease = sources.record.alerts.lease_alert
    monkeypatch.setattr(
        sources.record.alerts, "lease_alert", lambda name, *rest: order.append(name) or lease(name, *rest)
    )
    at(sources, 0)
    assert order == ["quick", "slow2", "slow1"]
    monkeypatch.setattr(rounds, "ROUND_SECONDS", -1.0)
    assert at(sources, 1) == 0


def test_a_fault_of_ours_costs_one_alert(sources: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are evaluated, the worker's crash is told, and the alert says that it could not be."""
    for name in ("a", "b", "c"):
        make(sources, name)
    count = rounds.count

    def broken(index: SearchIndex, alert: Alert, *rest: Any) -> Any:
        if alert.id == "a":
            raise ZeroDivisionError
        return count(index, alert, *rest)

    monkeypatch.setattr(rounds, "count", broken)
    for minute in (0, 1):
        with pytest.raises(ZeroDivisionError):
            at(sources, minute)
    assert [status(sources, name).state for name in ("a", "b", "c")] == ["cannot_tell", "ok", "ok"]
    assert status(sources).why.startswith("Its evaluation failed: ZeroDivisionError.")
    assert len(changes(sources)) == 1
    monkeypatch.undo()
    at(sources, 2)
    assert status(sources).state == "ok"


def test_two_workers_share_the_alerts(sources: Backends, backends: Backends, arrive: Arrive) -> None:
    """Each is evaluated by one of them, whichever; together they tell every minute once."""
    for n in range(12):
        make(sources, f"a{n}")
    arrive(NOON - 1, 5)
    other = connect(backends.settings)
    both = [sources, other]
    done: list[int] = []
    start = threading.Barrier(2)

    def evaluate(one: Backends) -> None:
        start.wait()
        done.append(at(one, 0))

    threads = [threading.Thread(target=evaluate, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sum(done) == 12
    assert all(len(one.status.recent) == 1 for one in sources.record.alerts.alerts())
    assert all([change.what for change in changes(sources, f"a{n}")] == ["firing"] for n in range(12))


def test_a_worker_that_is_killed_in_between(sources: Backends, backends: Backends, arrive: Arrive) -> None:
    """What it had taken is taken again when its lease is over; the minute is told, once."""
    make(sources)
    arrive(NOON - 1, 5)
    assert sources.record.alerts.lease_alert("a", 0, LEASE_SECONDS)  # and then it is gone
    assert at(sources, 0) == 0
    assert (sources.record.alerts.alerts()[0].turn, status(sources)) == (1, Status())
    with SqliteDatabase(backends.settings.database).write(durable=False) as connection:
        connection.execute("UPDATE alerts SET leased = leased - ?", (int(LEASE_SECONDS * 1000),))
    assert at(sources, 0) == 1
    # The one that was thought dead can't add what it had counted.
    assert not sources.record.alerts.settle_alert("a", 0, Status("ok"))
    assert [change.what for change in changes(sources)] == ["firing"]
    assert len(status(sources).recent) == 1


def test_one_that_is_told_to_stop(sources: Backends) -> None:
    """Takes nothing up any more."""
    make(sources)
    assert tell(sources, lambda _: False, NOON + SETTLE_MS) == 0


def test_when_a_minute_may_be_told() -> None:
    """Some seconds after its end, since a log has its id a moment before it is accepted."""
    assert rounds.settled_in(NOON) == SETTLE_MS / 1000
    assert rounds.settled_in(NOON + SETTLE_MS) == 0
    assert rounds.settled_in(NOON + MINUTE - 1) == 0
    assert AWAY_MS > 2 * MINUTE
