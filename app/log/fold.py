"""Text without case and in words: the two maps that every comparison without case uses.

Both work character by character, so that the map of a text is the joined map of its characters:
a substring's map is found in the whole text's map, on every backend. Neither `str.lower` (which
depends on the neighbours: ΣΑΣ) nor `str.casefold` (which lengthens: ß) has that property.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

#: A longer word is cut, in the log and in the query alike (characters).
WORD_LIMIT = 100

#: Pairs of equal letters that Unicode got after Python 3.11's tables; RE2 knows them.
_LATER = {"\u1fd3": "\u0390", "\u1fe3": "\u03b0", "\ufb05": "\ufb06"}

#: Scripts written without blanks, where each character counts as a word: Thai and Lao, kana, Han.
_SPACELESS = re.compile("[\u0e00-\u0eff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")

_UNCLEAN = re.compile("[\0\ud800-\udfff]")
_LONG_WORD = re.compile(r"\S{101}")
_ASCII_RUN = re.compile(r"[0-9A-Za-z]+")
_RUN = re.compile(r"[^ ]+")


class _Table(dict[int, str]):
    """A table for `str.translate` that fills itself from a rule for one character."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        return self.setdefault(code, self._rule(chr(code)))


def _fold_character(character: str) -> str:
    if character in _LATER:
        return _LATER[character]
    for folded in (character.casefold(), character.lower()):
        if len(folded) == 1:
            return folded if folded == character else _fold_character(folded)
    return character


def _word_character(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    parts = []
    for part in decomposed:
        if unicodedata.category(part).startswith("M"):
            continue  # an accent: words are compared without
        if _SPACELESS.match(part):
            parts.append(f" {part} ")
        else:
            parts.append(part if part.isalnum() else " ")
    return "".join(parts)


_FOLD = _Table(_fold_character)
_WORD = _Table(_word_character)
#: The same maps for ASCII, as one table of bytes: twenty times as fast.
_ASCII_WORD = bytes(ord(_word_character(chr(code))) if code < 128 else 0 for code in range(256))


def clean(text: str) -> str:
    """Return *text* with NUL and lone surrogates, which no backend can hold, as U+FFFD."""
    return _UNCLEAN.sub("\ufffd", text)


def cleaned(value: Any) -> Any:
    """Return a decoded value with all its texts clean."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [cleaned(inner) for inner in value]
    return value


def fold(text: str) -> str:
    """Return *text* without case, one character for one: the classes of RE2's `(?i)`."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


def word_text(text: str) -> str:
    """Return the words of *text*, without case and accents, with blanks between them."""
    if text.isascii():
        spaced = text.encode("ascii").translate(_ASCII_WORD).decode("ascii")
    else:
        spaced = text.translate(_WORD)
    if len(spaced) > WORD_LIMIT and _LONG_WORD.search(spaced) is not None:
        return " ".join(word[:WORD_LIMIT] for word in spaced.split())
    return spaced


def words(text: str) -> list[str]:
    """Return the words of *text* in their order, each at most WORD_LIMIT characters."""
    return word_text(text).split()


def word_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words of *text*, as `words` has them, each with where it begins and ends in *text*."""
    if text.isascii():
        for run in _ASCII_RUN.finditer(text):
            yield run[0][:WORD_LIMIT].lower(), *run.span()
        return
    pieces = [_WORD[ord(character)] for character in text]
    # Where the piece of each character begins in all of them joined; those of accents are empty.
    begins = [0, *accumulate(map(len, pieces))]
    for run in _RUN.finditer("".join(pieces)):
        first = bisect_right(begins, run.start()) - 1
        last = bisect_right(begins, run.end() - 1)
        while last < len(text) and not pieces[last]:
            last += 1
        yield run[0][:WORD_LIMIT], first, last
