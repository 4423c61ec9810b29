"""The memory of requests in a SQLite file: the tables claims, listings, doubles and own_ids, copied as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.ports.memory import ClaimMade, Doubled, Listed, OwnId, Remembered
from app.systems.sqlite.file import SqliteDatabase

#: Rows read at once.
_AT_ONCE = 1_000

#: Each kind with its table and columns; the first columns are the table's key.
_TABLES: dict[type[Remembered], tuple[str, str, str]] = {
    ClaimMade: ("claims", "key, part, parts, digest, answer, made", "key, part"),
    Listed: ("listings", "key, ids, until", "key"),
    Doubled: ("doubles", "first, last, logs", "first"),
    OwnId: ("own_ids", "id, made", "id"),
}


def read(database: SqliteDatabase) -> Iterator[list[Remembered]]:
    """Yield all that the file remembers, in chunks of one kind."""
    for kind, (table, columns, key) in _TABLES.items():
        width = key.count(",") + 1
        marks, after = ", ".join("?" * width), tuple[object, ...]()
        while True:
            condition = f"WHERE ({key}) > ({marks})" if after else ""
            with database.snapshot() as connection:
                rows = connection.execute(
                    f"SELECT {columns} FROM {table} {condition} ORDER BY {key} LIMIT {_AT_ONCE}", after
                ).fetchall()
            if rows:
                yield [kind(*row) for row in rows]
            if len(rows) < _AT_ONCE:
                break
            after = tuple(rows[-1][:width])


def write(database: SqliteDatabase, items: Sequence[Remembered]) -> None:
    """Remember the items durably; keys that are there keep what they have."""
    with database.write(durable=True) as connection:
        for kind, (table, columns, _) in _TABLES.items():
            names = columns.split(", ")
            connection.executemany(
                f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({', '.join('?' * len(names))})",
                [tuple(getattr(item, name) for name in names) for item in items if isinstance(item, kind)],
            )
