"""The hits of a query that lie in segments: places by terms first, then the keys of the segments that have some."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from app.log.record import LogRecord
from app.ports.deadline import Deadline
from app.query.filter import Phrase, Words, leaves
from app.query.meaning import predicate
from app.query.query import Query
from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index import plan
from app.systems.sqlite.index.blocks import intervals
from app.systems.sqlite.index.evaluate import looks_inside
from app.systems.sqlite.index.statements import Statements
from app.systems.sqlite.index.texts import BlockText
from app.systems.sqlite.segments.directory import Directory, directory
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
#: Rows among segments, as many places as this, are looked for with them.
_GAP = 4 * BLOCK


class Stretch(NamedTuple):
    """Neighbouring places, and the numbers of the segments that have some of them; without any all of them are rows."""

    first: int
    last: int
    numbers: range = range(0)

    def is_long(self) -> bool:
        """Return whether these are more rows than are worth a statement."""
        return not self.numbers and self.last - self.first >= _GAP


def _by_turns(there: Directory, first: int, last: int) -> Iterator[Stretch]:
    """Yield the places from *first* to *last*: of neighbouring segments, and between them of rows."""
    for numbers in there.neighbours(there.between(first, last)):
        begin, end = there.firsts[numbers[0]], there.lasts[numbers[-1]]
        if begin > first:
            yield Stretch(first, begin - 1)
        yield Stretch(begin, end, numbers)
        first = end + 1
    if first <= last:
        yield Stretch(first, last)


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

    def stretches(self, blocks: Sequence[Block]) -> Iterator[Stretch]:
        """Yield the places of *blocks*, ascending, by turns of segments and of rows.

        Unless all that is there is asked for, few rows among segments are no stretch of their own: a statement over terms that
        many logs have costs more than these rows do.
        """
        there = self.directory
        for interval in intervals(blocks):
            apart = _by_turns(there, *interval)
            if self.expression.everything:
                yield from apart
                continue
            joined = next(apart)
            for one in apart:
                if joined.is_long() or one.is_long():
                    yield joined
                    joined = one
                else:
                    numbers = range(min(joined.numbers or one.numbers), max(one.numbers or joined.numbers) + 1)
                    joined = Stretch(joined.first, one.last, numbers)
            yield joined

    def found(self, stretch: Stretch) -> Iterator[tuple[Iterator[tuple[Segment, Longs]], list[int]]]:
        """Yield of a stretch with segments their rows that satisfy the expression within the window, and the places that no segment has."""
        if self.expression.everything:
            yield self._each(stretch.numbers), []
            return
        for places in self._places(stretch.first, stretch.last):
            yield self._chosen(places), self.directory.outside(places).tolist()

    def _each(self, numbers: range) -> Iterator[tuple[Segment, Longs]]:
        for one in map(self.directory.segment, numbers):
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

    def _holding(self, one: Segment, at: Longs) -> Iterator[bool]:
        """Yield of each of the rows *at* of a segment whether it satisfies the filter; only what that asks for is read."""
        if not self.about_messages:
            yield from map(self.holds, one.records(self.connection, at.tolist()))
            return
        texts = self._folded(one, at) if self.about_words else None
        if texts is None:
            texts = one.messages_at(self.connection, at.tolist())
        yield from (self.holds(LogRecord(b"", 0, 0, "", text)) for text in texts)

    def _folded(self, one: Segment, at: Longs) -> list[str] | None:
        """Return the folded messages at the rows *at* of a segment, where its block has a text and several chunks would be read."""
        if int(at.min()) // CHUNK == int(at.max()) // CHUNK:
            return None
        places = one.keys(self.connection).places_of(at)
        return self._texts.folded(one.first // BLOCK, (places % BLOCK).tolist())

    def sealed(self, stretch: Stretch, most: int | None) -> Iterator[Hit]:
        """Yield the hits in a stretch with segments; where they are many, of each segment at most the first *most*."""
        if self.expression.everything:
            yield from self._first_of(self._each(stretch.numbers), most)
            return
        for places in self._places(stretch.first, stretch.last):
            if self.exact and len(places) <= _FEW:
                yield from self._singly(places.tolist())
            else:
                yield from self._first_of(self._chosen(places), most)
            yield from self.rows_at(self.directory.outside(places).tolist(), verified=self.exact)

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

    def satisfying(self, chosen: Iterator[tuple[Segment, Longs]]) -> Iterator[tuple[Segment, Longs]]:
        """Yield of rows that satisfy the expression those that satisfy the filter."""
        for one, at in chosen:
            if self.exact:
                yield one, at
            elif len(at):
                yield one, np.concatenate(list(self._held(one, at)))

    def rows_at(self, places: Sequence[int], *, verified: bool) -> Iterator[Hit]:
        """Yield the hits among the rows of `logs` at *places*."""
        condition, parameters = self.window.condition()
        columns = "l.id, l.t, l.ns, l.place" if verified else f"{rows.COLUMNS}, l.place"
        for start in range(0, len(places), 256):
            some = places[start : start + 256]
            statement = f"SELECT {columns} FROM logs l WHERE l.place IN ({','.join('?' * len(some))})"
            for row in self.run(statement + condition, [*some, *parameters]):
                if verified or self.holds(rows.record(row[:5])):
                    yield row[1], row[2], row[0], row[-1]
