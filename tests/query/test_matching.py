"""A text is searched for a pattern past RE2's wrapper, and with it where that is made otherwise."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.query import meaning
from app.query.meaning import matching, regex

PATTERNS = (
    "",
    "a",
    "^$",
    "a*",
    r"\bb",
    "(a)(b)?c",
    r"(?i)É",
    r"[^a]\z",
    r"timeout after [0-9]{4}ms",
    "(?s)a.b",
    "x{0}",
)
TEXT = st.text("abcxé\n 09E", max_size=12)


@given(pattern=st.sampled_from(PATTERNS), text=TEXT)
def test_a_text_holds_a_match_as_the_wrapper_finds_it(pattern: str, text: str) -> None:
    """Whatever groups it has, and where it is empty."""
    assert matching(pattern)(text.encode()) is (regex(pattern).search(text.encode()) is not None)


def test_another_wrapper_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has nothing of its own beneath."""
    compiled = regex("ab+")
    monkeypatch.setattr(meaning, "regex", lambda _: SimpleNamespace(search=compiled.search))
    found = matching("ab+")
    assert found(b"cabb")
    assert not found(b"ac")


def test_a_wrapper_that_names_its_own_otherwise_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of the names beneath is one that it promises."""
    compiled = regex("ab+")
    monkeypatch.setattr(meaning, "regex", lambda _: compiled)
    monkeypatch.setattr(meaning, "re2", SimpleNamespace())
    found = matching("ab+")
    assert found(b"cabb")
    assert not found(b"ac")


def test_what_is_no_pattern_is_refused() -> None:
    """With RE2's own words."""
    with pytest.raises(ValueError, match="missing"):
        matching("(")
