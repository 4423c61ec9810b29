"""Shifts: how an actor that is scheduled each minute works without a pause."""

from __future__ import annotations

import threading

#: Longer than any shift, in ms: Dramatiq must not end one in the middle.
TIME_LIMIT = 24 * 3600 * 1000


class Shifts:
    """Who is on shift in this process: a shift ends when the next has begun, or the process stops."""

    def __init__(self, stopping: threading.Event) -> None:
        self._guard = threading.Lock()
        self._current = 0
        self._stopping = stopping

    def begin(self) -> int:
        """Take over; return the number of this shift."""
        with self._guard:
            self._current += 1
            return self._current

    def ended(self, shift: int) -> bool:
        """Return whether shift number *shift* is to go home."""
        return self._stopping.is_set() or shift != self._current

    def rest(self, seconds: float) -> None:
        """Rest so long, or until the process stops."""
        self._stopping.wait(seconds)
