"""Dead letters in a SQLite file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.log.envelope import DeadLetter
from app.ports.figures import SAMPLE_LENGTH
from app.ports.letters import DeadGroup
from app.ports.notes import NOTE, REFUSED
from app.systems.sql import alike
from app.systems.sql.alike import AlikeLetters
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.rows import add_state, add_states, get_state

#: The first bytes of a payload; of an empty one SQLite makes NULL.
_BEGINNING = "coalesce(substr(payload, 1, ?), x'')"
#: More bytes than any payload has.
_WHOLE = 1 << 40


class SqliteLetters:
    """A LetterKeeper in the table dead_letters; beyond *limit* bytes of payloads the oldest go."""

    def __init__(self, database: SqliteDatabase, limit: int) -> None:
        self._database = database
        self._limit = limit

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """See LetterKeeper."""
        with self._database.write(durable=True) as connection:
            self.bury_in(connection, letters)

    def bury_in(self, connection: Connection, letters: Sequence[DeadLetter]) -> None:
        """Keep dead letters within the caller's transaction."""
        apart = [letter for letter in letters if not letter.times]
        likely = [letter for letter in letters if letter.times]
        new, grown, refusals = alike.joined(likely, _kept(connection, likely)) if likely else ([], [], 0)
        fresh = [AlikeLetters(letter.id, letter=letter) for letter in apart] + new
        for one in fresh:
            letter = one.letter
            assert letter is not None
            added = connection.execute(
                "INSERT OR IGNORE INTO dead_letters (id, payload, reason, field, sender, times, digest, seen) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(letter.id, letter.payload, letter.reason, letter.field, letter.sender),
                    *(letter.times + one.more, letter.digest if letter.times else None, one.seen or None),
                ),
            ).rowcount
            if added:
                add_states(connection, {"dead_bytes": len(letter.payload), NOTE + REFUSED: 1})
        for one in grown:
            connection.execute(
                "UPDATE dead_letters SET times = times + ?, seen = ? WHERE id = ?", (one.more, one.seen, one.id)
            )
        if refusals:
            add_state(connection, NOTE + REFUSED, refusals)
        while get_state(connection, "dead_bytes") > self._limit:
            oldest = connection.execute("SELECT id, length(payload) FROM dead_letters ORDER BY id LIMIT 1").fetchone()
            if oldest is None:
                break
            connection.execute("DELETE FROM dead_letters WHERE id = ?", (oldest[0],))
            add_state(connection, "dead_bytes", -oldest[1])
            add_state(connection, "dead_dropped", 1)

    def dead(
        self, limit: int = 100, before: bytes | None = None, reason: str | None = None, most: int | None = None
    ) -> list[DeadLetter]:
        """See LetterKeeper."""
        condition, parameters = "", list[Any]([_WHOLE if most is None else most])
        if before is not None:
            condition, parameters = " AND id < ?", [*parameters, before]
        if reason is not None:
            condition, parameters = f"{condition} AND reason = ?", [*parameters, reason]
        with self._database.snapshot() as connection:
            found = connection.execute(
                f"SELECT id, {_BEGINNING}, reason, field, sender, times FROM dead_letters WHERE 1{condition} "
                "ORDER BY id DESC LIMIT ?",
                [*parameters, limit],
            )
            return [DeadLetter(*row) for row in found]

    def dead_counts(self) -> dict[str, int]:
        """See LetterKeeper."""
        with self._database.snapshot() as connection:
            found = connection.execute("SELECT reason, count(*) FROM dead_letters GROUP BY 1 ORDER BY 2 DESC, 1")
            return dict(found.fetchall())

    def dead_between(self, first: bytes, last: bytes) -> int:
        """See LetterKeeper."""
        statement = "SELECT count(*) FROM dead_letters WHERE id BETWEEN ? AND ?"
        with self._database.snapshot() as connection:
            return int(connection.execute(statement, (first, last)).fetchone()[0])

    def drop_dead(self, ids: Sequence[bytes]) -> int:
        """See LetterKeeper."""
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

    def dead_groups(self, limit: int) -> list[DeadGroup]:
        """See LetterKeeper."""
        with self._database.snapshot() as connection:
            found = connection.execute(
                "WITH g AS (SELECT reason, count(*) AS n, min(id) AS first, max(id) AS last FROM dead_letters "
                "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?) "
                f"SELECT g.n, g.first, d.id, {_BEGINNING}, d.reason, d.field, d.sender, d.times "
                "FROM g JOIN dead_letters d ON d.id = g.last ORDER BY g.n DESC, g.reason",
                (limit, SAMPLE_LENGTH),
            )
            return [DeadGroup(row[4], row[0], row[1], DeadLetter(*row[2:])) for row in found]


def _kept(connection: Connection, letters: Sequence[DeadLetter]) -> dict[bytes, AlikeLetters]:
    """Return the newest letter alike to each of *letters*, by digest."""
    least = alike.floor(letters)
    found = {}
    for digest in {letter.digest for letter in letters}:
        row = connection.execute(
            "SELECT id, seen FROM dead_letters WHERE digest = ? AND id >= ? ORDER BY id DESC LIMIT 1", (digest, least)
        ).fetchone()
        if row is not None:
            found[digest] = AlikeLetters(row[0], seen=row[1] or b"")
    return found
