"""Fibers: what several calls of one thread ask for is done once, for all of them."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest

from app import fibers


def test_what_all_ask_for_is_done_once() -> None:
    """Each goes on when it is done, in the same thread; one that asks for nothing ends before."""
    done: list[list[int]] = []
    order: list[str] = []

    def call(number: int) -> Callable[[], None]:
        def ask() -> None:
            order.append(f"begins {number}")
            if number != 1:
                assert fibers.joins(done.append, number)
                assert number in done[0]
            order.append(f"ends {number}")

        return ask

    fibers.run([call(number) for number in range(3)])
    assert done == [[0, 2]]
    assert order == ["begins 0", "begins 1", "ends 1", "begins 2", "ends 0", "ends 2"]


def test_each_thing_is_done_by_itself_and_again_when_asked_again() -> None:
    """Calls may ask for different things, and more than once."""
    some, others = list[list[Any]](), list[list[Any]]()

    def twice() -> None:
        fibers.joins(some.append, 1)
        fibers.joins(some.append, 2)

    fibers.run([twice, twice, lambda: fibers.joins(others.append, 3) and None])
    assert (some, others) == ([[1, 1], [2, 2]], [[3]])


def test_what_is_raised_is_raised_in_all_who_asked() -> None:
    """In no other call, and not where they were run."""
    raised: list[int] = []

    def fails(_: list[int]) -> None:
        raise KeyError

    def call(number: int) -> None:
        with pytest.raises(KeyError):
            fibers.joins(fails, number)
        raised.append(number)

    done: list[list[int]] = []
    fibers.run([lambda: call(1), lambda: call(2), lambda: fibers.joins(done.append, 3) and None])
    assert (raised, done) == ([1, 2], [[3]])


def test_a_call_by_itself_joins_nobody() -> None:
    """Nor does one outside of `run`, in another thread meanwhile, or while a wish is carried out."""
    joined: list[bool] = []

    def asks() -> None:
        joined.append(fibers.joins(lambda _: None, 0))

    def elsewhere(_: list[int]) -> None:
        asks()

    def starts_a_thread() -> None:
        thread = threading.Thread(target=asks)
        thread.start()
        thread.join(60)

    asks()
    fibers.run([asks])
    fibers.run([starts_a_thread, starts_a_thread])
    fibers.run([lambda: fibers.joins(elsewhere, 0) and None] * 2)
    assert joined == [False] * 5


def test_each_has_its_own_context() -> None:
    """Flask keeps the current request in one: that of another call must never be seen."""
    name: contextvars.ContextVar[int] = contextvars.ContextVar("name", default=-1)
    seen: list[tuple[int, int]] = []

    def call(number: int) -> Callable[[], None]:
        def within() -> None:
            name.set(number)
            fibers.joins(lambda _: None, number)
            seen.append((number, name.get()))

        return lambda: contextvars.copy_context().run(within)

    fibers.run([call(number) for number in range(5)])
    assert seen == [(number, number) for number in range(5)]
    assert name.get() == -1
