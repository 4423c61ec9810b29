"""Saved searches and alerts: what they are, and what a record keeps of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, Protocol

import msgspec

#: Longest name, in characters.
NAME_LIMIT = 200
#: Most saved searches of everybody's, and of one reader; most alerts of one record.
SEARCHES, OWN_SEARCHES, ALERTS = 1_000, 100, 100
#: Changes that the record keeps of one alert, and evaluations that its status remembers.
CHANGES, POINTS = 200, 120

#: Milliseconds beyond its length by which a lease can't last, unless it was taken by a clock that was ahead.
AHEAD_MS = 60_000

#: A firing alert is open trouble; `cannot_tell`: the logs that would decide can't be counted.
State = Literal["ok", "firing", "cannot_tell"]
#: When an alert fires, by the count of its window.
Kind = Literal["at_least", "at_most", "absent", "rises", "falls"]


class Question(msgspec.Struct, frozen=True):
    """A query whose logs are counted, and the zone in which it means times without an offset."""

    q: str = ""
    tz: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the parameters that ask it."""
        return {name: value for name, value in (("q", self.q), ("tz", self.tz)) if value}


class SavedSearch(msgspec.Struct, frozen=True):
    """A state of the search page under a name."""

    id: str
    #: No two searches of one owner have one name.
    name: str
    #: The parameters of the page's URL.
    parameters: dict[str, str]
    #: When it was made and last changed, in ms since 1970.
    made: int
    changed: int
    #: The reader who owns it, such as `user zoe`; empty where it belongs to everybody.
    owner: str = ""

    @property
    def question(self) -> Question:
        """The part of it that an alert counts."""
        return Question(self.parameters.get("q", ""), self.parameters.get("tz", ""))


class Silence(msgspec.Struct, frozen=True):
    """While it lasts a firing alert opens no notice."""

    until: int
    reason: str
    by: str


class Alert(msgspec.Struct, frozen=True):
    """A saved search and a condition over the logs of a window, by arrival."""

    id: str
    name: str
    #: Id of the search whose query is counted; its time range has no part in it.
    search: str
    kind: Kind
    #: Seconds of the window: whole minutes.
    window: int
    #: The limit of at_least and at_most; the fewest logs at which a rate counts.
    threshold: int = 1
    #: How much more, or fewer, than in the windows before; how many those are.
    factor: float = 2.0
    windows: int = 1
    #: Evaluations in a row before it fires, and before that is over.
    fire_after: int = 1
    close_after: int = 3
    severity: str = "error"
    made: int = 0
    changed: int = 0
    silence: Silence | None = None

    def silenced(self, now: int) -> bool:
        """Return whether it opens no notice at *now*."""
        return self.silence is not None and self.silence.until > now


class AlertSample(msgspec.Struct, frozen=True, array_like=True):
    """One of the logs that a count found, as it was then: retention may delete the log, and leaves the sample."""

    id: str
    at: str
    level: str
    message: str


class Point(msgspec.Struct, frozen=True, array_like=True):
    """One evaluation of an alert: the end of its window, the count (None if it could not be counted), the state afterwards."""

    at: int
    count: int | None
    state: State


class Status(msgspec.Struct, frozen=True):
    """The outcome of an alert's evaluations."""

    state: State = "cannot_tell"
    #: When the state began.
    since: int = 0
    why: str = "It has not been evaluated yet."
    #: Whether it fires, as far as could be decided last: so a state of `cannot_tell` neither opens nor closes anything.
    fires: bool = False
    #: Evaluations in a row that say the opposite of `fires`.
    streak: int = 0
    #: End of the last window that was decided; and when it was last tried.
    evaluated: int = 0
    tried: int = 0
    #: Since when somebody has been there without a break: of the time before a lack of logs says nothing.
    known_from: int = 0
    #: The query and condition that were evaluated; with others the alert begins anew.
    meaning: str = ""
    count: int | None = None
    #: Mean of the windows before, where they are compared.
    earlier: float | None = None
    cost_ms: int = 0
    recent: list[Point] = []


class Change(msgspec.Struct, frozen=True):
    """An event of an alert: a change of its state, with what was counted, or what somebody did."""

    at: int
    #: A state, or made, changed, silenced, unsilenced.
    what: str
    text: str
    by: str = ""
    #: The window that decided, both ends inclusive, in ms; and what was counted in it.
    start: int | None = None
    end: int | None = None
    question: Question = Question()
    count: int | None = None
    earlier: float | None = None
    samples: list[AlertSample] = []


class WatchedAlert(msgspec.Struct, frozen=True):
    """An alert as the record has it."""

    alert: Alert
    status: Status
    #: Grows with each lease.
    turn: int


class AlertKeeper(Protocol):
    """Keeps saved searches and alerts. Every method raises Unavailable."""

    def searches(self) -> list[SavedSearch]:
        """Return the saved searches, by name; of one name everybody's first."""

    def keep_search(self, search: SavedSearch, key: bytes = b"") -> bool:
        """Keep a search in the place of an earlier form of it; False, and nothing is kept, if another of its owner has its name.

        With *key*, the digest of the token or session by which its owner asks, raises Forbidden where that opens nothing any more:
        the name may be somebody else's by now.
        """

    def drop_search(self, identity: str) -> bool:
        """Forget a search; return whether there was one."""

    def alerts(self) -> list[WatchedAlert]:
        """Return the alerts, by name."""

    def keep_alert(self, alert: Alert, change: Change | None = None, earlier: Alert | None = None) -> bool:
        """Keep an alert and the change; its status stays as it is. False, and nothing is kept, if another alert has its name.

        With *earlier*, the form in which the alert was read, also False if it was changed or forgotten since.
        """

    def drop_alert(self, identity: str) -> bool:
        """Forget an alert with its changes; return whether there was one."""

    def lease_alert(self, identity: str, turn: int, seconds: float) -> bool:
        """Take the alert for an evaluation; False if somebody has it, or had it after *turn* was read.

        The lease ends by `settle_alert`, or after *seconds*.
        """

    def settle_alert(self, identity: str, turn: int, status: Status, changes: Sequence[Change] = ()) -> bool:
        """Keep what the evaluation of a lease after *turn* came to; False, and nothing is kept, if it was taken by another since."""

    def alert_changes(self, identity: str, limit: int = CHANGES) -> list[Change]:
        """Return what happened to an alert, newest first."""

    def sampled(self) -> set[str]:
        """Return the ids of all logs that are samples of changes."""

    def forget_samples(self, ids: Collection[str]) -> None:
        """Take the samples with these ids out of all changes."""
