"""Two texts beside each other: which of their words differ, in bounded work whatever the texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from markupsafe import Markup, escape

from app.web.render.display import EMPTY, shorten, visible

#: Most words, blanks and signs of each text that are compared one by one; beyond them all between the first and the
#: last difference is one.
WORDS = 300
#: Longest word that is not divided where only its end or begin differs.
WORD = 100
#: Most characters shown of what is equal, at each end of it, and of what differs.
EQUAL_SHOWN, DIFFERENT_SHOWN = 200, 2_000

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class DifferencePart:
    """A run of both texts: equal in both, or what each has in its place."""

    a: str
    b: str

    @property
    def same(self) -> bool:
        """Whether both have the same."""
        return self.a == self.b


def parts(a: str, b: str, *, by_word: bool = True) -> list[DifferencePart]:
    """Return both texts as runs that are equal and runs that differ, in their order; one that differs unless *by_word*."""
    begin = _equal_begin(a, b)
    rest_a, rest_b = a[begin:], b[begin:]
    end = _equal_end(rest_a, rest_b)
    middle_a, middle_b = rest_a[: len(rest_a) - end], rest_b[: len(rest_b) - end]
    found = [
        DifferencePart(a[:begin], a[:begin]),
        *(_middle(middle_a, middle_b) if by_word else [DifferencePart(middle_a, middle_b)]),
        DifferencePart(a[len(a) - end :], a[len(a) - end :]),
    ]
    return [part for part in found if part.a or part.b]


def shown(a: str, b: str, *, by_word: bool = True) -> tuple[Markup, Markup]:
    """Return both texts for a page: what differs is marked, what is equal for long is left out but for its ends."""
    found = parts(a, b, by_word=by_word)
    return _written([(part.a, part.same) for part in found], "del"), _written(
        [(part.b, part.same) for part in found], "ins"
    )


def _written(runs: Sequence[tuple[str, bool]], tag: str) -> Markup:
    pieces = [_equal(text) if same else _different(text, tag) for text, same in runs if text]
    return Markup("").join(pieces) or EMPTY


def _equal(text: str) -> Markup:
    left_out = len(text) - 2 * EQUAL_SHOWN
    if left_out <= EQUAL_SHOWN:
        return visible(text)
    between = f"… {left_out:,} equal characters …"
    return visible(text[:EQUAL_SHOWN]) + Markup('<i class="none">{}</i>').format(between) + visible(text[-EQUAL_SHOWN:])


def _different(text: str, tag: str) -> Markup:
    inner = visible(shorten(text, DIFFERENT_SHOWN))
    if len(text) > DIFFERENT_SHOWN:
        inner += Markup(' <i class="none">{:,} characters</i>').format(len(text))
    return Markup(f"<{tag}>{escape(inner)}</{tag}>")  # noqa: S704 - the tag is a constant


def _equal_begin(a: str, b: str) -> int:
    """Return how many characters both begin with, up to the end of a word."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    if low == len(a) == len(b):
        return low
    for at in range(low, max(low - WORD, -1), -1):
        if not (_inside(a, at) or _inside(b, at)):
            return at
    return low


def _equal_end(a: str, b: str) -> int:
    return _equal_begin(a[::-1], b[::-1])


def _inside(text: str, at: int) -> bool:
    """Return whether a word goes on at the place *at*."""
    return 0 < at < len(text) and _wordly(text[at - 1]) and _wordly(text[at])


def _wordly(character: str) -> bool:
    return character.isalnum() or character == "_"


def _middle(a: str, b: str) -> Iterator[DifferencePart]:
    words_a, words_b = _words(a), _words(b)
    if words_a is None or words_b is None:
        yield DifferencePart(a, b)
        return
    matcher = SequenceMatcher(None, words_a, words_b, autojunk=False)
    held = DifferencePart("", "")
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        part = DifferencePart("".join(words_a[a1:a2]), "".join(words_b[b1:b2]))
        # A blank between two words that differ belongs to them.
        if kind != "equal" or (held.a + held.b and part.a.isspace()):
            held = DifferencePart(held.a + part.a, held.b + part.b)
            continue
        yield held
        yield part
        held = DifferencePart("", "")
    yield held


def _words(text: str) -> list[str] | None:
    """Return the words, blanks and signs of *text*; None for more than are compared one by one."""
    found = []
    for match in _TOKEN.finditer(text):
        found.append(match[0])
        if len(found) > WORDS:
            return None
    return found
