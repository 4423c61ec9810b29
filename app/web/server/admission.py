"""Admission: which request gets a thread next, and which is refused since too many wait.

Without it a server that gets more than it can take answers everybody late: its threads take requests in the order in which
they came, and who sends logs makes pages wait. Here each kind of request waits in a line of its own; lines get threads in turns,
and none may hold all of them. A line that is never empty any more is one that gets more than it can take: from then on its
requests wait for a short time only (controlled delay: B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.errors import Overloaded

log = logging.getLogger(__name__)

#: Threads that work at requests; so many of them at most at requests that send logs, and so many at all others.
THREADS, EACH = 20, 16
#: Requests of a line that may wait however long it takes: they are what that many senders have under way, each of which waits for its answer.
ALWAYS = 16
#: Seconds after a refusal until its line may have a burst again: one that gets too much is empty for a moment now and then.
CALM_SECONDS = 2.0
#: Seconds between two lines of the server's own log that name refused requests.
LOGGED_SECONDS = 60.0

_Waiting = tuple[float, asyncio.Future[None]]


@dataclass(eq=False)
class WaitingLine:
    """Requests of one kind that wait for a thread, and for how many seconds they may: in a burst, and where some always wait."""

    sends: bool
    burst: float = float("inf")
    standing: float = float("inf")
    waiting: deque[_Waiting] = field(default_factory=deque)
    #: When nobody waited, the last time.
    empty: float = float("-inf")
    #: When one was refused, the last time.
    refused: float = float("-inf")

    def patience(self, now: float) -> float:
        """Return for how many seconds a request may wait."""
        is_burst = now - self.empty <= self.burst and now - self.refused > CALM_SECONDS
        return self.burst if is_burst else self.standing

    def late(self, now: float) -> bool:
        """Return whether more wait than always may, and the first of them for longer than it may."""
        return len(self.waiting) > ALWAYS and now - self.waiting[0][0] > self.patience(now)


class Admission:
    """Hands out threads; all of it on one event loop."""

    def __init__(self, lines: Sequence[WaitingLine], clock: Callable[[], float] = time.monotonic) -> None:
        self._lines, self._clock = deque(lines), clock
        #: Requests being answered: those that send logs, and all others.
        self._working = {True: 0, False: 0}
        self._refused, self._logged = 0, float("-inf")

    def refuses(self, line: WaitingLine) -> bool:
        """Return whether a request that came now would have to wait for too long."""
        now = self._clock()
        if not line.waiting:
            line.empty = now
            return False
        if line.late(now):
            self._refuse(line, now)
            return True
        return False

    async def enter(self, line: WaitingLine) -> None:
        """Wait for a thread; `leave` gives it back. Raises Overloaded."""
        if self._has_room(line) and not line.waiting:
            self._working[line.sends] += 1
            return
        now, turn = self._clock(), asyncio.get_running_loop().create_future()
        if not line.waiting:
            line.empty = now
        line.waiting.append((now, turn))
        try:
            await turn
        except asyncio.CancelledError:
            # The turn may have come in the same moment.
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave(line)
            raise

    def leave(self, line: WaitingLine) -> None:
        """Give the thread to the next: of the line that has waited for its turn the longest."""
        self._working[line.sends] -= 1
        for _ in range(len(self._lines)):
            following = self._lines[0]
            self._lines.rotate(-1)
            if following.waiting and self._has_room(following) and self._admitted(following):
                return

    def _has_room(self, line: WaitingLine) -> bool:
        return self._working[line.sends] < EACH and self._working[True] + self._working[False] < THREADS

    def _admitted(self, line: WaitingLine) -> bool:
        """Admit the first of a line that may still wait; return whether there is one."""
        now = self._clock()
        while line.waiting:
            late = line.late(now)
            _, turn = line.waiting.popleft()
            if not line.waiting:
                line.empty = now
            if turn.done():  # its request was cancelled
                continue
            if late:
                self._refuse(line, now)
                turn.set_exception(Overloaded())
                continue
            self._working[line.sends] += 1
            turn.set_result(None)
            return True
        return False

    def _refuse(self, line: WaitingLine, now: float) -> None:
        """Note a refusal, in the log of the server now and then."""
        line.refused, self._refused = now, self._refused + 1
        if now - self._logged >= LOGGED_SECONDS:
            log.warning("more logs are sent than can be taken: %d requests were refused with 503", self._refused)
            self._refused, self._logged = 0, now
