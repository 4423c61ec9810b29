"""Who gets a thread next, and who is refused: by a clock that the tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.errors import Overloaded
from app.web.server import admission
from app.web.server.admission import ALWAYS, CALM_SECONDS, EACH, THREADS, Admission, WaitingLine

BURST, STANDING = 10.0, 1.0


class Desk:
    """Admission with a line of pages, one of logs and one of logs that may wait, at a clock of its own; on an event loop."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pages, self.logs = WaitingLine(sends=False), WaitingLine(sends=True, burst=BURST, standing=STANDING)
        self.patient = WaitingLine(sends=True)
        self.admission = Admission((self.pages, self.logs, self.patient), lambda: self.now)
        self.entered: list[WaitingLine] = []
        self.refused: list[WaitingLine] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, line: WaitingLine, count: int = 1) -> None:
        """Have so many requests ask for a thread."""
        for _ in range(count):
            self._tasks.append(asyncio.ensure_future(self._request(line)))
        await self.settle()

    async def leave(self, line: WaitingLine, count: int = 1) -> None:
        """Have so many requests of a line be done."""
        for _ in range(count):
            self.admission.leave(line)
        await self.settle()

    async def settle(self) -> None:
        """Let every task go as far as it can."""
        for _ in range(3):
            await asyncio.sleep(0)

    def cancel_last(self) -> None:
        """Cancel the request that came last."""
        self._tasks[-1].cancel()

    async def _request(self, line: WaitingLine) -> None:
        try:
            await self.admission.enter(line)
        except Overloaded:
            self.refused.append(line)
        else:
            self.entered.append(line)


def at_desk(test: Callable[[Desk], Awaitable[None]]) -> Callable[[], None]:
    """Run a test on a loop of its own, with a desk."""

    async def run() -> None:
        desk = Desk()
        try:
            await test(desk)
        finally:
            for task in desk._tasks:
                task.cancel()

    def made() -> None:
        asyncio.run(run())

    made.__doc__ = test.__doc__
    return made


@at_desk
async def test_who_sends_logs_never_holds_all_threads(desk: Desk) -> None:
    """A page gets one at once, though many logs wait; and the other way round."""
    await desk.come(desk.logs, 100)
    assert desk.entered == [desk.logs] * EACH
    await desk.come(desk.pages, 100)
    assert desk.entered.count(desk.pages) == THREADS - EACH
    await desk.leave(desk.pages)
    assert desk.entered[-1] is desk.pages


@at_desk
async def test_lines_take_turns(desk: Desk) -> None:
    """However many wait in another, the first of each gets a thread as soon as the others have had one."""
    await desk.come(desk.logs, EACH + 50)
    await desk.come(desk.patient, 2)
    await desk.come(desk.pages, THREADS - EACH + 2)
    desk.entered.clear()
    await desk.leave(desk.logs, 6)
    for three in (desk.entered[:3], desk.entered[3:]):
        assert {id(line) for line in three} == {id(desk.pages), id(desk.logs), id(desk.patient)}
    assert len(desk.logs.waiting) > 0


@at_desk
async def test_a_burst_may_wait(desk: Desk) -> None:
    """Where nobody waited before, a heap of requests is worked off."""
    await desk.come(desk.logs, EACH + ALWAYS + 20)
    desk.now += BURST
    assert not desk.admission.refuses(desk.logs)
    await desk.leave(desk.logs, EACH)
    assert desk.refused == []
    assert len(desk.entered) == 2 * EACH


@at_desk
async def test_who_came_first_waits_no_longer_than_a_burst_may(desk: Desk) -> None:
    """The next ones are refused before anything is read of them, those that wait when a thread comes free; as many as always may wait stay."""
    await desk.come(desk.logs, EACH + ALWAYS + 20)
    desk.now += BURST + 0.1
    assert desk.admission.refuses(desk.logs)
    await desk.leave(desk.logs)
    assert desk.refused == [desk.logs] * 20
    assert len(desk.entered) == EACH + 1
    assert not desk.admission.refuses(desk.logs)


@at_desk
async def test_where_some_always_wait_they_wait_shortly(desk: Desk) -> None:
    """A line that is never empty any more gets more than it can take."""
    await desk.come(desk.logs, EACH + 1)
    desk.now += BURST + 1
    await desk.come(desk.logs)
    await desk.leave(desk.logs)
    await desk.come(desk.logs, ALWAYS + 4)
    assert desk.refused == []
    desk.now += STANDING + 0.1
    assert desk.admission.refuses(desk.logs)
    await desk.leave(desk.logs)
    assert desk.refused == [desk.logs] * 5
    # That nobody waits for a moment makes it no burst again.
    await desk.leave(desk.logs, ALWAYS)
    assert not desk.logs.waiting
    await desk.come(desk.logs, ALWAYS + 5)
    desk.now += STANDING + 0.1
    assert desk.admission.refuses(desk.logs)
    # Where nobody was refused for some time it is as before.
    await desk.leave(desk.logs, 2 * ALWAYS)
    assert not desk.logs.waiting
    desk.now += CALM_SECONDS + 0.1
    await desk.come(desk.logs, ALWAYS + 5)
    desk.now += STANDING + 0.1
    assert not desk.admission.refuses(desk.logs)


@at_desk
async def test_few_may_always_wait(desk: Desk) -> None:
    """What senders have under way that wait for their answers is refused to none, be the server ever so slow."""
    await desk.come(desk.logs, EACH + ALWAYS)
    desk.now += 1_000
    assert not desk.admission.refuses(desk.logs)
    await desk.leave(desk.logs, EACH)
    assert desk.refused == []


@at_desk
async def test_pages_and_the_patient_are_refused_nothing(desk: Desk) -> None:
    """Searches are not sent again by programs; some shippers lose what is refused."""
    for line in (desk.pages, desk.patient):
        await desk.come(line, 200)
        desk.now += 1_000
        assert not desk.admission.refuses(line)
        await desk.leave(line, 10)
    assert desk.refused == []


@at_desk
async def test_a_cancelled_request_holds_no_thread(desk: Desk) -> None:
    """Whether it was cancelled before its turn, or in the same moment."""
    await desk.come(desk.logs, EACH + 1)
    desk.cancel_last()
    await desk.settle()
    await desk.leave(desk.logs)
    await desk.come(desk.logs, 2)
    desk.admission.leave(desk.logs)
    desk.cancel_last()
    await desk.settle()
    desk.entered.clear()
    await desk.come(desk.logs, 2)
    assert desk.entered == [desk.logs]


@at_desk
async def test_refusals_are_logged_once_a_minute(desk: Desk) -> None:
    """With how many there were since the line before."""
    with pytest.MonkeyPatch.context() as patch:
        lines: list[int] = []
        patch.setattr(admission.log, "warning", lambda _, count: lines.append(count))
        await desk.come(desk.logs, EACH + ALWAYS + 1)
        desk.now += BURST + 1
        for _ in range(3):
            assert desk.admission.refuses(desk.logs)
        assert lines == [1]
        desk.now += admission.LOGGED_SECONDS
        assert desk.admission.refuses(desk.logs)
        assert lines == [1, 3]
