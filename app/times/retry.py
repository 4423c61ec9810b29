"""Retry: how long to wait before something that failed is tried again."""

from __future__ import annotations

import random


def pause_after(failures: int, first: float, longest: float, growth: float = 2.0, spread: float = 0.0) -> float:
    """Return the seconds to wait after so many failures in a row, from 1: *first*, then ever longer up to *longest*.

    A *spread* such as 0.1 lets it be up to a tenth shorter or longer: those who wait for one server don't come at once.
    """
    grown = min(first * growth ** min(max(failures - 1, 0), 64), longest)
    return grown * random.uniform(1 - spread, 1 + spread)  # noqa: S311 - spreads load, guards nothing
