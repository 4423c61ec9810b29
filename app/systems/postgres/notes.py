"""What a PostgreSQL record notes beside the logs: claims, listings, and marks for what the index lacks."""

from __future__ import annotations

from collections.abc import Sequence

from app.log.envelope import Claim, Earlier, Envelope, Listing, of_one_request
from app.log.record import LogRecord, id_runs
from app.ports.record import Lacking
from app.systems.postgres import rows, server
from app.systems.postgres.server import NOW, Cursor, PostgresDatabase
from app.times.instant import now_ms

#: How long a claim is remembered, in ms.
CLAIM_MS = 24 * 3600 * 1000
#: Marks looked at in one statement.
_MARKS = 50


class Notes:
    """The part of a LogStore in the tables claims, doubles, listings and unindexed."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def get(self, ids: Sequence[bytes]) -> list[LogRecord]:
        """See LogStore."""
        with self._database.read() as cursor:
            return rows.by_id(cursor, ids)

    def claim(self, envelopes: Sequence[Envelope]) -> list[bool]:
        """See LogStore."""
        asked = {(_key(one.claim.key), one.claim.part): one.claim for one in reversed(envelopes) if one.claim}
        if not asked:
            return [True] * len(envelopes)
        with self._database.write() as cursor:
            # In one order everywhere, so that two workers with the same claims wait for each other one way only.
            found = server.insert(
                cursor,
                # An update that changes nothing: it returns the claim that was made before, and holds it.
                "INSERT INTO claims VALUES %s ON CONFLICT (key, part) DO UPDATE SET parts = claims.parts "
                "RETURNING key, part, answer, digest",
                [
                    (key, part, claim.parts, claim.digest, claim.answer, now_ms())
                    for (key, part), claim in sorted(asked.items(), key=lambda item: item[0])
                ],
            )
            held = {(bytes(key), part): (bytes(answer), bytes(digest)) for key, part, answer, digest in found}
            own = [
                one.claim is None or _keeps(one.claim, *held[_key(one.claim.key), one.claim.part]) for one in envelopes
            ]
            self._note_doubles(cursor, [one for one, mine in zip(envelopes, own, strict=True) if not mine])
            return own

    def _note_doubles(self, cursor: Cursor, envelopes: Sequence[Envelope]) -> None:
        noted = list[tuple[str, str, int]]()
        for envelope in envelopes:
            # By runs: between ids that are no neighbours lie those of others.
            runs = id_runs(record.id for record in envelope.records)
            noted += [(first.hex(), last.hex(), logs) for first, last, logs in runs]
        server.insert(cursor, "INSERT INTO doubles VALUES %s ON CONFLICT DO NOTHING", sorted(noted))

    def claimed(self, key: str) -> Earlier | None:
        """See LogStore."""
        with self._database.read() as cursor:
            cursor.execute("SELECT answer, digest, parts FROM claims WHERE key = %s ORDER BY part", (_key(key),))
            found = cursor.fetchall()
        # Of a key that several requests have claimed in part no answer tells the whole.
        whole = found and len(found) >= found[0][2] and of_one_request(bytes(answer) for answer, _, _ in found)
        return Earlier(bytes(found[0][0]), bytes(found[0][1])) if whole else None

    def keep(self, listing: Listing) -> None:
        """See LogStore."""
        with self._database.write() as cursor:
            cursor.execute(
                "INSERT INTO listings VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                (listing.key, b"".join(listing.ids), now_ms() + listing.keep_ms),
            )

    def listed(self, key: bytes) -> list[bytes] | None:
        """See LogStore."""
        with self._database.read() as cursor:
            cursor.execute("SELECT ids FROM listings WHERE key = %s", (key,))
            row = cursor.fetchone()
        return None if row is None else _split(bytes(row[0]))

    def forget_claims(self) -> None:
        """See LogStore."""
        with self._database.write() as cursor:
            cursor.execute("DELETE FROM listings WHERE until < %s", (now_ms(),))
            cursor.execute("DELETE FROM claims WHERE made < %s", (now_ms() - CLAIM_MS,))

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
        marks, ids = list[int](), list[bytes]()
        with self._database.write() as cursor:
            while len(ids) < limit and (found := _free_marks(cursor, marks[-1] if marks else 0)):
                for mark, packed in found:
                    if len(ids) < limit:
                        marks.append(mark)
                        ids += _split(bytes(packed))
            cursor.execute(f"UPDATE unindexed SET leased = {NOW} + %s WHERE mark = ANY(%s)", (int(lease * 1000), marks))
        return marks, self.get(ids)


def _keeps(claim: Claim, answer: bytes, digest: bytes) -> bool:
    """Return whether an envelope with *claim* is to be stored, of which *answer* and *digest* are held."""
    # Another body under the key was accepted too, before anybody could refuse it: it must not be lost.
    return answer == claim.answer or digest != claim.digest


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


def _free_marks(cursor: Cursor, after: int) -> list[tuple[int, bytes]]:
    """Lock and return some marks that nobody has a lease of, or is just about to take."""
    cursor.execute(
        f"SELECT mark, ids FROM unindexed WHERE mark > %s AND leased <= {NOW} ORDER BY mark LIMIT %s "
        "FOR UPDATE SKIP LOCKED",
        (after, _MARKS),
    )
    return list(cursor.fetchall())


def _key(key: str) -> bytes:
    # As bytes any text is a key, and no two are the same.
    return key.encode(errors="surrogatepass")


def _split(packed: bytes) -> list[bytes]:
    return [packed[start : start + 16] for start in range(0, len(packed), 16)]
