"""The index: finds records, and can be made anew from the record while it goes on serving. Chosen by SEARCH_URL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.query.query import Bucket, Facets, FieldInfo, Page, Query
from app.times.instant import Instant


@dataclass(frozen=True, slots=True)
class IndexRefusal:
    """A record that the index can't take for a fault of its own."""

    id: bytes
    reason: str


class SearchIndex(Protocol):
    """Finds records.

    Every method raises TimedOut when the budget is used up, InvalidQuery for what can't be asked,
    Unavailable when the index can't be reached.
    """

    def find(self, query: Query, budget: Budget = Budget()) -> Page:
        """Return the page of the query."""

    def scan(self, query: Query, budget: Budget = Budget()) -> Iterator[list[LogRecord]]:
        """Yield all records of the query in its order, in chunks; constant memory, no long transaction."""

    def histogram(
        self, query: Query, interval: int, by_level: bool, offset: int = 0, budget: Budget = Budget()
    ) -> list[Bucket]:
        """Return the counts by *interval* (ms), aligned to *offset* (ms), empty buckets included."""

    def facets(self, query: Query, fields: Sequence[str], size: int, budget: Budget = Budget()) -> Facets:
        """Return the *size* most frequent values of each field."""

    def fields(self, query: Query, budget: Budget = Budget()) -> list[FieldInfo]:
        """Return the fields that occur in the records of the query."""

    def span(self, query: Query, budget: Budget = Budget()) -> tuple[Instant, Instant] | None:
        """Return the first and last instant among the query's records, None when there are none."""


class IndexKeeper(Protocol):
    """Keeps the index in step with the record; it can be dropped and rebuilt from it at any time.

    Every method raises Unavailable when the index can't be reached.
    """

    def add(self, records: Sequence[LogRecord]) -> list[IndexRefusal]:
        """Take the records; those that are there already are left. Return those that can't be taken, each for itself.

        They are durable in the index, and findable after `refresh`.
        """

    def refresh(self) -> None:
        """Make findable what was added."""

    def remove(self, ids: Sequence[bytes]) -> None:
        """Forget these records."""

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """Yield the ids from *first* to *last* of what can be found, ascending, in chunks; no long transaction."""

    def check(self) -> None:
        """Raise Unavailable, saying what is wrong, unless the index can be read and written."""

    def expire(self, before: int | None, limit: int) -> int:
        """Forget what the store's `expire` with the same arguments deletes; return how many records."""

    def compact(self) -> None:
        """Give back the room of forgotten records, as far as a moment's work can."""

    def close(self) -> None:
        """Let go of connections; further calls are an error."""


class WholeIndex(SearchIndex, IndexKeeper, Protocol):
    """An index as a system opens it: both halves."""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """How far a rebuild has come."""

    generation: int
    #: When it was begun, in ms since 1970.
    started: int
    #: Up to which place of the record (`LogStore.after`) its records are in the new generation.
    place: int
    #: How many records that were.
    logs: int


@runtime_checkable
class Rebuildable(Protocol):
    """An index that can be made anew in a second generation, besides what `SearchIndex` asks of it.

    A rebuild in full: `begin_rebuild`, then every chunk of `LogStore.after(rebuilding().place, ...)` to `rebuild_add`
    until there is none left, then `finish_rebuild`. It may be killed between any two steps and gone on with by
    any process. Every method raises Unavailable when the index can't be reached.
    """

    def begin_rebuild(self) -> int:
        """Begin a new generation, or find the one that was begun; return its number.

        When this has returned, every record that any process adds goes to the old and the new generation; what was
        added before lies in the record already, below its newest place.
        """

    def rebuild_add(self, records: Sequence[LogRecord], place: int) -> list[IndexRefusal]:
        """Take records of the record into the new generation only, durably; remember that they reach to *place*.

        Records that are there already stay as they are. Returns the records that can't be indexed, each with its reason.
        """

    def rebuilding(self) -> Rebuild | None:
        """Return how far the rebuild has come, None when there is none; it is kept in the index itself."""

    def finish_rebuild(self) -> None:
        """Make the new generation the one that is read, in one step for all processes, and drop the old one."""

    def abandon_rebuild(self) -> None:
        """Drop the new generation; the old one was never touched."""
