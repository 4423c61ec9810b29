"""Requests in a SQLite file, beside their logs: claims, own ids and listings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.log.envelope import Earlier, Envelope, Listing, of_one_request
from app.log.record import id_runs
from app.ports.memory import CLAIM_MS, Remembered
from app.systems.sqlite import memory
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.times.instant import now_ms


class Keeping:
    """The part of a LogQueue, and of a ClaimKeeper, in the tables claims, own_ids and listings."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def earlier(self, key: str) -> Earlier | None:
        """See LogQueue, and `claimed` of ClaimKeeper."""
        with self._database.snapshot() as connection:
            found = connection.execute(
                "SELECT answer, digest, parts FROM claims WHERE key = ? ORDER BY part", (key,)
            ).fetchall()
        # Where several requests have claimed parts of a key, no single answer covers all of it.
        whole = found and len(found) >= found[0][2] and of_one_request(answer for answer, _, _ in found)
        return Earlier(found[0][0], found[0][1]) if whole else None

    def keep(self, listing: Listing) -> None:
        """See LogQueue."""
        with self._database.write(durable=True) as connection:
            until = now_ms() + listing.keep_ms
            connection.execute("INSERT INTO listings VALUES (?, ?, ?)", (listing.key, b"".join(listing.ids), until))

    def listed(self, key: bytes) -> list[bytes] | None:
        """See LogQueue."""
        with self._database.snapshot() as connection:
            row = connection.execute("SELECT ids FROM listings WHERE key = ?", (key,)).fetchone()
        return None if row is None else [row[0][start : start + 16] for start in range(0, len(row[0]), 16)]

    def forget_claims(self) -> None:
        """See LogQueue."""
        with self._database.write(durable=False) as connection:
            connection.execute("DELETE FROM listings WHERE until < ?", (now_ms(),))
            for table in ("claims", "own_ids"):
                connection.execute(f"DELETE FROM {table} WHERE made < ?", (now_ms() - CLAIM_MS,))

    def remembered(self) -> Iterator[list[Remembered]]:
        """See Keeper."""
        return memory.read(self._database)

    def remember(self, items: Sequence[Remembered]) -> None:
        """See Keeper."""
        memory.write(self._database, items)


class SqliteClaims(Keeping):
    """A ClaimKeeper in the tables claims, doubles and listings."""

    def claim(self, envelopes: Sequence[Envelope]) -> list[bool]:
        """See ClaimKeeper."""
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
        """See ClaimKeeper."""
        return self.earlier(key)
