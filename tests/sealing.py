"""Sealing of all logs there are, which the product does only with full blocks, and only with those that are not the newest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.segments import sealing


def seal_all(database: SqliteDatabase, most: int = 1 << 62) -> None:
    """Make segments of all rows, of *most* places each at most."""
    while True:
        with database.snapshot() as connection:
            after, newest = rows.get_state(connection, sealing.SEALED_TO), rows.next_place(connection) - 1
            if after >= newest:
                return
            run = sealing.read(connection, after, min(sealing.block_end(after + 1), newest, after + most))
        sealing.put(database, run)


@contextmanager
def sealed_at_once(most: int = 1 << 62) -> Iterator[None]:
    """Seal all rows behind each transaction that wrote some."""
    write = SqliteDatabase.write

    @contextmanager
    def sealing_write(self: SqliteDatabase, *, durable: bool) -> Iterator[Connection]:
        with write(self, durable=durable) as connection:
            before = rows.next_place(connection)
            yield connection
            after = rows.next_place(connection)
        if after != before:
            seal_all(self, most)

    with patch.object(SqliteDatabase, "write", sealing_write):
        yield
