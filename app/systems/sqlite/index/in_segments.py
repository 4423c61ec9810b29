"""The hits of a query that lie in segments: places by terms first, then the keys of the segments that have some."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from app.log.record import LogRecord
from app.ports.deadline import Deadline
from app.query.filter import Phrase, Words, leaves
from app.query.meaning import predicate
from app.query.query import Query
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index import plan
from app.systems.sqlite.index.blocks import intervals
from app.systems.sqlite.index.evaluate import looks_inside
from app.systems.sqlite.index.statements import Statements
from app.systems.sqlite.index.texts import BlockText
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.parts import Longs
from app.systems.sqlite.segments.places import BLOCK, CHUNK
from app.systems.sqlite.segments.stored import Segment
from app.systems.sqlite.segments.window import Block, KeyBounds

#: A hit: t, ns, id, place.
Hit = tuple[int, int, bytes, int]

#: So many places in segments are looked at one by one.
_FEW = 256
#: Places read at once.
_PLACES_AT_ONCE = 65_536


class InSegments(Statements):
    """Looks for a query's hits in segments, in the caller's read transaction."""

    def __init__(self, connection: Connection, query: Query, deadline: Deadline, dictionary: plan.Dictionary) -> None:
        super().__init__(connection, deadline)
        self.directory = directory(connection)
        self.query = query
        self.window = KeyBounds.of(query)
        self.expression = plan.expression(query.filter, dictionary)
        self.holds: Callable[[LogRecord], bool] = predicate(query.filter)
        #: Whether the filter asks for nothing but the message.
        self.about_messages = all(getattr(leaf, "field", "message") == "message" for leaf in leaves(query.filter))
        #: Whether it asks for nothing but words, which folded messages have too.
        self.about_words = all(isinstance(leaf, Phrase | Words) for leaf in leaves(query.filter))
        self._texts = BlockText(connection)
        #: Whether terms alone answer the query, so that SQLite can count and sort.
        self.exact = self.expression.exact and not looks_inside(query.filter)

    def stretches(self, blocks: Sequence[Block]) -> Iterator[tuple[int, int, range]]:
        """Yield the places of *blocks*, ascending: of neighbouring segments, with their numbers, and between them of rows."""
        there = self.directory
        for first, last in intervals(blocks):
            start = first
            for numbers in there.neighbours(there.between(first, last)):
                begin, end = there.firsts[numbers[0]], there.lasts[numbers[-1]]
                if begin > start:
                    yield start, begin - 1, range(0)
                yield begin, end, numbers
                start = end + 1
            if start <= last:
                yield start, last, range(0)

    def chosen(self, numbers: range) -> Iterator[tuple[Segment, Longs]]:
        """Yield of neighbouring segments the rows that satisfy the expression within the window."""
        there = self.directory
        if not self.expression.everything:
            for places in self._places(there.firsts[numbers[0]], there.lasts[numbers[-1]]):
                yield from self._chosen(places)
            return
        for one in map(there.segment, numbers):
            self.deadline.check()
            yield one, self.window.rows(one.keys(self.connection))

    def _chosen(self, places: Longs) -> Iterator[tuple[Segment, Longs]]:
        """Yield of the segments that have some of *places* the rows within the window."""
        for number, some in self.directory.at(places):
            self.deadline.check()
            one = self.directory.segment(number)
            keys = one.keys(self.connection)
            yield one, self.window.rows(keys, keys.rows_at(some))

    def _places(self, first: int, last: int) -> Iterator[Longs]:
        """Yield the places from *first* to *last* whose terms satisfy the expression, ascending, in chunks."""
        statement = "SELECT rowid FROM terms WHERE terms MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?"
        while first <= last:
            found = self.run(statement, [self.expression.text, first, last, _PLACES_AT_ONCE])
            if found:
                yield np.array(found, dtype=np.int64)[:, 0]
            if len(found) < _PLACES_AT_ONCE:
                return
            first = found[-1][0] + 1

    def _holding(self, one: Segment, rows: Longs) -> Iterator[bool]:
        """Yield of each of *rows* of a segment whether it satisfies the filter; only what that asks for is read."""
        if not self.about_messages:
            yield from map(self.holds, one.records(self.connection, rows.tolist()))
            return
        texts = self._folded(one, rows) if self.about_words else None
        if texts is None:
            texts = one.messages_at(self.connection, rows.tolist())
        yield from (self.holds(LogRecord(b"", 0, 0, "", text)) for text in texts)

    def _folded(self, one: Segment, rows: Longs) -> list[str] | None:
        """Return the folded messages at *rows* of a segment, where its block has a text and several chunks would be read."""
        if int(rows.min()) // CHUNK == int(rows.max()) // CHUNK:
            return None
        places = one.keys(self.connection).places_of(rows)
        return self._texts.folded(one.first // BLOCK, (places % BLOCK).tolist())

    def sealed(self, numbers: range, most: int | None) -> Iterator[Hit]:
        """Yield the hits in neighbouring segments; where they are many, of each at most the first *most*."""
        if self.expression.everything:
            yield from self._first_of(self.chosen(numbers), most)
            return
        there = self.directory
        for places in self._places(there.firsts[numbers[0]], there.lasts[numbers[-1]]):
            if self.exact and len(places) <= _FEW:
                yield from self._singly(places.tolist())
            else:
                yield from self._first_of(self._chosen(places), most)

    def _singly(self, places: Sequence[int]) -> Iterator[Hit]:
        """Yield the hits among *places* of segments, of which few lie in the same, where terms alone answer the query."""
        for place in places:
            one = self.directory.holding(place)
            keys = None if one is None else one.keys(self.connection)
            row = None if keys is None else keys.row_at(place)
            if one is None or keys is None or row is None:
                continue
            key = keys.key(row)
            if self.window.holds(key):
                yield *key, place
        self.deadline.check()

    def _first_of(self, chosen: Iterator[tuple[Segment, Longs]], most: int | None) -> Iterator[Hit]:
        for one, found in chosen:
            at = found
            if most is not None:
                at = self.window.ordered(one.keys(self.connection), found, most if self.exact else None)
            yield from itertools.islice(self.held(one, at, verified=self.exact), most)

    def held(self, one: Segment, at: Longs, *, verified: bool) -> Iterator[Hit]:
        """Yield those of the rows *at* of a segment that satisfy the filter, in their order."""
        keys = one.keys(self.connection)
        for some in [at] if verified else self._held(one, at):
            for key, place in zip(keys.keys(some), keys.places_of(some).tolist(), strict=True):
                yield *key, place

    def _held(self, one: Segment, at: Longs) -> Iterator[Longs]:
        """Yield, some at a time, those of the rows *at* of a segment that satisfy the filter, in their order."""
        step = 64 if len(at) < one.logs // 2 else one.logs
        for start in range(0, len(at), step):
            self.deadline.check()
            some = at[start : start + step]
            yield some[np.fromiter(self._holding(one, some), dtype=np.bool_, count=len(some))]

    def satisfying(self, numbers: range) -> Iterator[tuple[Segment, Longs]]:
        """Yield of neighbouring segments the rows that satisfy the filter within the window."""
        for one, at in self.chosen(numbers):
            if self.exact:
                yield one, at
            elif len(at):
                yield one, np.concatenate(list(self._held(one, at)))
