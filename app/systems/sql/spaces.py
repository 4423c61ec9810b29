"""Spaces in a SQL database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.ports.costs import Space
from app.systems.sql.shelf import Shelf

_COLUMNS = "name, quota, made, day, used, refused"
_USE = """UPDATE spaces SET used = CASE WHEN day = ? THEN used + ? WHEN day < ? THEN ? ELSE used END,
 refused = CASE WHEN refused < ? THEN ? ELSE refused END, day = CASE WHEN day < ? THEN ? ELSE day END WHERE name = ?"""


class SqlSpaces:
    """A SpaceKeeper in the table spaces."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def spaces(self) -> list[Space]:
        """See SpaceKeeper."""
        with self._shelf.read() as reading:
            found = reading.rows(f"SELECT {_COLUMNS} FROM spaces", ())
        return sorted((_space(row) for row in found), key=lambda one: one.name)

    def add_space(self, name: str, quota: int | None, made: int) -> bool:
        """See SpaceKeeper."""
        with self._shelf.write(durable=True) as writing:
            values = (name, quota, made, 0, 0, 0)
            return (
                writing.change("INSERT INTO spaces VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING", values) > 0
            )

    def set_quota(self, name: str, quota: int | None) -> bool:
        """See SpaceKeeper."""
        with self._shelf.write(durable=True) as writing:
            return writing.change("UPDATE spaces SET quota = ? WHERE name = ?", (quota, name)) > 0

    def use(self, name: str, day: int, size: int, refused: int) -> Space | None:
        """See SpaceKeeper."""
        with self._shelf.write(durable=False) as writing:
            writing.change(_USE, (day, size, day, size, refused, refused, day, day, name))
            found = writing.rows(f"SELECT {_COLUMNS} FROM spaces WHERE name = ?", (name,))
        return _space(found[0]) if found else None


def _space(row: Sequence[Any]) -> Space:
    return Space(*row)
