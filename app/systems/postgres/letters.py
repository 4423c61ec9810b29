"""Dead letters in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.log.envelope import DeadLetter
from app.log.fold import clean
from app.log.record import id_bytes
from app.ports.figures import SAMPLE_LENGTH
from app.ports.letters import DeadGroup
from app.ports.notes import NOTE, REFUSED
from app.systems.postgres import rows, server
from app.systems.postgres.server import Cursor, PostgresDatabase
from app.systems.sql import alike
from app.systems.sql.alike import AlikeLetters

#: More bytes than any payload has.
_WHOLE = 2**31 - 1
#: Letters dropped in one statement.
_AT_ONCE = 100


class PostgresLetters:
    """A LetterKeeper in the table dead_letters. Texts may come from anywhere; they are cleaned here."""

    def __init__(self, database: PostgresDatabase, limit: int) -> None:
        self._database = database
        self._limit = limit

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """See LetterKeeper."""
        given = [letter for _, letter in sorted({letter.id: letter for letter in reversed(letters)}.items())]
        likely = [letter for letter in given if letter.times]
        with self._database.write() as cursor:
            add_state(cursor, "dead_bytes", 0)  # who adds letters waits here for others who do
            new, grown, refusals = alike.joined(likely, _kept(cursor, likely)) if likely else ([], [], 0)
            fresh = sorted(
                [*(AlikeLetters(one.id, letter=one) for one in given if not one.times), *new], key=lambda one: one.id
            )
            added = server.insert(
                cursor,
                "INSERT INTO dead_letters (id, payload, reason, field, sender, times, digest, seen) VALUES %s "
                "ON CONFLICT DO NOTHING RETURNING octet_length(payload)",
                [_row(one) for one in fresh],
            )
            for one in grown:
                cursor.execute(
                    "UPDATE dead_letters SET times = times + %s, seen = %s WHERE id = %s",
                    (one.more, one.seen, one.id.hex()),
                )
            size = add_state(cursor, "dead_bytes", sum(length for (length,) in added))
            add_state(cursor, NOTE + REFUSED, len(added) + refusals)
            while size > self._limit and (gone := _drop_oldest(cursor, size - self._limit)):
                size = add_state(cursor, "dead_bytes", -sum(gone))
                add_state(cursor, "dead_dropped", len(gone))

    def dead(
        self, limit: int = 100, before: bytes | None = None, reason: str | None = None, most: int | None = None
    ) -> list[DeadLetter]:
        """See LetterKeeper."""
        condition, parameters = "", list[Any]([_WHOLE if most is None else most])
        if before is not None:
            condition, parameters = " AND id < %s", [*parameters, before.hex()]
        if reason is not None:
            condition, parameters = f"{condition} AND reason = %s", [*parameters, clean(reason)]
        with self._database.read() as cursor:
            cursor.execute(
                "SELECT id, substr(payload, 1, %s), reason, field, sender, times FROM dead_letters "
                f"WHERE true{condition} ORDER BY id DESC LIMIT %s",
                [*parameters, limit],
            )
            return [_letter(row) for row in cursor.fetchall()]

    def dead_groups(self, limit: int) -> list[DeadGroup]:
        """See LetterKeeper. Before release 18 there is no least uuid, but their texts have the same order."""
        with self._database.read() as cursor:
            cursor.execute(
                'WITH g AS (SELECT reason, count(*) AS n, min(id::text COLLATE "C") AS first, '
                'max(id::text COLLATE "C") AS last FROM dead_letters GROUP BY 1 ORDER BY 2 DESC, reason COLLATE "C" LIMIT %s) '
                "SELECT g.n, g.first, d.id, substr(d.payload, 1, %s), d.reason, d.field, d.sender, d.times "
                'FROM g JOIN dead_letters d ON d.id = g.last::uuid ORDER BY g.n DESC, g.reason COLLATE "C"',
                (limit, SAMPLE_LENGTH),
            )
            return [DeadGroup(row[4], row[0], id_bytes(row[1]), _letter(row[2:])) for row in cursor.fetchall()]

    def dead_counts(self) -> dict[str, int]:
        """See LetterKeeper."""
        with self._database.read() as cursor:
            cursor.execute("SELECT reason, count(*) FROM dead_letters GROUP BY 1 ORDER BY 2 DESC, 1")
            return dict(cursor.fetchall())

    def dead_between(self, first: bytes, last: bytes) -> int:
        """See LetterKeeper."""
        with self._database.read() as cursor:
            cursor.execute("SELECT count(*) FROM dead_letters WHERE id BETWEEN %s AND %s", (first.hex(), last.hex()))
            return int(cursor.fetchone()[0])

    def drop_dead(self, ids: Sequence[bytes]) -> int:
        """See LetterKeeper."""
        with self._database.write() as cursor:
            gone = _drop(cursor, rows.texts(ids))
            add_state(cursor, "dead_bytes", -sum(gone))
        return len(gone)


def _row(one: AlikeLetters) -> tuple[Any, ...]:
    letter = one.letter
    assert letter is not None
    named = (clean(letter.reason), None if letter.field is None else clean(letter.field), clean(letter.sender))
    digest = letter.digest if letter.times else None
    return (letter.id.hex(), letter.payload, *named, letter.times + one.more, digest, one.seen or None)


def _kept(cursor: Cursor, letters: Sequence[DeadLetter]) -> dict[bytes, AlikeLetters]:
    """Return the newest letter alike to each of *letters*, by digest."""
    cursor.execute(
        "SELECT DISTINCT ON (digest) digest, id, seen FROM dead_letters WHERE digest = ANY(%s) AND id >= %s "
        "ORDER BY digest, id DESC",
        (list({letter.digest for letter in letters}), alike.floor(letters).hex()),
    )
    rows_found = cursor.fetchall()
    return {
        bytes(digest): AlikeLetters(id_bytes(identity), seen=bytes(seen or b""))
        for digest, identity, seen in rows_found
    }


def _letter(row: Sequence[Any]) -> DeadLetter:
    return DeadLetter(id_bytes(row[0]), bytes(row[1]), *row[2:])


def _drop_oldest(cursor: Cursor, excess: int) -> list[int]:
    """Drop the oldest letters, until *excess* bytes are gone or some were looked at; return their sizes."""
    cursor.execute("SELECT id, octet_length(payload) FROM dead_letters ORDER BY id LIMIT %s", (_AT_ONCE,))
    chosen, size = list[str](), 0
    for identity, length in cursor.fetchall():
        if size >= excess:
            break
        chosen.append(identity)
        size += length
    return _drop(cursor, chosen)


def _drop(cursor: Cursor, ids: Sequence[str]) -> list[int]:
    cursor.execute("DELETE FROM dead_letters WHERE id = ANY(%s::uuid[]) RETURNING octet_length(payload)", (list(ids),))
    return [length for (length,) in cursor.fetchall()]


def add_state(cursor: Cursor, name: str, change: int) -> int:
    """Add to a figure of the table `state`; return what it is now."""
    cursor.execute(
        "INSERT INTO state VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = state.value + excluded.value "
        "RETURNING value",
        (name, change),
    )
    return int(cursor.fetchone()[0])
