"""Callers share a commit: one of them at a time carries out the wishes of all who wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from app import fibers

T = TypeVar("T")


class _Turn(Generic[T]):
    """A caller's place in the line. Its bell rings when its wishes are done, or when it is to lead."""

    __slots__ = ("bell", "done", "leads", "wishes")

    def __init__(self, wishes: list[T]) -> None:
        self.wishes = wishes
        self.done = self.leads = False
        self.bell = threading.Lock()
        self.bell.acquire()


class Group(Generic[T]):
    """Hands wishes to *commit*, all that wait at once; *commit* notes in each wish how it went."""

    def __init__(self, commit: Callable[[list[T]], None]) -> None:
        self._commit = commit
        self._guard = threading.Lock()
        self._line: list[_Turn[T]] = []
        self._led = False

    def carry_out(self, wish: T) -> None:
        """Return when a commit has had *wish*, this caller's own or another's; fibers of one thread are one caller."""
        if not fibers.joins(self._carry_out, wish):
            self._carry_out([wish])

    def _carry_out(self, wishes: list[T]) -> None:
        turn = _Turn(wishes)
        with self._guard:
            self._line.append(turn)
            turn.leads, self._led = not self._led, True
        try:
            if not turn.leads:
                turn.bell.acquire()
            if not turn.done:
                self._lead(turn)
        except BaseException:
            self._leave(turn)
            raise

    def _lead(self, turn: _Turn[T]) -> None:
        with self._guard:
            turns, self._line = self._line, []
        try:
            self._commit([wish for one in turns for wish in one.wishes])
        finally:
            # The next commit must not wait until all of this one have been woken.
            self._pass_on()
            turn.leads = False
            for one in turns:
                one.done = True
                if one is not turn:
                    one.bell.release()

    def _pass_on(self) -> None:
        """Let the first who waits lead; without anybody the next to come does."""
        with self._guard:
            self._led = bool(self._line)
            if self._led:
                self._line[0].leads = True
                self._line[0].bell.release()

    def _leave(self, turn: _Turn[T]) -> None:
        """Take an interrupted caller out of the line, and pass on the lead if it has it."""
        with self._guard:
            if turn in self._line:
                self._line.remove(turn)
        if turn.leads:
            self._pass_on()
