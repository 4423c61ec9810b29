"""The ports as a bound reader has them: only logs that fit the reader's filter are seen and counted, without hidden fields.

Nothing else of the system is there: a method that is missing here can't be asked by mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from app.errors import Forbidden, Unavailable
from app.find.hidden import NO_FIELD, Hidden
from app.log.record import LogRecord
from app.ports.alerts import CHANGES, AlertKeeper, Change, SavedSearch, WatchedAlert
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.ports.queue import Depth, LogQueue
from app.ports.record import Lacking, LogStore
from app.query.filter import EVERYTHING, And, Filter
from app.query.meaning import predicate
from app.query.normal import normal
from app.query.query import Bucket, Facets, FieldInfo, Page, Query, Value
from app.times.instant import Instant


class Undecided(Unavailable):
    """Logs are on their way, and whether a bound reader may see any of them is not known yet."""

    def __init__(self) -> None:
        super().__init__("accepted logs are on their way, and whether you may see any of them is not known yet")


@dataclass(frozen=True, slots=True)
class Sight:
    """The view of a reader: the logs that fit a filter, without the fields that are hidden."""

    bound: Filter = EVERYTHING
    hidden: Hidden = NO_FIELD

    def meant(self, tree: Filter) -> Filter:
        """Return the filter of those whole logs that the reader means with *tree*."""
        return normal(And((self.bound, self.hidden.seen(tree))))


class BoundIndex:
    """A SearchIndex in which only what a reader may see is."""

    def __init__(self, index: SearchIndex, sight: Sight) -> None:
        self._index = index
        self._sight = sight
        self._hidden = sight.hidden

    def _meant(self, query: Query) -> Query:
        return replace(query, filter=self._sight.meant(query.filter))

    def _seen(self, records: list[LogRecord]) -> list[LogRecord]:
        return [self._hidden.without(record) for record in records] if self._hidden else records

    def find(self, query: Query, budget: Budget = Budget()) -> Page:
        """See SearchIndex."""
        found = self._index.find(self._meant(query), budget)
        return replace(found, records=self._seen(found.records))

    def scan(self, query: Query, budget: Budget = Budget()) -> Iterator[list[LogRecord]]:
        """See SearchIndex."""
        return map(self._seen, self._index.scan(self._meant(query), budget))

    def histogram(
        self, query: Query, interval: int, by_level: bool, offset: int = 0, budget: Budget = Budget()
    ) -> list[Bucket]:
        """See SearchIndex. Hidden levels are one, the empty text."""
        visible = by_level and not self._hidden.holds("level")
        found = self._index.histogram(self._meant(query), interval, visible, offset, budget)
        if visible or not by_level:
            return found
        return [replace(one, by={"": one.count} if one.count else {}) for one in found]

    def facets(self, query: Query, fields: Sequence[str], size: int, budget: Budget = Budget()) -> Facets:
        """See SearchIndex. A field that is hidden has no values; one that every log has, the empty text in each."""
        visible = [name for name in fields if not self._hidden.holds(name)]
        if len(visible) == len(fields):
            return self._index.facets(self._meant(query), fields, size, budget)
        budget = Deadline(budget).shared()
        found = self._index.facets(self._meant(query), visible, size, budget) if visible else Facets({}, True)
        empty: list[Value] = []
        if not {"level", "message"}.isdisjoint({*fields} - {*visible}):
            page = self._index.find(replace(self._meant(query), limit=1, after=None, count="auto"), budget)
            empty = [Value("", page.total)] if page.total else []
            found = replace(found, exact=found.exact and page.exact)
        values = {name: empty if name in ("level", "message") else [] for name in fields}
        return replace(found, fields=values | found.fields)

    def fields(self, query: Query, budget: Budget = Budget()) -> list[FieldInfo]:
        """See SearchIndex. That every log has a level and a message is no secret."""
        found = self._index.fields(self._meant(query), budget)
        return [one for one in found if one.name in ("level", "message") or not self._hidden.holds(one.name)]

    def span(self, query: Query, budget: Budget = Budget()) -> tuple[Instant, Instant] | None:
        """See SearchIndex."""
        return self._index.span(self._meant(query), budget)


class BoundStore:
    """As much of a LogStore as finding asks for, in which only what a reader may see is."""

    def __init__(self, store: LogStore, sight: Sight) -> None:
        self._store = store
        self._holds = predicate(sight.bound)
        self._hidden = sight.hidden

    def _seen(self, records: list[LogRecord]) -> list[LogRecord]:
        return [self._hidden.without(record) for record in records if self._holds(record)]

    def get(self, ids: Sequence[bytes]) -> list[LogRecord]:
        """See LogStore."""
        return self._seen(self._store.get(ids))

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """See LogStore. A chunk may be empty: who reads on is asked after each whether there is time left."""
        return map(self._seen, self._store.walk(query))

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
        """Return 0: a bound reader must not notice that a log of somebody else's waits."""
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


class ReaderSearches(Closed):
    """As much of an AlertKeeper as a reader may use: own searches, and unless the reader is bound everybody's and the alerts, to read.

    An alert counts every log, so a bound reader has none; and searches of others may name what only others' logs hold.
    """

    def __init__(self, keeper: AlertKeeper, owner: str, *, bound: bool, key: bytes = b"") -> None:
        self._keeper = keeper
        self._owner = owner
        self._key = key
        self._owners = {owner} if bound else {owner, ""}
        self._bound = bound

    def searches(self) -> list[SavedSearch]:
        """See AlertKeeper."""
        return [search for search in self._keeper.searches() if search.owner in self._owners]

    def keep_search(self, search: SavedSearch, key: bytes = b"") -> bool:
        """See AlertKeeper; *key* is the reader's. Raises Forbidden also for a search that is not the reader's own."""
        self._ensure_own(search)
        return self._keeper.keep_search(search, self._key)

    def drop_search(self, identity: str) -> bool:
        """See AlertKeeper. Raises Forbidden for a search that is not the reader's own."""
        for search in self.searches():
            if search.id == identity:
                self._ensure_own(search)
                return self._keeper.drop_search(identity)
        return False

    def _ensure_own(self, search: SavedSearch) -> None:
        if search.owner != self._owner:
            raise Forbidden("this search is everybody's: the role admin is needed")

    def alerts(self) -> list[WatchedAlert]:
        """See AlertKeeper."""
        return [] if self._bound else self._keeper.alerts()

    def alert_changes(self, identity: str, limit: int = CHANGES) -> list[Change]:
        """See AlertKeeper."""
        return [] if self._bound else self._keeper.alert_changes(identity, limit)
