"""One query on one snapshot of the SQLite file: its hits in order, its count."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from app.log.record import LogRecord
from app.ports.deadline import Deadline
from app.query.query import Query
from app.systems.sqlite import logs, rows
from app.systems.sqlite.file import Connection, interruptible
from app.systems.sqlite.index import plan
from app.systems.sqlite.index.blocks import chunks
from app.systems.sqlite.index.evaluate import Evaluator, Found, looks_inside
from app.systems.sqlite.index.in_segments import Hit, InSegments
from app.systems.sqlite.segments.tally import tallied
from app.systems.sqlite.segments.window import Block
from app.times.instant import Instant

#: Blocks read at once by a query that terms answer, and by one whose hits are verified one by one.
LARGEST_CHUNK = 4096
LARGEST_VERIFIED_CHUNK = 64
#: Blocks grouped in one statement.
_BLOCKS_AT_ONCE = 64
#: Hits that are sorted together: each segment of a chunk may have a page of them, of which the best are kept.
HITS_AT_ONCE = 16_384


class SqliteQuery(InSegments):
    """One query. Its methods run in the caller's read transaction."""

    def __init__(
        self,
        connection: Connection,
        blocks: Sequence[Block],
        query: Query,
        deadline: Deadline,
        dictionary: plan.Dictionary,
    ) -> None:
        super().__init__(connection, query, deadline, dictionary)
        self.blocks = blocks
        self._dictionary = dictionary
        self.evaluator = Evaluator(query.filter, connection, dictionary) if looks_inside(query.filter) else None

    def first(self, most: int) -> list[Hit]:
        """Return the first *most* hits in the query's order."""
        found: list[Hit] = []
        size = LARGEST_CHUNK if self.exact else LARGEST_VERIFIED_CHUNK
        for chunk in chunks(self.blocks, self.window, size):
            self.deadline.check()
            hits = iter(self.hits(chunk.blocks, most))
            while some := list(itertools.islice(hits, HITS_AT_ONCE)):
                found += some
                found.sort(key=self._key, reverse=self.window.descending)
                del found[most:]
            if len(found) == most and (chunk.bound is None or self._beats(found[-1], chunk.bound)):
                break
        return found

    def _key(self, hit: Hit) -> Any:
        return hit[:3] if self.query.clock == "event" else hit[2]

    def _beats(self, hit: Hit, bound: Any) -> bool:
        key = self._key(hit)
        return bool(key > bound if self.window.descending else key < bound)

    def hits(self, blocks: Sequence[Block], most: int | None) -> Iterator[Hit]:
        """Yield the hits in *blocks*; of each interval at most the first *most*."""
        if self.expression.text is None:
            return
        if self.evaluator is not None:
            yield from self._inside(blocks, most)
            return
        for stretch in self.stretches(blocks):
            if stretch.numbers:
                yield from self.sealed(stretch, most)
            elif self.exact:
                yield from self._sorted(stretch.first, stretch.last, most)
            else:
                yield from self._verified(stretch.first, stretch.last, most)

    def select(self, columns: str, first: int, last: int) -> tuple[str, list[Any]]:
        """Return the statement for the rows that satisfy the expression between two places."""
        condition, parameters = self.window.condition()
        if self.expression.everything:
            return f"SELECT {columns} FROM logs l WHERE l.place BETWEEN ? AND ?{condition}", [first, last, *parameters]
        # CROSS JOIN keeps the order of the loops: posting lists first, then the rows they name.
        return (
            f"SELECT {columns} FROM terms CROSS JOIN logs l ON l.place = terms.rowid"
            f" WHERE terms MATCH ? AND terms.rowid BETWEEN ? AND ?{condition}",
            [self.expression.text, first, last, *parameters],
        )

    def _sorted(self, first: int, last: int, most: int | None) -> list[Hit]:
        statement, parameters = self.select("l.t, l.ns, l.id, l.place", first, last)
        if most is not None:
            statement += f" ORDER BY {self.window.order} LIMIT {most}"
        return self.run(statement, parameters)

    def _verified(self, first: int, last: int, most: int | None) -> Iterator[Hit]:
        statement, parameters = self.select(f"{rows.COLUMNS}, l.place", first, last)
        found = 0
        with interruptible(self.connection, self.deadline.over):
            cursor = self.execute(f"{statement} ORDER BY {self.window.order}", parameters)
            for row in self.stepped(cursor):
                record = rows.record(row[:5])
                if self.holds(record):
                    yield (*record.key, row[5])
                    found += 1
                    if found == most:
                        return

    def _inside(self, blocks: Sequence[Block], most: int | None) -> Iterator[Hit]:
        """Yield the hits that block texts lead to."""
        evaluator = self.evaluator
        assert evaluator is not None
        evaluator.load(blocks)
        for block in blocks:
            self.deadline.check()
            yield from self.hits_at(block, evaluator.block(block))

    def hits_at(self, block: Block, found: Found) -> Iterator[Hit]:
        """Yield the hits among the places that were *found* in a block."""
        if not found.mask.any():
            return
        places = np.flatnonzero(found.mask) + block.first
        there = self.directory
        for one in map(there.segment, there.between(block.first, block.last)):
            keys = one.keys(self.connection)
            at = keys.rows_at(places)
            yield from self.held(one, self.window.rows(keys, at), verified=found.exact)
            if len(at) == len(places):
                return
            places = np.setdiff1d(places, keys.places[at], assume_unique=True)
        yield from self.rows_at(places.tolist(), verified=found.exact)

    def records(self, hits: Sequence[Hit]) -> list[LogRecord]:
        """Return the records of *hits*, in their order."""
        found: dict[int, LogRecord] = {}
        places = [hit[3] for hit in hits]
        for start in range(0, len(places), 1_000):
            self.deadline.check()
            found.update(logs.at_places(self.connection, places[start : start + 1_000]))
        return [found[place] for place in places]

    def narrowed(self, start: Instant | None, end: Instant | None) -> SqliteQuery:
        """Return the same search in another window, from its beginning."""
        return self.again(replace(self.query, start=start, end=end, after=None), self.deadline)

    def again(self, query: Query, deadline: Deadline) -> SqliteQuery:
        """Return a search for *query* in the same transaction."""
        return SqliteQuery(self.connection, self.blocks, query, deadline, self._dictionary)

    def each(self) -> Iterator[tuple[list[Hit], bool]]:
        """Yield all hits of the window, some blocks at a time, and whether no blocks are left."""
        for chunk in chunks(self.blocks, self.window, _BLOCKS_AT_ONCE if self.exact else LARGEST_VERIFIED_CHUNK):
            self.deadline.check()
            yield list(self.hits(chunk.blocks, None)), chunk.bound is None

    @staticmethod
    def bucket(time_of: str, interval: int, offset: int) -> str:
        """Return the SQL for the start of the bucket that a time lies in."""
        # The remainder's sign follows the dividend in SQLite: times before the offset need the second `%`.
        return f"{time_of} - (({time_of} - {offset}) % {interval} + {interval}) % {interval}"

    def grouped(self, interval: int, offset: int) -> Iterator[list[tuple[int, str, int]]]:
        """Yield (start of bucket, level, count) for all hits of the window, some blocks at a time."""
        time_of = "l.t" if self.query.clock == "event" else "received(l.id)"
        start = self.bucket(time_of, interval, offset)
        for chunk in chunks(self.blocks, self.window, _BLOCKS_AT_ONCE if self.exact else LARGEST_VERIFIED_CHUNK):
            self.deadline.check()
            if self.expression.text is None:
                continue
            if self.evaluator is not None:
                yield self._tallied(self.hits(chunk.blocks, None), interval, offset)
                continue
            for stretch in self.stretches(chunk.blocks):
                if stretch.numbers:
                    for chosen, others in self.found(stretch):
                        yield tallied(self.connection, self.satisfying(chosen), self.query.clock, interval, offset)
                        yield self._tallied(self.rows_at(others, verified=self.exact), interval, offset)
                elif self.exact:
                    statement, parameters = self.select(f"{start}, l.level, count(*)", stretch.first, stretch.last)
                    yield self.run(f"{statement} GROUP BY 1, 2", parameters)
                else:
                    yield self._tallied(self._verified(stretch.first, stretch.last, None), interval, offset)

    def _tallied(self, hits: Iterator[Hit], interval: int, offset: int) -> list[tuple[int, str, int]]:
        """Return (start of bucket, level, count) of *hits*."""
        tally: Counter[tuple[int, str]] = Counter()
        for record in self.records(list(hits)):
            at = record.t if self.query.clock == "event" else record.received
            tally[at - (at - offset) % interval, record.level] += 1
        return [(at, level, count) for (at, level), count in tally.items()]

    def count(self, blocks: Sequence[Block]) -> int:
        """Return how many records in *blocks* satisfy a filter that doesn't look inside messages, within the window."""
        found = 0
        for stretch in self.stretches(blocks):
            if stretch.numbers:
                for chosen, others in self.found(stretch):
                    found += sum(len(at) for _, at in self.satisfying(chosen))
                    found += sum(1 for _ in self.rows_at(others, verified=self.exact))
            elif self.exact:
                found += self.run(*self.select("count(*)", stretch.first, stretch.last))[0][0]
            else:
                found += sum(1 for _ in self._verified(stretch.first, stretch.last, None))
        return found
