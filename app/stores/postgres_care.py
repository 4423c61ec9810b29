"""What operators' commands ask of a record on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.core.operating import ClaimMade, Doubled, Listed, OwnId, Remembered
from app.drivers import postgres
from app.drivers.postgres import Database

#: Ids, and rows of what is remembered, read at once; no transaction is open between two reads.
_IDS = 10_000
_ROWS = 1_000
#: What operators' notes are called in the table `state`, so that they meet no figure there.
_NOTE = "note "

#: Each kind with its table, columns, key, and how a row becomes an item. Own ids are not remembered here: their
#: logs are looked up in the record itself.
_TABLES: tuple[tuple[type[Any], str, str, str], ...] = (
    (ClaimMade, "claims", "key, part, parts, digest, answer, made", "key, part"),
    (Listed, "listings", "key, ids, until", "key"),
    (Doubled, "doubles", "first, last, logs", "first"),
)
_READ: dict[type[Any], Callable[[Sequence[Any]], Remembered]] = {
    ClaimMade: lambda row: ClaimMade(
        bytes(row[0]).decode(errors="surrogatepass"), row[1], row[2], bytes(row[3]), bytes(row[4]), row[5]
    ),
    Listed: lambda row: Listed(bytes(row[0]), bytes(row[1]), row[2]),
    Doubled: lambda row: Doubled(_id(row[0]), _id(row[1]), row[2]),
}


class Care:
    """The part of a LogStore that is `RecordCare`."""

    _database: Database

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """See RecordCare."""
        condition, low = ">=", first.hex()
        while True:
            with self._database.read() as cursor:
                cursor.execute(
                    f"SELECT id FROM logs WHERE id {condition} %s AND id <= %s ORDER BY id LIMIT {_IDS}",
                    (low, last.hex()),
                )
                found = [row[0] for row in cursor.fetchall()]
            if found:
                yield [_id(one) for one in found]
            if len(found) < _IDS:
                return
            condition, low = ">", found[-1]

    def lacking_ids(self) -> Iterator[list[bytes]]:
        """See RecordCare."""
        after = 0
        while True:
            with self._database.read() as cursor:
                cursor.execute(f"SELECT mark, ids FROM unindexed WHERE mark > %s ORDER BY mark LIMIT {_ROWS}", (after,))
                found = cursor.fetchall()
            for _, packed in found:
                whole = bytes(packed)
                yield [whole[start : start + 16] for start in range(0, len(whole), 16)]
            if len(found) < _ROWS:
                return
            after = found[-1][0]

    def noted(self, name: str) -> int:
        """See RecordCare."""
        with self._database.read() as cursor:
            cursor.execute("SELECT value FROM state WHERE name = %s", (_NOTE + name,))
            row = cursor.fetchone()
        return 0 if row is None else int(row[0])

    def note(self, name: str, value: int) -> None:
        """See RecordCare."""
        with self._database.write() as cursor:
            cursor.execute(
                "INSERT INTO state VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (_NOTE + name, value),
            )

    def remembered(self) -> Iterator[list[Remembered]]:
        """See Keeper."""
        for kind, table, columns, key in _TABLES:
            width, after = key.count(",") + 1, tuple[Any, ...]()
            while True:
                condition = f"WHERE ({key}) > ({', '.join(['%s'] * width)})" if after else ""
                with self._database.read() as cursor:
                    cursor.execute(f"SELECT {columns} FROM {table} {condition} ORDER BY {key} LIMIT {_ROWS}", after)
                    found = cursor.fetchall()
                if found:
                    yield [_READ[kind](row) for row in found]
                if len(found) < _ROWS:
                    break
                after = tuple(found[-1][:width])

    def remember(self, items: Sequence[Remembered]) -> None:
        """See Keeper. Own ids are left: the record itself knows them."""
        with self._database.write() as cursor:
            for kind, table, columns, _ in _TABLES:
                some = [_row(item) for item in items if isinstance(item, kind)]
                postgres.insert(cursor, f"INSERT INTO {table} ({columns}) VALUES %s ON CONFLICT DO NOTHING", some)


def _row(item: Remembered) -> tuple[Any, ...]:
    match item:
        case ClaimMade():
            key = item.key.encode(errors="surrogatepass")
            return key, item.part, item.parts, item.digest, item.answer, item.made
        case Listed():
            return item.key, item.ids, item.until
        case Doubled():
            return item.first.hex(), item.last.hex(), item.logs
        case OwnId():
            raise AssertionError("own ids have no table here")


def _id(text: Any) -> bytes:
    return bytes.fromhex(str(text).replace("-", ""))
