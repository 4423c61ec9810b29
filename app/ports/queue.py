"""The queue: where accepted logs wait, durably. Chosen by QUEUE_URL; its alternates are in app/systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from app.log.envelope import Batch, Claim, Earlier, Envelope, Listing, Taken


@dataclass(frozen=True, slots=True)
class Depth:
    """The logs that wait in the queue: never less than there is; more where the system does not know exactly."""

    logs: int
    #: Estimated where the system doesn't report it.
    bytes: int
    #: When the oldest waiting log was accepted, in ms since 1970; None when nothing waits, or it is not known.
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
        space: str = "",
    ) -> Taken:
        """Queue *envelopes*; return only when a crash of this machine can't lose them any more.

        Safe to call from many threads; calls of one process share commits. *own_ids* are ids the
        sender chose: those accepted before are left out and reported. *listing* is kept beside the
        envelopes, without the ids that were left out. What is of one *space*, empty for none, is taken in its turn,
        however much of another waits, where the system can do that.
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

    def earlier(self, key: str) -> Earlier | None:
        """Return the answer and the body's digest of the request that was accepted with this key within a day, if there is one."""

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
    """A queue that remembers nothing beside its messages; with a record beside it, it is a LogQueue (app/accept/claiming.py)."""

    def put(self, envelopes: Sequence[Envelope], space: str = "") -> frozenset[int]:
        """Queue *envelopes* of a *space* durably; return the places of those that were not kept though others were.

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


@runtime_checkable
class Readable(Protocol):
    """A queue whose envelopes can be read without being taken."""

    def look(self) -> Iterator[Batch]:
        """Yield what waits, in order, without a lease; each batch only to be read."""
