"""What operators' commands ask of a record in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from app.log.record import id_bytes
from app.ports.memory import ClaimMade, Doubled, Listed, Remembered
from app.systems.postgres import server
from app.systems.postgres.server import Cursor, PostgresDatabase

#: Ids, and rows of other tables, read at once; no transaction is open between two reads.
IDS = 10_000
ROWS = 1_000


class Care:
    """The part of a LogStore that is RecordCare."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """See RecordCare."""
        sign = ">="
        while True:
            with self._database.read() as cursor:
                cursor.execute(
                    f"SELECT id FROM logs WHERE id {sign} %s AND id <= %s ORDER BY id LIMIT %s",
                    (first.hex(), last.hex(), IDS),
                )
                found = [id_bytes(identity) for (identity,) in cursor.fetchall()]
            if found:
                yield found
            if len(found) < IDS:
                return
            first, sign = found[-1], ">"

    def lacking_ids(self) -> Iterator[list[bytes]]:
        """See RecordCare."""
        for found in self._all("unindexed", ("mark", "ids"), ("mark",)):
            for _, packed in found:
                ids = bytes(packed)
                yield [ids[start : start + 16] for start in range(0, len(ids), 16)]

    def remembered(self) -> Iterator[list[Remembered]]:
        """See Keeper."""
        for found in self._all("claims", ("key", "part", "parts", "digest", "answer", "made"), ("key", "part")):
            yield [
                ClaimMade(bytes(key).decode(errors="surrogatepass"), part, parts, bytes(digest), bytes(answer), made)
                for key, part, parts, digest, answer, made in found
            ]
        for found in self._all("listings", ("key", "ids", "until"), ("key",)):
            yield [Listed(bytes(key), bytes(ids), until) for key, ids, until in found]
        for found in self._all("doubles", ("first", "last", "logs"), ("first",)):
            yield [Doubled(id_bytes(first), id_bytes(last), logs) for first, last, logs in found]

    def _all(self, table: str, columns: Sequence[str], key: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of *table* by its *key*, which is its first columns, in chunks."""
        names, order, after = ", ".join(columns), ", ".join(key), list[Any]()
        while True:
            condition = f"WHERE ({order}) > ({', '.join(['%s'] * len(key))})" if after else ""
            with self._database.read() as cursor:
                cursor.execute(f"SELECT {names} FROM {table} {condition} ORDER BY {order} LIMIT %s", [*after, ROWS])
                found = list(cursor.fetchall())
            if found:
                yield found
            if len(found) < ROWS:
                return
            after = list(found[-1][: len(key)])

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


def _insert(cursor: Cursor, table: str, given: list[tuple[Any, ...]]) -> None:
    if given:
        server.insert(cursor, f"INSERT INTO {table} VALUES %s ON CONFLICT DO NOTHING", sorted(given))
