"""Texts that a regular expression requires: they exclude no match that RE2 finds, and as much as they can of the rest."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, example, given, settings

from app.log.fold import fold
from app.query.meaning import regex
from app.query.pattern import codepoints
from app.query.pattern.required import LITERAL_LIMIT, required
from tests.query.regexes import ALPHABET, patterns
from tests.thorough import examples

_RNG = random.Random(5)
TEXTS = ["".join(_RNG.choices(ALPHABET, k=_RNG.choice((0, 1, 2, 3, 4, 6, 9, 20)))) for _ in range(400)]


@settings(max_examples=examples(500), deadline=None)
@given(pattern=patterns)
@example("#(?i)*")
@example("b#(?s){0,1}")
@example("#(?i)(?s)?")
@example(r"[^{\t-[:alpha:][^]a]")
@example(r"#\Q\E*")
@example(r"a{2,}b|\Qa.\E+")
@example(r"\x00|a")
@example(r"(?i)[i-l]b")
def test_no_match_is_excluded(pattern: str) -> None:
    """Each text in which RE2 finds the pattern holds one of the texts that it requires."""
    try:
        search = regex(pattern).search
    except ValueError:
        assume(False)
    needed = required(pattern)
    assert needed is None or all(0 < len(text) <= LITERAL_LIMIT for text in needed)
    for text in TEXTS if needed is not None else ():
        assert search(text) is None or any(one in fold(text) for one in needed)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("#(?i)*", "b"), ("b#(?s){0,1}", "b"), ("#(?i)(?s)?", ""), (r"[^{\t-[:alpha:][^]a]", "zz"), (r"#\Q\E*", "b")],
)
def test_what_a_pattern_requires_stands_in_a_match(pattern: str, text: str) -> None:
    """Patterns whose parts are easily taken for other parts."""
    assert regex(pattern).search(text) is not None
    needed = required(pattern)
    assert needed is None or any(one in text for one in needed)


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("Connection refused", ("connection refused",)),
        ("colou?r", ("colo",)),
        ("[Ee]rror: \\d+", ("error: ",)),
        ("(?i)ſtop|halt", ("halt", "stop")),
        ("(GET|POST) /", ("get /", "post /")),
        ("[abcd] connection refused", (" connection refused",)),
        ("^(?:time|timed) ?out$", ("time out", "timed out", "timedout", "timeout")),
        ("a(bc)+d", ("abc",)),
        ("user=(alice|bob) .*", ("user=alice ", "user=bob ")),
        ("x(ab){3}y", ("xabababy",)),
        ("\\pL+ \\x41\\101", (" aa",)),
        ("a*|b", None),
        ("\\d+", None),
        ("\\Cabc", None),
    ],
)
def test_as_much_is_required_as_can_be(pattern: str, needed: tuple[str, ...] | None) -> None:
    """Groups, classes of few characters and short repetitions are looked into."""
    assert required(pattern) == needed


def test_long_alternatives_are_all_kept() -> None:
    """A list of words of any length is looked for word by word."""
    words = [f"word{number:03}" for number in range(100)]
    assert required("|".join(words)) == tuple(words)


def test_long_texts_are_cut() -> None:
    """Beyond the limit the rest of a literal is not looked for."""
    assert required("a" * 1_000) == ("a" * LITERAL_LIMIT,)


def test_no_table_is_made_for_what_a_pattern_requires() -> None:
    """The characters that differ in case, and those of a class of Unicode, are found only for those who need the sets."""
    codepoints._families.cache_clear()
    codepoints.unicode_class.cache_clear()
    required.cache_clear()
    assert required(r"(?i)failed [a-z]\pL+") == ("failed ",)
    assert codepoints._families.cache_info().currsize == codepoints.unicode_class.cache_info().currsize == 0
