"""Notes in a SQL database."""

from __future__ import annotations

from app.ports.notes import NOTE
from app.systems.sql.shelf import Shelf, Transaction


class SqlNotes:
    """A NoteKeeper in the table state."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def noted(self, name: str) -> int:
        """See NoteKeeper."""
        with self._shelf.read() as reading:
            found = reading.rows("SELECT value FROM state WHERE name = ?", (NOTE + name,))
        return int(found[0][0]) if found else 0

    def note(self, name: str, value: int) -> None:
        """See NoteKeeper."""
        with self._shelf.write(durable=True) as writing:
            writing.change(
                "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (NOTE + name, value),
            )

    def tally(self, name: str, change: int) -> int:
        """See NoteKeeper."""
        with self._shelf.write(durable=False) as writing:
            return add_state(writing, NOTE + name, change)


def add_state(writing: Transaction, name: str, change: int) -> int:
    """Add to a figure of the table `state`; return what it is now."""
    (value,) = writing.row(
        "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = state.value + excluded.value "
        "RETURNING value",
        (name, change),
    )
    return int(value)
