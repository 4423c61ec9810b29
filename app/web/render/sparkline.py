"""The picture of an alert's last evaluations: a bar a minute, by state, and the limit as a line."""

from __future__ import annotations

from dataclasses import dataclass

from app.ports.alerts import POINTS, Alert, State, Status
from app.query.sentence import logs
from app.web.render import bars

#: Width in bars, a minute each, and height of the picture's own coordinates; share of its place that a bar fills.
WIDTH, HEIGHT, FILLED = POINTS, 24, 0.8
MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line as the template draws it."""

    #: Paths by state: one stroke a minute.
    shapes: list[tuple[State, str]]
    #: Distance of the alert's limit from the top; None where no limit is drawn.
    limit: float | None
    #: The largest value that fits.
    top: int
    #: The chart in words, for screen readers.
    title: str


def draw(alert: Alert, status: Status, now: int) -> Sparkline | None:
    """Return the picture of the last two hours; None while nothing was evaluated."""
    if not status.recent:
        return None
    end = max(status.recent[-1].at, now - now % MINUTE)
    shown = [point for point in status.recent if point.at > end - WIDTH * MINUTE]
    limit = alert.threshold if alert.kind in ("at_least", "at_most") else None
    top = max([1, limit or 0, *(point.count or 0 for point in shown)])
    found: list[tuple[State, str]] = []
    for point in shown:
        x = WIDTH - (end - point.at) / MINUTE - 1
        # A count of one among thousands is still to be seen, and so is none, or a minute that isn't known.
        high = HEIGHT if point.state == "cannot_tell" else max((point.count or 0) / top * HEIGHT, 1)
        found.append((point.state, bars.outline(x, HEIGHT, FILLED, high)))
    counts = [point.count for point in shown if point.count is not None]
    title = f"{len(shown)} evaluations, the last of {logs(counts[-1])}, " if counts else ""
    title += f"{sum(point.state == 'firing' for point in shown)} firing"
    return Sparkline(
        bars.by_kind(found, ("ok", "firing", "cannot_tell")),
        None if limit is None else HEIGHT - limit / top * HEIGHT,
        top,
        title,
    )
