"""The record in a PostgreSQL database."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.errors import Unavailable
from app.log.record import LogRecord, first_id, id_bytes
from app.ports.record import Added, Lacking
from app.query.query import Query
from app.settings.settings import Retention
from app.systems.postgres import expire as postgres_expire
from app.systems.postgres import marks, rows, server
from app.systems.postgres.periods import Periods
from app.systems.postgres.server import Busy, Cursor, PostgresDatabase
from app.systems.postgres.shelf import EVER
from app.systems.sql.window import bounds
from app.times import instant

log = logging.getLogger(__name__)

#: Records that `walk` reads at once; no transaction is open between two reads.
CHUNK = 500
#: Ids read at once.
IDS = 10_000
#: Counters of each partition: workers with a counter of their own never wait for each other.
SLOTS = 64
#: Times that a batch is tried whose ids or partitions other processes change meanwhile.
TRIES = 20

#: The place before which no transaction can store a record any more.
_HORIZON = """(pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    + coalesce((SELECT value FROM state WHERE name = 'place_offset'), 0))"""


class PostgresStore:
    """A LogStore in the tables logs, with a partition for each period, and unindexed."""

    def __init__(self, database: PostgresDatabase, retention: Retention) -> None:
        self._database = database
        self._periods = Periods(database, retention)
        self._slot = secrets.randbelow(SLOTS)

    def add(self, records: Sequence[LogRecord], lease: float = 0.0) -> Added:
        """See LogStore."""
        given = {record.id: record for record in reversed(records)}
        ids = [record.id for record in records]
        # In one order everywhere, so that two workers with the same logs wait for each other one way only.
        fresh = [given[identity] for identity in sorted(given)]
        for _ in range(TRIES):
            try:
                return self._added(fresh, ids, lease)
            except server.Taken:
                with self._database.read() as cursor:
                    known = rows.known(cursor, [record.id for record in fresh])
                fresh = [record for record in fresh if record.id not in known]
            except server.NoPlace:
                self._periods.refresh()
        raise Unavailable(f"{self._database.place}: other processes store the same logs all the time")

    def _added(self, fresh: Sequence[LogRecord], ids: Sequence[bytes], lease: float) -> Added:
        """Store records that were not stored when somebody last looked: a COPY is much faster than an INSERT that looks."""
        stored = self._periods.of(fresh)
        with self._database.write() as cursor:
            made, place = marks.mark(cursor, ids, lease)
            if fresh:
                cursor.copy_expert(f"COPY logs ({rows.COPIED}) FROM STDIN", rows.Lines(fresh, place), rows.PIECE)
                self._count(cursor, {**stored, EVER: len(fresh)})
        return Added(len(fresh), made)

    def _count(self, cursor: Cursor, changes: Mapping[str, int]) -> None:
        """Add to the counters of partitions; to be the last statement of its transaction, for it locks the counters until the commit."""
        server.insert(
            cursor,
            "INSERT INTO counts VALUES %s ON CONFLICT (period, slot) DO UPDATE SET logs = counts.logs + excluded.logs",
            [(table, self._slot, change) for table, change in sorted(changes.items())],
        )

    def indexed(self, marks: Sequence[int]) -> None:
        """See LogStore."""
        with self._database.write() as cursor:
            cursor.execute("DELETE FROM unindexed WHERE mark = ANY(%s)", (list(marks),))

    def lacking(self) -> Lacking:
        """See LogStore."""
        with self._database.read() as cursor:
            cursor.execute("SELECT coalesce(sum(logs), 0)::bigint, min(made) FROM unindexed")
            return Lacking(*cursor.fetchone())

    def lacking_records(self, limit: int, lease: float) -> tuple[list[int], list[LogRecord]]:
        """See LogStore."""
        with self._database.read() as cursor:
            cursor.execute("SELECT 1 FROM unindexed LIMIT 1")
            if cursor.fetchone() is None:
                return [], []
        with self._database.write() as cursor:
            found, ids = marks.lease(cursor, limit, lease)
        return found, self.get(ids)

    def lacking_ids(self) -> Iterator[list[bytes]]:
        """See LogStore."""
        for found in server.chunks(self._database, "unindexed", ("mark", "ids"), ("mark",)):
            for _, packed in found:
                yield marks.split(bytes(packed))

    def get(self, ids: Sequence[bytes]) -> list[LogRecord]:
        """See LogStore."""
        with self._database.read() as cursor:
            return rows.by_id(cursor, ids)

    def count(self, first: bytes, last: bytes) -> int:
        """See LogStore."""
        parameters = {"first": first.hex(), "last": last.hex()}
        with self._database.read() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM logs WHERE id BETWEEN %(first)s AND %(last)s) + "
                "(SELECT coalesce(sum(logs), 0)::bigint FROM doubles WHERE first >= %(first)s AND last <= %(last)s)",
                parameters,
            )
            return int(cursor.fetchone()[0])

    def after(self, place: int, limit: int) -> list[tuple[int, LogRecord]]:
        """See LogStore. A place is the id of the transaction that stored the record.

        Only what all earlier transactions can't come before any more is returned.
        """
        with self._database.read() as cursor:
            cursor.execute(
                f"SELECT {rows.COLUMNS}, place FROM logs WHERE place > %s AND place < {_HORIZON} "
                "ORDER BY place FETCH FIRST %s ROWS WITH TIES",
                (place, limit),
            )
            found = [(row[11], rows.record(row)) for row in cursor.fetchall()]
        return sorted(found, key=lambda item: (item[0], item[1].id))

    def newest_place(self, *, held_back: bool = False) -> int:
        """See LogStore. Transactions that are open, in whichever database of the server, hold back what was stored since."""
        newest = (
            "coalesce(greatest((SELECT place FROM logs ORDER BY place DESC LIMIT 1), "
            "(SELECT value FROM state WHERE name = 'newest_place')), 0)"
        )
        with self._database.read() as cursor:
            cursor.execute(f"SELECT {newest if held_back else f'least({_HORIZON} - 1, {newest})'}")
            return int(cursor.fetchone()[0])

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """See LogStore."""
        while True:
            condition, parameters, order = bounds(query, "%s")
            if b"" in parameters:  # no id is as low
                return
            given = [one.hex() if isinstance(one, bytes) else one for one in parameters]
            with self._database.read() as cursor:
                cursor.execute(
                    f"SELECT {rows.COLUMNS} FROM logs WHERE {condition} ORDER BY {order} LIMIT %s", [*given, CHUNK]
                )
                found = [rows.record(row) for row in cursor.fetchall()]
            if found:
                yield found
            if len(found) < CHUNK:
                return
            query = replace(query, after=found[-1].key)

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """See LogStore."""
        sign = ">="
        while True:
            with self._database.read() as cursor:
                cursor.execute(
                    f"SELECT id FROM logs WHERE id {sign} %s AND id <= %s ORDER BY id LIMIT %s",
                    (first.hex(), last.hex(), IDS),
                )
                found = [id_bytes(identity) for (identity,) in cursor.fetchall()]
            if found:
                yield found
            if len(found) < IDS:
                return
            first, sign = found[-1], ">"

    def delete(self, ids: Sequence[bytes]) -> int:
        """See LogStore."""
        with self._database.write() as cursor:
            cursor.execute(
                "DELETE FROM logs WHERE id = ANY(%s::uuid[]) RETURNING tableoid::regclass::text, place",
                (rows.texts(ids),),
            )
            gone = cursor.fetchall()
            if gone:
                postgres_expire.note_place(cursor, max(place for _, place in gone))
                self._count(cursor, {table: -count for table, count in Counter(table for table, _ in gone).items()})
        return len(gone)

    def expire(self, before: int | None, limit: int) -> int:
        """See LogStore. By age whole periods go, so that a record lives up to one period longer.

        Waits for no reader longer than a moment: what can't be dropped now is dropped by a later call.
        """
        self._periods.make_ahead()
        if before is not None:
            with self._database.write() as cursor:
                cursor.execute("DELETE FROM doubles WHERE last < %s", (first_id(before).hex(),))
        gone = 0
        for period in self._periods.refresh():
            if gone >= limit or (before is not None and period.end > before):
                break
            try:
                if before is None:
                    gone += self._delete_oldest(period.table, limit - gone)
                if before is not None or (gone < limit and period.end <= instant.now_ms()):
                    with self._database.write() as cursor:
                        gone += postgres_expire.drop(cursor, period.table)
            except Busy as error:
                log.info("%s is dropped later: %s", period.table, error)
                break
        return gone

    def _delete_oldest(self, table: str, limit: int) -> int:
        with self._database.write() as cursor:
            gone = postgres_expire.delete_oldest(cursor, table, limit)
            self._count(cursor, {table: -gone})
        return gone

    def size(self) -> int:
        """See LogStore. Logs that were deleted from a partition count no more, though their room is given back only with all of it."""
        with self._database.read() as cursor:
            return postgres_expire.size(cursor)

    def stats(self) -> dict[str, Any]:
        """See LogStore."""
        with self._database.read() as cursor:
            cursor.execute("SELECT id FROM logs ORDER BY id LIMIT 1")
            ends = [cursor.fetchone()]
            cursor.execute("SELECT id FROM logs ORDER BY id DESC LIMIT 1")
            ends.append(cursor.fetchone())
            cursor.execute(
                "SELECT coalesce(sum(logs) FILTER (WHERE period <> %(ever)s), 0)::bigint, "
                "coalesce(sum(logs) FILTER (WHERE period = %(ever)s), 0)::bigint, (SELECT count(*) FROM dead_letters), "
                "coalesce((SELECT value FROM state WHERE name = 'dead_dropped'), 0) FROM counts",
                {"ever": EVER},
            )
            stored, ever, dead, dropped = cursor.fetchone()
            used, on_disk = postgres_expire.size(cursor), postgres_expire.size_on_disk(cursor)
        oldest, newest = (
            None if end is None else instant.text((int.from_bytes(id_bytes(end[0])[:6], "big"), 0)) for end in ends
        )
        return {
            "stored": stored,
            "stored_ever": ever,
            "oldest_received": oldest,
            "newest_received": newest,
            "dead_letters": dead,
            "dead_letters_dropped": dropped,
            "bytes": used,
            "bytes_on_disk": on_disk,
        }
