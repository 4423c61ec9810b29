"""Texts of blocks: folded to be searched, and as they were sent."""

from __future__ import annotations

import pysqlite3
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.fold import fold
from app.systems.sqlite.index import texts
from app.systems.sqlite.index.grams import Needle
from app.systems.sqlite.segments.places import BLOCK

#: Letters that folding keeps, changes within their bytes, shortens and lengthens.
MESSAGE = st.text(st.sampled_from("abC Z-09üÜßẞΣςſK\u0130ⱥȺ日\t"), max_size=30)


def block(messages: list[str]) -> texts.BlockText:
    """Return the text of one block with these messages, and empty ones to fill it."""
    connection = pysqlite3.connect(":memory:")
    connection.execute("CREATE TABLE texts (block INTEGER PRIMARY KEY, messages BLOB)")
    whole = messages + [""] * (BLOCK - len(messages))
    connection.execute("INSERT INTO texts VALUES (5, ?)", (texts.pack(whole, texts.folded(whole)),))
    return texts.BlockText(connection)


@settings(deadline=None)
@given(messages=st.lists(MESSAGE, max_size=20))
def test_messages_come_back_as_sent(messages: list[str]) -> None:
    """Each at its place, unless folding changed a length: then they are not there, rather than wrong."""
    sent, folded = "".join(messages), "".join(map(fold, messages))
    places = list(range(len(messages)))
    packed = block(messages).messages(5, places)
    found = None if packed is None else [message.decode() for message in packed]
    assert found == messages if len(sent.encode()) == len(folded.encode()) else found in (None, messages)


def test_lone_places_are_found() -> None:
    """The first, the last, and none."""
    text = block(["First", "second", *["X"] * (BLOCK - 3), "Last"])
    assert text.messages(5, [0, 1, BLOCK - 1]) == [b"First", b"second", b"Last"]
    assert text.messages(5, []) == []


def test_a_text_without_what_folding_changed_is_told_apart() -> None:
    """One frame alone, as earlier releases kept it, has no messages."""
    kept = texts.pack(["a ẞ"], texts.folded(["a ẞ"]))
    assert texts._second_frame(kept) == b""
    assert texts._second_frame(texts.pack(["a B"], texts.folded(["a B"]))) != b""


@settings(deadline=None)
@given(messages=st.lists(MESSAGE, max_size=20), needle=MESSAGE)
def test_needles_are_found_and_counted(messages: list[str], needle: str) -> None:
    """The mask and the count are those of a look at each message."""
    text = texts.folded(messages + [""] * (BLOCK - len(messages)))
    holds = [fold(needle) in fold(message) for message in messages] + [not needle] * (BLOCK - len(messages))
    wanted = Needle(needle)
    assert wanted.find(text, texts.grams.ends(text)).tolist() == holds
    assert wanted.count(text) == sum(holds)
