"""Damage that is passed over: who asks for all that can be read gets it, and a list of what could not.

Nothing is left out unless it is asked for: without `passing` whatever meets a damaged log raises Damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from app.errors import Damaged

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unread:
    """Logs that could not be read: which, in words, and how many."""

    where: str
    logs: int


#: Damage by its key.
Passed = dict[int | bytes, Damaged]

_passing: ContextVar[Passed | None] = ContextVar("passing", default=None)


@contextmanager
def passing() -> Iterator[Passed]:
    """Let this context pass over what is damaged; yield what that was so far."""
    found: Passed = {}
    before = _passing.set(found)
    try:
        yield found
    finally:
        _passing.reset(before)


def unread(found: Passed) -> list[Unread]:
    """Return what could not be read, in the order in which it was found."""
    return [Unread(one.where.rstrip(","), one.logs) for one in found.values()]


def passed() -> Passed:
    """Return what this context has passed over, which is to be left out now."""
    return _passing.get() or {}


def known(found: Passed) -> None:
    """Let this context pass over what made an answer that is given again: that one lacked it, too."""
    here = _passing.get()
    if here is not None:
        here.update(found)


def around(function: Callable[P, T]) -> Callable[P, T]:
    """Return *function*, which leaves out what `passed` says, so that it passes over damage where its context does."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return _again(partial(function, *args, **kwargs))

    return run


def _again(ask: Callable[[], T]) -> T:
    while True:
        try:
            return ask()
        except Damaged as error:
            found = _passing.get()
            if found is None or error.key in found:
                raise
            found[error.key] = error
