"""What a SQLite queue keeps beside the envelopes: claims, own ids and listings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.log.envelope import Listing
from app.ports.memory import Remembered
from app.systems.sqlite import memory
from app.systems.sqlite.file import SqliteDatabase
from app.times.instant import now_ms

#: How long claims and own ids are remembered, in ms.
CLAIM_MS = 24 * 3600 * 1000


class Keeping:
    """The part of a LogQueue in the tables claims, own_ids and listings."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

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
