"""The record: every stored log. Chosen by STORE_URL; its alternates are in app/systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.log.envelope import DeadLetter, Earlier, Envelope, Listing
from app.log.record import LogRecord
from app.ports.alerts import AlertKeeper
from app.ports.figures import FigureKeeper
from app.ports.memory import RecordCare
from app.ports.notices import NoticeKeeper
from app.ports.outbox import Outbox
from app.query.query import Query


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
