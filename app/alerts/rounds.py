"""Rounds: each minute a worker counts what alerts watch, and says of each whether it fires.

A window ends at a whole minute and is counted by arrival, some seconds later, when no log can come into
it any more but those that are known to wait. So each minute is decided once, whichever worker decides it and when,
and comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import msgspec

from app.alerts import condition
from app.alerts.condition import AWAY_MS, Counted
from app.alerts.counts import CountSources, begins, count, failed, hidden
from app.errors import Unavailable
from app.ports.alerts import Alert, AlertKeeper, Change, Question, Status, WatchedAlert
from app.ports.deadline import Budget, Deadline
from app.times import instant
from app.times.instant import now_ms

MINUTE = 60_000
#: Milliseconds after the end of a window before it is counted: by then what got its id in it has been accepted.
SETTLE_MS = 5_000
#: Minutes of the past that are still evaluated.
CATCH_UP = 60
#: Seconds of a round, and of the counts of one alert in it.
ROUND_SECONDS, COUNT_SECONDS = 50.0, 5.0
#: Seconds for which nobody else evaluates what a worker has taken: longer than it may take.
LEASE_SECONDS = 20.0
#: Milliseconds from which on an alert counts as slow: it is evaluated after the others.
SLOW_MS = 1_000


def work(keeper: AlertKeeper, sources: CountSources, rest: Callable[[float], bool], now: int | None = None) -> int:
    """Evaluate every alert that is due; return how many were. *rest* waits, and returns whether to go on."""
    now = now_ms() if now is None else now
    slot, until, done = (now - SETTLE_MS) // MINUTE * MINUTE, monotonic() + ROUND_SECONDS, 0
    due = [one for one in keeper.alerts() if _is_due(one.status, slot, now)]
    if not due:
        return 0
    questions = {search.id: search.question for search in keeper.searches()}
    fault, waiting = "", 0
    try:
        waiting = hidden(sources, slot, rest)
    except Unavailable as error:
        fault = f"How many accepted logs can't be found yet is unknown: {error}."
    fault_of_ours: Exception | None = None
    # Slow ones last: quick ones are evaluated each minute, however long they take.
    for one in sorted(due, key=lambda one: (one.status.cost_ms >= SLOW_MS, one.status.tried)):
        if monotonic() > until or not rest(0):
            break
        if keeper.lease_alert(one.alert.id, one.turn, LEASE_SECONDS):
            evaluation = _Evaluation(sources, one, questions.get(one.alert.search), slot, now)
            try:
                status = evaluation.run(waiting, fault)
            except Exception as error:
                # An alert whose evaluation fails by a fault of this program must not keep the others from theirs.
                fault_of_ours, status = error, evaluation.broken(error)
            done += keeper.settle_alert(one.alert.id, one.turn, status, evaluation.changes)
    if fault_of_ours is not None:
        raise fault_of_ours
    return done


def settled_in(now: int) -> float:
    """Return the seconds until the minute that has just ended may be evaluated."""
    return max(SETTLE_MS - now % MINUTE, 0) / 1000


def _is_due(status: Status, slot: int, now: int) -> bool:
    return status.evaluated < slot or status.evaluated - slot > AWAY_MS or abs(now - status.tried) > AWAY_MS


class _Evaluation:
    """The evaluation of one alert: of all minutes that are due."""

    def __init__(
        self, sources: CountSources, watched: WatchedAlert, question: Question | None, slot: int, now: int
    ) -> None:
        self._index = sources.index
        self._alert: Alert = watched.alert
        self._before = watched.status
        self._question = question or Question()
        self._is_lost = question is None
        self._slot = slot
        self._now = now
        self.changes: list[Change] = []

    def run(self, waiting: int, fault: str) -> Status:
        """Return the status after it; what changed is in `changes`."""
        began, budget = monotonic(), Deadline(Budget(COUNT_SECONDS)).shared()
        status = self._begun(self._before)
        first = status.evaluated + MINUTE if status.evaluated else self._slot
        for end in range(first, self._slot + MINUTE, MINUTE):
            counted = self._counted(end, status.known_from, waiting, fault, budget)
            status, change = condition.advance(status, self._alert, counted, self._now)
            if change is not None:
                self.changes.append(change)
            # An alert that begins to fire is reported before it is over; an undecided minute is tried again in a minute.
            if status.evaluated < end or (change and change.what == "firing") or budget.cancelled():
                break
        return msgspec.structs.replace(status, tried=self._now, cost_ms=round((monotonic() - began) * 1000))

    def broken(self, error: Exception) -> Status:
        """Return the status after an evaluation that raised what it should not."""
        self.changes.clear()
        text = f"Its evaluation failed: {type(error).__name__}. The worker's own log says why."
        return msgspec.structs.replace(self._undecided(self._before, text), tried=self._now)

    def _counted(self, end: int, known_from: int, waiting: int, fault: str, budget: Budget) -> Counted:
        if self._is_lost:
            fault = "The search whose logs it counts was removed."
        if fault:
            return failed(self._alert, self._question, end, fault)
        counted = count(self._index, self._alert, self._question, end, budget)
        return replace(counted, hidden=waiting, unknown=begins(self._alert, counted) < known_from)

    def _begun(self, status: Status) -> Status:
        """Return the status to go on from: after a break, or with another meaning, not all that it says still holds."""
        meaning = condition.meaning(self._alert, self._question)
        if status.meaning != meaning:
            if status.meaning:
                text = "Its query or its condition was changed: what was counted before says nothing of it."
                self.changes.append(Change(self._now, "changed", text))
            status = Status(meaning=meaning, known_from=status.known_from, tried=status.tried)
        if status.evaluated - self._slot > AWAY_MS:
            text = f"The clock was set back: minutes are evaluated again from {_time(status.evaluated)} on."
            return self._undecided(status, text, known_from=max(status.known_from, status.evaluated))
        if status.tried and self._now - status.tried > AWAY_MS:
            text = (
                f"It was not evaluated from {_time(status.tried)} to {_time(self._now)}: no worker was at work, or the "
                "clock was set forward."
            )
            status = self._undecided(status, text, known_from=self._slot)
        if status.evaluated and self._slot - status.evaluated > CATCH_UP * MINUTE:
            text = f"From {_time(status.evaluated)} to {_time(self._slot)} it could not be decided, and will not be."
            status = self._undecided(status, text, evaluated=self._slot - MINUTE)
        return status

    def _undecided(self, status: Status, text: str, **changes: int) -> Status:
        """Return the status while the alert can't be decided; the reason is said once."""
        if status.why != text:
            change = Change(self._now, "cannot_tell", text, question=self._question)
            if 0 < status.evaluated < self._slot:
                change = msgspec.structs.replace(change, start=status.evaluated, end=self._slot - 1)
            self.changes.append(change)
        since = status.since if status.state == "cannot_tell" and status.since else self._now
        return msgspec.structs.replace(status, state="cannot_tell", since=since, why=text, streak=0, **changes)


def _time(ms: int) -> str:
    return instant.text((ms // 1000 * 1000, 0))
