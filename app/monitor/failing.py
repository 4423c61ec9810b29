"""Notifiers that fail, as a probe: their notice reaches the other notifiers and the pages."""

from __future__ import annotations

from app.errors import Unavailable
from app.monitor.board import Trouble
from app.notify.telling import Telling
from app.ports.notices import NOTIFIER_FAILING
from app.ports.outbox import Standing
from app.times import instant
from app.times.instant import now_ms

#: Ms for which a notifier must have failed before that is a notice; what was given up is one at once.
FAILING_MS = 30_000


class Failing:
    """A probe: finds the notifiers that do not take their messages."""

    name = "notifiers"

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        #: None until the record was looked into.
        self._found: dict[str, Trouble] | None = None

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        box, now, before = self._telling.outbox, now_ms(), self._found or {}
        if self._telling.alone and self._found is None:
            raise Unavailable("the record is away, and how notifiers are doing was never looked at")
        there, counts = {one.notifier: one for one in box.standings()}, box.waiting_counts()
        found = {}
        for name in (one.name for one in self._telling.notifiers):
            key, standing = f"{self.name}/{name}", there.get(name)
            if self._telling.alone and key in before and (standing is None or not standing.sent + standing.failures):
                # Memory begins anew: that it fails is over when it takes something.
                found[key] = before[key]
            if standing is None or standing.since is None:
                continue
            if now - standing.since >= FAILING_MS or not standing.again:
                found[key] = _failing(standing, counts.get(name, 0))
        self._found = found
        return found

    def unreachable(self, reason: str) -> dict[str, Trouble]:
        """See Probe: the record has a probe of its own, which reports that it is away."""
        return {}


def _failing(standing: Standing, waiting: int) -> Trouble:
    lost = not standing.again
    then = (
        "What it refused is not sent again"
        if lost
        else f"{waiting:,} {'message waits' if waiting == 1 else 'messages wait'}, and each is tried again for a day"
    )
    text = (
        f"The notifier {standing.notifier} does not work: {standing.reason.rstrip('.')}. {then}. "
        f"Logs are not affected. `logingestor notifiers test {standing.notifier}` tries it."
    )
    details = {
        "notifier": standing.notifier,
        "reason": standing.reason,
        "waiting": waiting,
        "failing_since": instant.text((standing.since or 0, 0)),
    }
    return Trouble(NOTIFIER_FAILING, "error" if lost else "warning", text, details)
