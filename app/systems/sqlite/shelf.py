"""A SQLite file as a shelf for the parts of a record that are written once for both SQL databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pysqlite3

from app.systems.sql.shelf import KeyTaken, Transaction
from app.systems.sqlite.file import SqliteDatabase


class SqliteShelf:
    """A Shelf: all processes on a file are on one machine and share its clock; one at a time writes."""

    now = "now_ms()"
    bytewise = ""
    for_update = skip_locked = ""
    stored_ever = "max(coalesce((SELECT value FROM state WHERE name = 'next_place'), 1), 1) - 1"

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """See Shelf: all statements see the same state."""
        with self._database.snapshot() as connection:
            yield Transaction(connection.cursor())

    @contextmanager
    def write(self, *, durable: bool) -> Iterator[Transaction]:
        """See Shelf."""
        try:
            with self._database.write(durable=durable) as connection:
                yield Transaction(connection.cursor())
        except pysqlite3.IntegrityError as error:
            raise KeyTaken(str(error)) from error
