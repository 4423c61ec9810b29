"""Notes: numbers under a name, which all processes on a record share."""

from __future__ import annotations

from typing import Protocol

#: The beginning of the names of notes, and of figures that only grow, in the table `state`, so that they meet no other figure.
NOTE = "note "
#: Figures that only grow: logs that were accepted, where the queue can't count them, and dead letters that were buried.
ACCEPTED, REFUSED = "accepted", "refused"


class NoteKeeper(Protocol):
    """Keeps notes. Every method raises Unavailable."""

    def noted(self, name: str) -> int:
        """Return the number noted under *name*; 0 when there is none."""

    def note(self, name: str, value: int) -> None:
        """Note a number durably, for all processes on this record; below 2^63."""

    def tally(self, name: str, change: int) -> int:
        """Add to the number that is noted under *name*, at once for all processes; return what it is now."""
