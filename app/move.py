"""The drain of the default: queue, record and index are one file, so a move is one transaction.

A crash leaves the logs either waiting or stored and findable, never both and never neither.
"""

from __future__ import annotations

from app.core.instant import now_ms
from app.core.ports import Batch, DeadLetter
from app.core.record import IdSource
from app.drivers import rows
from app.drivers.sqlite import Database
from app.queues import sqlite as queues
from app.queues.sqlite import SqliteQueue
from app.search import writing
from app.stores.sqlite import SqliteStore


class Mover:
    """Moves logs from the queue into record and index of one SQLite file."""

    def __init__(self, database: Database, queue: SqliteQueue, store: SqliteStore) -> None:
        self._database = database
        self._queue = queue
        self._store = store
        self._ids = IdSource()

    def move(self, limit: int, wait: float) -> int:
        """Move the oldest envelopes of about *limit* logs; wait up to *wait* seconds for the first.

        Returns how many logs were moved; another worker may have moved them meanwhile.
        """
        batch = self._queue.peek(limit, wait)
        if not batch:
            return 0
        prepared = writing.prepare(batch.records)
        # Not synced: a power cut undoes the whole move, and the logs are back in the queue.
        with self._database.write(durable=False) as connection:
            if not queues.remove(connection, batch):
                return 0
            fresh = rows.new_records(connection, batch.records)
            if len(fresh) != len(batch.records):
                prepared = writing.prepare(fresh)
            first = rows.next_place(connection)
            rows.insert(connection, first, fresh)
            if fresh:
                writing.index(connection, first, prepared)
            self._store.bury_in(connection, [*batch.dead, *self._letters(batch)])
        return len(batch.records)

    def _letters(self, batch: Batch) -> list[DeadLetter]:
        first = self._ids.take(max(len(batch.unreadable), 1), now_ms())
        return [
            DeadLetter((first + place).to_bytes(16, "big"), body, "the queue's message can't be decoded")
            for place, body in enumerate(batch.unreadable)
        ]
