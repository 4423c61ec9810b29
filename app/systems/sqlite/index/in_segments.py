"""The hits of a query that lie in segments: each segment is asked the whole filter, in the blocks that the marks leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import compress
from operator import attrgetter

import numpy as np

from app.ports.deadline import Deadline
from app.query.query import Query
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index.blocks import intervals
from app.systems.sqlite.index.scan.columns import SegmentFilter
from app.systems.sqlite.index.scan.marks import Wanted
from app.systems.sqlite.index.scan.possible import BlockMarks
from app.systems.sqlite.index.scan.sentences import SentenceCounts
from app.systems.sqlite.index.scan.summed import GROUP
from app.systems.sqlite.index.statements import Statements
from app.systems.sqlite.segments.directory import LostSegment, directory
from app.systems.sqlite.segments.parts import Longs
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.stored import Segment
from app.systems.sqlite.segments.window import Block, Blocks, KeyBounds

#: Greater than any place.
_BEYOND = 1 << 62
#: The rows of a whole segment: to make them anew takes a fifth of the time that a segment is asked for. Nobody may change them.
_ROWS = np.arange(BLOCK)
_ROWS.flags.writeable = False
#: A hit: t, ns, id, place.
Hit = tuple[int, int, bytes, int]


class InSegments(Statements):
    """Looks for a query's hits in segments, in the caller's read transaction."""

    def __init__(self, connection: Connection, blocks: Blocks, query: Query, deadline: Deadline) -> None:
        super().__init__(connection, deadline)
        self.blocks = blocks
        self.directory = directory(connection)
        self.query = query
        self.window = KeyBounds.of(query)
        self._filter = SegmentFilter(query.filter, connection, deadline.check)
        self._marks = BlockMarks(connection, Wanted(query.filter))

    @cached_property
    def sentences(self) -> SentenceCounts:
        """The filter's logs by the skeletons of messages."""
        return SentenceCounts(self.connection, self.query.filter)

    @cached_property
    def _lowest_row(self) -> int:
        """The lowest place of a row, and beyond all places where there is none."""
        lowest = self.connection.execute("SELECT min(place) FROM logs").fetchone()[0]
        return _BEYOND if lowest is None else int(lowest)

    def possible(self, blocks: Sequence[Block]) -> list[Block]:
        """Return those of *blocks* that can hold hits; blocks with rows always can."""
        numbers = np.fromiter(map(attrgetter("number"), blocks), dtype=np.int64, count=len(blocks))
        return list(compress(blocks, self._marks.possible(numbers).tolist()))

    def stretches(self, blocks: Sequence[Block]) -> Iterator[tuple[int, int, range]]:
        """Yield the places of *blocks*, ascending: of neighbouring segments, with their numbers, and between them of rows."""
        there = self.directory
        for first, last in intervals(blocks):
            # No rows stand between these segments, whatever places are empty.
            start = min(max(first, self._lowest_row), last + 1)
            together = there.between(first, start - 1)
            if together:
                yield first, start - 1, together
            for numbers in there.neighbours(there.between(start, last)) if start <= last else ():
                begin, end = there.firsts[numbers[0]], there.lasts[numbers[-1]]
                if begin > start:
                    yield start, begin - 1, range(0)
                yield begin, end, numbers
                start = end + 1
            if start <= last:
                yield start, last, range(0)

    def chosen(self, numbers: range) -> Iterator[tuple[Segment, Longs]]:
        """Yield of segments the rows that satisfy the filter within the window; of some without such rows nothing."""
        self.deadline.check()
        for one in self._filter.maybe(map(self.directory.segment, numbers)):
            self.deadline.check()
            if isinstance(one, LostSegment):
                raise one.damaged("the row and the keys of their segment are not what was written")
            whole = self.window.open or one.first // BLOCK in self.covered
            at = _ROWS[: one.logs] if whole else self.window.rows(one.keys(self.connection))
            yield one, self._filter.rows(one, at)

    @cached_property
    def covered(self) -> set[int]:
        """The numbers of the blocks whose logs all lie in the window."""
        return self.window.covered(self.blocks)

    def groups(self) -> Iterator[tuple[int, list[Segment]]]:
        """Yield the groups of blocks whose logs are all in segments and in the window, the newest first, with their segments."""
        covered = Counter([number // GROUP for number in self.covered])
        for number in sorted(covered, reverse=True):
            first, last = number * GROUP * BLOCK, (number + 1) * GROUP * BLOCK - 1
            if covered[number] == GROUP and last < self._lowest_row:
                yield number, list(map(self.directory.segment, self.directory.between(first, last)))

    def sealed(self, numbers: range, most: int | None) -> Iterator[Hit]:
        """Yield the hits in segments; of each at most the first *most*."""
        for one, found in self.chosen(numbers):
            if len(found):
                keys = one.keys(self.connection)
                at = found if most is None else self.window.ordered(keys, found, most)
                for key, place in zip(keys.keys(at), keys.places_of(at).tolist(), strict=True):
                    yield *key, place
