"""Commits shared by callers: every wish is in one commit, whoever leads, whatever fails."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from app import fibers
from app.systems.sqlite.group import Group


def test_every_wish_is_in_one_commit() -> None:
    """Thirty callers, again and again: nobody returns before the wish was carried out, none is carried out twice."""
    commits: list[list[tuple[int, int]]] = []
    done: set[tuple[int, int]] = set()

    def commit(wishes: list[tuple[int, int]]) -> None:
        commits.append(wishes)
        done.update(wishes)

    group = Group(commit)

    def call(caller: int) -> None:
        for time in range(100):
            group.carry_out((caller, time))
            assert (caller, time) in done

    with ThreadPoolExecutor(30) as threads:
        list(threads.map(call, range(30)))
    carried = [wish for commit in commits for wish in commit]
    assert sorted(carried) == [(caller, time) for caller in range(30) for time in range(100)]


def test_those_who_come_during_a_commit_share_the_next() -> None:
    """A commit takes all that wait; alone it is one."""
    commits: list[list[int]] = []
    began, free = threading.Event(), threading.Event()

    def commit(wishes: list[int]) -> None:
        commits.append(wishes)
        began.set()
        assert free.wait(60)

    group = Group(commit)
    with ThreadPoolExecutor(10) as threads:
        calls = [threads.submit(group.carry_out, 0)]
        assert began.wait(60)
        calls += [threads.submit(group.carry_out, number) for number in range(1, 10)]
        while len(group._line) < 9:
            threading.Event().wait(0.01)
        free.set()
        for call in calls:
            call.result(60)
    assert [sorted(wishes) for wishes in commits] == [[0], list(range(1, 10))]


class Interrupted(BaseException):
    """What a signal raises in the middle."""


def test_a_leader_that_falls_leaves_the_lead() -> None:
    """An error that goes up through a commit is the leader's alone, and the next commit is made."""
    commits: list[list[int]] = []

    def commit(wishes: list[int]) -> None:
        commits.append(wishes)
        if 0 in wishes:
            raise Interrupted

    group = Group(commit)
    with pytest.raises(Interrupted):
        group.carry_out(0)
    group.carry_out(1)
    assert commits == [[0], [1]]


def test_one_who_leaves_while_waiting_is_left_out() -> None:
    """A caller that is interrupted in the line neither blocks it nor is carried out."""
    commits: list[list[int]] = []
    began, free = threading.Event(), threading.Event()

    def commit(wishes: list[int]) -> None:
        commits.append(wishes)
        began.set()
        assert free.wait(60)

    group = Group(commit)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(group.carry_out, 0)
        assert began.wait(60)
        waiting = threads.submit(group.carry_out, 1)
        while not group._line:
            threading.Event().wait(0.01)
        # What happens to a caller whose wait is interrupted, without a signal.
        turn = group._line[0]
        group._leave(turn)
        other = threads.submit(group.carry_out, 2)
        while not group._line:
            threading.Event().wait(0.01)
        free.set()
        first.result(60)
        other.result(60)
        turn.done = True
        turn.bell.release()
        waiting.result(60)
    assert commits == [[0], [2]]


def test_calls_of_one_thread_are_one_commit() -> None:
    """Fibers wait together; those who lead meanwhile in other threads take them along."""
    commits: list[list[int]] = []
    group = Group(commits.append)
    fibers.run([partial(group.carry_out, number) for number in range(5)])
    assert commits == [[0, 1, 2, 3, 4]]


def test_an_error_of_a_commit_goes_up_in_each_fiber() -> None:
    """Nobody takes a wish for carried out that was not, and the lead is free again."""
    commits: list[list[int]] = []
    raised: list[int] = []

    def commit(wishes: list[int]) -> None:
        commits.append(wishes)
        if 0 in wishes:
            raise Interrupted

    group = Group(commit)

    def call(number: int) -> None:
        with pytest.raises(Interrupted):
            group.carry_out(number)
        raised.append(number)

    fibers.run([partial(call, number) for number in range(3)])
    group.carry_out(3)
    assert (commits, raised) == ([[0, 1, 2], [3]], [0, 1, 2])
