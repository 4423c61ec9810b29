"""What a SQLite record notes beside the logs: claims, listings, marks for what the index lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.log.envelope import Earlier, Envelope, Listing, of_one_request
from app.log.record import LogRecord, id_runs
from app.ports.memory import Remembered
from app.ports.record import Lacking
from app.systems.sqlite import memory, rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.times.instant import now_ms

#: How long a claim is remembered, in ms.
CLAIM_MS = 24 * 3600 * 1000
#: Marks read at once.
_MARKS_AT_ONCE = 500


class Notes:
    """The part of a LogStore in the tables claims, doubles, listings and unindexed."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def claim(self, envelopes: Sequence[Envelope]) -> list[bool]:
        """See LogStore."""
        with self._database.write(durable=True) as connection:
            return [self._claim(connection, envelope) for envelope in envelopes]

    def _claim(self, connection: Connection, envelope: Envelope) -> bool:
        claim = envelope.claim
        if claim is None:
            return True
        connection.execute(
            "INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?, ?)",
            (claim.key, claim.part, claim.parts, claim.digest, claim.answer, now_ms()),
        )
        held = connection.execute(
            "SELECT answer, digest FROM claims WHERE key = ? AND part = ?", (claim.key, claim.part)
        ).fetchone()
        # Another body under the key was accepted too, before anybody could refuse it: it must not be lost.
        if held[0] == claim.answer or held[1] != claim.digest:
            return True
        # By runs: between ids that are no neighbours lie those of others.
        runs = id_runs(record.id for record in envelope.records)
        connection.executemany("INSERT OR IGNORE INTO doubles VALUES (?, ?, ?)", runs)
        return False

    def claimed(self, key: str) -> Earlier | None:
        """See LogStore."""
        with self._database.snapshot() as connection:
            found = connection.execute(
                "SELECT answer, digest, parts FROM claims WHERE key = ? ORDER BY part", (key,)
            ).fetchall()
        # Of a key that several requests have claimed in part no answer tells the whole.
        whole = found and len(found) >= found[0][2] and of_one_request(answer for answer, _, _ in found)
        return Earlier(found[0][0], found[0][1]) if whole else None

    def keep(self, listing: Listing) -> None:
        """See LogStore."""
        with self._database.write(durable=True) as connection:
            until = now_ms() + listing.keep_ms
            connection.execute("INSERT INTO listings VALUES (?, ?, ?)", (listing.key, b"".join(listing.ids), until))

    def listed(self, key: bytes) -> list[bytes] | None:
        """See LogStore."""
        with self._database.snapshot() as connection:
            row = connection.execute("SELECT ids FROM listings WHERE key = ?", (key,)).fetchone()
        return None if row is None else _split(row[0])

    def forget_claims(self) -> None:
        """See LogStore."""
        with self._database.write(durable=False) as connection:
            connection.execute("DELETE FROM listings WHERE until < ?", (now_ms(),))
            connection.execute("DELETE FROM claims WHERE made < ?", (now_ms() - CLAIM_MS,))

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
            return marks, rows.by_id(connection, ids)[1]

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """See RecordCare."""
        return rows.ids_between(self._database, first, last)

    def lacking_ids(self) -> Iterator[list[bytes]]:
        """See RecordCare."""
        after = 0
        while True:
            with self._database.snapshot() as connection:
                found = connection.execute(
                    "SELECT mark, ids FROM unindexed WHERE mark > ? ORDER BY mark LIMIT ?", (after, _MARKS_AT_ONCE)
                ).fetchall()
            for _, packed in found:
                yield _split(packed)
            if len(found) < _MARKS_AT_ONCE:
                return
            after = found[-1][0]

    def remembered(self) -> Iterator[list[Remembered]]:
        """See Keeper."""
        return memory.read(self._database)

    def remember(self, items: Sequence[Remembered]) -> None:
        """See Keeper."""
        memory.write(self._database, items)


def _split(packed: bytes) -> list[bytes]:
    return [packed[start : start + 16] for start in range(0, len(packed), 16)]
