"""Pauses before something that failed is tried again."""

from __future__ import annotations

from app.times.retry import pause_after


def test_pauses_grow_up_to_the_longest() -> None:
    """The first is as given; however often it fails, the longest stays."""
    assert [pause_after(n, 0.5, 5.0) for n in (1, 2, 3, 4, 5, 10_000)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert [pause_after(n, 5.0, 3_600.0, 3.0) for n in (1, 2, 3)] == [5.0, 15.0, 45.0]


def test_pauses_are_spread() -> None:
    """Those who wait for one server don't all come at once, and none comes much later."""
    found = {pause_after(1, 10.0, 60.0, spread=0.1) for _ in range(50)}
    assert len(found) > 1
    assert all(9.0 <= pause <= 11.0 for pause in found)
