"""Admission: which request gets a thread next, and which is refused since too many wait.

Without it a server that gets more than it can take answers everybody late: its threads take requests in the order in which
they came, and who sends logs makes pages wait. Here each kind of request waits in a line of its own, and in it each sender in
a queue of its own; lines, and senders within a line, get threads in turns, and no line may hold all of them. So who sends too
much waits behind itself. A queue that is never empty any more is that of a sender from which more comes than can be taken: from
then on its requests wait for a short time only (controlled delay: B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015; with a
queue for each flow: RFC 8290).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.errors import Overloaded
from app.web.server.environ import Scope

log = logging.getLogger(__name__)

#: Threads that work at requests; so many of them at most at requests that send logs, and so many at all others.
THREADS, EACH = 20, 16
#: Requests of a line that may wait however long it takes: they are what that many senders have under way, each of which waits for its answer.
ALWAYS = 16
#: Requests at work, and such that may always wait, where some of a brisk line were refused lately and each is worked at for longer
#: than LEAST_SECONDS. More at work are not taken any faster (measured, docs/design.md): they share a processor, so that each takes
#: longer. Quick ones share a commit. As many wait as have a thread between two turns of the loop: behind FEW at work each waits for
#: 3/8 of the time that one is worked at (Little's law: W = L / λ, with λ = FEW / worked).
FEW, FEW_WAIT = 8, 3
#: Requests that may wait in a line; beyond, of each sender that has some there an equal share.
WAITING_LIMIT = 1_000
#: Seconds after a refusal until its sender may have a burst again: a queue that gets too much is empty for a moment now and then.
CALM_SECONDS = 2.0
#: Seconds that a request may wait where others of its sender were refused and they are worked at faster.
LEAST_SECONDS = 0.02
#: The part of the latest request in what is known of how long one is worked at.
LATEST_PART = 0.05
#: Senders that are remembered in a line beside those of whom requests wait.
REMEMBERED = 1_000
#: Seconds between two lines of the server's own log that name refused requests.
LOGGED_SECONDS = 60.0


@dataclass(eq=False, slots=True)
class SenderQueue:
    """Requests of one sender that wait in a line, each with the time when it came."""

    waiting: deque[tuple[float, asyncio.Future[None]]] = field(default_factory=deque)
    #: When none waited, the last time.
    empty: float = float("-inf")
    #: When one was refused, the last time.
    refused: float = float("-inf")


@dataclass(eq=False)
class WaitingLine:
    """Requests of one kind that wait for a thread, and for how many seconds they may: in a burst, and where some always wait."""

    sends: bool
    burst: float = float("inf")
    standing: float = float("inf")
    #: Whether a sender of whom some were refused has FEW requests at work, and others wait no longer than FEW_WAIT of them take.
    brisk: bool = False
    #: Whose a request is.
    sender_of: Callable[[Scope], str] = lambda _: ""
    #: How many wait, and how many are being answered.
    size: int = 0
    working: int = 0
    senders: dict[str, SenderQueue] = field(default_factory=dict)
    #: The senders of whom some wait, the next first.
    turns: deque[SenderQueue] = field(default_factory=deque)
    #: Seconds for which a request is worked at, as of late; and when one was refused, the last time.
    worked: float = 0.0
    refused: float = float("-inf")

    def queue_of(self, scope: Scope, now: float) -> SenderQueue:
        """Return the queue of a request's sender."""
        name = self.sender_of(scope)
        found = self.senders.get(name)
        if found is None:
            if len(self.senders) >= REMEMBERED + len(self.turns):
                kept = {one: queue for one, queue in self.senders.items() if queue.waiting or _is_hot(queue, now)}
                self.senders = kept
            found = self.senders[name] = SenderQueue()
        return found

    def patience(self, queue: SenderQueue, now: float) -> float:
        """Return for how many seconds a request may wait."""
        if self.is_pressed(queue, now):
            return min(self.standing, self.worked * FEW_WAIT / FEW)
        if _is_hot(queue, now):
            return min(self.standing, LEAST_SECONDS) if self.brisk else self.standing
        return self.burst if now - queue.empty <= self.burst else self.standing

    def is_pressed(self, what: SenderQueue | WaitingLine, now: float) -> bool:
        """Return whether FEW requests of a sender, or of this line, are to be at work: some were refused lately, and each takes long."""
        return self.brisk and _is_hot(what, now) and self.worked > LEAST_SECONDS

    def late(self, queue: SenderQueue, now: float) -> bool:
        """Return whether more requests of a sender wait than always may, and the first of them for longer than it may."""
        always = max((FEW_WAIT if self.is_pressed(queue, now) else ALWAYS) // max(len(self.turns), 1), 1)
        return len(queue.waiting) > always and now - queue.waiting[0][0] > self.patience(queue, now)

    def is_full(self, queue: SenderQueue) -> bool:
        """Return whether no further request of a sender may wait."""
        return self.size >= WAITING_LIMIT and len(queue.waiting) * max(len(self.turns), 1) >= WAITING_LIMIT

    def add(self, queue: SenderQueue, now: float) -> asyncio.Future[None]:
        """Have a request of a sender wait; return what is set when it gets its thread."""
        turn = asyncio.get_running_loop().create_future()
        if not queue.waiting:
            queue.empty = now
            self.turns.append(queue)
        queue.waiting.append((now, turn))
        self.size += 1
        return turn

    def take(self, now: float) -> tuple[SenderQueue, bool, asyncio.Future[None]]:
        """Return the request whose turn it is, whether it is late, and what it waits for."""
        queue = self.turns[0]
        late = self.late(queue, now)
        self.turns.popleft()
        _, turn = queue.waiting.popleft()
        self.size -= 1
        if not queue.waiting:
            queue.empty = now
        elif late or turn.done():
            self.turns.appendleft(queue)
        else:
            self.turns.append(queue)
        return queue, late, turn


def _is_hot(queue: SenderQueue | WaitingLine, now: float) -> bool:
    """Return whether a request of a sender, or of a line, was refused lately."""
    return now - queue.refused <= CALM_SECONDS


class Admission:
    """Hands out threads; all of it on one event loop."""

    def __init__(self, lines: Sequence[WaitingLine], clock: Callable[[], float] = time.monotonic) -> None:
        self._lines, self._clock = deque(lines), clock
        #: Requests being answered: those that send logs, and all others.
        self._working = {True: 0, False: 0}
        self._refused, self._logged = 0, float("-inf")

    def refuses(self, line: WaitingLine, scope: Scope) -> bool:
        """Return whether a request that came now would have to wait for too long."""
        if not line.size:
            return False
        now = self._clock()
        queue = line.queue_of(scope, now)
        if queue.waiting and (line.late(queue, now) or line.is_full(queue)):
            self._refuse(line, queue, now)
            return True
        return False

    def enter_at_once(self, line: WaitingLine) -> float | None:
        """Return when a request began, for `leave`, which gives its thread back; None where it has to wait for one."""
        if line.size or not self._has_room(line):
            return None
        self._begin(line)
        return self._clock()

    async def enter(self, line: WaitingLine, scope: Scope) -> float:
        """Wait for a thread; return when the request began, as `enter_at_once`. Raises Overloaded."""
        began = self.enter_at_once(line)
        if began is not None:
            return began
        now = self._clock()
        queue = line.queue_of(scope, now)
        if line.is_full(queue):
            self._refuse(line, queue, now)
            raise Overloaded
        turn = line.add(queue, now)
        try:
            await turn
        except asyncio.CancelledError:
            # The turn may have come in the same moment.
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave(line)
            raise
        return self._clock()

    def leave(self, line: WaitingLine, began: float | None = None) -> None:
        """Give a thread back that was had since *began*: to the line that has waited for its turn the longest."""
        if began is not None:
            line.worked += (self._clock() - began - line.worked) * LATEST_PART
        self._working[line.sends] -= 1
        line.working -= 1
        # More than one where FEW were at work until now.
        while self._hand_on():
            pass

    def _hand_on(self) -> bool:
        """Give a thread to the next line that waits and has room; return whether there is one."""
        for _ in range(len(self._lines)):
            following = self._lines[0]
            self._lines.rotate(-1)
            if following.size and self._has_room(following) and self._admitted(following):
                return True
        return False

    def _begin(self, line: WaitingLine) -> None:
        self._working[line.sends] += 1
        line.working += 1

    def _has_room(self, line: WaitingLine) -> bool:
        if self._working[line.sends] >= EACH or self._working[True] + self._working[False] >= THREADS:
            return False
        # Its own: those of other lines would keep it out for as long as they have FEW at work.
        return line.working < FEW or not line.is_pressed(line, self._clock())

    def _admitted(self, line: WaitingLine) -> bool:
        """Admit the next of a line that may still wait; return whether there is one."""
        now = self._clock()
        while line.size:
            queue, late, turn = line.take(now)
            if turn.done():  # its request was cancelled
                continue
            if late:
                self._refuse(line, queue, now)
                turn.set_exception(Overloaded())
                continue
            self._begin(line)
            turn.set_result(None)
            return True
        return False

    def _refuse(self, line: WaitingLine, queue: SenderQueue, now: float) -> None:
        """Note a refusal, in the log of the server now and then."""
        line.refused = queue.refused = now
        self._refused += 1
        if now - self._logged >= LOGGED_SECONDS:
            log.warning("more logs are sent than can be taken: %d requests were refused with 503", self._refused)
            self._refused, self._logged = 0, now
