"""Marks in PostgreSQL: which records the index lacks, noted in the transaction that stores them."""

from __future__ import annotations

from collections.abc import Sequence

from app.systems.postgres.server import NOW, Cursor
from app.times.instant import now_ms

#: Marks looked at in one statement.
_MARKS = 50


def mark(cursor: Cursor, ids: Sequence[bytes], lease: float) -> tuple[int, int]:
    """Mark records as lacking in the index; return the mark, and the place of all that this transaction stores."""
    cursor.execute(
        f"INSERT INTO unindexed (made, leased, logs, ids) VALUES (%s, {NOW} + %s, %s, %s) "
        "RETURNING mark, pg_current_xact_id()::text::bigint"
        " + coalesce((SELECT value FROM state WHERE name = 'place_offset'), 0)",
        (now_ms(), int(lease * 1000), len(ids), b"".join(ids)),
    )
    made, place = cursor.fetchone()
    return made, place


def lease(cursor: Cursor, limit: int, seconds: float) -> tuple[list[int], list[bytes]]:
    """Lease the oldest marks of about *limit* records; return marks and ids."""
    marks, ids = list[int](), list[bytes]()
    while len(ids) < limit and (found := _free_marks(cursor, marks[-1] if marks else 0)):
        for made, packed in found:
            if len(ids) < limit:
                marks.append(made)
                ids += split(bytes(packed))
    cursor.execute(f"UPDATE unindexed SET leased = {NOW} + %s WHERE mark = ANY(%s)", (int(seconds * 1000), marks))
    return marks, ids


def _free_marks(cursor: Cursor, after: int) -> list[tuple[int, bytes]]:
    """Lock and return some marks that nobody has a lease of, or is just about to take."""
    cursor.execute(
        f"SELECT mark, ids FROM unindexed WHERE mark > %s AND leased <= {NOW} ORDER BY mark LIMIT %s "
        "FOR UPDATE SKIP LOCKED",
        (after, _MARKS),
    )
    return list(cursor.fetchall())


def split(packed: bytes) -> list[bytes]:
    """Return the ids that a row holds, 16 bytes each."""
    return [packed[start : start + 16] for start in range(0, len(packed), 16)]
