"""The three ports to the outside: the whole architecture on one page.

Each is chosen by a URL (app/queues, app/stores, app/search); the embedded alternates on SQLite are
the default and the tests' doubles. Every alternate passes the same contract suite (tests/contract).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.core.alerting import AlertKeeper
from app.core.envelope import Batch, Claim, DeadLetter, Earlier, Envelope, Listing, Taken
from app.core.figures import FigureKeeper
from app.core.instant import Instant
from app.core.notifying import Outbox
from app.core.operating import RecordCare
from app.core.query import Bucket, Facets, FieldInfo, Page, Query
from app.core.record import LogRecord
from app.core.watching import NoticeKeeper


@dataclass(frozen=True, slots=True)
class Lacking:
    """Stored records that can't be found yet: how many, and when the oldest was stored (ms; None without any)."""

    logs: int
    since: int | None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of records that were to be stored."""

    #: How many were not stored before.
    new: int
    #: Names them until the index holds them: for `indexed`.
    mark: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that the index can't take for a fault of its own."""

    id: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Depth:
    """What waits in the queue: never less than there is; more where the system can't tell exactly."""

    logs: int
    #: Estimated where the system doesn't tell.
    bytes: int
    #: When the oldest waiting log was accepted, in ms since 1970; None when nothing waits, or it can't be told.
    oldest: int | None
    #: Whether the queue takes no more.
    full: bool = False


class LogQueue(Protocol):
    """Where accepted logs wait, durably, until the record holds them."""

    def put(
        self,
        envelopes: Sequence[Envelope],
        claim: Claim | None = None,
        own_ids: frozenset[bytes] = frozenset(),
        listing: Listing | None = None,
    ) -> Taken:
        """Queue *envelopes*; return only when a crash of this machine can't lose them any more.

        Safe to call from many threads; calls of one process share commits. *own_ids* are ids the
        sender chose: those accepted before are left out and reported. *listing* is kept beside the
        envelopes, without the ids that were left out.
        Raises QueueFull at the limit and Unavailable when the queue can't be reached, with nothing kept
        unless its `kept_unknown` says otherwise.
        """

    def take(self, limit: int, wait: float) -> Batch:
        """Lease the oldest envelopes of about *limit* logs; wait up to *wait* seconds for the first.

        A batch that is neither acknowledged nor released comes back when its lease ends.
        """

    def ack(self, batch: Batch) -> None:
        """Forget the batch: the record holds it."""

    def release(self, batch: Batch) -> None:
        """Give the batch back at once."""

    def depth(self) -> Depth:
        """Return what waits, leased envelopes included. Raises Unavailable."""

    def keep(self, listing: Listing) -> None:
        """Keep a listing by itself, durably."""

    def listed(self, key: bytes) -> list[bytes] | None:
        """Return the ids of the listing with this key; None when there is none any more."""

    def forget_claims(self) -> None:
        """Forget claims and own ids that are older than a day, and listings whose time is over."""

    def waiting(self, first: bytes, last: bytes) -> int:
        """Return how many logs with ids from *first* to *last* wait; never less than there are."""

    def accepted(self) -> int:
        """Return how many logs were ever accepted, by all processes; what a killed process had not noted may lack."""

    def close(self) -> None:
        """Let go of connections; further calls are an error."""


class Carrier(Protocol):
    """A queue that remembers nothing beside its messages; with a record beside it, it is a LogQueue (app/claiming.py)."""

    def put(self, envelopes: Sequence[Envelope]) -> frozenset[int]:
        """Queue *envelopes* durably; return the places of those that were not kept though others were.

        Safe to call from many threads. Raises QueueFull and Unavailable as LogQueue does.
        """

    def take(self, limit: int, wait: float) -> Batch:
        """See LogQueue."""

    def ack(self, batch: Batch) -> None:
        """See LogQueue."""

    def release(self, batch: Batch) -> None:
        """See LogQueue."""

    def depth(self) -> Depth:
        """See LogQueue."""

    def close(self) -> None:
        """See LogQueue."""


class LogStore(RecordCare, NoticeKeeper, AlertKeeper, Outbox, FigureKeeper, Protocol):
    """The record: every stored log, the dead letters, and what was claimed. It is the truth.

    Its further parts are `RecordCare` (what only operators' commands ask), `NoticeKeeper`, `Outbox` (who is told of
    notices), `AlertKeeper` (saved searches too) and `FigureKeeper` (what the overview shows). All raise Unavailable.
    """

    def add(self, records: Sequence[LogRecord], lease: float = 0.0) -> Added:
        """Store the records durably; those whose id is stored already are left.

        In the same commit they are marked as lacking in the index; `lacking_records` leaves the mark
        to the caller for *lease* seconds.
        """

    def indexed(self, marks: Sequence[int]) -> None:
        """Forget the marks: the index holds their records."""

    def lacking(self) -> Lacking:
        """Return what is marked as lacking in the index."""

    def lacking_records(self, limit: int, lease: float) -> tuple[list[int], list[LogRecord]]:
        """Lease the oldest marks of about *limit* records for *lease* seconds; return marks and records."""

    def claim(self, envelopes: Sequence[Envelope]) -> list[bool]:
        """Make the envelopes' claims durably; return for each whether it is to be stored.

        It is unless another request with the same body has its claim. Then its ids are noted: `count`
        counts them as stored.
        """

    def claimed(self, key: str) -> Earlier | None:
        """Return the request that claimed *key*, if it has claimed all of its parts."""

    def keep(self, listing: Listing) -> None:
        """Keep a listing."""

    def listed(self, key: bytes) -> list[bytes] | None:
        """Return the ids of the listing with this key; None when there is none any more."""

    def forget_claims(self) -> None:
        """Forget claims that are older than a day, and listings whose time is over."""

    def get(self, ids: Sequence[bytes]) -> list[LogRecord]:
        """Return the records with these ids, in that order; unknown ids are left out."""

    def count(self, first: bytes, last: bytes) -> int:
        """Return how many stored records have ids from *first* to *last*."""

    def after(self, place: int, limit: int) -> list[tuple[int, LogRecord]]:
        """Return about *limit* records stored after *place*, with their places, in the order of their commits.

        Records of one commit may share a place; they are never parted. What is returned is never
        followed by a record of a lower place.
        """

    def newest_place(self, *, held_back: bool = False) -> int:
        """Return the place of the record stored last, of those that `after` holds back still too; 0 when there is none."""

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """Yield the records of the query's window after its cursor, in its order, in chunks; its filter is not asked."""

    def delete(self, ids: Sequence[bytes]) -> int:
        """Delete these records; return how many there were."""

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Keep dead letters; one whose id is kept already is left. Drops the oldest over DEAD_LIMIT."""

    def dead(
        self, limit: int = 100, before: bytes | None = None, reason: str | None = None, most: int | None = None
    ) -> list[DeadLetter]:
        """Return dead letters, newest first, older than *before*, with this reason, *most* bytes of each payload."""

    def dead_counts(self) -> dict[str, int]:
        """Return the number of dead letters by reason."""

    def dead_between(self, first: bytes, last: bytes) -> int:
        """Return how many dead letters have ids from *first* to *last*."""

    def drop_dead(self, ids: Sequence[bytes]) -> int:
        """Forget these dead letters; return how many there were."""

    def expire(self, before: int | None, limit: int) -> int:
        """Delete up to *limit* of the records received before *before* (ms; None: of all), oldest first.

        Returns how many. By age a store may take whole periods only: then more than *limit* at once, and a
        record not before all of its period is older.
        """

    def size(self) -> int:
        """Return the bytes that record and index use on disk, as far as the store knows; room left free doesn't count."""

    def stats(self) -> dict[str, Any]:
        """Return figures for operators: records, oldest, newest, bytes."""

    def close(self) -> None:
        """Let go of connections; further calls are an error."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a query may use: seconds until it must answer, and a way to notice that its client left."""

    seconds: float = 10.0
    cancelled: Callable[[], bool] = lambda: False


class SearchIndex(Protocol):
    """Finds records. It can be dropped and rebuilt from the record at any time.

    Every method raises TimedOut when the budget is used up, InvalidQuery for what can't be asked,
    Unavailable when the index can't be reached.
    """

    def add(self, records: Sequence[LogRecord]) -> list[Refusal]:
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

    def expire(self, before: int | None, limit: int) -> int:
        """Forget what the store's `expire` with the same arguments deletes; return how many records."""

    def compact(self) -> None:
        """Give back the room of forgotten records, as far as a moment's work can."""

    def close(self) -> None:
        """Let go of connections; further calls are an error."""
