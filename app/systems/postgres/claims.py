"""Requests in a PostgreSQL record, beside their logs: claims, doubles and listings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from app.log.envelope import Claim, Earlier, Envelope, Listing, of_one_request
from app.log.record import id_bytes, id_runs
from app.ports.memory import CLAIM_MS, ClaimMade, Doubled, Listed, Remembered
from app.systems.postgres import server
from app.systems.postgres.marks import split
from app.systems.postgres.server import Cursor, PostgresDatabase
from app.times.instant import now_ms


class PostgresClaims:
    """A ClaimKeeper in the tables claims, doubles and listings."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def claim(self, envelopes: Sequence[Envelope]) -> list[bool]:
        """See ClaimKeeper."""
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
        """See ClaimKeeper."""
        with self._database.read() as cursor:
            cursor.execute("SELECT answer, digest, parts FROM claims WHERE key = %s ORDER BY part", (_key(key),))
            found = cursor.fetchall()
        # Where several requests have claimed parts of a key, no single answer covers all of it.
        whole = found and len(found) >= found[0][2] and of_one_request(bytes(answer) for answer, _, _ in found)
        return Earlier(bytes(found[0][0]), bytes(found[0][1])) if whole else None

    def keep(self, listing: Listing) -> None:
        """See ClaimKeeper."""
        with self._database.write() as cursor:
            cursor.execute(
                "INSERT INTO listings VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                (listing.key, b"".join(listing.ids), now_ms() + listing.keep_ms),
            )

    def listed(self, key: bytes) -> list[bytes] | None:
        """See ClaimKeeper."""
        with self._database.read() as cursor:
            cursor.execute("SELECT ids FROM listings WHERE key = %s", (key,))
            row = cursor.fetchone()
        return None if row is None else split(bytes(row[0]))

    def forget_claims(self) -> None:
        """See ClaimKeeper."""
        with self._database.write() as cursor:
            cursor.execute("DELETE FROM listings WHERE until < %s", (now_ms(),))
            cursor.execute("DELETE FROM claims WHERE made < %s", (now_ms() - CLAIM_MS,))

    def remembered(self) -> Iterator[list[Remembered]]:
        """See Keeper."""
        for found in server.chunks(
            self._database, "claims", ("key", "part", "parts", "digest", "answer", "made"), ("key", "part")
        ):
            yield [
                ClaimMade(bytes(key).decode(errors="surrogatepass"), part, parts, bytes(digest), bytes(answer), made)
                for key, part, parts, digest, answer, made in found
            ]
        for found in server.chunks(self._database, "listings", ("key", "ids", "until"), ("key",)):
            yield [Listed(bytes(key), bytes(ids), until) for key, ids, until in found]
        for found in server.chunks(self._database, "doubles", ("first", "last", "logs"), ("first",)):
            yield [Doubled(id_bytes(first), id_bytes(last), logs) for first, last, logs in found]

    def remember(self, items: Sequence[Remembered]) -> None:
        """See Keeper. Ids that senders chose are known by the records themselves."""
        with self._database.write() as cursor:
            _insert(
                cursor,
                "claims",
                [
                    (one.key.encode(errors="surrogatepass"), one.part, one.parts, one.digest, one.answer, one.made)
                    for one in items
                    if isinstance(one, ClaimMade)
                ],
            )
            _insert(cursor, "listings", [(one.key, one.ids, one.until) for one in items if isinstance(one, Listed)])
            _insert(
                cursor,
                "doubles",
                [(one.first.hex(), one.last.hex(), one.logs) for one in items if isinstance(one, Doubled)],
            )


def _keeps(claim: Claim, answer: bytes, digest: bytes) -> bool:
    """Return whether an envelope with *claim* is to be stored, of which *answer* and *digest* are held."""
    # Another body under the key was accepted too, before anybody could refuse it: it must not be lost.
    return answer == claim.answer or digest != claim.digest


def _key(key: str) -> bytes:
    # As bytes any text is a key, and no two are the same.
    return key.encode(errors="surrogatepass")


def _insert(cursor: Cursor, table: str, given: list[tuple[Any, ...]]) -> None:
    if given:
        server.insert(cursor, f"INSERT INTO {table} VALUES %s ON CONFLICT DO NOTHING", sorted(given))
