"""Segments of which something is opened: a process keeps it as far as there is room."""

from __future__ import annotations

import threading
from typing import Protocol


class Closable(Protocol):
    """A segment."""

    stamp: int
    #: Grows with each use.
    used: int

    def close(self) -> None:
        """Let go of what was fetched."""


class OpenedCache:
    """The segments of which something is opened; when it takes more than *room* bytes, those that were used last stay."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._guard = threading.Lock()
        self._segments: dict[int, Closable] = {}
        self._weights: dict[int, int] = {}
        self._weight = 0

    def opened(self, one: Closable, weight: int) -> None:
        """Note that *weight* bytes more of a segment are open."""
        with self._guard:
            self._segments[one.stamp] = one
            self._weights[one.stamp] = self._weights.get(one.stamp, 0) + weight
            self._weight += weight
            if self._weight > self._room:
                self._shrink()

    def let_go(self, one: Closable) -> None:
        """Close a segment that nobody is likely to ask again here."""
        with self._guard:
            if self._segments.pop(one.stamp, None) is not None:
                self._weight -= self._weights.pop(one.stamp)
            one.close()

    def _shrink(self) -> None:
        """Close those that were not used for the longest time, down to three quarters of the room."""
        for one in sorted(self._segments.values(), key=lambda one: one.used):
            if self._weight <= self._room // 4 * 3:
                return
            one.close()
            del self._segments[one.stamp]
            self._weight -= self._weights.pop(one.stamp)
