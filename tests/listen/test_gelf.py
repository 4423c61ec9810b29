"""Chunks of GELF: whatever comes, in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.listen import gelf
from app.listen.gelf import MAGIC, Chunks


def chunk(number: int, count: int, part: bytes) -> bytes:
    """Return one chunk of the message 12345678."""
    return MAGIC + b"12345678" + bytes((number, count)) + part


def test_a_chunk_of_another_count_is_passed_over() -> None:
    """A message has one count, that of its first chunk."""
    chunks = Chunks()
    assert chunks.take(chunk(0, 2, b"a"), "p") is None
    assert chunks.take(chunk(100, 128, b"x"), "p") is None
    assert chunks.take_lost() == 1
    assert chunks.take(chunk(1, 2, b"b"), "p") == b"ab"


def test_chunks_whose_others_never_come_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once their time is over, though no other chunk comes; or once nobody listens any more. Each is counted once."""
    chunks = Chunks()
    chunks.take(chunk(0, 3, b"a"), "p")
    chunks.take(chunk(1, 3, b"b"), "p")
    assert chunks.take_lost() == 0
    monkeypatch.setattr(gelf, "CHUNK_SECONDS", -1.0)
    assert [chunks.take_lost(), chunks.take_lost()] == [2, 0]
    monkeypatch.undo()
    chunks.take(chunk(0, 3, b"a"), "p")
    assert [chunks.take_lost(), chunks.take_lost(ended=True), chunks.take_lost(ended=True)] == [0, 1, 0]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.binary(max_size=3)), max_size=20))
def test_no_row_of_chunks_makes_it_fail(sent: list[tuple[int, int, bytes]]) -> None:
    """Nor is more kept than came."""
    chunks = Chunks()
    for one in sent:
        chunks.take(chunk(*one), "p")
