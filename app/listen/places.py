"""Places that peers share: connections that are read, bytes that wait. Those that hold many leave some to others."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

#: Part of the places that is for peers which have few.
KEPT = 16


def has_room(taken: int, free: int, count: int) -> bool:
    """Return whether a peer that has *taken* of *count* may have more while so many are *free*.

    The last sixteenth is for those that have few: a peer leaves there a third of what it has. So one can't have all, nor can two:
    it takes seven peers to leave none of 4,096.
    """
    return free > 0 and (free > count // KEPT or taken < 3 * free)


class PeerPlaces:
    """Places for connections, and who waits for one: peers get them in turns."""

    def __init__(self, count: int, each: int, waits: Callable[[], object]) -> None:
        """Have *count* places, for one peer at most *each*; *waits* is called when one has to wait."""
        self._count, self._each, self._waits = count, each, waits
        self.free = count
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def place(self, peer: str) -> AsyncIterator[None]:
        """Wait for a place of the peer's, and hold it."""
        await self._wait(peer)
        try:
            yield
        finally:
            self._leave(peer)

    def waiting(self) -> tuple[dict[str, int], int]:
        """Return how many wait whose peer holds many, so that only others of its own shall make room, by peer; and how many beside."""
        many = max(self._count // KEPT, 1)
        own = {peer: len(line) for peer, line in self._waiting.items() if self._taken[peer] >= many}
        return own, sum(map(len, self._waiting.values())) - sum(own.values())

    def open(self) -> None:
        """Let in all that wait, however many: what they have sent is as lost as what others have when the process ends."""
        self._count = self._each = self.free = 1 << 30
        self._grant()

    async def _wait(self, peer: str) -> None:
        if peer not in self._waiting and self._has_room(peer):
            self._take(peer)
            return
        given = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(peer, deque()).append(given)
        self._waits()
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self._leave(peer)
            elif (line := self._waiting.get(peer)) is not None and given in line:
                line.remove(given)
                if not line:
                    del self._waiting[peer]
            raise

    def _has_room(self, peer: str) -> bool:
        taken = self._taken[peer]
        return taken < self._each and has_room(taken, self.free, self._count)

    def _take(self, peer: str) -> None:
        self.free -= 1
        self._taken[peer] += 1

    def _leave(self, peer: str) -> None:
        self.free += 1
        self._taken[peer] -= 1
        if not self._taken[peer]:
            del self._taken[peer]
        self._grant()

    def _grant(self) -> None:
        while (peer := next((one for one in self._waiting if self._has_room(one)), None)) is not None:
            # To the end of the peers, if more of it wait.
            line = self._waiting.pop(peer)
            given = line.popleft()
            if line:
                self._waiting[peer] = line
            if not given.done():  # one that was cancelled has yet to notice
                self._take(peer)
                given.set_result(None)
