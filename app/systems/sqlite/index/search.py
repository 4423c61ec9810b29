"""One query on one snapshot of the SQLite file: its hits in order, its count."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from app.damage import passed
from app.log.record import LogRecord
from app.ports.deadline import Deadline
from app.query.filter import EVERYTHING
from app.query.meaning import Predicate, predicate
from app.query.query import Query
from app.systems.sqlite import logs, rows
from app.systems.sqlite.checksums import said
from app.systems.sqlite.file import Connection, interruptible
from app.systems.sqlite.index import plan
from app.systems.sqlite.index.blocks import chunks
from app.systems.sqlite.index.in_segments import Hit, InSegments
from app.systems.sqlite.index.scan.facets import FacetTally
from app.systems.sqlite.index.scan.summed import GROUP
from app.systems.sqlite.index.scan.tally import tallied
from app.systems.sqlite.segments.window import Block, Blocks
from app.times.instant import Instant

#: Most blocks read at once for a page.
LARGEST_CHUNK = 1024
#: Logs that facets look at however long it takes; then seconds, and values met, beyond which what was counted is said to be a part.
FACET_LOGS, FACET_SECONDS, FACET_VALUES = 20_000, 0.5, 200_000
#: Blocks grouped in one statement.
_BLOCKS_AT_ONCE = 64
#: Hits that are sorted together: each segment of a chunk may have a page of them, of which the best are kept.
HITS_AT_ONCE = 16_384


class SqliteQuery(InSegments):
    """One query. Its methods run in the caller's read transaction."""

    def __init__(
        self,
        connection: Connection,
        blocks: Blocks,
        query: Query,
        deadline: Deadline,
        dictionary: plan.Dictionary,
    ) -> None:
        super().__init__(connection, blocks, query, deadline)
        self._dictionary = dictionary
        #: The filter over the terms of rows; segments have none.
        self.expression = plan.expression(query.filter, dictionary)
        self.holds: Predicate = predicate(query.filter)

    def first(self, most: int) -> list[Hit]:
        """Return the first *most* hits in the query's order."""
        found: list[Hit] = []
        for chunk in chunks(self.blocks, self.window, LARGEST_CHUNK):
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
        """Yield the hits in *blocks*; of each segment and stretch of rows at most the first *most*."""
        for first, last, sealed in self.stretches(self.possible(blocks)):
            if sealed:
                yield from self.sealed(sealed, most)
            elif self.expression.exact:
                yield from self._sorted(first, last, most)
            else:
                yield from self._verified(first, last, most)

    def select(self, columns: str, first: int, last: int) -> tuple[str, list[Any]]:
        """Return the statement for the rows that satisfy the expression between two places."""
        condition, parameters = self.window.condition()
        if self.expression.text is None:
            return f"SELECT {columns} FROM logs l WHERE l.place IS NULL", []
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
        lost = passed()
        if most is not None:
            statement += f" ORDER BY {self.window.order} LIMIT {most + len(lost)}"
        return [hit for hit in self.run(statement, parameters) if said.row_key(hit[2]) not in lost][:most]

    def _verified(self, first: int, last: int, most: int | None) -> Iterator[Hit]:
        statement, parameters = self.select(f"{rows.COLUMNS}, l.place", first, last)
        found, lost = 0, passed()
        with interruptible(self.connection, self.deadline.over):
            cursor = self.execute(f"{statement} ORDER BY {self.window.order}", parameters)
            for row in self.stepped(cursor):
                if said.row_key(row[0]) in lost:
                    continue
                record = rows.record(row[:5])
                if self.holds(record):
                    yield (*record.key, row[5])
                    found += 1
                    if found == most:
                        return

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
        for chunk in chunks(self.blocks, self.window, _BLOCKS_AT_ONCE):
            self.deadline.check()
            yield list(self.hits(chunk.blocks, None)), chunk.bound is None

    def tally(self, into: FacetTally) -> bool:
        """Count values of all logs of the query, blocks of the best keys first; return whether those were all."""
        until, seen = self.deadline.within(FACET_SECONDS), 0
        left: Sequence[Block] = self.blocks
        if self.query.filter == EVERYTHING:
            summed = set[int]()
            for number, group in self.groups():
                self.deadline.check()
                if into.add_group(self.connection, group):
                    summed.add(number)
                    seen += sum(one.logs for one in group)
                    if self._enough(into, seen, until):
                        return False
            left = [block for block in self.blocks if block.number // GROUP not in summed]
        for chunk in chunks(left, self.window, _BLOCKS_AT_ONCE):
            for first, last, sealed in self.stretches(self.possible(chunk.blocks)):
                for one, at in self.chosen(sealed):
                    seen += one.logs
                    if len(at):
                        into.add_rows(self.connection, one, at)
                    if self._enough(into, seen, until):
                        return False
                if not sealed:
                    seen += last - first + 1
                    into.add(self.records(list(self._rows(first, last))))
                if self._enough(into, seen, until):
                    return False
        return True

    @staticmethod
    def _enough(into: FacetTally, seen: int, until: Deadline) -> bool:
        """Return whether facets have looked at as many logs, for as long, as they may."""
        return seen >= FACET_LOGS and (until.over() or into.values() > FACET_VALUES)

    def _rows(self, first: int, last: int) -> Iterator[Hit]:
        """Return the hits among the rows between two places."""
        if self.expression.exact:
            return iter(self._sorted(first, last, None))
        return self._verified(first, last, None)

    @staticmethod
    def bucket(time_of: str, interval: int, offset: int) -> str:
        """Return the SQL for the start of the bucket that a time lies in."""
        # The remainder's sign follows the dividend in SQLite: times before the offset need the second `%`.
        return f"{time_of} - (({time_of} - {offset}) % {interval} + {interval}) % {interval}"

    def grouped(self, interval: int, offset: int) -> Iterator[list[tuple[int, str, int]]]:
        """Yield (start of bucket, level, count) for all hits of the window, some blocks at a time."""
        time_of = "l.t" if self.query.clock == "event" else "received(l.id)"
        start = self.bucket(time_of, interval, offset)
        for chunk in chunks(self.blocks, self.window, _BLOCKS_AT_ONCE):
            self.deadline.check()
            for first, last, sealed in self.stretches(self.possible(chunk.blocks)):
                if sealed:
                    yield tallied(self.connection, self.chosen(sealed), self.query.clock, interval, offset)
                elif self.expression.exact:
                    statement, parameters = self.select(f"{start}, l.level, count(*)", first, last)
                    yield self.run(f"{statement} GROUP BY 1, 2", parameters)
                else:
                    yield self._tallied(first, last, interval, offset)

    def _tallied(self, first: int, last: int, interval: int, offset: int) -> list[tuple[int, str, int]]:
        """Return the same of the rows between two places, each verified."""
        tally: Counter[tuple[int, str]] = Counter()
        for record in self.records(list(self._verified(first, last, None))):
            at = record.t if self.query.clock == "event" else record.received
            tally[at - (at - offset) % interval, record.level] += 1
        return [(at, level, count) for (at, level), count in tally.items()]

    def count(self, blocks: Sequence[Block]) -> int:
        """Return how many records in *blocks* satisfy the filter within the window."""
        found = 0
        for first, last, sealed in self.stretches(self.possible(blocks)):
            if sealed:
                found += sum(len(at) for _, at in self.chosen(sealed))
            elif self.expression.exact:
                found += self.run(*self.select("count(*)", first, last))[0][0]
            else:
                found += sum(1 for _ in self._verified(first, last, None))
        return found
