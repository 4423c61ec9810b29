"""Who gets a thread next, and who is refused: by a clock that the tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.errors import Overloaded
from app.web.server import admission
from app.web.server.admission import (
    ALWAYS,
    CALM_SECONDS,
    EACH,
    FEW,
    FEW_WAIT,
    LEAST_SECONDS,
    THREADS,
    WAITING_LIMIT,
    Admission,
    WaitingLine,
)
from app.web.server.environ import Scope

BURST, STANDING = 10.0, 1.0


def sender(scope: Scope) -> str:
    """Return whose a request is."""
    return str(scope["sender"])


class Desk:
    """Admission with a line of pages, one of logs and one of logs that may wait, at a clock of its own; on an event loop."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pages = WaitingLine(sends=False, sender_of=sender)
        self.logs = WaitingLine(sends=True, burst=BURST, standing=STANDING, sender_of=sender)
        self.patient = WaitingLine(sends=True)
        self.admission = Admission((self.pages, self.logs, self.patient), lambda: self.now)
        self.entered: list[WaitingLine] = []
        self.refused: list[WaitingLine] = []
        #: The senders of those that entered.
        self.served: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, line: WaitingLine, count: int = 1, sender: str = "") -> None:
        """Have so many requests of a sender ask for a thread."""
        for _ in range(count):
            self._tasks.append(asyncio.ensure_future(self._request(line, sender)))
        await self.settle()

    async def leave(self, line: WaitingLine, count: int = 1, seconds: float | None = None) -> None:
        """Have so many requests of a line be done, that were worked at for so long."""
        for _ in range(count):
            self.admission.leave(line, None if seconds is None else self.now - seconds)
        await self.settle()

    def refuses(self, line: WaitingLine, sender: str = "") -> bool:
        """Return whether a request of a sender would be refused now."""
        return self.admission.refuses(line, {"sender": sender})

    async def settle(self) -> None:
        """Let every task go as far as it can."""
        for _ in range(3):
            await asyncio.sleep(0)

    def cancel_last(self) -> None:
        """Cancel the request that came last."""
        self._tasks[-1].cancel()

    async def _request(self, line: WaitingLine, sender: str) -> None:
        try:
            await self.admission.enter(line, {"sender": sender})
        except Overloaded:
            self.refused.append(line)
        else:
            self.entered.append(line)
            self.served.append(sender)


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
    assert desk.logs.size > 0


@at_desk
async def test_a_burst_may_wait(desk: Desk) -> None:
    """Where nobody waited before, a heap of requests is worked off."""
    await desk.come(desk.logs, EACH + ALWAYS + 20)
    desk.now += BURST
    assert not desk.refuses(desk.logs)
    await desk.leave(desk.logs, EACH)
    assert desk.refused == []
    assert len(desk.entered) == 2 * EACH


@at_desk
async def test_who_came_first_waits_no_longer_than_a_burst_may(desk: Desk) -> None:
    """The next ones are refused before anything is read of them, those that wait when a thread comes free; as many as always may wait stay."""
    await desk.come(desk.logs, EACH + ALWAYS + 20)
    desk.now += BURST + 0.1
    assert desk.refuses(desk.logs)
    await desk.leave(desk.logs)
    assert desk.refused == [desk.logs] * 20
    assert len(desk.entered) == EACH + 1
    assert not desk.refuses(desk.logs)


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
    assert desk.refuses(desk.logs)
    await desk.leave(desk.logs)
    assert desk.refused == [desk.logs] * 5
    # That nobody waits for a moment makes it no burst again.
    await desk.leave(desk.logs, ALWAYS)
    assert not desk.logs.size
    await desk.come(desk.logs, ALWAYS + 5)
    desk.now += STANDING + 0.1
    assert desk.refuses(desk.logs)
    # Where nobody was refused for some time it is as before.
    await desk.leave(desk.logs, 2 * ALWAYS)
    assert not desk.logs.size
    desk.now += CALM_SECONDS + 0.1
    await desk.come(desk.logs, ALWAYS + 5)
    desk.now += STANDING + 0.1
    assert not desk.refuses(desk.logs)


@at_desk
async def test_few_may_always_wait(desk: Desk) -> None:
    """What senders have under way that wait for their answers is refused to none, be the server ever so slow."""
    await desk.come(desk.logs, EACH + ALWAYS)
    desk.now += 1_000
    assert not desk.refuses(desk.logs)
    await desk.leave(desk.logs, EACH)
    assert desk.refused == []


@at_desk
async def test_pages_and_the_patient_are_refused_nothing(desk: Desk) -> None:
    """Searches are not sent again by programs; some shippers lose what is refused."""
    for line in (desk.pages, desk.patient):
        await desk.come(line, 200)
        desk.now += 1_000
        assert not desk.refuses(line)
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
            assert desk.refuses(desk.logs)
        assert lines == [1]
        desk.now += admission.LOGGED_SECONDS
        assert desk.refuses(desk.logs)
        assert lines == [1, 3]


@at_desk
async def test_senders_take_turns(desk: Desk) -> None:
    """However many requests of another wait, the first of each gets a thread as soon as the others have had one; each sender's own in order."""
    await desk.come(desk.logs, EACH + 50, "flood")
    await desk.come(desk.logs, 2, "quiet")
    await desk.come(desk.logs, 2, "calm")
    desk.served.clear()
    await desk.leave(desk.logs, 6)
    assert sorted(desk.served[:3]) == sorted(desk.served[3:]) == ["calm", "flood", "quiet"]


@at_desk
async def test_who_sends_too_much_is_refused_alone(desk: Desk) -> None:
    """Requests of others wait for their turn, and none of them is refused; neither are the flood's own that are not late."""
    await desk.come(desk.logs, EACH + 50, "flood")
    desk.now += BURST + 1
    assert desk.refuses(desk.logs, "flood")
    assert not desk.refuses(desk.logs, "quiet")
    await desk.come(desk.logs, 1, "quiet")
    await desk.leave(desk.logs, 2)
    assert "quiet" in desk.served
    assert len(desk.refused) > 0
    assert not desk.refuses(desk.logs, "quiet")
    # Two of whom requests wait share what always may.
    await desk.come(desk.logs, ALWAYS, "other")
    desk.now += BURST + 1
    assert desk.refuses(desk.logs, "other")


@at_desk
async def test_a_full_line_has_room_for_who_has_little_in_it(desk: Desk) -> None:
    """Of each sender an equal share may wait."""
    await desk.come(desk.pages, EACH + WAITING_LIMIT, "flood")
    assert desk.refused == []
    assert desk.refuses(desk.pages, "flood")
    await desk.come(desk.pages, 1, "flood")
    assert desk.refused == [desk.pages]
    assert not desk.refuses(desk.pages, "quiet")
    await desk.come(desk.pages, 1, "quiet")
    assert desk.refused == [desk.pages]


@at_desk
async def test_where_some_were_refused_others_wait_for_a_part_of_the_time_that_one_is_worked_at(desk: Desk) -> None:
    """That part in which as many are done as may always wait; how long one is worked at is known by those that are done. For quick ones a moment."""
    brisk = WaitingLine(True, BURST, STANDING, brisk=True, sender_of=sender)
    queue = brisk.queue_of({"sender": "flood"}, desk.now)
    queue.refused = desk.now
    for seconds, waits in ((0.25, 0.25 * FEW_WAIT / FEW), (0.0, LEAST_SECONDS), (10.0, STANDING)):
        for _ in range(200):
            desk.admission._begin(brisk)
            desk.admission.leave(brisk, desk.now - seconds)
        assert brisk.patience(queue, desk.now) == pytest.approx(waits, rel=0.01)
    desk.now += CALM_SECONDS + 0.1
    queue.empty = desk.now
    assert brisk.patience(queue, desk.now) == BURST


@at_desk
async def test_where_some_were_refused_few_are_at_work(desk: Desk) -> None:
    """More are not taken faster, and each takes longer; afterwards it is as before. Of lines that are not brisk as many as ever."""
    brisk = WaitingLine(True, BURST, STANDING, brisk=True, sender_of=sender)
    admission = desk.admission = Admission((desk.pages, brisk), lambda: desk.now)
    brisk.worked = 2 * LEAST_SECONDS
    await desk.come(brisk, EACH + ALWAYS + 20)
    desk.now += BURST + 0.1
    await desk.leave(brisk)
    assert desk.refused == [brisk] * (20 + ALWAYS - FEW_WAIT)
    # Those at work are done first: none begins before fewer than FEW are left.
    await desk.leave(brisk, EACH - FEW)
    assert admission._working[True] == FEW
    await desk.leave(brisk, FEW_WAIT - 1)
    assert admission._working[True] == FEW
    # Where each is quick they share a commit: more at once take more.
    brisk.worked = LEAST_SECONDS / 2
    await desk.come(brisk, EACH)
    assert admission._working[True] == EACH
    brisk.worked = 2 * LEAST_SECONDS
    desk.now += CALM_SECONDS + 0.1
    await desk.leave(brisk, FEW)
    await desk.leave(brisk, admission._working[True])
    await desk.come(brisk, EACH)
    assert admission._working[True] == EACH


@at_desk
async def test_few_at_work_are_a_lines_own(desk: Desk) -> None:
    """Another line that has more at work, and in which some always wait, keeps it out of nothing."""
    brisk = WaitingLine(True, BURST, STANDING, brisk=True, sender_of=sender)
    admission = desk.admission = Admission((brisk, desk.patient), lambda: desk.now)
    await desk.come(desk.patient, EACH + 50)
    await desk.come(brisk, FEW + 1)
    brisk.worked, brisk.refused = 2 * LEAST_SECONDS, desk.now
    desk.entered.clear()
    await desk.leave(desk.patient, 6)
    assert desk.entered.count(brisk) == 3
    # Beyond, as few as where it is alone.
    await desk.leave(desk.patient, 2 * FEW)
    assert brisk.working == FEW
    assert admission._working[True] == EACH


@at_desk
async def test_senders_that_are_gone_are_forgotten(desk: Desk) -> None:
    """Addresses cost nothing."""
    await desk.come(desk.logs, EACH)
    for number in range(3 * admission.REMEMBERED):
        assert not desk.refuses(desk.logs, f"{number}")
        await desk.come(desk.logs, 1, f"{number}")
        await desk.leave(desk.logs)
    assert len(desk.logs.senders) <= admission.REMEMBERED + 1


@at_desk
async def test_once_nobody_is_refused_any_more_all_threads_are_used_again(desk: Desk) -> None:
    """Though some always wait: as many clients as there are threads, each of which comes again as soon as it is answered."""
    brisk = WaitingLine(True, BURST, STANDING, brisk=True, sender_of=sender)
    desk.admission = Admission((brisk,), lambda: desk.now)
    brisk.worked, brisk.refused = 1.0, desk.now
    await desk.come(brisk, EACH)
    assert brisk.working == FEW
    desk.now += CALM_SECONDS + 0.1
    await desk.leave(brisk)
    await desk.come(brisk)
    assert (brisk.working, brisk.size) == (EACH, 0)
