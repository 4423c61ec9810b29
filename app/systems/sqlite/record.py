"""The record in a SQLite file."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from app.damage import Unread, around, passing
from app.log.record import LogRecord, first_id
from app.ports.parts import Checked, Sealed
from app.ports.record import Added, Lacking
from app.query.query import Query
from app.systems.sqlite import logs, rows
from app.systems.sqlite.checksums import checking
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.freeing import damaged, oldest
from app.systems.sqlite.rows import get_state
from app.systems.sqlite.segments import sealing, storing
from app.systems.sqlite.segments.window import KeyBounds
from app.times import instant
from app.times.instant import now_ms

#: Called in the transaction that deletes records, with their places: the index in the same file follows.
Forget = Callable[[Connection, Sequence[int], Sequence[LogRecord], Collection[int]], None]

#: Logs in a chunk of a walk.
_AT_ONCE = 500
#: Between two steps of a deletion, in which others write.
_PAUSE_SECONDS = 0.02
#: Marks read at once.
MARKS_AT_ONCE = 500


class SqliteStore:
    """A LogStore in the tables logs, segments and unindexed."""

    def __init__(self, database: SqliteDatabase, *, forget: Forget | None = None) -> None:
        self._database = database
        self._forget = forget

    def add(self, records: Sequence[LogRecord], lease: float = 0.0) -> Added:
        """See LogStore."""
        with self._database.write(durable=True) as connection:
            fresh = storing.new_records(connection, records)
            # In a file with an index only what is indexed is in segments.
            storing.insert(connection, fresh, at_once=self._forget is None)
            return Added(len(fresh), self._mark(connection, [record.id for record in records], lease))

    def _mark(self, connection: Connection, ids: Sequence[bytes], lease: float) -> int:
        now = now_ms()
        return int(
            connection.execute(
                "INSERT INTO unindexed (made, leased, logs, ids) VALUES (?, ?, ?, ?)",
                (now, now + int(lease * 1000), len(ids), b"".join(ids)),
            ).lastrowid
        )

    def indexed(self, marks: Sequence[int]) -> None:
        """See LogStore. Not synced: a mark that a power cut brings back is only indexed once more."""
        with self._database.write(durable=False) as connection:
            connection.executemany("DELETE FROM unindexed WHERE mark = ?", [(mark,) for mark in marks])

    def lacking(self) -> Lacking:
        """See LogStore."""
        with self._database.snapshot() as connection:
            return Lacking(*connection.execute("SELECT coalesce(sum(logs), 0), min(made) FROM unindexed").fetchone())

    def lacking_records(self, limit: int, lease: float) -> tuple[list[int], list[LogRecord]]:
        """See LogStore."""
        now, marks, ids = now_ms(), list[int](), list[bytes]()
        with self._database.snapshot() as connection:
            if connection.execute("SELECT 1 FROM unindexed LIMIT 1").fetchone() is None:
                return [], []
        with self._database.write(durable=False) as connection:
            for mark, packed in connection.execute("SELECT mark, ids FROM unindexed WHERE leased <= ?", (now,)):
                marks.append(mark)
                ids += _split(packed)
                if len(ids) >= limit:
                    break
            until = now + int(lease * 1000)
            connection.executemany("UPDATE unindexed SET leased = ? WHERE mark = ?", [(until, mark) for mark in marks])
            with passing():
                # Damaged logs are not indexed, and hold up nothing else.
                return marks, logs.by_id(connection, ids)[1]

    def lacking_ids(self) -> Iterator[list[bytes]]:
        """See LogStore."""
        after = 0
        while True:
            with self._database.snapshot() as connection:
                found = connection.execute(
                    "SELECT mark, ids FROM unindexed WHERE mark > ? ORDER BY mark LIMIT ?", (after, MARKS_AT_ONCE)
                ).fetchall()
            for _, packed in found:
                yield _split(packed)
            if len(found) < MARKS_AT_ONCE:
                return
            after = found[-1][0]

    @around
    def get(self, ids: Sequence[bytes]) -> list[LogRecord]:
        """See LogStore."""
        with self._database.snapshot() as connection:
            found = {record.id: record for record in logs.by_id(connection, ids)[1]}
        return [found[identity] for identity in ids if identity in found]

    def count(self, first: bytes, last: bytes) -> int:
        """See LogStore."""
        doubled = "SELECT coalesce(sum(logs), 0) FROM doubles WHERE first >= ? AND last <= ?"
        with self._database.snapshot() as connection:
            stored = logs.count_ids(connection, first, last)
            return stored + int(connection.execute(doubled, (first, last)).fetchone()[0])

    def after(self, place: int, limit: int) -> list[tuple[int, LogRecord]]:
        """See LogStore."""
        with self._database.snapshot() as connection:
            return logs.after(connection, place, limit)

    def newest_place(self, *, held_back: bool = False) -> int:
        """See LogStore. With one writer at a time nothing is held back."""
        with self._database.snapshot() as connection:
            return rows.next_place(connection) - 1

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """See LogStore. There is no index over time: all keys of the window are sorted first."""
        window = KeyBounds.of(query)
        with self._database.snapshot() as connection:
            found = logs.keys(connection, window)
        found.sort(reverse=window.descending)
        for start in range(0, len(found), _AT_ONCE):
            yield self.get([key[-1] for key in found[start : start + _AT_ONCE]])

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """See LogStore."""
        return logs.ids_between(self._database, first, last)

    def expire(self, before: int | None, limit: int) -> int:
        """See LogStore."""
        with self._database.write(durable=False) as connection:
            if before is not None:
                connection.execute("DELETE FROM doubles WHERE last < ?", (first_id(before),))
            places, records = oldest.oldest(connection, before, limit)
            # Damaged logs go in their turn where all take too much room, by the time of their arrival.
            end = first_id(before) if before is not None else max((one.id for one in records), default=logs.HIGHEST)
            gone = self._delete(connection, places, records)
            return gone + damaged.expire(connection, end, limit if before is not None else max(limit - gone, 1))

    @around
    def delete(self, ids: Sequence[bytes]) -> int:
        """See LogStore. In steps, between which others write: each segment is written anew without its logs."""
        with self._database.snapshot() as connection:
            steps = storing.steps(connection, ids)
        gone = 0
        for number, some in enumerate(steps):
            if number:
                time.sleep(_PAUSE_SECONDS)
            with self._database.write(durable=True) as connection:
                gone += self._delete(connection, *logs.by_id(connection, some))
        return gone

    def erase(self) -> None:
        """See Erasable."""
        self._database.erase()

    def _delete(self, connection: Connection, places: Sequence[int], records: Sequence[LogRecord]) -> int:
        sealed = storing.delete(connection, places)
        if self._forget is not None and places:
            self._forget(connection, places, records, sealed)
        return len(places)

    def size(self) -> int:
        """See LogStore: what is in use, without pages that are free for reuse."""
        with self._database.snapshot() as connection:
            page_size, pages, free = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_size", "page_count", "freelist_count")
            )
        return int(page_size * (pages - free))

    def sealed(self) -> Sealed:
        """See Sealing."""
        return sealing.standing(self._database)

    def checked(self) -> Checked:
        """See Sealing."""
        return checking.checked(self._database)

    def drop_damaged(self) -> list[Unread]:
        """See Mending."""
        return damaged.drop(self._database)

    def stats(self) -> dict[str, Any]:
        """See LogStore."""
        with self._database.snapshot() as connection:
            ends = logs.ends(connection)
            stored, dropped = get_state(connection, "stored"), get_state(connection, "dead_dropped")
            ever = rows.next_place(connection) - 1 - get_state(connection, storing.SKIPPED)
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


def _split(packed: bytes) -> list[bytes]:
    return [packed[start : start + 16] for start in range(0, len(packed), 16)]
