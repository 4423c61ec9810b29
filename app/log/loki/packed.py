"""Entries of Loki's protobuf that are alike: their fields lie in the same order, so that all are found at once, step by step.

An entry is its field 1 (a time: seconds, nanoseconds), its field 2 (a text), and its fields 3 (a name and a value each); before what
has no fixed size stands its length (https://protobuf.dev/programming-guides/encoding/).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.log.foreign.many import Columns

Places = NDArray[np.int64]

#: Fewer entries take longer together than one by one; more pairs, or names longer, than logs have are not looked for.
_FEW, _PAIRS, _NAME = 50, 64, 0x80
#: The first byte of each field: its number and type. A time has two numbers.
_TIME, _LINE, _PAIR, _PAIR_NAME, _PAIR_VALUE, _SECONDS, _NANOS = 0x0A, 0x12, 0x1A, 0x0A, 0x12, 0x08, 0x10
#: Bytes of a number of seconds from 1978 on, and the most of a number of nanoseconds.
_SECONDS_SIZE, _NANOS_SIZE = 5, 5
#: Seconds whose nanoseconds are 64 bits, up to 2242, and nanoseconds, 32 bits with a sign.
_SECONDS_LIMIT, _NANOS_LIMIT = 2**33, 2**31
#: Zeros behind all entries, so that a step too far finds something.
_BEYOND = bytes(256)


class Held(NamedTuple):
    """Parts of entries: nanoseconds since 1970, texts, and metadata by name."""

    times: list[int]
    lines: list[str]
    pairs: Columns


class _Odd(Exception):
    """An entry is not as the others are, or as any that is read here."""


def read(entries: Sequence[bytes]) -> Held | None:
    """Return the parts of entries; None where they are not alike, or too few. Raises UnicodeDecodeError."""
    if len(entries) < _FEW:
        return None
    try:
        return _Reader(entries).read()
    except _Odd:
        return None


class _Reader:
    """Steps through all entries at once."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        joined = b"".join(entries)
        self._text = joined.decode("latin-1")
        self._bytes = np.frombuffer(joined + _BEYOND, np.uint8)
        sizes = np.fromiter(map(len, entries), np.int64, len(entries))
        self._ends: Places = np.cumsum(sizes)
        self._at: Places = self._ends - sizes

    def read(self) -> Held:
        """Return the parts of the entries. Raises _Odd, and UnicodeDecodeError."""
        times, lines, pairs = self._time(), self._line(), Columns()
        while bool((self._at < self._ends).any()):
            name, values = self._pair()
            if name in pairs or len(pairs) == _PAIRS:
                raise _Odd
            pairs[name] = values
        return Held(times, lines, pairs)

    def _expect(self, sign: int) -> None:
        """Pass over one byte, which must be the *sign* in each entry."""
        _ensure(self._bytes[self._at] == sign)
        self._at = self._at + 1

    def _length(self) -> Places:
        """Return the lengths that come next, each one byte or two, all of which must lie within their entries."""
        low = self._bytes[self._at].astype(np.int64)
        self._at = self._at + 1
        if bool((low >= 0x80).any()):
            longer, high = low >= 0x80, self._bytes[self._at].astype(np.int64)
            _ensure(~longer | (high < 0x80))
            low = np.where(longer, low & 0x7F | high << 7, low)
            self._at = self._at + longer
        _ensure(self._at + low <= self._ends)
        return low

    def _time(self) -> list[int]:
        self._expect(_TIME)
        rest = self._length() - _SECONDS_SIZE - 1
        self._expect(_SECONDS)
        seconds = self._number(np.full(len(rest), _SECONDS_SIZE), _SECONDS_SIZE)
        if not bool(rest.any()):
            nanos = np.zeros(len(rest), np.int64)
        else:
            # A number of zero isn't written.
            self._expect_some(_NANOS, rest > 0)
            nanos = self._number(rest - 1, _NANOS_SIZE)
        _ensure((seconds < _SECONDS_LIMIT) & (nanos < _NANOS_LIMIT))
        times: list[int] = (seconds * 10**9 + nanos).tolist()
        return times

    def _expect_some(self, sign: int, where: NDArray[np.bool_]) -> None:
        _ensure(~where | (self._bytes[self._at] == sign))
        self._at = self._at + where

    def _number(self, sizes: Places, most: int) -> Places:
        """Return the numbers of so many bytes each, none where that is less than one."""
        places = np.arange(most)
        sizes = np.maximum(sizes, 0)
        _ensure(sizes <= most)
        signs = self._bytes[self._at[:, None] + places].astype(np.int64)
        # Each byte but the last says that another follows.
        last, within = places == sizes[:, None] - 1, places < sizes[:, None]
        _ensure(~within | (last == (signs < 0x80)))
        self._at = self._at + sizes
        number: Places = (np.where(within, signs & 0x7F, 0) << 7 * places).sum(axis=1)
        return number

    def _line(self) -> list[str]:
        self._expect(_LINE)
        return self._texts(self._length())

    def _texts(self, sizes: Places) -> list[str]:
        text, begin = self._text, self._at
        self._at = self._at + sizes
        found = [text[start:end] for start, end in zip(begin.tolist(), self._at.tolist(), strict=True)]
        return found if "".join(found).isascii() else [one.encode("latin-1").decode() for one in found]

    def _pair(self) -> tuple[str, list[str]]:
        self._expect(_PAIR)
        ends = self._length()
        ends = self._at + ends
        self._expect(_PAIR_NAME)
        size = int(self._bytes[self._at[0]])
        self._expect(size)
        if size >= _NAME:
            raise _Odd
        name = self._bytes[self._at[:, None] + np.arange(size)]
        _ensure(name == name[0])
        self._at = self._at + size
        self._expect(_PAIR_VALUE)
        sizes = self._length()
        _ensure(self._at + sizes == ends)
        return name[0].tobytes().decode(), self._texts(sizes)


def _ensure(holds: NDArray[np.bool_]) -> None:
    if not holds.all():
        raise _Odd
