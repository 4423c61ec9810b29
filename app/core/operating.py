"""What operators' commands ask of queue, record and index beyond the daily work.

`LogStore` has `RecordCare` whole. The others are what a queue or an index may offer: `Readable` and
`Keeper` a queue that lies open before us, `Rebuildable` an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from app.core.envelope import Batch
from app.core.record import LogRecord

if TYPE_CHECKING:
    from app.core.ports import Refusal


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


@runtime_checkable
class Rebuildable(Protocol):
    """An index that can be made anew beside itself, while it is searched and added to.

    The state of a rebuild lies in the index: one that was killed goes on where it was.
    """

    #: How many `rebuild_add` may run at once.
    rebuild_lanes: int

    def begin_rebuild(self) -> int:
        """Begin a new generation, or go on with one; return the place noted last, 0 at the beginning.

        What is added or removed from now on is so in both generations; searches see the old one.
        """

    def rebuild_add(self, records: Sequence[LogRecord]) -> list[Refusal]:
        """Take records into the new generation; those that are there already are left."""

    def rebuild_reached(self, place: int) -> None:
        """Note that the new generation holds all records up to this place of the record."""

    def finish_rebuild(self) -> None:
        """Let searches see the new generation from now on, and drop the old one."""

    def rebuilding(self) -> int | None:
        """Return the place noted last of a rebuild that was begun and not finished; None without one."""
