"""Fibers: calls that one thread carries out in turns, so that what several of them wait for is waited for once.

A call runs until it ends or asks for something in `joins`; then the next one runs. When all have ended or asked, what they asked for is
done for all together, and they go on. A call that sleeps or reads by itself lets the others of its thread wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

#: A thing that is done for several calls at once; it gets the wish of each.
Doing = Callable[[list[Any]], None]

_here = threading.local()


class _Fiber:
    """A call on a stack of its own, and what it asks for."""

    def __init__(self, call: Callable[[], None]) -> None:
        # Not at the head: only who has several calls at once needs it.
        from greenlet import greenlet

        self._stack = greenlet(call)
        self.doing: Doing | None = None
        self.wish: Any = None
        #: The error that was raised instead of doing it.
        self.error: BaseException | None = None

    def go_on(self) -> bool:
        """Run until the call asks for something; return False when it has ended."""
        _here.fiber = self
        try:
            self._stack.switch()
        finally:
            _here.fiber = None
        return not self._stack.dead

    def ask(self, doing: Doing, wish: Any) -> None:
        """Wait until *doing* has handled *wish*; the other fibers run meanwhile. Raises what *doing* raises."""
        self.doing, self.wish, self.error = doing, wish, None
        self._stack.parent.switch()
        if self.error is not None:
            raise self.error


def run(calls: Sequence[Callable[[], None]]) -> None:
    """Carry out *calls* to their ends; none may raise."""
    if len(calls) == 1:
        # By itself it has nobody to wait with.
        calls[0]()
        return
    going = [_Fiber(call) for call in calls]
    while going := [fiber for fiber in going if fiber.go_on()]:
        asking: dict[Doing | None, list[_Fiber]] = {}
        for fiber in going:
            asking.setdefault(fiber.doing, []).append(fiber)
        for doing, some in asking.items():
            assert doing is not None
            try:
                doing([fiber.wish for fiber in some])
            except BaseException as error:
                for fiber in some:
                    fiber.error = error


def joins(doing: Doing, wish: Any) -> bool:
    """Have *doing* done for *wish* together with those of other calls, and raise what it raises; False, with nothing done, where no others run.

    Whoever asks must hold no lock and have no transaction open: the next call of the thread would meet them.
    """
    fiber: _Fiber | None = getattr(_here, "fiber", None)
    if fiber is None:
        return False
    fiber.ask(doing, wish)
    return True
