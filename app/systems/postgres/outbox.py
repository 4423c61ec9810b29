"""The outbox in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from app.log.fold import clean
from app.ports.outbox import Delivery, Standing
from app.systems.postgres.server import PostgresDatabase
from app.systems.sql import outbox


class Outbox:
    """The part of a LogStore in the tables deliveries and notifiers."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def post(self, deliveries: Sequence[Delivery], standings: Sequence[Standing] = ()) -> None:
        """See core's Outbox."""
        with self._database.write() as cursor:
            cursor.executemany(_marked(outbox.POST), [outbox.delivery_row(one) for one in deliveries])
            cursor.executemany(_marked(outbox.STAND), [outbox.standing_row(one) for one in standings])
            cursor.execute(outbox.FORGET)

    def waiting(self, notifier: str, limit: int) -> list[Delivery]:
        """See core's Outbox."""
        with self._database.read() as cursor:
            cursor.execute(_marked(outbox.WAITING), (notifier, limit))
            return [outbox.delivery(row) for row in cursor.fetchall()]

    def waiting_counts(self) -> dict[str, int]:
        """See core's Outbox."""
        with self._database.read() as cursor:
            cursor.execute(outbox.COUNTS)
            return dict(cursor.fetchall())

    def deliveries(self, notices: Sequence[str]) -> list[Delivery]:
        """See core's Outbox."""
        with self._database.read() as cursor:
            cursor.execute(outbox.of_notices("= ANY(%s)"), (list(notices),))
            return [outbox.delivery(row) for row in cursor.fetchall()]

    def told_at(self, notifier: str, after: int) -> list[int]:
        """See core's Outbox."""
        with self._database.read() as cursor:
            cursor.execute(_marked(outbox.TOLD_AT), (notifier, after))
            return [at for (at,) in cursor.fetchall()]

    def standings(self) -> list[Standing]:
        """See core's Outbox."""
        with self._database.read() as cursor:
            cursor.execute(outbox.STANDINGS)
            return [outbox.standing(row) for row in cursor.fetchall()]

    def keep_test(self, notifier: str, tested: int, reason: str) -> None:
        """See core's Outbox."""
        with self._database.write() as cursor:
            cursor.execute(_marked(outbox.KEEP_TEST), (tested, clean(reason), notifier))
            if not reason:
                cursor.execute(_marked(outbox.WORKS), (notifier,))


def _marked(statement: str) -> str:
    return statement.replace("?", "%s")
