"""The drain of the default: queue, record and index are one file, so a move is one transaction.

A crash leaves the logs either waiting or stored and findable, never both and never neither.
"""

from __future__ import annotations

import logging

from app.errors import LogIngestorError
from app.log.envelope import Batch, unreadable, unstorable
from app.systems.sql import gaps
from app.systems.sql.shelf import Transaction
from app.systems.sqlite import queue as queues
from app.systems.sqlite.file import Connection, OperationalError, SqliteDatabase
from app.systems.sqlite.index import writing
from app.systems.sqlite.index.writing import Prepared
from app.systems.sqlite.letters import SqliteLetters
from app.systems.sqlite.queue import SqliteQueue
from app.systems.sqlite.segments import storing
from app.systems.sqlite.segments.storing import Ahead
from app.times.instant import now_ms

log = logging.getLogger(__name__)


class Mover:
    """Moves logs from the queue into record and index of one SQLite file."""

    def __init__(self, database: SqliteDatabase, queue: SqliteQueue, letters: SqliteLetters) -> None:
        self._database = database
        self._queue = queue
        self._letters = letters

    def move(self, limit: int, wait: float) -> int:
        """Move the oldest envelopes of about *limit* logs; where none waits, return when one comes, or after *wait* seconds.

        Returns how many logs were moved; another worker may have moved them meanwhile.
        """
        batch = self._queue.peek(limit)
        if not batch:
            # Logs that have come are left to the next call: before it, a pause is noticed.
            self._database.wait(wait)
            return 0
        try:
            return self._together(batch)
        except (LogIngestorError, OperationalError):
            raise
        except Exception:
            log.exception("a batch of %d logs can't be stored; trying its logs one by one", len(batch.records))
            return self._one_by_one(batch)

    def _together(self, batch: Batch) -> int:
        prepared = writing.prepare(batch.records)
        packed = self._packed(prepared)
        # Not synced: a power cut undoes the whole move, and the logs are back in the queue.
        with self._database.write(durable=False) as connection:
            if not queues.remove(connection, batch):
                return 0
            fresh = storing.new_records(connection, batch.records)
            if len(fresh) != len(batch.records):
                prepared, packed = writing.prepare(fresh), None
            self._insert(connection, prepared, packed)
            _note_numbers(connection, batch)
            self._letters.bury_in(connection, [*batch.dead, *unreadable(batch)])
        return len(batch.records)

    def _packed(self, prepared: Prepared) -> Ahead | None:
        """Pack what becomes segments before the lock is taken: whoever accepts would wait for it."""
        if prepared.columns is None:
            return None
        with self._database.snapshot() as connection:
            return storing.ahead(connection, prepared.columns)

    def _insert(self, connection: Connection, prepared: Prepared, packed: Ahead | None = None) -> None:
        if prepared.records:
            writing.index(connection, storing.insert(connection, prepared.records, packed=packed), prepared)

    def _one_by_one(self, batch: Batch) -> int:
        """Store each log by itself, in one transaction; one that can't be stored becomes a dead letter."""
        letters = [*batch.dead, *unreadable(batch)]
        with self._database.write(durable=False) as connection:
            if not queues.remove(connection, batch):
                return 0
            for record in batch.records:
                connection.execute("SAVEPOINT one")
                try:
                    self._insert(connection, writing.prepare(storing.new_records(connection, [record])))
                except OperationalError:
                    raise
                except Exception as error:
                    connection.execute("ROLLBACK TO one")
                    letters.append(unstorable(record, error))
                connection.execute("RELEASE one")
            _note_numbers(connection, batch)
            self._letters.bury_in(connection, letters)
        return len(batch.records)


def _note_numbers(connection: Connection, batch: Batch) -> None:
    if batch.numbers:
        gaps.note(Transaction(connection.cursor()), batch.numbers, now_ms())
