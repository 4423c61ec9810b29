"""A space's share of a queue: what one sends in a flood leaves room for the others.

None has more waiting than is free then, the rule by which switches share their memory among ports (A. Choudhury, E. Hahne, "Dynamic queue
length thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6(2), 1998): one space that floods fills half of
the limit, two fill a third each, and as much is left for all others. Nobody has to say how many spaces there are. What belongs to no space
counts as one. The rule is asked while logs of any space wait, and for some minutes after one asked for room: where no space sends any more, all of the
queue is there for logs of none.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from app.errors import QueueFull

#: Seconds after a space asked for room, whether it got some or not, for which room is left to it though none of its logs wait.
SENDING_SECONDS = 300.0
#: Entries that SentLast keeps at most; beyond, two that follow each other become one.
_MOST = 1_000


def is_sending(asked: float, now: float) -> bool:
    """Return whether room is to be left to a space that asked for some last at *asked*; a clock that was set back makes it so no longer."""
    return 0 <= now - asked < SENDING_SECONDS


def has_room(own: float, size: int, waiting: float, limit: int) -> bool:
    """Return whether a space of which *own* bytes wait, of *waiting* in all, may add *size*; the first of it always."""
    return own <= 0 or own + size <= limit - waiting - size


def full(space: str) -> QueueFull:
    """Return the error of a space that has its share."""
    whose = f"the space {space} has" if space else "logs of no space have"
    return QueueFull(f"{whose} a share of the queue, which is full; the rest is for others", retry_after=10)


class SentLast:
    """Remembers the last puts of this process into a queue that takes in order and does not know whose its messages are: whatever waits is among them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._guard = clock, threading.Lock()
        #: The bytes of each space, by the second in which they were put, the oldest first; and all of these.
        self._seconds: deque[tuple[int, Counter[str]]] = deque()
        self._sent: Counter[str] = Counter()
        #: When a space asked for room, the last time.
        self._asked = float("-inf")

    def ask(self, space: str) -> None:
        """Note that room is asked for, whether there is some or not."""
        if space:
            self._asked = self._clock()

    def add(self, space: str, size: int) -> None:
        """Count bytes that were put."""
        with self._guard:
            second = int(self._clock())
            if not self._seconds or self._seconds[-1][0] != second:
                self._seconds.append((second, Counter()))
            self._seconds[-1][1][space] += size
            self._sent[space] += size
            if len(self._seconds) > _MOST:
                each = iter(self._seconds)
                self._seconds = deque((first, one + next(each, (first, Counter[str]()))[1]) for first, one in each)

    def of(self, space: str, waiting: float) -> float:
        """Return how many bytes of a space wait at most, of *waiting* in all: those among the last so many that were put."""
        with self._guard:
            self._forget(waiting)
            return min(self._sent[space], waiting)

    def is_shared(self, waiting: float) -> bool:
        """Return whether something of a space may be among the *waiting* bytes, or one asked for room lately."""
        with self._guard:
            self._forget(waiting)
            return is_sending(self._asked, self._clock()) or any(self._sent)

    def _forget(self, waiting: float) -> None:
        """Forget what was put before the last *waiting* bytes."""
        while self._seconds and self._sent.total() - self._seconds[0][1].total() >= waiting:
            self._sent -= self._seconds.popleft()[1]
