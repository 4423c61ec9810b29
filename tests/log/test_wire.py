"""What parts of requests are remembered as, and how many of them."""

from __future__ import annotations

import pytest

from app.errors import InvalidRecord
from app.log.wire import ReadOnce


def test_a_part_is_read_once_and_a_long_one_each_time() -> None:
    """What senders repeat costs one reading; what is long takes no memory for it."""
    asked: list[str] = []
    known = ReadOnce[str, int](lambda text: asked.append(text) or len(text))
    assert [known["a"], known["a"], known["b" * 5_000], known["b" * 5_000]] == [1, 1, 5_000, 5_000]
    assert asked == ["a", "b" * 5_000, "b" * 5_000]
    assert list(known) == ["a"]


def test_so_many_different_parts_come_as_like_few_are_kept() -> None:
    """Memory stays bounded, and each part is read right all the same."""
    known = ReadOnce[str, int](int)
    assert [known[str(number)] for number in range(5_000)] == list(range(5_000))
    assert len(known) <= 512


def test_a_part_that_can_not_be_read_is_refused_each_time() -> None:
    """A fault is not remembered as anything."""

    def read(raw: bytes) -> int:
        raise InvalidRecord()

    known = ReadOnce[bytes, int](read)
    for _ in range(2):
        with pytest.raises(InvalidRecord):
            known[b"x"]
    assert not known
