"""The ports as a bound reader has them: whatever is asked, only logs that fit the reader's filter are seen and counted.

Nothing else of the system is there: a method that is missing here can't be asked by mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NoReturn

from app.errors import Forbidden, Unavailable
from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.ports.index import SearchIndex
from app.ports.queue import Depth, LogQueue
from app.ports.record import Lacking, LogStore
from app.query.filter import And, Filter
from app.query.meaning import predicate
from app.query.normal import normal
from app.query.query import Bucket, Facets, FieldInfo, Page, Query
from app.times.instant import Instant


class Undecided(Unavailable):
    """Logs are on their way, and whether a bound reader may see any of them is not known yet."""

    def __init__(self) -> None:
        super().__init__("accepted logs are on their way, and whether you may see any of them is not known yet")


class BoundIndex:
    """A SearchIndex in which only the logs of a filter are."""

    def __init__(self, index: SearchIndex, bound: Filter) -> None:
        self._index = index
        self._bound = bound

    def _meant(self, query: Query) -> Query:
        return replace(query, filter=normal(And((self._bound, query.filter))))

    def find(self, query: Query, budget: Budget = Budget()) -> Page:
        """See SearchIndex."""
        return self._index.find(self._meant(query), budget)

    def scan(self, query: Query, budget: Budget = Budget()) -> Iterator[list[LogRecord]]:
        """See SearchIndex."""
        return self._index.scan(self._meant(query), budget)

    def histogram(
        self, query: Query, interval: int, by_level: bool, offset: int = 0, budget: Budget = Budget()
    ) -> list[Bucket]:
        """See SearchIndex."""
        return self._index.histogram(self._meant(query), interval, by_level, offset, budget)

    def facets(self, query: Query, fields: Sequence[str], size: int, budget: Budget = Budget()) -> Facets:
        """See SearchIndex."""
        return self._index.facets(self._meant(query), fields, size, budget)

    def fields(self, query: Query, budget: Budget = Budget()) -> list[FieldInfo]:
        """See SearchIndex."""
        return self._index.fields(self._meant(query), budget)

    def span(self, query: Query, budget: Budget = Budget()) -> tuple[Instant, Instant] | None:
        """See SearchIndex."""
        return self._index.span(self._meant(query), budget)


class BoundStore:
    """As much of a LogStore as finding asks for, in which only the logs of a filter are."""

    def __init__(self, store: LogStore, bound: Filter) -> None:
        self._store = store
        self._holds = predicate(bound)

    def get(self, ids: Sequence[bytes]) -> list[LogRecord]:
        """See LogStore."""
        return [record for record in self._store.get(ids) if self._holds(record)]

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """See LogStore. A chunk may be empty: who reads on is asked after each whether there is time left."""
        for records in self._store.walk(query):
            yield [record for record in records if self._holds(record)]

    def lacking(self) -> Lacking:
        """Return that nothing is lacking; raises Undecided where something is."""
        if self._store.lacking().logs:
            raise Undecided
        return Lacking(0, None)

    def newest_place(self, *, held_back: bool = False) -> int:
        """See LogStore. It counts every log: what is given away of it is a cursor that only this server reads."""
        return self._store.newest_place(held_back=held_back)


class BoundQueue:
    """As much of a LogQueue as finding asks for: what waits has been seen by nobody."""

    def __init__(self, queue: LogQueue) -> None:
        self._queue = queue

    def depth(self) -> Depth:
        """Return that nothing waits; raises Undecided where something does."""
        if self._queue.depth().logs:
            raise Undecided
        return Depth(0, 0, None)

    def waiting(self, first: bytes, last: bytes) -> int:
        """Return 0: that somebody else's log waits must look like its not being there."""
        return 0


class BoundLetters:
    """As much of a LetterKeeper as finding asks for: dead letters are nobody's but the admin's."""

    def dead_between(self, first: bytes, last: bytes) -> int:
        """Return 0, as for a log that is not there."""
        return 0


class Closed:
    """A part of the record that can't be bound: whatever is asked of it raises Forbidden."""

    def __getattr__(self, name: str) -> NoReturn:
        raise Forbidden("this can't be bound to a filter: a reader of every log is needed")
