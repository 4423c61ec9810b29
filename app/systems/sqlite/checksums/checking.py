"""All that a file keeps with checksums, read and compared: damage is found before somebody asks for the logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import zstandard

from app.errors import Damaged
from app.ports.parts import Checked
from app.systems.sqlite.checksums import checksum, recount, said
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index.scan.possible import GROUPED, PIECES, opened
from app.systems.sqlite.index.scan.sentences import GROUP
from app.systems.sqlite.rows import COLUMNS as COLUMNS_OF_ROWS
from app.systems.sqlite.rows import get_state, record
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.stored import COLUMNS, Segment, let_go

#: Rows looked at in one transaction: a long one would keep the write-ahead log from being emptied.
_ROWS = 64


def checked(database: SqliteDatabase) -> Checked:
    """Return what of a file's segments, and of what is searched in them, is damaged."""
    found, after = Checked(), 0
    while True:
        with database.snapshot() as connection:
            # By the number, which is no part of what can be damaged unseen: a first place may be anything.
            statement = f"SELECT number, {COLUMNS} FROM segments WHERE number > ? ORDER BY number LIMIT {_ROWS}"
            rows = connection.execute(statement, (after,)).fetchall()
            for number, *row in rows:
                if not _check(found, connection, row):
                    found.numbers.append(number)
        if len(rows) < _ROWS:
            break
        after = rows[-1][0]
    _newest(found, database)
    for first, last in sorted(set(_marks(database))):
        found.search_damaged.append(f"the places {first} to {last}")
    if not found.damaged:
        found.wrong = recount.wrong(database)
    return found


def _newest(found: Checked, database: SqliteDatabase) -> None:
    """Look at the newest logs, which are rows."""
    after = -1
    while True:
        with database.snapshot() as connection:
            statement = f"SELECT {COLUMNS_OF_ROWS}, place FROM logs WHERE place > ? ORDER BY place LIMIT {PIECES}"
            some = connection.execute(statement, (after,)).fetchall()
        for row in some:
            try:
                record(row[:5])
            except Damaged as error:
                found.damaged.append(error.where.rstrip(","))
                found.places.append(row[5])
        if len(some) < PIECES:
            return
        after = some[-1][5]


def _check(found: Checked, connection: Connection, row: list[Any]) -> bool:
    """Look at one segment; return whether it can be read."""
    one = Segment(*row[:-1], sealed=row[-1] is not None)
    try:
        if one.sealed and row[-1] != checksum.of_row(row[:-1]):
            raise checksum.DamagedPart("its row is not what was written")
        if one.sealed or _summed(connection, one):
            one.check(connection)
            found.whole += 1
        else:
            # There is nothing to compare it with; that it can't be decompressed shows.
            one.records(connection, range(one.logs))
            found.without += 1
    except DAMAGED:
        found.damaged.append(said.segment(one.logs, one.first, one.last, one.first_id, one.last_id).rstrip(","))
        return False
    finally:
        let_go(one)
    return True


def _summed(connection: Connection, one: Segment) -> bool:
    """Return whether the keys of a segment have a checksum, as all parts of a segment have or none."""
    row = connection.execute("SELECT keys FROM segment_columns WHERE first = ?", (one.first,)).fetchone()
    return row is not None and isinstance(row[0], bytes) and checksum.has(row[0])


def _marks(database: SqliteDatabase) -> Iterator[tuple[int, int]]:
    """Yield the first and the last place of blocks whose marks or sentences are damaged, ascending for each table."""
    for table, value, places, per, look in (
        ("marks", "bits", BLOCK, 1, opened),
        ("mark_groups", "bits", GROUP * BLOCK, PIECES, _frame),
        ("sentence_groups", "counts", GROUP * BLOCK, 1, _counts),
    ):
        key, after = "block" if table == "marks" else "number", -1
        while True:
            with database.snapshot() as connection:
                statement = f"SELECT {key}, {value} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT {PIECES}"
                rows = connection.execute(statement, (after,)).fetchall()
            for number, packed in rows:
                try:
                    look(number, packed)
                except (*DAMAGED, MemoryError):
                    yield number // per * places, (number // per + 1) * places - 1
            if len(rows) < PIECES:
                break
            after = rows[-1][0]
    yield from _lacking(database)


def _lacking(database: SqliteDatabase) -> Iterator[tuple[int, int]]:
    """Yield the first and the last place of groups that have not all pieces of their marks."""
    with database.snapshot() as connection:
        statement = f"SELECT number / {PIECES}, count(*) FROM mark_groups GROUP BY 1"
        pieces, groups = dict(connection.execute(statement).fetchall()), get_state(connection, GROUPED)
    for number in range(groups):
        if pieces.get(number, 0) != PIECES:
            yield number * GROUP * BLOCK, (number + 1) * GROUP * BLOCK - 1


def _frame(_: int, packed: bytes) -> None:
    zstandard.ZstdDecompressor().decompress(packed)


def _counts(number: int, packed: bytes) -> None:
    msgspec.msgpack.decode(checksum.opened(packed, number))
