"""A space's share of a queue: what one sends in a flood leaves room for the others.

None has more waiting than is free then, the rule by which switches share their memory among ports (A. Choudhury, E. Hahne, "Dynamic queue
length thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6(2), 1998): one space that floods fills half of
the limit, two fill a third each, and as much is left for all others. Nobody has to say how many spaces there are. What belongs to no space
counts as one. Where no space has ever sent, the rule is not asked.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from app.errors import QueueFull

#: Seconds after which what a space sent counts for a third (1/e) of it: about as long as a flood takes to fill a queue.
LATELY_SECONDS = 600.0


def has_room(own: float, size: int, waiting: float, limit: int) -> bool:
    """Return whether a space of which *own* bytes wait, of *waiting* in all, may add *size*; the first of it always."""
    return own <= 0 or own + size <= limit - waiting - size


def full(space: str) -> QueueFull:
    """Return the error of a space that has its share."""
    whose = f"the space {space} has" if space else "logs of no space have"
    return QueueFull(f"{whose} a share of the queue, which is full; the rest is for others", retry_after=10)


class SentLately:
    """Counts the bytes that each space sent of late through this process: about what of it waits, in a queue that does not know whose messages are."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: Bytes that count, and when they did, by space. Two threads at once may lose one's.
        self._sent: dict[str, tuple[float, float]] = {}

    def add(self, space: str, size: int) -> None:
        """Count bytes that were put."""
        self._sent[space] = self.of(space) + size, self._clock()

    def of(self, space: str) -> float:
        """Return how many bytes of a space count."""
        now = self._clock()
        size, when = self._sent.get(space, (0.0, now))
        return size * math.exp((when - now) / LATELY_SECONDS)

    def is_shared(self) -> bool:
        """Return whether any space has sent something."""
        return any(self._sent)
