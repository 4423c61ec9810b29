"""A flood at a web process, in a time that the test moves: what is taken beside what is refused is answered as soon as without a flood."""

from __future__ import annotations

import asyncio

import pytest

from app.errors import Overloaded
from app.web.server.admission import Admission, WaitingLine
from app.web.server.waiting import RESENDING_SECONDS

#: Seconds of a processor that a request takes, and seconds of a flood of three times as many.
WORK, FLOOD = 0.02, 120.0


class Process:
    """A web process whose requests at work share one processor, each as much of it as any other."""

    def __init__(self) -> None:
        self.now = 0.0
        self.line = WaitingLine(True, *RESENDING_SECONDS, brisk=True)
        self.admission = Admission((self.line,), lambda: self.now)
        #: Seconds of work that are left of each at work; when each answered one came, and how long that took; how many were refused.
        self.left: dict[asyncio.Future[None], float] = {}
        self.took: list[tuple[float, float]] = []
        self.refused = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def come(self) -> None:
        """Have a request come."""
        task = asyncio.ensure_future(self._request(self.now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await self._settle()

    async def pass_until(self, time: float) -> None:
        """Work until then, each request for its part of the time."""
        while self.left and self.now + min(self.left.values()) * len(self.left) <= time:
            await self._done()
        self._work((time - self.now) / max(len(self.left), 1))
        self.now = time

    async def _done(self) -> None:
        """Work until the next is done."""
        least = min(self.left.values())
        self.now += least * len(self.left)
        self._work(least)
        for one in [one for one, left in self.left.items() if left < 1e-9]:
            del self.left[one]
            one.set_result(None)
        await self._settle()

    def _work(self, seconds: float) -> None:
        for one in self.left:
            self.left[one] -= seconds

    async def _request(self, came: float) -> None:
        try:
            if self.admission.refuses(self.line, {}):
                raise Overloaded
            began = await self.admission.enter(self.line, {})
        except Overloaded:
            self.refused += 1
            return
        done = asyncio.get_running_loop().create_future()
        self.left[done] = WORK
        await done
        self.admission.leave(self.line, began)
        self.took.append((came, self.now - came))

    async def _settle(self) -> None:
        for _ in range(6):
            await asyncio.sleep(0)

    def percentiles(self) -> list[float]:
        """Return after which time 50, 95 and 99 of a hundred were answered."""
        times = sorted(took for _, took in self.took)
        return [times[len(times) * part // 100] for part in (50, 95, 99)]


async def _flooded() -> Process:
    process = Process()
    for place in range(int(3 / WORK * FLOOD)):
        await process.pass_until(place * WORK / 3)
        await process.come()
    await process.pass_until(FLOOD + 60)
    return process


async def _at_its_rate() -> Process:
    """Have eight senders send one after the other: as much as the process can take, of which nothing is refused."""
    process, sent = Process(), 0
    while process.now < 20:
        for _ in range(8 - sent + len(process.took)):
            await process.come()
            sent += 1
        await process._done()
    return process


def test_what_is_taken_beside_a_flood_is_answered_in_time() -> None:
    """In twice the time that it takes without, 99 of a hundred too: only what came with the flood's first half second waits for longer."""
    calm, flood = asyncio.run(_at_its_rate()), asyncio.run(_flooded())
    assert calm.refused == 0
    assert len(flood.took) + flood.refused == int(3 / WORK * FLOOD)
    assert len(flood.took) >= 0.97 * FLOOD / WORK
    for taken, normal in zip(flood.percentiles(), calm.percentiles(), strict=True):
        assert taken <= 2 * normal
    slow = [came for came, took in flood.took if took > 2 * calm.percentiles()[2]]
    assert max(slow) < RESENDING_SECONDS[0]
    assert max(took for _, took in flood.took) < RESENDING_SECONDS[0] + 8 * WORK


@pytest.mark.parametrize("senders", [16, 40])
def test_a_heap_of_requests_is_worked_off(senders: int) -> None:
    """What comes at once, and is done within half a second, is no flood: nothing of it is refused."""

    async def heap() -> Process:
        process = Process()
        for _ in range(senders):
            await process.come()
        await process.pass_until(60.0)
        return process

    found = asyncio.run(heap())
    assert (len(found.took), found.refused) == (senders, 0)
