"""One query on one snapshot of the SQLite file: its hits in order, its count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from app.core.errors import TimedOut
from app.core.filter import EVERYTHING
from app.core.instant import Instant
from app.core.meaning import predicate
from app.core.query import Page, Query
from app.core.record import LogRecord
from app.drivers import rows
from app.drivers.sqlite import Connection, OperationalError, interruptible
from app.search import plan
from app.search.blocks import Block, Window, chunks, intervals
from app.search.clock import Clock
from app.search.evaluate import Evaluator, looks_inside

#: A hit: t, ns, id, place.
Hit = tuple[int, int, bytes, int]

#: Blocks read at once by a query that terms answer, and by one whose hits are verified one by one.
LARGEST_CHUNK = 4096
LARGEST_VERIFIED_CHUNK = 16
#: With `count=auto`: seconds of extra work, and verified hits, before the total becomes `at least`.
COUNT_SECONDS = 0.020
COUNT_HITS = 10_000
#: Blocks counted in one statement, so that what was counted when the time is up is not lost.
COUNT_BLOCKS = 64


class Search:
    """One query. Its methods run in the caller's read transaction."""

    def __init__(
        self,
        connection: Connection,
        blocks: Sequence[Block],
        query: Query,
        clock: Clock,
        dictionary: plan.Dictionary,
    ) -> None:
        self.connection = connection
        self.blocks = blocks
        self.query = query
        self.clock = clock
        self.window = Window.of(query)
        self._dictionary = dictionary
        self.expression = plan.expression(query.filter, dictionary)
        self.holds: Callable[[LogRecord], bool] = predicate(query.filter)
        self._evaluator = Evaluator(query.filter, connection, dictionary) if looks_inside(query.filter) else None

    @property
    def exact(self) -> bool:
        """Whether terms alone answer the query, so that SQLite can count and sort."""
        return self.expression.exact and self._evaluator is None

    def page(self) -> Page:
        """Return the query's page, with its total if it asks for one."""
        limit = self.query.limit
        hits = self.first(limit + 1)
        shown, more = hits[:limit], len(hits) > limit
        following = shown[-1][:3] if more else None
        total, exact = self._total(len(shown), more)
        return Page(self.records(shown), total, exact, following)

    def first(self, most: int) -> list[Hit]:
        """Return the first *most* hits in the query's order."""
        found: list[Hit] = []
        size = LARGEST_CHUNK if self.exact else LARGEST_VERIFIED_CHUNK
        for chunk in chunks(self.blocks, self.window, size):
            self.clock.check()
            for hit in self._chunk(chunk.blocks, most):
                found.append(hit)
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

    def _chunk(self, blocks: Sequence[Block], most: int | None) -> Iterator[Hit]:
        """Yield the hits in *blocks*; of each interval at most the first *most*."""
        if self.expression.text is None:
            return
        if self._evaluator is not None:
            yield from self._inside(blocks, most)
            return
        for first, last in intervals(blocks):
            if self.exact:
                yield from self._sorted(first, last, most)
            else:
                yield from self._verified(first, last, most)

    def _select(self, columns: str, first: int, last: int) -> tuple[str, list[Any]]:
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
        statement, parameters = self._select("l.t, l.ns, l.id, l.place", first, last)
        if most is not None:
            statement += f" ORDER BY {self.window.order} LIMIT {most}"
        return self.run(statement, parameters)

    def _verified(self, first: int, last: int, most: int | None) -> Iterator[Hit]:
        statement, parameters = self._select(f"{rows.COLUMNS}, l.place", first, last)
        found = 0
        with interruptible(self.connection, self.clock.over):
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
        evaluator = self._evaluator
        assert evaluator is not None
        evaluator.load(blocks)
        condition, parameters = self.window.condition()
        for block in blocks:
            self.clock.check()
            found = evaluator.block(block)
            if found.exact and not found.mask.any():
                continue
            places = (np.flatnonzero(found.mask) + block.first).tolist()
            for start in range(0, len(places), 256):
                some = places[start : start + 256]
                statement = f"SELECT {rows.COLUMNS}, l.place FROM logs l WHERE l.place IN ({','.join('?' * len(some))})"
                for row in self.run(statement + condition, [*some, *parameters]):
                    if found.exact or self.holds(rows.record(row[:5])):
                        yield row[1], row[2], row[0], row[5]

    def records(self, hits: Sequence[Hit]) -> list[LogRecord]:
        """Return the records of *hits*, in their order."""
        found = {}
        places = [hit[3] for hit in hits]
        for start in range(0, len(places), 500):
            some = places[start : start + 500]
            marks = ",".join("?" * len(some))
            for row in self.run(f"SELECT {rows.COLUMNS}, place FROM logs WHERE place IN ({marks})", some):
                found[row[5]] = rows.record(row[:5])
        return [found[place] for place in places]

    def narrowed(self, start: Instant | None, end: Instant | None) -> Search:
        """Return the same search in another window, from its beginning."""
        query = replace(self.query, start=start, end=end, after=None)
        return Search(self.connection, self.blocks, query, self.clock, self._dictionary)

    def each(self) -> Iterator[tuple[list[Hit], bool]]:
        """Yield all hits of the window, some blocks at a time, and whether no blocks are left."""
        for chunk in chunks(self.blocks, self.window, COUNT_BLOCKS if self.exact else LARGEST_VERIFIED_CHUNK):
            self.clock.check()
            yield list(self._chunk(chunk.blocks, None)), chunk.bound is None

    def grouped(self, interval: int, offset: int) -> Iterator[list[tuple[int, str, int]]]:
        """Yield (start of bucket, level, count) for all hits of the window, some blocks at a time."""
        time_of = "l.t" if self.query.clock == "event" else "received(l.id)"
        # The remainder's sign follows the dividend in SQLite: times before the offset need the second `%`.
        start = f"{time_of} - (({time_of} - {offset}) % {interval} + {interval}) % {interval}"
        for chunk in chunks(self.blocks, self.window, COUNT_BLOCKS if self.exact else LARGEST_VERIFIED_CHUNK):
            self.clock.check()
            if self.exact and self.expression.text is not None:
                for first, last in chunk.intervals():
                    statement, parameters = self._select(f"{start}, l.level, count(*)", first, last)
                    yield self.run(f"{statement} GROUP BY 1, 2", parameters)
            elif not self.exact:
                tally: Counter[tuple[int, str]] = Counter()
                for record in self.records(list(self._chunk(chunk.blocks, None))):
                    at = record.t if self.query.clock == "event" else record.received
                    tally[at - (at - offset) % interval, record.level] += 1
                yield [(at, level, count) for (at, level), count in tally.items()]

    def _total(self, shown: int, more: bool) -> tuple[int | None, bool]:
        if self.query.count == "none":
            return None, False
        if not more and self.query.after is None:
            return shown, True
        auto = self.query.count == "auto"
        clock = self.clock.within(COUNT_SECONDS) if auto else self.clock
        total, exact = self.count(clock, COUNT_HITS if auto else None)
        if not exact and not auto:
            raise self.clock.timed_out()
        return max(total, shown + more), exact

    def count(self, clock: Clock, most: int | None) -> tuple[int, bool]:
        """Return how many records the whole window holds, and whether that is all of them."""
        query = replace(self.query, after=None)
        whole = Search(self.connection, self.blocks, query, clock, self._dictionary)
        if query.filter == EVERYTHING and query.start is None and query.end is None:
            return rows.get_state(self.connection, "stored"), True
        total = 0
        try:
            for chunk in chunks(whole.blocks, whole.window, COUNT_BLOCKS):
                total += (
                    whole.count_in(chunk.blocks) if whole.exact else sum(1 for _ in whole._chunk(chunk.blocks, None))
                )
                if clock.over() or (most is not None and not whole.exact and total >= most):
                    return total, chunk.bound is None
        except TimedOut:
            return total, False
        return total, True

    def count_in(self, blocks: Sequence[Block]) -> int:
        """Return how many records in *blocks* satisfy an exact expression."""
        if self.expression.text is None:
            return 0
        total = 0
        covered = [block for block in blocks if self.window.covers(block)]
        partly = [block for block in blocks if not self.window.covers(block)]
        for first, last in intervals(covered):
            if self.expression.everything:
                total += self.run("SELECT count(*) FROM logs WHERE place BETWEEN ? AND ?", [first, last])[0][0]
            else:
                statement = "SELECT count(*) FROM terms WHERE terms MATCH ? AND rowid BETWEEN ? AND ?"
                total += self.run(statement, [self.expression.text, first, last])[0][0]
        for first, last in intervals(partly):
            total += self.run(*self._select("count(*)", first, last))[0][0]
        return total

    def run(self, statement: str, parameters: Sequence[Any]) -> list[Any]:
        """Return all rows of *statement*, unless the clock says stop."""
        with interruptible(self.connection, self.clock.over):
            try:
                found: list[Any] = self.connection.execute(statement, parameters).fetchall()
            except OperationalError as error:
                raise self._stopped(error) from None
        return found

    def execute(self, statement: str, parameters: Sequence[Any]) -> Any:
        """Return a cursor of *statement*."""
        try:
            return self.connection.execute(statement, parameters)
        except OperationalError as error:
            raise self._stopped(error) from None

    def stepped(self, cursor: Any) -> Iterator[Any]:
        """Yield the rows of a cursor, unless the clock says stop."""
        try:
            for number, row in enumerate(cursor):
                if number % 64 == 0:
                    self.clock.check()
                yield row
        except OperationalError as error:
            raise self._stopped(error) from None

    def _stopped(self, error: Exception) -> Exception:
        return self.clock.timed_out() if "interrupted" in str(error) else error
