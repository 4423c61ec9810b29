"""What operators' commands ask of queue and record beyond the daily work; of an index: app/ports/index.py.

`LogStore` has `RecordCare` whole. `Readable` and `Keeper` is what a queue may offer that lies open before us.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from app.log.envelope import Batch

#: What notes, and figures that only grow, are called in the table `state`, so that they meet no other figure.
NOTE = "note "
#: Figures that only grow: logs that were accepted, where the queue can't count them, and dead letters that were buried.
ACCEPTED, REFUSED = "accepted", "refused"


class ClaimMade(msgspec.Struct, array_like=True, tag="claim", frozen=True):
    """A claim of a request, or of one part of it; `made` is in ms since 1970."""

    key: str
    part: int
    parts: int
    digest: bytes
    answer: bytes
    made: int


class Listed(msgspec.Struct, array_like=True, tag="listing", frozen=True):
    """The ids behind a receipt, 16 bytes each; kept until `until`, in ms since 1970."""

    key: bytes
    ids: bytes
    until: int


class Doubled(msgspec.Struct, array_like=True, tag="doubles", frozen=True):
    """Logs that were dropped since another request had claimed them; they count as stored."""

    first: bytes
    last: bytes
    logs: int


class OwnId(msgspec.Struct, array_like=True, tag="own", frozen=True):
    """An id that a sender chose; `made` is in ms since 1970."""

    id: bytes
    made: int


#: What is remembered beside logs and dead letters, so that a re-send or a receipt means the same later.
Remembered = ClaimMade | Listed | Doubled | OwnId


@runtime_checkable
class Keeper(Protocol):
    """Remembers claims and listings."""

    def remembered(self) -> Iterator[list[Remembered]]:
        """Yield all that is remembered, in chunks."""

    def remember(self, items: Sequence[Remembered]) -> None:
        """Remember these durably; what is remembered already stays as it is."""


@runtime_checkable
class Readable(Protocol):
    """A queue whose envelopes can be read without being taken."""

    def look(self) -> Iterator[Batch]:
        """Yield what waits, in order, without a lease; each batch only to be read."""


class RecordCare(Keeper, Protocol):
    """The part of a LogStore that operators' commands use. Every method raises Unavailable."""

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """Yield the ids of the stored records from *first* to *last*, ascending, in chunks; no long transaction."""

    def lacking_ids(self) -> Iterator[list[bytes]]:
        """Yield the ids of the records that are marked as lacking in the index, in chunks and any order."""

    def noted(self, name: str) -> int:
        """Return the number noted under *name*; 0 when there is none."""

    def note(self, name: str, value: int) -> None:
        """Note a number durably, for all processes on this record; below 2^63."""
