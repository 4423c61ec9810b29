"""Alerts as people make, change, silence and try them; workers evaluate them (app/alerts/rounds.py)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from time import monotonic, sleep
from typing import Any, get_args

import msgspec

from app.alerts import condition, searches
from app.alerts.condition import Counted
from app.alerts.counts import CountSources, begins, count, hidden
from app.errors import InvalidInput, NotFound, Problem
from app.log.fold import clean
from app.ports.alerts import ALERTS, Alert, AlertKeeper, Change, Kind, Question, Silence, Status, WatchedAlert
from app.ports.deadline import Budget, Deadline
from app.ports.notices import SEVERITIES
from app.query.parameters import Parameters
from app.settings.values import parse_seconds
from app.times import instant
from app.times.instant import now_ms
from app.times.typed import time_span

KINDS: tuple[str, ...] = get_args(Kind)
#: Shortest and longest window, in seconds.
WINDOW_LOW, WINDOW_HIGH = 60, 7 * 86_400
#: Largest limit; most windows before, most evaluations in a row.
COUNT_HIGH, WINDOWS_HIGH, IN_A_ROW = 1_000_000_000, 10, 60
FACTOR_LOW, FACTOR_HIGH = 1.1, 1_000.0
#: Names of what an alert is made from, beside its own name and its search.
FIELDS = ("kind", "window", "threshold", "factor", "windows", "fire_after", "close_after", "severity")
#: Longest reason of a silence, in characters.
REASON_LIMIT = 500
#: Seconds that a try may take.
TRY_SECONDS = 5.0


def get(keeper: AlertKeeper, which: str) -> WatchedAlert:
    """Return the alert with this id or name; raises NotFound."""
    there = {one.alert.id: one for one in keeper.alerts()}
    return there[searches.named([one.alert for one in there.values()], which, "alert").id]


def read(given: Mapping[str, Any], keeper: AlertKeeper, base: Alert | None = None) -> Alert:
    """Return the alert that *given* means; what it does not name is as in *base*. Raises InvalidInput with every fault."""
    now, reader = now_ms(), _AlertReader(given)
    known = ("name", "search", *FIELDS)
    reader.only(known, "part of an alert")
    if base is None:
        base = Alert(searches.new_id(), "", "", "at_least", 300, made=now)
        reader.need("search", "kind", "window", *(() if "name" in given else ("name",)))
    if "name" in given:
        base = msgspec.structs.replace(base, name=reader.read(lambda: searches.check_name(given["name"]), base.name))
    if "search" in reader:
        base = msgspec.structs.replace(base, search=reader.read(lambda: _search(keeper, given["search"]), ""))
    alert = msgspec.structs.replace(
        base,
        kind=reader.choice("kind", base.kind, KINDS),
        severity=reader.choice("severity", base.severity, SEVERITIES),
        window=reader.window(base.window),
        threshold=reader.whole("threshold", base.threshold, 0, COUNT_HIGH),
        windows=reader.whole("windows", base.windows, 1, WINDOWS_HIGH),
        fire_after=reader.whole("fire_after", base.fire_after, 1, IN_A_ROW),
        close_after=reader.whole("close_after", base.close_after, 1, IN_A_ROW),
        factor=reader.factor(base.factor),
        changed=now,
    )
    if alert.threshold == 0 and alert.kind not in ("at_most", "absent"):
        reader.refuse("must be at least 1: fewer there never are", "threshold")
    if reader.problems:
        raise InvalidInput(*reader.problems)
    return alert


def _search(keeper: AlertKeeper, which: Any) -> str:
    try:
        return searches.named(searches.shared(keeper), str(which), "saved search").id
    except NotFound as error:
        raise InvalidInput(Problem(str(error), "search")) from None


class _AlertReader(Parameters):
    """Reads the parts of an alert, as texts or as JSON values."""

    def need(self, *names: str) -> None:
        """Note each of these that is missing."""
        self.problems += [Problem("is missing", name) for name in names if name not in self]

    def factor(self, default: float) -> float:
        """Return the factor."""
        if "factor" not in self:
            return default
        try:
            value = float(self.given["factor"])
        except (TypeError, ValueError, OverflowError):
            value = math.nan
        if isinstance(self.given["factor"], bool) or not FACTOR_LOW <= value <= FACTOR_HIGH:
            self.refuse(f"must be a number from {FACTOR_LOW:g} to {FACTOR_HIGH:,g}", "factor")
            return default
        return value

    def window(self, default: int) -> int:
        """Return the length of the window, in seconds."""
        if "window" not in self:
            return default
        value = self.given["window"]
        try:
            seconds = (
                value if isinstance(value, int) and not isinstance(value, bool) else parse_seconds(str(value)[:20])
            )
        except ValueError:
            seconds = 0
        if not WINDOW_LOW <= seconds <= WINDOW_HIGH or seconds % 60:
            text = "must be whole minutes, from 1m to 7d: a number and a unit (m h d) such as 5m"
            self.refuse(text, "window")
            return default
        return seconds


def keep(keeper: AlertKeeper, alert: Alert, change: Change | None = None) -> Alert:
    """Keep a new alert that was read. Raises InvalidInput if another has its name, or there are too many."""
    if len(keeper.alerts()) >= ALERTS:
        raise InvalidInput(Problem(f"would be one more than the {ALERTS} alerts that there may be", "name"))
    if not keeper.keep_alert(alert, change):
        raise InvalidInput(Problem("is the name of another alert", "name"))
    return alert


def mend(keeper: AlertKeeper, alert: Alert, make: Callable[[Alert], Alert], change: Change | None = None) -> Alert:
    """Keep what *make* makes of an alert that was read; of what another has made of it meanwhile it is made anew.

    Raises InvalidInput if another has its name, NotFound if it was removed meanwhile: it does not come back.
    """
    while True:
        made = make(alert)
        if keeper.keep_alert(made, change, alert):
            return made
        there = next((one.alert for one in keeper.alerts() if one.alert.id == alert.id), None)
        if there is None:
            raise NotFound(f"the alert “{alert.name}” was removed meanwhile")
        if there == alert:
            raise InvalidInput(Problem("is the name of another alert", "name"))
        alert = there


def silence(keeper: AlertKeeper, alert: Alert, until: Any, reason: Any, by: str, zone: tzinfo = UTC) -> Alert:
    """Let the alert open no notice until a time such as `now+2h`, of the *zone* where it names no offset. Raises InvalidInput."""
    now = now_ms()
    try:
        if not isinstance(until, str | int | float) or isinstance(until, bool) or until == "":
            raise ValueError("is missing: until when?")
        end = time_span(until, now, zone)[1][0]
        if end <= now:
            raise ValueError("is past")
    except (ValueError, OverflowError) as error:
        raise InvalidInput(Problem(f"“{str(until)[:100]}” {error}", "until")) from None
    if len(str(reason or "")) > REASON_LIMIT:
        raise InvalidInput(Problem(f"is longer than {REASON_LIMIT} characters", "reason"))
    made = Silence(end, clean(str(reason or "").strip()), clean(by)[:100])
    text = f"Silenced until {instant.text((end, 0))}{f': {made.reason}' if made.reason else ''}."
    change = Change(now, "silenced", text, made.by)
    return mend(keeper, alert, lambda there: msgspec.structs.replace(there, silence=made), change)


def unsilence(keeper: AlertKeeper, alert: Alert, by: str) -> Alert:
    """Let the alert open notices again."""
    change = Change(now_ms(), "unsilenced", "No longer silenced.", clean(by)[:100])
    return mend(keeper, alert, lambda there: msgspec.structs.replace(there, silence=None), change)


@dataclass(frozen=True, slots=True)
class Try:
    """The outcome that an alert would have if it were evaluated now."""

    counted: Counted
    #: Whether its condition holds; None where that can't be decided.
    holds: bool | None
    #: The status that an evaluation would leave.
    after: Status
    said: str
    cost_ms: int


def _rest(seconds: float) -> bool:
    sleep(seconds)
    return True


def attempt(sources: CountSources, alert: Alert, question: Question, status: Status | None = None) -> Try:
    """Return what the alert would do with the window that ends now; nothing is changed. Raises Unavailable."""
    now, began = now_ms(), monotonic()
    waiting = hidden(sources, now, _rest)
    counted = count(sources.index, alert, question, now, Deadline(Budget(TRY_SECONDS)).shared())
    status = status or Status()
    counted = replace(counted, hidden=waiting, unknown=begins(alert, counted) < status.known_from)
    holds = condition.decide(alert, counted)
    after, _ = condition.advance(status, alert, counted, now)
    if holds is not None and holds != after.fires:
        needed = (alert.fire_after if holds else alert.close_after) - after.streak
        again = f"{needed} more {'evaluations' if needed > 1 else 'evaluation'} in a row"
        said = f"It would {'begin to fire' if holds else 'be over'} after {again} with the same answer."
    else:
        said = {"firing": "It would fire.", "ok": "It would not fire.", "cannot_tell": "It could not be decided."}[
            after.state
        ]
    return Try(counted, holds, after, f"{after.why} {said}", round((monotonic() - began) * 1000))
