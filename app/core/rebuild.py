"""An index that can be made anew from the record while it goes on serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from app.core.ports import Refusal
from app.core.record import LogRecord


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
    """What an index can do besides `SearchIndex`: be made anew in a second generation.

    A rebuild in full: `begin_rebuild`, then every chunk of `LogStore.after(rebuilding().place, ...)` to `rebuild_add`
    until there is none left, then `finish_rebuild`. It may be killed between any two steps and gone on with by
    any process. Every method raises Unavailable when the index can't be reached.
    """

    def begin_rebuild(self) -> int:
        """Begin a new generation, or find the one that was begun; return its number.

        When this has returned, every record that any process adds goes to the old and the new generation; what was
        added before lies in the record already, below its newest place.
        """

    def rebuild_add(self, records: Sequence[LogRecord], place: int) -> list[Refusal]:
        """Take records of the record into the new generation only, durably; remember that they reach to *place*.

        Those that are there already are left. Returns those that can't be taken, each for itself.
        """

    def rebuilding(self) -> Rebuild | None:
        """Return how far the rebuild has come, None when there is none; it is kept in the index itself."""

    def finish_rebuild(self) -> None:
        """Make the new generation the one that is read, in one step for all processes, and drop the old one."""

    def abandon_rebuild(self) -> None:
        """Drop the new generation; the old one was never touched."""
