"""Quotas of spaces, as a probe: one that is used up turns senders away."""

from __future__ import annotations

from app.monitor.board import Trouble
from app.ports.costs import DAY_MS, SpaceKeeper
from app.settings.values import written_bytes
from app.times.instant import now_ms

#: Milliseconds after the last refusal for which a notice stays open, within its day.
OPEN_MS = 600_000


class QuotaProbe:
    """A probe: spaces whose senders were refused today."""

    name = "quota"

    def __init__(self, keeper: SpaceKeeper) -> None:
        self._keeper = keeper

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        now = now_ms()
        found = {}
        for one in self._keeper.spaces():
            if one.quota is None or one.refused < max(now - OPEN_MS, now // DAY_MS * DAY_MS):
                continue
            text = (
                f"The space {one.name} has taken {written_bytes(one.used_on(now // DAY_MS))} of its {written_bytes(one.quota)} of today, "
                "and its senders are refused until 00:00 UTC. What was accepted is kept; other spaces go on."
            )
            details = {"space": one.name, "quota": one.quota, "used": one.used_on(now // DAY_MS)}
            found[f"{self.name}/{one.name}"] = Trouble("quota_reached", "warning", text, details)
        return found

    def unreachable(self, reason: str) -> dict[str, Trouble]:
        """See Probe: the record has a probe of its own."""
        return {}
