"""How long a query may take, and how it learns that its client has left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from app.errors import TimedOut, Unavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of a query: seconds until it must answer, and a way to notice that its client left."""

    seconds: float = 10.0
    cancelled: Callable[[], bool] = lambda: False


class Deadline:
    """A budget whose time runs from now on: for one query, or for several steps that share it."""

    def __init__(self, budget: Budget) -> None:
        self._until = time.monotonic() + budget.seconds
        self._cancelled = budget.cancelled
        self.seconds = budget.seconds

    def over(self) -> bool:
        """Return whether to stop: time is up, or the client has left."""
        return time.monotonic() >= self._until or self._cancelled()

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

    def within(self, seconds: float) -> Deadline:
        """Return a deadline that is over after *seconds*, or with this one."""
        return Deadline(Budget(min(seconds, max(self._until - time.monotonic(), 0.0)), self._cancelled))

    def shared(self, share: float = 1.0) -> Budget:
        """Return a budget for any number of steps: together they end after a *share* of the whole, or with this."""
        part = self if share == 1.0 else self.within(share * self.seconds)
        return Budget(part.seconds, part.over)

    def ask(self, question: Callable[[Budget], T], share: float = 1.0) -> T:
        """Return the answer to *question* in a *share* of the whole.

        Raises TimedOut also where the index, left no time to answer in, seems not to be there.
        """
        step = self.within(share * self.seconds)
        try:
            return question(Budget(step.seconds, self._cancelled))
        except TimedOut:
            raise
        except Unavailable as error:
            if step.over():
                raise TimedOut(str(error)) from None
            raise
