"""Messages of a segment come back as they were, and what they share is kept once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.fold import clean
from app.systems.sqlite.segments import messages
from app.systems.sqlite.segments.messages import VARIABLE, OpenMessages

#: Letters of words, digits, signs, blanks, line feeds, and letters of other scripts.
TEXT = st.text("aZ09 .-\n", max_size=30) | st.text("a9 é日1", max_size=8) | st.text(max_size=20).map(clean)


def packed(texts: list[str]) -> OpenMessages:
    """Return *texts*, packed and opened."""
    found, size = messages.pack(texts)
    assert size == sum(len(text.encode()) + 1 for text in texts)
    return OpenMessages(found.skeletons, len(texts), lambda: found.variables)


@settings(deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=30), repeated=st.integers(1, 30))
def test_messages_come_back_as_they_were(texts: list[str], repeated: int) -> None:
    """All together, some in any order, and one by one."""
    whole = texts * repeated
    opened = packed(whole)
    assert opened.all() == whole
    some = np.arange(len(whole))[:: -(1 + len(whole) // 5)]
    assert [text.decode() for text in opened.some(some)] == [whole[row] for row in some]
    assert [opened.one(row).decode() for row in range(len(whole))] == whole
    assert opened.counts().sum() == len(whole)
    kept = opened.skeletons
    # Cut out of the text while they are not all apart, and as they stand when they are.
    for again in (packed(whole), opened):
        assert [again.skeleton(number) for number in range(again.count)] == kept


@given(text=TEXT)
def test_words_with_digits_are_variables(text: str) -> None:
    """Those of ASCII messages: what is left has none, and a message with other letters stays whole."""
    opened = packed([text])
    (skeleton,) = opened.skeletons
    if not text.isascii():
        assert skeleton == text.encode()
    else:
        assert not any(48 <= code < 58 for code in skeleton)
        assert opened.variables.count(b" ") == skeleton.count(VARIABLE)


def test_what_differs_in_numbers_only_is_kept_once() -> None:
    """Whatever else is between: the number of skeletons is the number of sentences."""
    texts = [f"user u{number} from 10.0.0.{number % 256}: 0x{number:08x}" for number in range(600)]
    opened = packed(texts + ["no number"] * 3 + ["ohne Zahl ä1"] * 2)
    assert [skeleton.decode("latin-1") for skeleton in opened.skeletons] == [
        "no number",
        "ohne Zahl ä1".encode().decode("latin-1"),
        "user \xff from \xff.\xff.\xff.\xff: \xff",
    ]
    assert (opened.first, opened.count) == (2, 3)
    assert opened.counts().tolist() == [3, 2, 600]
    # More variables than 16 bits count.
    long = "1 " * 70_000
    assert packed([long, "a", long]).one(2).decode() == long
    many = packed([f"{chr(97 + number % 26)}{chr(97 + number // 26)}x" for number in range(600)])
    assert (many.first, many.count) == (600, 600)


def test_a_message_that_would_not_come_back_is_refused() -> None:
    """With the sign that ends each: such logs stay rows."""
    with pytest.raises(ValueError, match="come back"):
        messages.pack(["a", "b\0c"])
