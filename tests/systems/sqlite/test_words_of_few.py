"""Words of single messages, which may be long, are looked for in their text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.log.fold import WORD_LIMIT
from app.log.record import LogRecord
from app.query import meaning
from app.query.filter import Phrase, Words
from app.query.meaning import predicate
from app.systems.sqlite.index.scan.messages import MessagesAsked, MessageTest
from app.systems.sqlite.segments import messages
from app.systems.sqlite.segments.messages import OpenMessages

TEXT = st.text("aAb0 _-.é", max_size=24)


def opened(texts: list[str]) -> OpenMessages:
    """Return messages as a segment has them."""
    packed, _ = messages.pack(texts)
    return OpenMessages(packed.skeletons, len(texts), lambda: packed.variables)


@settings(deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=4), wanted=TEXT)
@example(texts=["xa a a", "a  xb-a.b", "b", "é a-B"], wanted="a a")
@example(texts=["xa a a", "a  xb-a.b", "b", "é a-B"], wanted="a b")
@example(texts=["a" * WORD_LIMIT, "a" * (WORD_LIMIT + 1), "b " + "A" * 200], wanted="a" * 120)
def test_few_messages_are_answered_as_the_filter_means(texts: list[str], wanted: str) -> None:
    """One by one and together, words and phrases of any letters."""
    found = opened(texts)
    for leaf in (Words(wanted), Phrase(wanted)):
        holds, test = predicate(leaf), MessageTest(leaf)
        expected = [holds(LogRecord(b"", 0, 0, "", text)) for text in texts]
        assert [test.one(found, row) for row in range(len(texts))] == expected
        assert test.rows(MessagesAsked(found), np.ones(len(texts), dtype=np.bool_)).tolist() == expected


@pytest.mark.parametrize("leaf", [Words("traceback module"), Phrase("Traceback at frame 7"), Phrase("at traceback")])
def test_a_large_message_is_not_cut_into_words(leaf: Words | Phrase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred of them would take the time that a query has."""
    text = "Traceback at frame 7: went wrong in module x\n" * 100
    found, test, expected = opened([text]), MessageTest(leaf), predicate(leaf)(LogRecord(b"", 0, 0, "", text))

    def never(text: str) -> list[str]:
        raise AssertionError("cut into words")

    monkeypatch.setattr(meaning, "words", never)
    assert test.one(found, 0) is expected
    assert test.rows(MessagesAsked(found), np.ones(1, dtype=np.bool_)).tolist() == [expected]
