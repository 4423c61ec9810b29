"""How often the values of a field are met in neighbouring segments, of which a question without a filter asks the same again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from app.systems.sqlite.index.scan.numbering import Names, Numbers
from app.systems.sqlite.segments.stored import Segment

#: Blocks in a group.
GROUP = 16
#: Bytes of sums that a process keeps, and what each takes besides.
MOST_BYTES, _SUM_BYTES = 4 << 20, 500


class ValueSum(NamedTuple):
    """The numbers of values among the names of their field, and how often each was met."""

    names: Names
    numbers: Numbers
    counts: npt.NDArray[Any]


class _Kept(NamedTuple):
    #: Its names are not kept: they begin anew when they are too many.
    generation: int
    numbers: Numbers
    counts: npt.NDArray[Any]


class _Sums:
    """Sums of a process, by the number of the field and the stamps of the segments (`stamps_of`); those that were asked last stay."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[tuple[int, bytes], _Kept] = {}
        self._weight = 0

    def get(self, field: int, stamps: bytes, names: Names) -> ValueSum | None:
        """Return the sum of a field, by its *names* of now; None where it is not known."""
        with self._guard:
            found = self._kept.pop((field, stamps), None)
            if found is None:
                return None
            if found.generation != names.generation:
                self._weight -= _weight(found)
                return None
            self._kept[field, stamps] = found
        return ValueSum(names, found.numbers, found.counts)

    def keep(self, field: int, stamps: bytes, found: ValueSum) -> None:
        """Keep a sum."""
        kept = _Kept(found.names.generation, found.numbers, found.counts)
        with self._guard:
            former = self._kept.pop((field, stamps), None)
            self._weight += _weight(kept) - (0 if former is None else _weight(former))
            self._kept[field, stamps] = kept
            while self._weight > MOST_BYTES:
                self._weight -= _weight(self._kept.pop(next(iter(self._kept))))


def _weight(kept: _Kept) -> int:
    return kept.numbers.nbytes + kept.counts.nbytes + _SUM_BYTES


sums = _Sums()


def stamps_of(segments: Sequence[Segment]) -> bytes:
    """Return what no other segments have: stamps are never given twice, but damage may give one that of another."""
    return np.array([(one.first, one.stamp) for one in segments], dtype=np.int64).tobytes()
