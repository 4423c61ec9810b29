"""Beats in PostgreSQL: how processes on several machines show that they live, and which of them leads."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.log.fold import clean
from app.ports.notices import Beat, Seen
from app.systems.postgres.server import NOW, PostgresDatabase

#: The advisory lock of the process that watches.
LEAD_LOCK = 0x10C1465
_decode = msgspec.json.Decoder(Beat).decode


class BeatTable:
    """A BeatPlace in the table beats."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def beat(self, beat: Beat) -> None:
        """See BeatPlace."""
        with self._database.write() as cursor:
            cursor.execute(
                f"INSERT INTO beats VALUES (%s, {NOW}, {NOW}, %s) "
                "ON CONFLICT (id) DO UPDATE SET at = excluded.at, body = excluded.body",
                (beat.id, clean(msgspec.json.encode(beat).decode())),
            )

    def beats(self) -> list[Seen]:
        """See BeatPlace. The time at which a process began is that of the server's clock."""
        with self._database.read() as cursor:
            cursor.execute(f"SELECT at, made, {NOW} - at, body::text FROM beats ORDER BY made, id")
            found = cursor.fetchall()
        return [
            Seen(msgspec.structs.replace(_decode(body), began=made), at, max(age, 0) / 1000)
            for at, made, age, body in found
        ]

    def forget_beats(self, ids: Sequence[str]) -> None:
        """See BeatPlace."""
        with self._database.write() as cursor:
            cursor.execute("DELETE FROM beats WHERE id = ANY(%s)", (list(ids),))
