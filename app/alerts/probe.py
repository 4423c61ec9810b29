"""The probe of alerts: an alert that fires, or that could not be evaluated for long, becomes a notice. Its text is made here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from app.alerts import condition
from app.monitor.board import Trouble
from app.ports.alerts import AlertKeeper, Change, Question, WatchedAlert
from app.times import instant
from app.times.instant import now_ms

#: Milliseconds for which an alert could not be decided until that is a trouble of its own.
LONG_MS = 600_000
#: More alerts of one state than this are reported as one trouble.
MANY = 3


class AlertProbe:
    """See Probe."""

    name = "alert"

    def __init__(self, keeper: AlertKeeper) -> None:
        self._keeper = keeper
        self._found: dict[str, Trouble] = {}

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        now, found, undecided = now_ms(), dict[str, Trouble](), list[WatchedAlert]()
        there = self._keeper.alerts()
        for one in there:
            if one.alert.silenced(now):
                continue
            if one.status.fires:
                found[f"{self.name}/{one.alert.id}"] = self._firing(one, now)
            elif _is_long_undecided(one, now):
                undecided.append(one)
        if len(undecided) > MANY:
            # Most likely of one cause: one notice.
            text = _many_undecided(undecided, len(there), now)
            found[f"{self.name}/many"] = Trouble("alert", "warning", text, {"alerts": len(undecided)})
        else:
            found |= {f"{self.name}/untold/{one.alert.id}": _undecided(one, now) for one in undecided}
        self._found = found
        return found

    def unreachable(self, reason: str) -> dict[str, Trouble]:
        """See Probe: the record has a probe of its own, which reports that it can't be reached."""
        return {}

    def _firing(self, one: WatchedAlert, now: int) -> Trouble:
        alert, status = one.alert, one.status
        before = self._found.get(f"{self.name}/{alert.id}")
        change = self._began(one) if before is None else None
        details = _named(one) | (_logs(change) if change else {**before.details} if before else {})
        details |= {"count": status.count, "earlier": status.earlier, "condition": condition.sentence(alert)}
        state, why = condition.now_state(one, now)
        text = f"Alert “{alert.name}” fires: {why}"
        if state == "cannot_tell":
            text = f"Alert “{alert.name}” fired on {condition.sentence(alert)}; now it can't be decided. {why}"
        elif status.streak:
            text = f"Alert “{alert.name}” fires on {condition.sentence(alert)}, and may be over soon. {why}"
        return Trouble("alert", alert.severity, text, details)

    def _began(self, one: WatchedAlert) -> Change | None:
        """Return the change by which it began to fire."""
        changes = self._keeper.alert_changes(one.alert.id)
        return next((change for change in changes if change.what == "firing"), None)


def _is_long_undecided(one: WatchedAlert, now: int) -> bool:
    return now - max(one.status.evaluated, one.alert.changed) > LONG_MS


def _undecided(one: WatchedAlert, now: int) -> Trouble:
    why = condition.now_state(one, now)[1]
    text = f"Alert “{one.alert.name}” has been undecided for {_minutes(one, now)} minutes: {why}"
    return Trouble("alert", "warning", text, _named(one))


def _many_undecided(undecided: list[WatchedAlert], all_: int, now: int) -> str:
    latest = max(undecided, key=lambda one: one.status.evaluated)
    why = condition.now_state(latest, now)[1]
    return f"{len(undecided)} of {all_} alerts have been undecided for {_minutes(latest, now)} minutes. {why}"


def _minutes(one: WatchedAlert, now: int) -> int:
    return (now - max(one.status.evaluated, one.alert.changed)) // 60_000


def _named(one: WatchedAlert) -> dict[str, Any]:
    return {"alert": one.alert.id, "name": one.alert.name}


def _logs(change: Change) -> dict[str, Any]:
    """Return a link to exactly the logs that made the alert fire."""
    if change.start is None or change.end is None:
        return {}
    return {"logs": logs_link(change.question, change.start, change.end)}


def logs_link(question: Question, start: int, end: int) -> str:
    """Return the search page's URL, without the prefix, of the logs that a window holds."""
    times = {"from": instant.text((start, 0)), "to": instant.text((end, 0)), "clock": "received"}
    return f"/?{urlencode(question.to_dict() | times)}"
