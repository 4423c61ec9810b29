"""How long a query may take, and how it learns that its client has left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """What a query may use: seconds until it must answer, and a way to notice that its client left."""

    seconds: float = 10.0
    cancelled: Callable[[], bool] = lambda: False
