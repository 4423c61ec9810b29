"""Answers that are remembered while a query runs: those of short texts, up to as many bytes as one of its leaves may take."""

from __future__ import annotations

from typing import Any, TypeVar

#: Most bytes that the answers of one leaf take, about; then they begin anew.
MOST_BYTES = 8 << 20
#: Characters or bytes of the longest value whose answer is remembered.
LONGEST = 1_000
#: Bytes that an answer takes besides its value.
_ANSWER_BYTES = 150
#: Most bytes of a character.
_CHARACTER_BYTES = 4

V = TypeVar("V")


class Remembered(dict[Any, V]):
    """Answers by value: a text, bytes, a truth or None."""

    def __init__(self) -> None:
        super().__init__()
        self._weight = 0

    def keep(self, value: Any, answer: V, beside: int = 0) -> None:
        """Remember an answer, of *beside* bytes more, unless its value is too long."""
        length, size = 0, 1
        if isinstance(value, str | bytes):
            length = len(value)
            size = _CHARACTER_BYTES if isinstance(value, str) and not value.isascii() else 1
        if length > LONGEST:
            return
        self._weight += length * size + beside + _ANSWER_BYTES
        if self._weight > MOST_BYTES:
            self.clear()
            self._weight = length * size + beside + _ANSWER_BYTES
        self[value] = answer
