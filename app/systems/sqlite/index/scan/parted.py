"""A filter's leaves about messages, asked of skeletons with variables (segments/messages.py) and of the variables themselves.

Such messages are ASCII, and a variable is a whole word of one: a word without a digit stands in skeletons only, one with a digit
among variables only. A text that is looked for anywhere may begin or end within a variable.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.log.fold import WORD_LIMIT
from app.systems.sqlite.segments.messages import BLANK, END, VARIABLE, OpenMessages

Mask = npt.NDArray[np.bool_]

#: Whether a byte of ASCII text belongs to a word.
OF_WORD = [chr(code).isalnum() and code < 128 for code in range(256)]
_DIGIT = re.compile("[0-9]")
_RUNS = re.compile("[0-9a-z]+|[^0-9a-z]+")


def hits(text: bytes, needle: bytes, end: bytes = END) -> Iterator[int]:
    """Yield a place of the needle in each piece of *text*, ended by *end*, that holds it."""
    at = text.find(needle)
    while at >= 0:
        yield at
        # The needle may begin with what ends the piece before.
        at = text.find(needle, text.find(end, at + 1))


def word_hits(text: bytes, word: bytes) -> Iterator[int]:
    """Yield a place of the word in each message of ASCII text, or skeleton, that has it."""
    at, size = text.find(word), len(word)
    while at >= 0:
        # Behind the last message stands its END.
        if OF_WORD[text[at + size]] or (at and OF_WORD[text[at - 1]]):
            at = text.find(word, at + 1)
        else:
            yield at
            at = text.find(word, text.find(END, at))


class PartedText:
    """The messages of a segment that have variables."""

    def __init__(self, texts: OpenMessages) -> None:
        self.texts = texts

    @cached_property
    def _skeletons(self) -> bytes:
        return self.texts.parted.lower()

    @cached_property
    def _variables(self) -> bytes:
        # The first is behind a blank, too.
        return BLANK + self.texts.variables.lower()

    def _numbers(self, found: Iterator[int]) -> Mask:
        """Return which skeletons have one of the places *found*."""
        mask, at = np.zeros(self.texts.count, dtype=np.bool_), list(found)
        if at:
            mask[self.texts.borders.searchsorted(np.array(at) + self.texts.border)] = True
        return mask

    def with_word(self, word: str) -> Mask:
        """Return which skeletons have a word without digits."""
        return self._numbers(word_hits(self._skeletons, word.encode()))

    def holding(self, text: bytes) -> Mask:
        """Return which skeletons hold a text, in which VARIABLE may stand."""
        return self._numbers(hits(self._skeletons, text))

    def having(self, text: bytes) -> Mask:
        """Return which logs have a variable, with a blank on either side, that holds *text*."""
        mask, at = np.zeros(len(self.texts.codes), dtype=np.bool_), list(hits(self._variables, text, BLANK))
        if at:
            # The place of a blank before a variable is that of the end of the one before, and one less than here.
            number = self.texts.ends.searchsorted(at)
            mask[self.texts.starts.searchsorted(number, side="right") - 1] = True
        return mask


class Needle(NamedTuple):
    """A folded text that is looked for in messages with variables."""

    #: As it stands in a skeleton; None where it has digits.
    literal: bytes | None
    #: As it stands in a skeleton where a part of it lies in variables: what has one may hold it.
    across: list[bytes]
    #: As a part of one variable; None where it has blanks or signs.
    inside: bytes | None
    #: Parts of it that only variables have; the whole variable where there is a blank on either side.
    variables: list[bytes]

    @classmethod
    def of(cls, text: str) -> Needle | None:
        """Return the needle for a folded text; None where no message with variables can hold it."""
        if not text.isascii() or "\0" in text:
            return None
        runs = _RUNS.findall(text)
        if len(runs) == 1 and OF_WORD[ord(text[0])]:
            return cls(None if _DIGIT.search(text) else text.encode(), [], text.encode(), [])
        ways, variables = [], []
        for number, run in enumerate(runs):
            digit, edge = _DIGIT.search(run), number in (0, len(runs) - 1)
            way = [] if digit else [run.encode()]
            if digit or (edge and OF_WORD[ord(run[0])]):
                way.append(VARIABLE)
            ways.append(way)
            if digit:
                variables.append(b" " * (number > 0) + run.encode() + b" " * (number < len(runs) - 1))
        texts = [b"".join(way) for way in itertools.product(*ways)]
        across = [one for one in texts if VARIABLE in one]
        return cls(next((one for one in texts if VARIABLE not in one), None), across, None, variables)


def holding(parted: PartedText, needles: Sequence[Needle]) -> tuple[Mask, Mask]:
    """Return which logs hold one of *needles* for sure, and which may besides."""
    codes = parted.texts.codes
    sure, may = np.zeros(len(codes), dtype=np.bool_), np.zeros(len(codes), dtype=np.bool_)
    for needle in needles:
        if needle.literal is not None:
            sure |= parted.holding(needle.literal)[codes]
        if needle.inside is not None:
            sure |= parted.having(needle.inside)
        across = np.zeros(parted.texts.count, dtype=np.bool_)
        for text in needle.across:
            across |= parted.holding(text)
        if across.any():
            some = across[codes]
            for text in needle.variables:
                some &= parted.having(text)
            may |= some
    return sure, may & ~sure


def with_words(parted: PartedText, words: Sequence[str], among: Mask) -> Mask:
    """Return which logs *among* some have all of *words*, as `words` has them; those beyond its limit are not looked for."""
    if any(not word.isascii() for word in words):
        return np.zeros_like(among)
    short = [word for word in words if len(word) < WORD_LIMIT]
    plain = [word for word in short if not _DIGIT.search(word)]
    skeletons = np.ones(parted.texts.count, dtype=np.bool_)
    skeletons[: parted.texts.first] = False
    for word in plain:
        skeletons &= parted.with_word(word)
        if not skeletons.any():
            return np.zeros_like(among)
    found: Mask = among & skeletons[parted.texts.codes]
    for word in short:
        if word not in plain and found.any():
            found &= parted.having(f" {word} ".encode())
    return found
