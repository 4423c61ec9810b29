"""The record in a SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.log.envelope import DeadLetter
from app.log.record import LogRecord, first_id
from app.ports.figures import SAMPLE_LENGTH, DeadGroup
from app.ports.memory import NOTE, REFUSED
from app.ports.record import Added
from app.query.query import Query
from app.systems.sql.alerts import SqlAlerts
from app.systems.sql.figures import SqlFigures
from app.systems.sql.notes import SqlNotes
from app.systems.sql.notices import SqlNotices
from app.systems.sql.outbox import SqlOutbox
from app.systems.sql.window import bounds
from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.notes import Notes
from app.systems.sqlite.rows import add_state, add_states, get_state
from app.systems.sqlite.shelf import SqliteShelf
from app.times import instant

#: Called in the transaction that deletes records, with their places: the index in the same file follows.
Forget = Callable[[Connection, Sequence[int], Sequence[LogRecord]], None]

#: Ids in one statement.
_AT_ONCE = 500
#: The first bytes of a payload; of an empty one SQLite makes NULL.
_BEGINNING = "coalesce(substr(payload, 1, ?), x'')"
#: More bytes than any payload has.
_WHOLE = 1 << 40


class SqliteStore(Notes, SqlNotes, SqlNotices, SqlOutbox, SqlAlerts, SqlFigures):
    """A LogStore in the tables logs and dead_letters, and those of its bases."""

    def __init__(self, database: SqliteDatabase, *, dead_limit: int, forget: Forget | None = None) -> None:
        Notes.__init__(self, database)
        # Processes on one file share a data folder, and its lock decides who watches.
        SqlNotices.__init__(self, SqliteShelf(database), lambda: True)
        self._dead_limit = dead_limit
        self._forget = forget

    def add(self, records: Sequence[LogRecord], lease: float = 0.0) -> Added:
        """See LogStore."""
        with self._database.write(durable=True) as connection:
            fresh = rows.new_records(connection, records)
            rows.insert(connection, rows.next_place(connection), fresh)
            return Added(len(fresh), self._mark(connection, [record.id for record in records], lease))

    def get(self, ids: Sequence[bytes]) -> list[LogRecord]:
        """See LogStore."""
        found = {}
        with self._database.snapshot() as connection:
            for start in range(0, len(ids), _AT_ONCE):
                some = ids[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                for row in connection.execute(f"SELECT {rows.COLUMNS} FROM logs WHERE id IN ({marks})", list(some)):
                    found[row[0]] = rows.record(row)
        return [found[identity] for identity in ids if identity in found]

    def count(self, first: bytes, last: bytes) -> int:
        """See LogStore."""
        doubled = "SELECT coalesce(sum(logs), 0) FROM doubles WHERE first >= ? AND last <= ?"
        stored = self._number("SELECT count(*) FROM logs WHERE id BETWEEN ? AND ?", first, last)
        return stored + self._number(doubled, first, last)

    def after(self, place: int, limit: int) -> list[tuple[int, LogRecord]]:
        """See LogStore."""
        with self._database.snapshot() as connection:
            found = connection.execute(
                f"SELECT {rows.COLUMNS}, place FROM logs WHERE place > ? ORDER BY place LIMIT ?", (place, limit)
            )
            return [(row[5], rows.record(row[:5])) for row in found]

    def newest_place(self, *, held_back: bool = False) -> int:
        """See LogStore. With one writer at a time nothing is held back."""
        with self._database.snapshot() as connection:
            return rows.next_place(connection) - 1

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """See LogStore. There is no index over time: all ids of the window are sorted first."""
        condition, parameters, order = bounds(query)
        with self._database.snapshot() as connection:
            found = connection.execute(f"SELECT id FROM logs WHERE {condition} ORDER BY {order}", parameters).fetchall()
        for start in range(0, len(found), _AT_ONCE):
            yield self.get([identity for (identity,) in found[start : start + _AT_ONCE]])

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """See LogStore."""
        with self._database.write(durable=True) as connection:
            self.bury_in(connection, letters)

    def bury_in(self, connection: Connection, letters: Sequence[DeadLetter]) -> None:
        """Keep dead letters within the caller's transaction."""
        for letter in letters:
            added = connection.execute(
                "INSERT OR IGNORE INTO dead_letters VALUES (?, ?, ?, ?, ?)",
                (letter.id, letter.payload, letter.reason, letter.field, letter.sender),
            ).rowcount
            if added:
                add_states(connection, {"dead_bytes": len(letter.payload), NOTE + REFUSED: 1})
        while get_state(connection, "dead_bytes") > self._dead_limit:
            oldest = connection.execute("SELECT id, length(payload) FROM dead_letters ORDER BY id LIMIT 1").fetchone()
            if oldest is None:
                break
            connection.execute("DELETE FROM dead_letters WHERE id = ?", (oldest[0],))
            add_state(connection, "dead_bytes", -oldest[1])
            add_state(connection, "dead_dropped", 1)

    def dead(
        self, limit: int = 100, before: bytes | None = None, reason: str | None = None, most: int | None = None
    ) -> list[DeadLetter]:
        """See LogStore."""
        condition, parameters = "", list[Any]([_WHOLE if most is None else most])
        if before is not None:
            condition, parameters = " AND id < ?", [*parameters, before]
        if reason is not None:
            condition, parameters = f"{condition} AND reason = ?", [*parameters, reason]
        with self._database.snapshot() as connection:
            found = connection.execute(
                f"SELECT id, {_BEGINNING}, reason, field, sender FROM dead_letters WHERE 1{condition} "
                "ORDER BY id DESC LIMIT ?",
                [*parameters, limit],
            )
            return [DeadLetter(*row) for row in found]

    def dead_groups(self, limit: int) -> list[DeadGroup]:
        """See FigureKeeper."""
        with self._database.snapshot() as connection:
            found = connection.execute(
                "WITH g AS (SELECT reason, count(*) AS n, min(id) AS first, max(id) AS last FROM dead_letters "
                "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?) "
                f"SELECT g.n, g.first, d.id, {_BEGINNING}, d.reason, d.field, d.sender "
                "FROM g JOIN dead_letters d ON d.id = g.last ORDER BY g.n DESC, g.reason",
                (limit, SAMPLE_LENGTH),
            )
            return [DeadGroup(row[4], row[0], row[1], DeadLetter(*row[2:])) for row in found]

    def dead_counts(self) -> dict[str, int]:
        """See LogStore."""
        with self._database.snapshot() as connection:
            found = connection.execute("SELECT reason, count(*) FROM dead_letters GROUP BY 1 ORDER BY 2 DESC, 1")
            return dict(found.fetchall())

    def dead_between(self, first: bytes, last: bytes) -> int:
        """See LogStore."""
        return self._number("SELECT count(*) FROM dead_letters WHERE id BETWEEN ? AND ?", first, last)

    def drop_dead(self, ids: Sequence[bytes]) -> int:
        """See LogStore."""
        dropped = 0
        with self._database.write(durable=True) as connection:
            for identity in ids:
                row = connection.execute(
                    "SELECT length(payload) FROM dead_letters WHERE id = ?", (identity,)
                ).fetchone()
                if row is not None:
                    connection.execute("DELETE FROM dead_letters WHERE id = ?", (identity,))
                    add_state(connection, "dead_bytes", -row[0])
                    dropped += 1
        return dropped

    def expire(self, before: int | None, limit: int) -> int:
        """See LogStore."""
        with self._database.write(durable=False) as connection:
            if before is not None:
                connection.execute("DELETE FROM doubles WHERE last < ?", (first_id(before),))
            return self._delete(connection, *rows.oldest(connection, before, limit))

    def delete(self, ids: Sequence[bytes]) -> int:
        """See LogStore."""
        with self._database.write(durable=True) as connection:
            return self._delete(connection, *rows.by_id(connection, ids))

    def _delete(self, connection: Connection, places: Sequence[int], records: Sequence[LogRecord]) -> int:
        rows.delete(connection, places)
        if self._forget is not None and places:
            self._forget(connection, places, records)
        return len(places)

    def size(self) -> int:
        """See LogStore: what is in use, without pages that are free for reuse."""
        with self._database.snapshot() as connection:
            page_size, pages, free = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_size", "page_count", "freelist_count")
            )
        return int(page_size * (pages - free))

    def stats(self) -> dict[str, Any]:
        """See LogStore."""
        with self._database.snapshot() as connection:
            ends = connection.execute("SELECT min(id), max(id) FROM logs").fetchone()
            stored, dropped = get_state(connection, "stored"), get_state(connection, "dead_dropped")
            ever = rows.next_place(connection) - 1
            dead = connection.execute("SELECT count(*) FROM dead_letters").fetchone()[0]
        oldest, newest = (None if end is None else instant.text((int.from_bytes(end[:6], "big"), 0)) for end in ends)
        return {
            "stored": stored,
            "stored_ever": ever,
            "oldest_received": oldest,
            "newest_received": newest,
            "dead_letters": dead,
            "dead_letters_dropped": dropped,
            "bytes": self.size(),
            "bytes_on_disk": self._database.size(),
        }

    def _number(self, statement: str, *parameters: Any) -> int:
        with self._database.snapshot() as connection:
            return int(connection.execute(statement, parameters).fetchone()[0])

    def close(self) -> None:
        """See LogStore; the database is closed by whoever opened it."""
