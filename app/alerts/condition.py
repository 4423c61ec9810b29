"""An alert's condition: whether counts satisfy it, what that makes of its state, and how it is said."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import msgspec

from app.ports.alerts import POINTS, Alert, AlertSample, Change, Point, Question, State, Status, WatchedAlert
from app.query.sentence import logs
from app.times import instant, lengths

#: Milliseconds without an evaluation after which nobody is there who evaluates.
AWAY_MS = 180_000
#: Kinds that hold when there are few logs: those for which logs that nobody could send are missed.
FEW = ("at_most", "absent", "falls")
#: Kinds that compare with the windows before.
COMPARING = ("rises", "falls")


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of one window, or why nothing could be counted."""

    #: The window, both ends inclusive, in ms.
    start: int
    end: int
    count: int | None = None
    #: Logs of all windows before, where they are compared.
    earlier: int = 0
    #: Most logs, of all windows together, that may belong to them and can't be counted yet.
    hidden: int = 0
    #: Whether nobody can say that senders could send all the time.
    unknown: bool = False
    #: Why there is no count.
    fault: str = ""
    question: Question = field(default_factory=Question)
    samples: list[AlertSample] = field(default_factory=list)


def holds(alert: Alert, count: float, earlier: float) -> bool:
    """Return whether the condition is satisfied by a count, and the sum of those of the windows before."""
    mean = earlier / alert.windows
    match alert.kind:
        case "at_least":
            return count >= alert.threshold
        case "at_most":
            return count <= alert.threshold
        case "absent":
            return count == 0
        case "rises":
            return count >= alert.threshold and count >= alert.factor * mean
        case "falls":
            return mean >= alert.threshold and count * alert.factor <= mean


def decide(alert: Alert, counted: Counted) -> bool | None:
    """Return whether the condition holds; None where that can't be decided.

    Each kind is monotonic in each of its counts. So it is enough to try the two extremes of what the uncounted
    logs may be.
    """
    if counted.count is None:
        return None
    more = math.inf if counted.unknown and (alert.kind in FEW or alert.kind in COMPARING) else counted.hidden
    first = holds(alert, counted.count + more, counted.earlier)
    second = holds(alert, counted.count, counted.earlier + more)
    return first if first == second else None


def meaning(alert: Alert, question: Question) -> str:
    """Return a text that differs if anything differs that is counted or compared."""
    parts = (question.q, question.tz, alert.kind, alert.window, alert.threshold, alert.factor, alert.windows)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


def advance(status: Status, alert: Alert, counted: Counted, now: int) -> tuple[Status, Change | None]:
    """Return the status after a window was counted, and the change if its state is another."""
    met = decide(alert, counted)
    fires, streak, state = status.fires, 0, status.state
    if met is None:
        state = "cannot_tell"
    else:
        if met != fires:
            streak = status.streak + 1
            if streak >= (alert.fire_after if met else alert.close_after):
                fires, streak = met, 0
        state = "firing" if fires else "ok"
    why = explain(alert, counted, met)
    mean = counted.earlier / alert.windows if alert.kind in COMPARING and counted.count is not None else None
    after = msgspec.structs.replace(
        status,
        state=state,
        since=status.since if state == status.state and status.since else now,
        why=why,
        fires=fires,
        streak=streak,
        count=counted.count,
        earlier=mean,
    )
    # A window that is tried again later gets no point yet. A count that nobody can know will not be known later either;
    # but first all that waits must be counted.
    never = counted.unknown and counted.count is not None and not counted.hidden
    if met is not None or never:
        points = [*status.recent, Point(counted.end + 1, counted.count, state)][-POINTS:]
        after = msgspec.structs.replace(after, evaluated=counted.end + 1, recent=points)
    if state == status.state and status.since:
        return after, None
    return after, _change(state, why, counted, mean, now)


def _change(state: State, why: str, counted: Counted, mean: float | None, now: int) -> Change:
    return Change(
        now,
        state,
        why,
        start=counted.start,
        end=counted.end,
        question=counted.question,
        count=counted.count,
        earlier=mean,
        samples=counted.samples,
    )


def now_state(watched: WatchedAlert, now: int) -> tuple[State, str]:
    """Return the state as a reader must see it at *now*, and why: an alert that nobody evaluates any more can't be decided."""
    status = watched.status
    if now - (status.tried or watched.alert.made) > AWAY_MS:
        since = f" since {instant.text((status.tried // 1000 * 1000, 0))}" if status.tried else ""
        return "cannot_tell", f"It has not been evaluated{since}: no worker is at work, or they are behind."
    if status.state != "cannot_tell" and now - status.evaluated > AWAY_MS:
        return "cannot_tell", f"It is behind: evaluated up to {instant.text((status.evaluated, 0))}."
    return status.state, status.why


def doubt(alert: Alert, status: Status) -> str:
    """Return in a sentence how many evaluations in a row say the opposite of an alert's state; empty where the last said the same."""
    if not status.streak or status.state == "cannot_tell":
        return ""
    least, said = (alert.close_after, "it is over") if status.fires else (alert.fire_after, "it fires")
    return f"{status.streak} of {least} evaluations in a row say that {said}. "


def explain(alert: Alert, counted: Counted, met: bool | None) -> str:
    """Return in a sentence what was counted, and what that says of the condition."""
    if counted.count is None:
        return counted.fault
    window = lengths.worded(alert.window * lengths.SECOND)
    said = f"{logs(counted.count)} in {window}"
    if alert.kind in COMPARING:
        said += f", {number(counted.earlier / alert.windows)} before"
    if met is not None and alert.kind == "absent":
        return f"No logs for {window}." if met else f"{said}."
    if met is not None:
        return f"{said}: {'' if met else 'not '}{limit(alert)}."
    if counted.unknown and not counted.hidden:
        return f"{said}, but alerts were not evaluated all that time: perhaps nobody could send."
    if counted.hidden == 1:
        return f"{said}, but 1 accepted log can't be found yet and may belong to them."
    return f"{said}, but up to {counted.hidden:,} accepted logs can't be found yet and may belong to them."


def limit(alert: Alert) -> str:
    """Return in words what a count is compared with."""
    match alert.kind:
        case "at_least" | "at_most" | "absent":
            return f"{alert.kind.replace('_', ' ')} {alert.threshold:,}"
        case "rises":
            return f"{number(alert.factor)} times as many as before, at least {alert.threshold:,}"
        case "falls":
            return f"{number(alert.factor)} times fewer than before, of at least {alert.threshold:,}"


def sentence(alert: Alert) -> str:
    """Return the condition in English."""
    window = lengths.worded(alert.window * lengths.SECOND)
    before = f"the {window} before" if alert.windows == 1 else f"the mean of {alert.windows} windows before"
    match alert.kind:
        case "at_least" | "at_most":
            return f"{alert.kind.replace('_', ' ')} {logs(alert.threshold)} in {window}"
        case "absent":
            return f"no logs for {window}"
        case "rises":
            return f"{number(alert.factor)} times as many logs in {window} as in {before}, and at least {alert.threshold:,}"
        case "falls":
            return f"{number(alert.factor)} times fewer logs in {window} than in {before}, which had at least {alert.threshold:,}"


def number(value: float) -> str:
    """Return a number with at most one decimal."""
    return f"{round(value, 1):,g}" if value < 1e6 else f"{value:,.0f}"
