"""Chunks of GELF: whatever comes, in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.listen.gelf import MAGIC, Chunks


def chunk(number: int, count: int, part: bytes) -> bytes:
    """Return one chunk of the message 12345678."""
    return MAGIC + b"12345678" + bytes((number, count)) + part


def test_a_chunk_of_another_count_is_passed_over() -> None:
    """A message has one count, that of its first chunk."""
    chunks = Chunks()
    assert chunks.take(chunk(0, 2, b"a"), "p") is None
    assert chunks.take(chunk(100, 128, b"x"), "p") is None
    assert chunks.lost == 1
    assert chunks.take(chunk(1, 2, b"b"), "p") == b"ab"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.binary(max_size=3)), max_size=20))
def test_no_row_of_chunks_makes_it_fail(sent: list[tuple[int, int, bytes]]) -> None:
    """Nor is more kept than came."""
    chunks = Chunks()
    for one in sent:
        chunks.take(chunk(*one), "p")
