"""The interface that both SQL databases offer to the parts of a record that are written once for both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

Row: TypeAlias = tuple[Any, ...]


class KeyTaken(Exception):
    """Another row has this name or key already; the transaction kept nothing."""


class Transaction:
    """The statements of one transaction. `?` stands for a value in both databases; no statement may hold a `%`."""

    def __init__(self, cursor: Any, mark: str = "?") -> None:
        self._cursor = cursor
        self._mark = mark

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows that a statement finds."""
        self._cursor.execute(self.marked(statement), tuple(values))
        return list(self._cursor.fetchall())

    def row(self, statement: str, values: Sequence[Any] = ()) -> Row:
        """Return the one row of a statement that always has one."""
        return self.rows(statement, values)[0]

    def change(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Return how many rows a statement changed."""
        self._cursor.execute(self.marked(statement), tuple(values))
        return int(self._cursor.rowcount)

    def change_each(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row of values, in their order."""
        self._cursor.executemany(self.marked(statement), values)

    def exclude_writers(self, table: str) -> None:
        """Keep others from writing to *table* until the end; a database with one writer at a time does so anyway."""

    def marked(self, statement: str) -> str:
        """Return the statement with this driver's marks for values."""
        return statement.replace("?", self._mark)


class Shelf(Protocol):
    """A database on which the parts of a record lie. Reading and writing raise Unavailable."""

    #: SQL for the time in ms since 1970, by the one clock that all processes on the record share.
    now: str
    #: The words behind a column in ORDER BY, so that texts have the order of their bytes.
    bytewise: str
    #: The end of a SELECT whose row no other transaction may change before this one ends, and of one that leaves out such rows.
    for_update: str
    skip_locked: str
    #: SQL for how many logs were ever stored.
    stored_ever: str

    def read(self) -> AbstractContextManager[Transaction]:
        """Read what is committed."""

    def write(self, *, durable: bool) -> AbstractContextManager[Transaction]:
        """Write in one transaction, rolled back when the block raises; a power cut may take one that is not *durable*.

        Raises KeyTaken where a unique key is taken.
        """
