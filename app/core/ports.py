"""The three ports to the outside: the whole architecture on one page.

Each is chosen by a URL (app/queues, app/stores, app/search); the embedded alternates on SQLite are
the default and the tests' doubles. Every alternate passes the same contract suite (tests/contract).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from app.core.instant import Instant
from app.core.query import Bucket, Facets, FieldInfo, Page, Query
from app.core.record import LogRecord

#: Most logs in one envelope.
ENVELOPE_LOGS = 100
#: Largest envelope, in bytes; a log that is larger alone travels alone.
ENVELOPE_BYTES = 128 << 10


class DeadLetter(msgspec.Struct, array_like=True, gc=False):
    """What was refused, or could not be stored: kept with its reason so that it can be replayed."""

    #: UUIDv7 of 16 bytes; its time is when it was refused.
    id: bytes
    #: What was sent, as it was sent; for a body that can't be read its first 64 KiB.
    payload: bytes
    #: Why, in a sentence, and the field at fault.
    reason: str
    field: str | None = None
    #: Who sent it: an address, a file, or a token's name.
    sender: str = ""


class Envelope(msgspec.Struct, array_like=True, gc=False):
    """One message of the queue: logs of one request in their sent order, or letters already dead."""

    records: list[LogRecord] = []
    dead: list[DeadLetter] = []


@dataclass(frozen=True, slots=True)
class Claim:
    """A request's Idempotency-Key: the first request with it is taken, later ones are answered from it."""

    #: Sender and key together.
    key: str
    #: Digest of the body, so that the same key with another body is told apart.
    digest: bytes
    #: What to remember for the answer to a re-send (JSON).
    answer: bytes


@dataclass(frozen=True, slots=True)
class Listing:
    """The ids behind a receipt, where they are not consecutive: kept so that it can be asked about."""

    key: bytes
    ids: Sequence[bytes]
    #: How long it is kept, in ms.
    keep_ms: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a put."""

    #: True when this put queued the envelopes; False when the claim had been made before.
    fresh: bool = True
    #: The answer remembered with the earlier claim, and the digest of its body.
    answer: bytes = b""
    digest: bytes = b""
    #: Ids among the put records that had been accepted before; they were not queued again.
    duplicates: frozenset[bytes] = frozenset()


@dataclass(slots=True)
class Batch:
    """Envelopes taken from the queue, and the handle by which they are acknowledged."""

    records: list[LogRecord]
    dead: list[DeadLetter]
    handle: Any
    #: Bodies that could not be decoded: their bytes, to be kept as dead letters.
    unreadable: list[bytes] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.records or self.dead or self.unreadable)


@dataclass(frozen=True, slots=True)
class Depth:
    """What waits in the queue."""

    logs: int
    bytes: int
    #: When the oldest waiting log was accepted, in ms since 1970; None when nothing waits.
    oldest: int | None


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
        Raises QueueFull at the limit, Unavailable when the queue can't be reached.
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

    def listed(self, key: bytes) -> list[bytes] | None:
        """Return the ids of the listing with this key; None when there is none any more."""

    def forget_claims(self) -> None:
        """Forget claims and own ids that are older than a day, and listings whose time is over."""

    def waiting(self, first: bytes, last: bytes) -> int:
        """Return how many logs with ids from *first* to *last* wait."""

    def close(self) -> None:
        """Let go of connections; further calls are an error."""


class LogStore(Protocol):
    """The record: every stored log, the dead letters, and what was claimed. It is the truth."""

    def add(self, records: Sequence[LogRecord]) -> int:
        """Store the records durably; those whose id is stored already are left. Return how many were new."""

    def get(self, ids: Sequence[bytes]) -> list[LogRecord]:
        """Return the records with these ids, in that order; unknown ids are left out."""

    def count(self, first: bytes, last: bytes) -> int:
        """Return how many stored records have ids from *first* to *last*."""

    def after(self, place: int, limit: int) -> list[tuple[int, LogRecord]]:
        """Return up to *limit* records stored after *place*, with their places, in store order."""

    def newest_place(self) -> int:
        """Return the place of the record stored last; 0 when there is none."""

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Keep dead letters; one whose id is kept already is left. Drops the oldest over DEAD_LIMIT."""

    def dead(self, limit: int = 100, before: bytes | None = None, reason: str | None = None) -> list[DeadLetter]:
        """Return dead letters, newest first, older than *before*, with this reason if one is given."""

    def dead_counts(self) -> dict[str, int]:
        """Return the number of dead letters by reason."""

    def dead_between(self, first: bytes, last: bytes) -> int:
        """Return how many dead letters have ids from *first* to *last*."""

    def drop_dead(self, ids: Sequence[bytes]) -> int:
        """Forget these dead letters; return how many there were."""

    def expire(self, before: int | None, limit: int) -> int:
        """Delete up to *limit* of the records received before *before* (ms; None: of all), oldest first.

        Returns how many.
        """

    def size(self) -> int:
        """Return the bytes that record and index take on disk, as far as the store knows."""

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

    def add(self, records: Sequence[LogRecord]) -> None:
        """Make the records findable; those that are already are left."""

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

    def lag(self) -> int:
        """Return how many stored records are not yet findable."""

    def close(self) -> None:
        """Let go of connections; further calls are an error."""
