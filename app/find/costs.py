"""Costs over some days: logs and bytes, put together by resource, level or form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.ports.costs import DAY_MS, Cost, CostKeeper, added
from app.times.instant import now_ms

#: By what costs can be put together.
BY = ("all", "resource", "level", "form")


@dataclass(frozen=True, slots=True)
class CostTable:
    """The costs of some days, the highest first."""

    by: str
    logs: int
    bytes: int
    #: Whether all logs were looked at; else the figures are estimated from a sample.
    exact: bool
    costs: Sequence[Cost]

    def shown(self, cost: Cost) -> tuple[str, ...]:
        """Return by what a row is distinguished."""
        return cost.key if self.by == "all" else (getattr(cost, self.by),)

    def to_dict(self, limit: int) -> dict[str, Any]:
        """Return it as commands and API show it, *limit* rows at most."""
        names = ("resource", "level", "form") if self.by == "all" else (self.by,)
        rows = [
            {**{name: getattr(one, name) for name in names}, "logs": one.logs, "bytes": one.bytes}
            for one in self.costs[:limit]
        ]
        return {"logs": self.logs, "bytes": self.bytes, "exact": self.exact, "costs": rows}


def read(keeper: CostKeeper, days: int, by: str = "all") -> CostTable:
    """Return the costs of the last *days*, today included, by one of BY. Raises Unavailable."""
    found = keeper.costs(now_ms() // DAY_MS - days + 1)
    costs = added(_only(one, by) for day in found for one in day.costs)
    return CostTable(
        by,
        sum(day.logs for day in found),
        sum(one.bytes for one in costs),
        all(day.logs == day.looked for day in found),
        costs,
    )


def _only(cost: Cost, by: str) -> Cost:
    if by == "all":
        return cost
    parts = {name: getattr(cost, name) if name == by else "" for name in ("resource", "level", "form")}
    return Cost(**parts, logs=cost.logs, bytes=cost.bytes)
