"""Spaces: what each took on its last day is counted durably, by any number of processes."""

from __future__ import annotations

from app.backends import Backends
from app.ports.costs import Space


def test_what_a_space_takes_is_counted_by_day(each_backends: Backends) -> None:
    """Sums of one day, the latest only; the last refusal; names once."""
    keeper = each_backends.record.spaces
    assert keeper.spaces() == []
    assert keeper.add_space("shop", 1_000, 5)
    assert keeper.add_space("bank", None, 6)
    assert not keeper.add_space("shop", 7, 7)
    assert keeper.use("shop", 20, 300, 0) == Space("shop", 1_000, 5, 20, 300, 0)
    assert keeper.use("shop", 20, 400, 9) == Space("shop", 1_000, 5, 20, 700, 9)
    # A process whose report comes late: the day before is over.
    assert keeper.use("shop", 19, 50, 3) == Space("shop", 1_000, 5, 20, 700, 9)
    assert keeper.use("shop", 20, -100, 0) == Space("shop", 1_000, 5, 20, 600, 9)
    assert keeper.use("shop", 21, 10, 0) == Space("shop", 1_000, 5, 21, 10, 9)
    assert keeper.use("nobody", 21, 10, 0) is None
    assert keeper.set_quota("shop", None)
    assert not keeper.set_quota("nobody", 5)
    assert keeper.spaces() == [Space("bank", None, 6), Space("shop", None, 5, 21, 10, 9)]
    assert [one.used_on(21) for one in keeper.spaces()] == [0, 10]
