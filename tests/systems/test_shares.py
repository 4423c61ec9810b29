"""A space's share of a queue's limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.systems.shares import SENDING_SECONDS, SentLast, has_room

LIMIT = 10_000


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 900)), max_size=200))
def test_floods_leave_room_for_another(puts: list[tuple[str, int]]) -> None:
    """However many spaces send however much, the next has as much as the fullest of them, but for what one put takes."""
    own, waiting = dict.fromkeys("abcdef", 0), 0
    for space, size in puts:
        if waiting + size <= LIMIT and has_room(own[space], size, waiting, LIMIT):
            own[space] += size
            waiting += size
    most = max(own.values())
    several = [space for space, has in own.items() if has]
    assert most <= LIMIT - waiting + 900 * len(several)
    if len(several) == 1:
        assert waiting <= LIMIT // 2 + 900


def test_a_space_of_which_nothing_waits_has_room() -> None:
    """However full the queue is of others; what it has is bounded by what is free."""
    assert has_room(0, 400, 9_600, LIMIT)
    assert not has_room(1, 400, 9_600, LIMIT)
    assert has_room(4_000, 1_000, 4_000, LIMIT)
    assert not has_room(4_001, 1_000, 4_001, LIMIT)


def test_what_was_put_last_is_what_waits() -> None:
    """What was put before is stored; what is of no space is counted too, and alone makes no shares."""
    now = [100.0]
    sent = SentLast(lambda: now[0])
    sent.add("", 5)
    assert not sent.is_shared(2_000)
    sent.add("a", 1_000)
    assert sent.is_shared(2_000)
    assert (sent.of("", 2_000), sent.of("a", 2_000), sent.of("b", 2_000)) == (5, 1_000, 0)
    assert sent.of("a", 700) == 700
    now[0] += 1
    sent.add("b", 600)
    assert (sent.of("a", 700), sent.of("b", 700)) == (700, 600)
    assert (sent.of("a", 600), sent.of("b", 600), sent.of("", 600)) == (0, 600, 0)
    assert sent.of("b", 0) == 0


def test_who_sent_much_that_is_stored_has_room_beside_a_flood() -> None:
    """Whatever it sent before the flood: nothing of it waits."""
    now = [0.0]
    sent, waiting = SentLast(lambda: now[0]), 0
    for _ in range(1_000):
        now[0] += 1
        sent.add("steady", LIMIT // 100)
    now[0] += 1
    while has_room(sent.of("loud", waiting), 100, waiting, LIMIT):
        sent.add("loud", 100)
        waiting += 100
    assert LIMIT // 2 - 100 <= waiting <= LIMIT // 2
    assert has_room(sent.of("steady", waiting), 100, waiting, LIMIT)


def test_room_is_left_to_a_space_for_a_while() -> None:
    """While something of it may wait, and for some minutes after it asked for room, though it got none; then no longer."""
    now = [100.0]
    sent = SentLast(lambda: now[0])
    sent.ask("")
    sent.add("", 500)
    assert not sent.is_shared(500)
    sent.ask("a")
    assert sent.is_shared(500)
    sent.add("a", 1_000)
    now[0] += SENDING_SECONDS
    assert sent.is_shared(1_500)
    sent.add("", 800)
    assert sent.is_shared(801)
    assert not sent.is_shared(800)
    sent.ask("a")
    assert sent.is_shared(800)
    now[0] += SENDING_SECONDS - 1
    assert sent.is_shared(0)
    now[0] += 1
    assert not sent.is_shared(0)


def test_what_was_put_over_days_is_remembered_in_little_room() -> None:
    """However long the queue gets no shorter, and whoever sends; no byte is forgotten."""
    now = [0.0]
    sent = SentLast(lambda: now[0])
    for _ in range(20_000):
        now[0] += 1
        sent.add("a" if now[0] % 2 else "", 3)
    assert len(sent._seconds) <= 1_000
    assert (sent.of("a", 10**9), sent.of("", 10**9)) == (30_000, 30_000)
    assert 30 <= sent.of("a", 60) <= 60
