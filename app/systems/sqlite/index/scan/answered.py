"""Which rows of a segment satisfy a filter, as an earlier question found it: a search asks the same filter for its page, its total,
its chart and its values, and again for the next page.

Segments never change, and a stamp is never given twice: so what was found of one holds as long as it is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np

from app.query.filter import Filter
from app.systems.sqlite.segments.directory import LostSegment
from app.systems.sqlite.segments.parts import Longs
from app.systems.sqlite.segments.stored import Segment

#: Most bytes of answers that a process keeps, about; of one filter half of them.
MOST_BYTES = 8 << 20
#: Bytes that an answer takes besides its rows, and those of a filter's text for each character.
_ANSWER_BYTES, _CHARACTER_BYTES = 300, 8
#: From so many rows on they are kept as a bit for each log.
_MANY = 64
_NONE: Longs = np.zeros(0, dtype=np.int64)
_NONE.flags.writeable = False


class Answers:
    """The answers of one filter, by the first place and the stamp of the segment: damage may give one the stamp of another.

    What one thread adds the others find.
    """

    def __init__(self, tree: Filter) -> None:
        self.tree = tree
        self.weight = _CHARACTER_BYTES * len(repr(tree))
        self._kept: dict[tuple[int, int], bytes] = {}

    def rows(self, one: Segment) -> Longs | None:
        """Return the rows of a segment that satisfy the filter, ascending; None where they are not known. Nobody may change them."""
        packed = self._kept.get((one.first, one.stamp))
        if not packed:
            return None if packed is None else _NONE
        if len(packed) < 2 * _MANY:
            return np.frombuffer(packed, dtype=np.uint16).astype(np.int64)
        return np.unpackbits(np.frombuffer(packed, dtype=np.uint8)).nonzero()[0]

    def maybe(self, some: Iterable[Segment]) -> list[Segment]:
        """Return the segments without those that are known to have no such row: most, where few logs are looked for."""
        known = self._kept
        return [one for one in some if known.get((one.first, one.stamp)) != b"" or isinstance(one, LostSegment)]

    def keep(self, one: Segment, rows: Longs) -> None:
        """Note which rows of a segment satisfy the filter."""
        if len(rows) < _MANY:
            packed = rows.astype(np.uint16).tobytes()
        else:
            bits = np.zeros(max(one.logs, 16 * _MANY), dtype=np.bool_)
            bits[rows] = True
            packed = np.packbits(bits).tobytes()
        if _cache.grows(self, len(packed) + _ANSWER_BYTES):
            self._kept[one.first, one.stamp] = packed


class _Cache:
    """The answers of a process by filter, the one that was asked last at the end; those at the beginning go first."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[Filter, Answers] = {}
        self._weight = 0

    def of(self, tree: Filter) -> Answers:
        """Return the answers of a filter."""
        with self._guard:
            found = self._kept.pop(tree, None)
            if found is None:
                found = Answers(tree)
                self._weight += found.weight
            self._kept[tree] = found
            self._shrink()
            return found

    def grows(self, answers: Answers, weight: int) -> bool:
        """Note *weight* bytes more of a filter; return whether there is room for them."""
        with self._guard:
            if self._kept.get(answers.tree) is not answers or answers.weight + weight > MOST_BYTES // 2:
                return False
            answers.weight += weight
            self._weight += weight
            self._shrink()
            return True

    def _shrink(self) -> None:
        while self._weight > MOST_BYTES:
            self._weight -= self._kept.pop(next(iter(self._kept))).weight


_cache = _Cache()

#: Returns what a process knows of a filter.
answers = _cache.of
