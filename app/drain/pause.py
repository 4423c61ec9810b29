"""Pause: workers on all machines stop draining, and logs wait, until an operator resumes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from app.ports.notes import NoteKeeper
from app.times.instant import now_ms

#: Under which name the record notes since when the drain is paused, in ms; 0 when it is not.
NOTE = "paused"
#: Seconds for which a worker believes what it read last.
BELIEF_SECONDS = 0.5


def pause(notes: NoteKeeper) -> int:
    """Pause the drain; return since when it is, in ms: an earlier pause goes on."""
    since = notes.noted(NOTE)
    if not since:
        since = now_ms()
        notes.note(NOTE, since)
    return since


def resume(notes: NoteKeeper) -> int:
    """Let the drain go on; return since when it was paused, 0 when it was not."""
    since = notes.noted(NOTE)
    if since:
        notes.note(NOTE, 0)
    return since


def paused(notes: NoteKeeper) -> int:
    """Return since when the drain is paused, in ms; 0 when it is not."""
    return notes.noted(NOTE)


class Gate:
    """Lets a worker's drain through unless it is paused; for all threads of a process."""

    def __init__(self, notes: NoteKeeper, step: Callable[[int, float], int]) -> None:
        self._notes = notes
        self._step = step
        self._guard = threading.Lock()
        self._read = 0.0
        self._closed = False

    def step(self, limit: int, wait: float) -> int:
        """Drain a step; while paused, wait instead and return 0. Raises Unavailable."""
        if self._paused():
            time.sleep(min(wait, BELIEF_SECONDS))
            return 0
        return self._step(limit, wait)

    def _paused(self) -> bool:
        with self._guard:
            if time.monotonic() >= self._read + BELIEF_SECONDS:
                self._closed = bool(self._notes.noted(NOTE))
                self._read = time.monotonic()
            return self._closed
