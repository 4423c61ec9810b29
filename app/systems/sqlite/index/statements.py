"""Statements that end when the query's time is up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from app.ports.deadline import Deadline
from app.systems.sqlite.file import Connection, OperationalError, interruptible


class Statements:
    """Runs statements in a transaction until a deadline."""

    def __init__(self, connection: Connection, deadline: Deadline) -> None:
        self.connection = connection
        self.deadline = deadline

    def run(self, statement: str, parameters: Sequence[Any]) -> list[Any]:
        """Return all rows of *statement*, until the deadline."""
        with interruptible(self.connection, self.deadline.over):
            try:
                found: list[Any] = self.connection.execute(statement, parameters).fetchall()
            except OperationalError as error:
                raise self._stopped(error) from None
        return found

    def execute(self, statement: str, parameters: Sequence[Any]) -> Any:
        """Return a cursor of *statement*."""
        try:
            return self.connection.execute(statement, parameters)
        except OperationalError as error:
            raise self._stopped(error) from None

    def stepped(self, cursor: Any) -> Iterator[Any]:
        """Yield the rows of a cursor, until the deadline."""
        try:
            for number, row in enumerate(cursor):
                if number % 64 == 0:
                    self.deadline.check()
                yield row
        except OperationalError as error:
            raise self._stopped(error) from None

    def _stopped(self, error: Exception) -> Exception:
        return self.deadline.timed_out() if "interrupted" in str(error) else error
