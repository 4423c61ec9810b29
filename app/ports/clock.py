"""How long a query may take, and whether anybody still waits for it."""

from __future__ import annotations

import time

from app.errors import TimedOut
from app.ports.deadline import Budget


class Clock:
    """Tells a running query when its time is up or its client has left."""

    def __init__(self, budget: Budget) -> None:
        self._until = time.monotonic() + budget.seconds
        self._cancelled = budget.cancelled
        self.seconds = budget.seconds

    def over(self) -> bool:
        """Return whether to stop."""
        return time.monotonic() > self._until or self._cancelled()

    def check(self) -> None:
        """Raise TimedOut when it is time to stop."""
        if self.over():
            raise self.timed_out()

    def timed_out(self) -> TimedOut:
        """Return the error that says so."""
        return TimedOut(f"the query took longer than {self.seconds:g} s; narrow it by time, a field or a longer text")

    def left(self) -> float:
        """Return the seconds that are left, 0 when it is time to stop."""
        return 0.0 if self._cancelled() else max(self._until - time.monotonic(), 0.0)

    def within(self, seconds: float) -> Clock:
        """Return a clock that is over after *seconds*, or with this one."""
        return Clock(Budget(min(seconds, max(self._until - time.monotonic(), 0)), self._cancelled))
