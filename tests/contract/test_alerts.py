"""What every LogStore promises of saved searches and alerts, and that alerts count the same on every combination."""

from __future__ import annotations

import threading

import msgspec
import pytest

from app.alerts import change as verbs
from app.alerts.counts import CountSources, count, hidden
from app.backends import Backends, connect
from app.errors import InvalidInput, NotFound
from app.log.record import IdSource
from app.ports.alerts import CHANGES, Alert, AlertSample, Change, Point, Question, SavedSearch, Silence, Status
from app.ports.deadline import Budget
from app.times.instant import now_ms
from tests.conftest import MakeRecord, fill_backends

HOSTILE = "<b>\u202e 🙂 'Ω'; DROP TABLE alerts; --"


def search(name: str = "errors", identity: str = "s1") -> SavedSearch:
    """Return a saved search."""
    return SavedSearch(identity, name, {"q": f"level:error AND “{HOSTILE}”", "from": "now-1h"}, 1, 2)


def alert(name: str = "many errors", identity: str = "a1") -> Alert:
    """Return an alert."""
    return Alert(identity, name, "s1", "at_least", 300, 5, silence=Silence(7, HOSTILE, "me"))


def test_searches_are_kept(each_backends: Backends) -> None:
    """In the order of names, changed in place; a name is one search's only."""
    store = each_backends.store
    assert store.searches() == []
    assert store.keep_search(search("b", "1"))
    assert store.keep_search(search(HOSTILE, "2"))
    assert store.keep_search(search("Z", "3"))
    assert [one.name for one in store.searches()] == sorted(["b", HOSTILE, "Z"])
    assert search(HOSTILE, "2") in store.searches()
    assert not store.keep_search(search("b", "2"))
    assert not store.keep_search(search("b", "4"))
    changed = msgspec.structs.replace(search("b", "1"), parameters={"q": "x"})
    assert store.keep_search(changed)
    assert changed in store.searches() and len(store.searches()) == 3
    assert store.drop_search("2")
    assert not store.drop_search("2")
    assert [one.id for one in store.searches()] == ["3", "1"]


def test_alerts_are_kept_with_their_changes(each_backends: Backends) -> None:
    """What a user says and what evaluations came to are kept apart; changes newest first, the oldest go."""
    store, made = each_backends.store, Change(1, "made", HOSTILE, "me")
    assert store.keep_alert(alert(), made)
    (kept,) = store.alerts()
    assert (kept.alert, kept.status) == (alert(), Status())
    assert not store.keep_alert(alert(identity="a2"))
    fired = Change(
        2,
        "firing",
        "5 logs",
        start=1,
        end=2,
        question=Question("q", "Asia/Tokyo"),
        count=5,
        samples=[AlertSample("i", "t", "l", HOSTILE)],
    )
    status = Status("firing", 2, "5 logs", fires=True, evaluated=60_000, recent=[Point(60_000, 5, "firing")])
    assert store.lease_alert("a1", kept.turn, 10)
    assert store.settle_alert("a1", kept.turn, status, [fired])
    assert store.keep_alert(msgspec.structs.replace(alert(), window=600))
    (after,) = store.alerts()
    assert (after.alert.window, after.status) == (600, status)
    assert store.alert_changes("a1") == [fired, made]
    assert store.alert_changes("a1", 1) == [fired]
    assert store.lease_alert("a1", after.turn, 10)
    assert store.settle_alert("a1", after.turn, status, [Change(n, "ok", str(n)) for n in range(CHANGES + 10)])
    assert [one.at for one in store.alert_changes("a1", 9_999)] == list(range(CHANGES + 9, 9, -1))
    assert store.drop_alert("a1")
    assert not store.drop_alert("a1")
    assert (store.alerts(), store.alert_changes("a1")) == ([], [])
    assert not store.settle_alert("a1", after.turn, status, [fired])
    assert store.alert_changes("a1") == []


def test_nobody_overwrites_what_was_not_read(each_backends: Backends) -> None:
    """An alert is kept in the place of the form that was read only; one that was removed does not come back."""
    store, first = each_backends.store, alert()
    store.keep_alert(first)
    longer, known = msgspec.structs.replace(first, window=600), Change(1, "silenced", "x", "me")
    assert store.keep_alert(longer, None, first)
    assert not store.keep_alert(msgspec.structs.replace(first, silence=None), known, first)
    assert [one.alert for one in store.alerts()] == [longer]
    assert store.alert_changes("a1") == []
    store.keep_alert(alert("other", "a2"))
    assert not store.keep_alert(msgspec.structs.replace(longer, name="other"), None, longer)
    assert store.drop_alert("a1")
    assert not store.keep_alert(first, known, longer)
    assert [one.alert.id for one in store.alerts()] == ["a2"]
    assert store.alert_changes("a1") == []


def test_changes_made_at_once_are_all_kept(each_backends: Backends) -> None:
    """Each of what the others have made; who comes after it was removed is told so."""
    store, read_ = each_backends.store, alert()
    store.keep_alert(read_)
    verbs.mend(store, read_, lambda there: msgspec.structs.replace(there, window=600))
    verbs.silence(store, read_, "now+1h", "known", "me")
    verbs.mend(store, read_, lambda there: msgspec.structs.replace(there, threshold=9))
    (kept,) = store.alerts()
    assert (kept.alert.window, kept.alert.threshold) == (600, 9)
    assert kept.alert.silence is not None and kept.alert.silence.reason == "known"
    assert len(store.alert_changes("a1")) == 1
    store.keep_alert(alert("other", "a2"))
    with pytest.raises(InvalidInput, match="another alert"):
        verbs.mend(store, read_, lambda there: msgspec.structs.replace(there, name="other"))
    store.drop_alert("a1")
    with pytest.raises(NotFound, match="removed meanwhile"):
        verbs.unsilence(store, read_, "me")
    assert [one.alert.id for one in store.alerts()] == ["a2"]


def test_one_evaluates(each_backends: Backends) -> None:
    """Of several that read the same turn; after its lease another may, and the first can't write any more."""
    store, other = each_backends.store, connect(each_backends.settings)
    store.keep_alert(alert())
    taken: list[bool] = []
    start = threading.Barrier(4)

    def take(one: Backends) -> None:
        start.wait()
        taken.append(one.store.lease_alert("a1", 0, 10))

    threads = [threading.Thread(target=take, args=(one,)) for one in (each_backends, other) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False, False, False, True]
    assert not other.store.lease_alert("a1", 1, 10)
    assert store.settle_alert("a1", 0, Status("ok", evaluated=1))
    # Who read it while it was taken doesn't know what that came to.
    assert not other.store.lease_alert("a1", 1, 10)
    assert store.lease_alert("a1", 2, 0)
    assert not store.lease_alert("a1", 2, 0)
    # Its lease was over at once: as if it had been killed.
    assert other.store.lease_alert("a1", 3, 10)
    assert not store.settle_alert("a1", 2, Status("firing", evaluated=2))
    assert other.store.settle_alert("a1", 3, Status("ok", evaluated=3))
    assert store.alerts()[0].status.evaluated == 3
    other.close()


def test_windows_are_counted_by_arrival(each_backends: Backends, make_record: MakeRecord) -> None:
    """To the millisecond, whatever time the logs themselves tell; what waits before the end is known to wait."""
    backends, ids = each_backends, IdSource()
    end = now_ms() // 60_000 * 60_000
    arrivals = [end - 300_001, end - 300_000, end - 1, end]
    made = [
        make_record(id=ids.take(1, at).to_bytes(16, "big"), level="error", timestamp="1999-01-01T00:00:00Z")
        for at in arrivals
    ]
    fill_backends(backends, made)
    sources = CountSources(backends.queue, backends.store, backends.index)
    found = count(backends.index, alert(), Question("level:error"), end, Budget(30))
    assert (found.count, found.start, found.end) == (2, end - 300_000, end - 1)
    assert len(found.samples) == 2
    rising = msgspec.structs.replace(alert(), kind="rises", windows=2)
    found = count(backends.index, rising, Question("level:error"), end, Budget(30))
    assert (found.count, found.earlier) == (2, 1)
    assert hidden(sources, end, lambda _: True) == 0
    backends.store.add([make_record(id=ids.take(1, end + 5).to_bytes(16, "big"))], lease=60)
    assert hidden(sources, end, lambda _: False) == 0
    assert hidden(sources, end + 6, lambda _: False) == 1
