"""A PostgreSQL database as a shelf for the parts of a record that are written once for both SQL databases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg2.extras import execute_batch

from app.systems.postgres import server
from app.systems.postgres.server import NOW, PostgresDatabase
from app.systems.sql.shelf import KeyTaken, Transaction

#: In the place of a partition's name in `counts`: counts what was ever stored, and never falls.
EVER = "ever"


class _Transaction(Transaction):
    def change_each(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """See Transaction: sent to the server many at a time."""
        execute_batch(self._cursor, self.marked(statement), list(values))

    def exclude_writers(self, table: str) -> None:
        """See Transaction."""
        self._cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")


class PostgresShelf:
    """A Shelf. All times are the server's: it is the one clock that several machines share. All commits are durable."""

    now = NOW
    bytewise = ' COLLATE "C"'
    for_update = " FOR UPDATE"
    skip_locked = " FOR UPDATE SKIP LOCKED"
    stored_ever = f"coalesce((SELECT sum(logs) FROM counts WHERE period = '{EVER}'), 0)"

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """See Shelf: each statement sees what is committed when it begins."""
        with self._database.read() as cursor:
            yield _Transaction(cursor, "%s")

    @contextmanager
    def write(self, *, durable: bool) -> Iterator[Transaction]:
        """See Shelf."""
        try:
            with self._database.write() as cursor:
                yield _Transaction(cursor, "%s")
        except server.Taken as error:
            raise KeyTaken(str(error)) from error
