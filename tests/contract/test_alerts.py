"""What every AlertKeeper promises, and that alerts count the same on every combination."""

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
    keeper = each_backends.record.alerts
    assert keeper.searches() == []
    assert keeper.keep_search(search("b", "1"))
    assert keeper.keep_search(search(HOSTILE, "2"))
    assert keeper.keep_search(search("Z", "3"))
    assert [one.name for one in keeper.searches()] == sorted(["b", HOSTILE, "Z"])
    assert search(HOSTILE, "2") in keeper.searches()
    assert not keeper.keep_search(search("b", "2"))
    assert not keeper.keep_search(search("b", "4"))
    changed = msgspec.structs.replace(search("b", "1"), parameters={"q": "x"})
    assert keeper.keep_search(changed)
    assert changed in keeper.searches() and len(keeper.searches()) == 3
    assert keeper.drop_search("2")
    assert not keeper.drop_search("2")
    assert [one.id for one in keeper.searches()] == ["3", "1"]


def test_a_name_is_one_owner_s_once(each_backends: Backends) -> None:
    """Everybody's search of a name comes first, then those of readers, in their order."""
    keeper = each_backends.record.alerts
    owned = [
        msgspec.structs.replace(search("errors", str(n)), owner=owner)
        for n, owner in enumerate(("user zoe", "", "token a", "user zoe"))
    ]
    assert [keeper.keep_search(one) for one in owned] == [True, True, True, False]
    assert keeper.keep_search(search("errors later", "9"))
    assert keeper.searches() == [owned[1], owned[2], owned[0], search("errors later", "9")]
    assert keeper.keep_search(msgspec.structs.replace(owned[0], parameters={}))
    assert [one.id for one in keeper.searches()] == ["1", "2", "0", "9"]


def test_alerts_are_kept_with_their_changes(each_backends: Backends) -> None:
    """What a user says and what evaluations came to are kept apart; changes newest first, the oldest go."""
    keeper, made = each_backends.record.alerts, Change(1, "made", HOSTILE, "me")
    assert keeper.keep_alert(alert(), made)
    (kept,) = keeper.alerts()
    assert (kept.alert, kept.status) == (alert(), Status())
    assert not keeper.keep_alert(alert(identity="a2"))
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
    assert keeper.lease_alert("a1", kept.turn, 10)
    assert keeper.settle_alert("a1", kept.turn, status, [fired])
    assert keeper.keep_alert(msgspec.structs.replace(alert(), window=600))
    (after,) = keeper.alerts()
    assert (after.alert.window, after.status) == (600, status)
    assert keeper.alert_changes("a1") == [fired, made]
    assert keeper.alert_changes("a1", 1) == [fired]
    assert keeper.lease_alert("a1", after.turn, 10)
    assert keeper.settle_alert("a1", after.turn, status, [Change(n, "ok", str(n)) for n in range(CHANGES + 10)])
    assert [one.at for one in keeper.alert_changes("a1", 9_999)] == list(range(CHANGES + 9, 9, -1))
    assert keeper.drop_alert("a1")
    assert not keeper.drop_alert("a1")
    assert (keeper.alerts(), keeper.alert_changes("a1")) == ([], [])
    assert not keeper.settle_alert("a1", after.turn, status, [fired])
    assert keeper.alert_changes("a1") == []


def test_nobody_overwrites_what_was_not_read(each_backends: Backends) -> None:
    """An alert is kept in the place of the form that was read only; one that was removed does not come back."""
    keeper, first = each_backends.record.alerts, alert()
    keeper.keep_alert(first)
    longer, known = msgspec.structs.replace(first, window=600), Change(1, "silenced", "x", "me")
    assert keeper.keep_alert(longer, None, first)
    assert not keeper.keep_alert(msgspec.structs.replace(first, silence=None), known, first)
    assert [one.alert for one in keeper.alerts()] == [longer]
    assert keeper.alert_changes("a1") == []
    keeper.keep_alert(alert("other", "a2"))
    assert not keeper.keep_alert(msgspec.structs.replace(longer, name="other"), None, longer)
    assert keeper.drop_alert("a1")
    assert not keeper.keep_alert(first, known, longer)
    assert [one.alert.id for one in keeper.alerts()] == ["a2"]
    assert keeper.alert_changes("a1") == []


def test_changes_made_at_once_are_all_kept(each_backends: Backends) -> None:
    """Each of what the others have made; who comes after it was removed is told so."""
    keeper, read_ = each_backends.record.alerts, alert()
    keeper.keep_alert(read_)
    verbs.mend(keeper, read_, lambda there: msgspec.structs.replace(there, window=600))
    verbs.silence(keeper, read_, "now+1h", "known", "me")
    verbs.mend(keeper, read_, lambda there: msgspec.structs.replace(there, threshold=9))
    (kept,) = keeper.alerts()
    assert (kept.alert.window, kept.alert.threshold) == (600, 9)
    assert kept.alert.silence is not None and kept.alert.silence.reason == "known"
    assert len(keeper.alert_changes("a1")) == 1
    keeper.keep_alert(alert("other", "a2"))
    with pytest.raises(InvalidInput, match="another alert"):
        verbs.mend(keeper, read_, lambda there: msgspec.structs.replace(there, name="other"))
    keeper.drop_alert("a1")
    with pytest.raises(NotFound, match="removed meanwhile"):
        verbs.unsilence(keeper, read_, "me")
    assert [one.alert.id for one in keeper.alerts()] == ["a2"]


def test_one_evaluates(each_backends: Backends) -> None:
    """Of several that read the same turn; after its lease another may, and the first can't write any more."""
    keeper, other = each_backends.record.alerts, connect(each_backends.settings)
    keeper.keep_alert(alert())
    taken: list[bool] = []
    start = threading.Barrier(4)

    def take(one: Backends) -> None:
        start.wait()
        taken.append(one.record.alerts.lease_alert("a1", 0, 10))

    threads = [threading.Thread(target=take, args=(one,)) for one in (each_backends, other) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False, False, False, True]
    assert not other.record.alerts.lease_alert("a1", 1, 10)
    assert keeper.settle_alert("a1", 0, Status("ok", evaluated=1))
    # Who read it while it was taken doesn't know what that came to.
    assert not other.record.alerts.lease_alert("a1", 1, 10)
    assert keeper.lease_alert("a1", 2, 0)
    assert not keeper.lease_alert("a1", 2, 0)
    # Its lease was over at once: as if it had been killed.
    assert other.record.alerts.lease_alert("a1", 3, 10)
    assert not keeper.settle_alert("a1", 2, Status("firing", evaluated=2))
    assert other.record.alerts.settle_alert("a1", 3, Status("ok", evaluated=3))
    assert keeper.alerts()[0].status.evaluated == 3
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
