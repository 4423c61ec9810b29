"""Kinds of columns of a segment, each a value for each of its logs: few different texts or values, and hex digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from app.systems.sqlite.segments.parts import Packed

#: Length of the longest value that is looked at for hex digits.
LONGEST_HEX = 100
#: Where more values differ, as a share of the logs (1 in so many), a column of `FewValues` takes short ones only (bytes or characters).
FEW = 2
SHORT = 64

#: A value in a column of `FewValues`: a text, what is packed already, a truth, or nothing.
Value: TypeAlias = str | bytes | bool | None


class Coded(msgspec.Struct, array_like=True, gc=False):
    """Few different texts, and for each log the number of its own; `codes` is empty where there is only one."""

    texts: list[str]
    width: int
    codes: Packed

    @classmethod
    def of(cls, values: Sequence[str]) -> Coded:
        """Pack *values*, one at least."""
        numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
        if len(numbers) == 1:
            return cls(list(numbers), 1, Packed(b"", False))
        kind = "<u1" if len(numbers) <= 256 else "<u2"
        codes = np.fromiter(map(numbers.__getitem__, values), dtype=kind, count=len(values))
        return cls(list(numbers), int(kind[2]), Packed.of(codes.tobytes()))

    def opened(self, count: int) -> npt.NDArray[Any]:
        """Return for each of *count* logs the number of its text."""
        if len(self.texts) == 1:
            return np.broadcast_to(np.uint8(0), count)
        return np.frombuffer(self.codes.opened(), dtype=f"<u{self.width}")


class FewValues(msgspec.Struct, array_like=True, gc=False):
    """Few different values, the most frequent first, and for each log the number of its own; `codes` is empty where there is only one."""

    values: Packed
    #: First the low byte of each number, then the high byte of each where there are more than 256.
    codes: Packed

    @classmethod
    def of(cls, values: Sequence[Value]) -> FewValues | None:
        """Pack *values*, one at least; None where too many differ."""
        different = list(dict.fromkeys(values))
        if len(different) * FEW > len(values) + FEW and _longest(different) > SHORT:
            return None
        if len(different) == 1:
            return cls(Packed.of(_encode(different)), Packed(b"", False))
        numbers = {value: number for number, value in enumerate(different)}
        found = np.fromiter(map(numbers.__getitem__, values), dtype=np.int64, count=len(values))
        order = np.argsort(-np.bincount(found), kind="stable")
        ranks = np.empty(len(order), dtype="<u2")
        ranks[order] = np.arange(len(order))
        planes = ranks[found].view(np.uint8).reshape(-1, 2).T
        packed = Packed.of(_encode([different[number] for number in order.tolist()]))
        return cls(packed, Packed.of((planes if len(order) > 256 else planes[0]).tobytes()))

    def opened(self, count: int) -> OpenFewValues:
        """Return them to be read; *count* is the number of logs."""
        values = _decode_values(self.values.opened())
        if len(values) == 1:
            return OpenFewValues(values, np.broadcast_to(np.uint8(0), count))
        codes = np.frombuffer(self.codes.opened(), dtype=np.uint8)
        if len(codes) == count:
            return OpenFewValues(values, codes)
        return OpenFewValues(values, codes[:count] + (codes[count:].astype(np.uint16) << 8))


_encode = msgspec.msgpack.Encoder().encode
_decode_values: Callable[[bytes], list[Value]] = msgspec.msgpack.Decoder().decode


def _longest(values: Sequence[Value]) -> int:
    """Return the length of the longest text, or of what is packed."""
    return max(map(len, [value for value in values if value and value is not True]), default=0)


class OpenFewValues:
    """A column of `FewValues`, to be read."""

    __slots__ = ("codes", "numbers", "values")

    def __init__(self, values: list[Value], codes: npt.NDArray[Any]) -> None:
        self.values = values
        #: For each log the number of its value.
        self.codes = codes
        #: The numbers of values among those of all segments, and of which generation they are (index/scan/numbering.py).
        self.numbers: tuple[int, npt.NDArray[np.uint32]] | None = None

    def __getitem__(self, at: int) -> Value:
        return self.values[int(self.codes[at])]

    def all(self) -> list[Value]:
        """Return the values of all logs."""
        return list(map(self.values.__getitem__, self.codes.tolist()))


class Hexadecimal(msgspec.Struct, array_like=True, gc=False):
    """Equally many lower-case hex digits behind a beginning that all share: as bytes, `size` each."""

    beginning: str
    size: int
    #: A bit for each log, set where it has a value; empty when all have.
    present: bytes
    data: bytes

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Hexadecimal | None:
        """Pack *values*; None where some are anything else, or come again: then they are compressed better as texts."""
        there = [value for value in values if value is not None]
        digits = _digits(there) if 2 * len(set(there)) > len(there) else None
        if digits is None:
            return None
        present = b"" if len(there) == len(values) else np.packbits([value is not None for value in values]).tobytes()
        beginning, data = digits
        return cls(beginning, len(data) // len(there), present, data)

    def opened(self) -> OpenHexadecimal:
        """Return them to be read."""
        ranks = None
        if self.present:
            bits = np.unpackbits(np.frombuffer(self.present, dtype=np.uint8)).astype(np.int64)
            ranks = np.where(bits == 1, np.cumsum(bits) - 1, -1).tolist()
        return OpenHexadecimal(self.beginning, self.size, ranks, self.data)


def _digits(values: Sequence[str]) -> tuple[str, bytes] | None:
    """Return what all of *values* begin with, and the hex digits behind it as bytes; None where other text stands."""
    size = len(values[0]) if values else 0
    if not 0 < size <= LONGEST_HEX or set(map(len, values)) != {size}:
        return None
    lowest, highest = min(values), max(values)
    start = next((at for at in range(size) if lowest[at] != highest[at]), size)
    # Two digits are a byte: an odd number takes the last of the beginning along.
    start -= (size - start) % 2
    if not 0 <= start < size:
        return None
    joined = "".join([value[start:] for value in values]) if start else "".join(values)
    try:
        data = bytes.fromhex(joined)
    except ValueError:
        return None
    # It takes capitals and blanks too.
    return (lowest[:start], data) if data.hex() == joined else None


class OpenHexadecimal:
    """A `Hexadecimal`, to be read."""

    __slots__ = ("_beginning", "_data", "_ranks", "_size")

    def __init__(self, beginning: str, size: int, ranks: list[int] | None, data: bytes) -> None:
        self._beginning = beginning
        self._size = size
        #: For each log how many before it have a value, and -1 where it has none; None when all have. Up to 7 too many.
        self._ranks = ranks
        self._data = data

    @property
    def parts(self) -> tuple[str, int, bytes]:
        """The beginning of all values, the bytes that each has behind it, and these of all, one after the other."""
        return self._beginning, self._size, self._data

    def __getitem__(self, at: int) -> str | None:
        if self._ranks is not None:
            at = self._ranks[at]
            if at < 0:
                return None
        return self._beginning + self._data[at * self._size : (at + 1) * self._size].hex()

    def rows(self, value: str) -> list[int]:
        """Return the logs that have *value*, ascending."""
        digits = value.removeprefix(self._beginning)
        if len(value) != len(self._beginning) + 2 * self._size or len(digits) != 2 * self._size:
            return []
        try:
            wanted = bytes.fromhex(digits)
        except ValueError:
            return []
        if wanted.hex() != digits:
            return []
        found, at = list[int](), self._data.find(wanted)
        while at >= 0:
            if at % self._size == 0:
                found.append(at // self._size)
            at = self._data.find(wanted, at + 1)
        if self._ranks is None or not found:
            return found
        return [self._ranks.index(rank) for rank in found]

    def all(self, count: int) -> list[str | None]:
        """Return the values of all *count* logs."""
        digits, width, beginning = self._data.hex(), 2 * self._size, self._beginning
        found = [beginning + digits[start : start + width] for start in range(0, len(digits), width)]
        if self._ranks is None:
            return list(found)
        return [found[rank] if rank >= 0 else None for rank in self._ranks[:count]]
