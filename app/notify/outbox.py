"""Deliveries to notifiers: the events of a notice that each is to be told, and the outbox in memory while the record is away."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import msgspec

from app.ports.notices import Notice, NoticeKeeper
from app.ports.outbox import KEPT, Delivery, Notifier, Outbox, Standing, rank
from app.times.instant import now_ms

#: Ms after its end from which on a notice is no news any more.
STALE_MS = 3_600_000


def events(notifier: Notifier, notice: Notice, told: Sequence[Delivery]) -> list[str]:
    """Return what the notifier is to be told of a notice in this form, after what it was *told*.

    A notifier that was sent the opening of a notice is also sent its end, even if by then the notifier no longer wants the notice.
    """
    if any(one.event == "closed" for one in told):
        return []
    if notice.until is not None:
        return ["closed"] if told or notifier.wants(notice) else []
    if not notifier.wants(notice):
        return []
    if not told:
        return ["opened"]
    worse = rank(notice.severity) < min(rank(one.notice.severity) for one in told)
    return ["worsened"] if worse and all(one.event != "worsened" for one in told) else []


def plan(notifiers: Iterable[Notifier], notices: Sequence[Notice], told: Iterable[Delivery]) -> list[Delivery]:
    """Return the deliveries that these notices add to the existing ones (*told*)."""
    before: dict[tuple[str, str], list[Delivery]] = {}
    for one in told:
        before.setdefault((one.notifier, one.notice.id), []).append(one)
    found = []
    for notifier in notifiers:
        for notice in notices:
            earlier = before.setdefault((notifier.name, notice.id), [])
            for event in events(notifier, notice, earlier):
                made = Delivery(notifier.name, event, notice, now_ms(), f"{notice.id}-{event}")
                earlier.append(made)
                found.append(made)
    return found


def fill(keeper: NoticeKeeper, outbox: Outbox, notifiers: Sequence[Notifier]) -> bool:
    """Post what is to be told since the last time; return whether there is anything. Raises Unavailable.

    Deliveries and how far notices were looked at are one commit: a crash before it repeats it, one after it finds it done.
    A notifier that is new is told what is open, and nothing of what was over before.
    """
    standings = {one.notifier: one for one in outbox.standings()}
    new = [one for one in notifiers if one.name not in standings]
    old = [one for one in notifiers if one.name in standings]
    low = min((standings[one.name].revision for one in old), default=0)
    changes = keeper.notices_after(0 if new else low)
    newest = max((revision for revision, _ in changes), default=low)
    behind = [one for one in old if standings[one.name].revision < newest]
    if not new and not behind:
        return False
    told = _told(outbox, [notice for _, notice in changes])
    planned = plan(new, [notice for _, notice in changes if notice.until is None], told)
    for notifier in behind:
        after = standings[notifier.name].revision
        news = [notice for revision, notice in changes if revision > after and not _is_stale(notifier, notice, told)]
        planned += plan([notifier], news, told)
    moved = [msgspec.structs.replace(standings[one.name], revision=newest) for one in behind]
    outbox.post(planned, [*moved, *(Standing(one.name, newest) for one in new)])
    return bool(planned)


def _is_stale(notifier: Notifier, notice: Notice, told: Sequence[Delivery]) -> bool:
    """Return whether a notice is over for so long that who was not told of its beginning is told nothing: a notifier that is named again."""
    if notice.until is None or now_ms() - notice.until < STALE_MS:
        return False
    return not any(one.notifier == notifier.name and one.notice.id == notice.id for one in told)


def _told(outbox: Outbox, notices: Sequence[Notice]) -> list[Delivery]:
    ids = [notice.id for notice in notices]
    return [one for start in range(0, len(ids), 500) for one in outbox.deliveries(ids[start : start + 500])]


class MemoryOutbox:
    """An Outbox in memory, for as long as the record is away: that it is away is what must be told then."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._deliveries: dict[tuple[str, str, str], Delivery] = {}
        self._standings: dict[str, Standing] = {}

    def post(self, deliveries: Sequence[Delivery], standings: Sequence[Standing] = ()) -> None:
        """See Outbox; here it is lost with the process."""
        with self._guard:
            self._deliveries.update((one.key, one) for one in deliveries)
            settled = [key for key, one in self._deliveries.items() if one.state != "waiting"]
            for key in settled[:-KEPT]:
                del self._deliveries[key]
            for one in standings:
                was = self._standings.get(one.notifier, Standing(one.notifier, 0))
                kept = {"tested": was.tested, "test_reason": was.test_reason}
                self._standings[one.notifier] = msgspec.structs.replace(one, **kept)

    def all(self) -> list[Delivery]:
        """Return every delivery, in the order of posting."""
        with self._guard:
            return list(self._deliveries.values())

    def waiting(self, notifier: str, limit: int) -> list[Delivery]:
        """See Outbox."""
        return [one for one in self.all() if one.state == "waiting" and one.notifier == notifier][:limit]

    def waiting_counts(self) -> dict[str, int]:
        """See Outbox."""
        names = [one.notifier for one in self.all() if one.state == "waiting"]
        return {name: names.count(name) for name in names}

    def deliveries(self, notices: Sequence[str]) -> list[Delivery]:
        """See Outbox."""
        return [one for one in self.all() if one.notice.id in notices]

    def told_at(self, notifier: str, after: int) -> list[int]:
        """See Outbox."""
        sent = [one for one in self.all() if one.state in ("sent", "failed") and one.notifier == notifier]
        times = {one.message: one.tried for one in sent if one.tried is not None and one.tried > after}
        return sorted(times.values())

    def standings(self) -> list[Standing]:
        """See Outbox."""
        with self._guard:
            return sorted(self._standings.values(), key=lambda one: one.notifier)

    def keep_test(self, notifier: str, tested: int, reason: str) -> None:
        """See Outbox."""
        with self._guard:
            if notifier in self._standings:
                works = {} if reason else {"failures": 0, "since": None, "reason": "", "again": 0}
                one = self._standings[notifier]
                self._standings[notifier] = msgspec.structs.replace(one, tested=tested, test_reason=reason, **works)


def hand_over(memory: MemoryOutbox, outbox: Outbox) -> None:
    """Post in the record what was told, or was to be told, while it was away. Raises Unavailable.

    A delivery that the record knows already stays as it is there, unless it still waits there and was sent from here.
    """
    found = memory.all()
    there = {one.key: one.state for one in outbox.deliveries(list({one.notice.id for one in found}))}
    news = [one for one in found if one.key not in there or (there[one.key] == "waiting" and one.state != "waiting")]
    standings = {one.notifier: one for one in outbox.standings()}
    counted = []
    for one in memory.standings():
        if (known := standings.get(one.notifier)) is not None:
            sent, failed = known.sent + one.sent, known.failed + one.failed
            counted.append(msgspec.structs.replace(known, sent=sent, failed=failed))
    outbox.post(news, counted)
