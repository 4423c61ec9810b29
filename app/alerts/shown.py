"""Saved searches and alerts as answers and commands show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from app.alerts import condition
from app.alerts.change import Try
from app.ports.alerts import AlertSample, Change, Kind, SavedSearch, Silence, State, WatchedAlert
from app.ports.notices import Severity
from app.shown import Count, Moment, Shown, Uuid
from app.times import instant, lengths

_CANNOT_TELL = "`cannot_tell`: the logs that would decide can't be counted; neither ok nor firing is said then."
What = Annotated[str, Meta(extra_json_schema={"enum": [*get_args(State), "made", "changed", "silenced", "unsilenced"]})]
ShownState = Annotated[State, Meta(description=_CANNOT_TELL)]
Earlier = Annotated[float | None, Meta(description="Mean of the windows before, where they are compared.")]


class ShownSearch(Shown):
    """`parameters` are those of the search page's URL."""

    id: Uuid
    name: str
    parameters: dict[str, str]
    made: Moment
    changed: Moment
    owner: Annotated[str | None, Meta(description="Which reader's it is; null: everybody's.")]

    @classmethod
    def of(cls, search: SavedSearch) -> ShownSearch:
        """Return a saved search as it is shown."""
        return cls(
            search.id,
            search.name,
            search.parameters,
            _moment(search.made),
            _moment(search.changed),
            search.owner or None,
        )


class SearchName(Shown):
    """The saved search that an alert counts."""

    id: str
    name: str


class ShownSilence(Shown):
    """Until when an alert opens no notice."""

    until: Moment
    reason: str
    by: str

    @classmethod
    def of(cls, silence: Silence) -> ShownSilence:
        """Return a silence as it is shown."""
        return cls(_moment(silence.until), silence.reason, silence.by)


class ShownPoint(Shown):
    """One evaluation: the end of its window, the count, the state after it."""

    at: Moment
    count: Count | None
    state: ShownState


class ShownAlert(Shown):
    """An alert with its state."""

    id: Uuid
    name: str
    search: SearchName
    kind: Kind
    window: str
    threshold: int
    factor: float
    windows: int
    fire_after: int
    close_after: int
    severity: Severity
    condition: str
    state: ShownState
    why: str
    since: Moment | None
    evaluated: Annotated[Moment | None, Meta(description="End of the last window that was decided.")]
    last_count: Count | None
    earlier: Earlier
    cost_ms: Annotated[int, Meta(description="What its last evaluation took.")]
    silence: ShownSilence | None
    recent: list[ShownPoint]

    @classmethod
    def of(cls, watched: WatchedAlert, search: str, now: int) -> ShownAlert:
        """Return an alert as it is shown at *now*; *search* is the name of its search."""
        alert, status = watched.alert, watched.status
        state, why = condition.now_state(watched, now)
        return cls(
            alert.id,
            alert.name,
            SearchName(alert.search, search),
            alert.kind,
            lengths.typed(alert.window * lengths.SECOND),
            alert.threshold,
            alert.factor,
            alert.windows,
            alert.fire_after,
            alert.close_after,
            alert.severity,
            condition.sentence(alert),
            state,
            why,
            _moment(status.since) if status.since else None,
            _moment(status.evaluated) if status.evaluated else None,
            status.count,
            status.earlier,
            status.cost_ms,
            ShownSilence.of(alert.silence) if alert.silence and alert.silenced(now) else None,
            [ShownPoint(_moment(point.at), point.count, point.state) for point in status.recent],
        )


class CountedWindow(Shown, rename={"start": "from", "end": "to"}):
    """The window whose logs were counted; both ends belong to it."""

    start: Moment
    end: Moment


class ShownSample(Shown):
    """One of the logs that a count found, as it was then."""

    id: str
    at: str
    level: str
    message: str


class ShownChange(Shown):
    """A change of an alert's state or definition; `query`, `tz` and `window` where logs were counted."""

    at: Moment
    what: What
    text: str
    by: str | None
    window: CountedWindow | None
    query: str | None
    tz: str | None
    count: Count | None
    earlier: Earlier
    samples: list[ShownSample]

    @classmethod
    def of(cls, change: Change) -> ShownChange:
        """Return a change as it is shown."""
        window = None
        if change.start is not None and change.end is not None:
            window = CountedWindow(_moment(change.start), _moment(change.end))
        return cls(
            _moment(change.at),
            change.what,
            change.text,
            change.by or None,
            window,
            change.question.q if window else None,
            (change.question.tz or None) if window else None,
            change.count,
            change.earlier,
            _samples(change.samples),
        )


class ShownTry(Shown):
    """The outcome of an evaluation now: whether the alert's condition holds, and the state it would be left in."""

    holds: bool | None
    state: ShownState
    text: str
    window: CountedWindow
    query: str
    count: Count | None
    earlier: Earlier
    samples: list[ShownSample]
    cost_ms: int

    @classmethod
    def of(cls, found: Try) -> ShownTry:
        """Return the outcome of a try as it is shown."""
        counted = found.counted
        return cls(
            found.holds,
            found.after.state,
            found.said,
            CountedWindow(_moment(counted.start), _moment(counted.end)),
            counted.question.q,
            counted.count,
            found.after.earlier,
            _samples(counted.samples),
            found.cost_ms,
        )


def _samples(samples: Sequence[AlertSample]) -> list[ShownSample]:
    return msgspec.convert(samples, list[ShownSample], from_attributes=True)


def _moment(ms: int) -> str:
    return instant.text((ms, 0))
