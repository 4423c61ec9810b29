"""The record: every stored log. Chosen by STORE_URL; its alternates are in app/systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.log.record import LogRecord
from app.query.query import Query


@dataclass(frozen=True, slots=True)
class Lacking:
    """Stored records that can't be found yet: how many, and when the oldest was stored (ms; None without any)."""

    logs: int
    since: int | None


@dataclass(frozen=True, slots=True)
class Added:
    """The outcome of records that were to be stored."""

    #: How many were not stored before.
    new: int
    #: Names them until the index holds them: for `indexed`.
    mark: int


class LogStore(Protocol):
    """The record: every stored log, and a mark for what the index lacks. It is the truth. Every method raises Unavailable.

    The other parts of a record, over the same database, are in `RecordParts`.
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

    def lacking_ids(self) -> Iterator[list[bytes]]:
        """Yield the ids of the records that are marked as lacking in the index, in chunks and any order."""

    def get(self, ids: Sequence[bytes]) -> list[LogRecord]:
        """Return the records with these ids, in that order; unknown ids are left out."""

    def count(self, first: bytes, last: bytes) -> int:
        """Return how many stored records have ids from *first* to *last*."""

    def after(self, place: int, limit: int) -> list[tuple[int, LogRecord]]:
        """Return about *limit* records stored after *place*, with their places, in the order of their commits.

        Records of one commit may share a place; they are never parted. No record with a lower
        place comes after those that are returned.
        """

    def newest_place(self, *, held_back: bool = False) -> int:
        """Return the place of the record stored last, of those that `after` holds back still too; 0 when there is none."""

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """Yield the records of the query's window after its cursor, in its order, in chunks; its filter is not asked."""

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """Yield the ids of the stored records from *first* to *last*, ascending, in chunks; no long transaction."""

    def delete(self, ids: Sequence[bytes]) -> int:
        """Delete these records; return how many there were."""

    def expire(self, before: int | None, limit: int) -> int:
        """Delete up to *limit* of the records received before *before* (ms; None: of all), oldest first.

        Returns how many. By age a store may take whole periods only: then more than *limit* at once, and a
        record not before all of its period is older.
        """

    def size(self) -> int:
        """Return the bytes that record and index use on disk, as far as the store knows; room left free doesn't count."""

    def stats(self) -> dict[str, Any]:
        """Return figures for operators: records, oldest, newest, bytes."""
