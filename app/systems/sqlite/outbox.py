"""The outbox in a SQLite file."""

from __future__ import annotations

from collections.abc import Sequence

from app.log.fold import clean
from app.ports.outbox import Delivery, Standing
from app.systems.sql import outbox
from app.systems.sqlite.file import SqliteDatabase


class Outbox:
    """The part of a LogStore in the tables `deliveries` and `notifiers`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def post(self, deliveries: Sequence[Delivery], standings: Sequence[Standing] = ()) -> None:
        """See core's Outbox."""
        with self._database.write(durable=True) as connection:
            connection.executemany(outbox.POST, [outbox.delivery_row(one) for one in deliveries])
            connection.executemany(outbox.STAND, [outbox.standing_row(one) for one in standings])
            connection.execute(outbox.FORGET)

    def waiting(self, notifier: str, limit: int) -> list[Delivery]:
        """See core's Outbox."""
        with self._database.snapshot() as connection:
            return [outbox.delivery(row) for row in connection.execute(outbox.WAITING, (notifier, limit))]

    def waiting_counts(self) -> dict[str, int]:
        """See core's Outbox."""
        with self._database.snapshot() as connection:
            return dict(connection.execute(outbox.COUNTS).fetchall())

    def deliveries(self, notices: Sequence[str]) -> list[Delivery]:
        """See core's Outbox."""
        statement = outbox.of_notices(f"IN ({','.join('?' * len(notices))})")
        with self._database.snapshot() as connection:
            return [outbox.delivery(row) for row in connection.execute(statement, list(notices))]

    def told_at(self, notifier: str, after: int) -> list[int]:
        """See core's Outbox."""
        with self._database.snapshot() as connection:
            return [at for (at,) in connection.execute(outbox.TOLD_AT, (notifier, after))]

    def standings(self) -> list[Standing]:
        """See core's Outbox."""
        with self._database.snapshot() as connection:
            return [outbox.standing(row) for row in connection.execute(outbox.STANDINGS)]

    def keep_test(self, notifier: str, tested: int, reason: str) -> None:
        """See core's Outbox."""
        with self._database.write(durable=True) as connection:
            connection.execute(outbox.KEEP_TEST, (tested, clean(reason), notifier))
            if not reason:
                connection.execute(outbox.WORKS, (notifier,))
