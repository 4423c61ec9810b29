"""Rows and segments as earlier releases wrote them."""

from __future__ import annotations

import msgspec
import zstandard

from app.log import codec
from app.log.record import LogRecord
from app.systems.sqlite import rows
from app.systems.sqlite.checksums import checksum
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index import writing
from app.systems.sqlite.index.scan import answered, summed
from app.systems.sqlite.segments.columns import Hexadecimal
from app.systems.sqlite.segments.directory import changed, directory
from app.systems.sqlite.segments.former import FormerChunk
from app.systems.sqlite.segments.parts import Packed
from app.systems.sqlite.segments.places import CHUNK, CHUNKS
from app.systems.sqlite.segments.stored import let_go


def left_as_rows(database: SqliteDatabase, records: list[LogRecord]) -> None:
    """Store and index *records* as an earlier release did: as rows."""
    for start in range(0, len(records), 2_000):
        some = records[start : start + 2_000]
        with database.write(durable=False) as connection:
            place = rows.next_place(connection)
            rows.insert(connection, place, some)
            rows.set_state(connection, "next_place", place + len(some))
            rows.add_state(connection, "stored", len(some))
            writing.index(connection, place, writing.prepare(some))


def age(database: SqliteDatabase, since: int = 0) -> int:
    """Write all segments of a file but the first *since* as revision 0020 did; return how many there are."""
    with database.write(durable=False) as connection:
        there = directory(connection)
        for number in range(since, len(there)):
            one = there.segment(number)
            records, chunks = one.records(connection, range(one.logs)), list[bytes]()
            for start in range(0, one.logs, CHUNK):
                some = records[start : start + CHUNK]
                beside = (
                    Hexadecimal.of([record.trace_id for record in some]),
                    Hexadecimal.of([record.span_id for record in some]),
                )
                docs = [
                    (
                        record.message,
                        record.resource_id,
                        None if beside[0] else record.trace_id,
                        None if beside[1] else record.span_id,
                        record.commit,
                        record.metadata,
                        record.truncated,
                    )
                    for record in some
                ]
                chunks.append(msgspec.msgpack.encode(FormerChunk(*beside, Packed.of(codec.encode(docs)))))
            (kept,) = connection.execute("SELECT keys FROM segment_columns WHERE first = ?", (one.first,)).fetchone()
            keys = checksum.opened(kept, checksum.start(one.stamp, "keys"))
            names = ", ".join(["first", "keys", *(f"docs{number}" for number in range(len(chunks)))])
            marks = ", ".join("?" * (2 + len(chunks)))
            connection.execute(f"INSERT INTO segment_parts ({names}) VALUES ({marks})", (one.first, keys, *chunks))
            connection.execute("DELETE FROM segment_columns WHERE first = ?", (one.first,))
            connection.execute("UPDATE segments SET checksum = NULL WHERE first = ?", (one.first,))
            # What is open of it was written anew.
            one.close()
    return len(there)


def without_checksums(database: SqliteDatabase) -> None:
    """Write all segments and their marks as revision 0021 did."""
    with database.write(durable=False) as connection:
        for first, stamp in connection.execute("SELECT first, stamp FROM segments").fetchall():
            names = [
                "keys",
                "fields",
                "skeletons",
                "variables",
                "digits",
                *(f"docs{number}" for number in range(CHUNKS)),
            ]
            kept = connection.execute(f"SELECT {', '.join(names)} FROM segment_columns WHERE first = ?", (first,))
            for name, packed in zip(names, kept.fetchone(), strict=True):
                if packed is not None:
                    whole = checksum.opened(packed, checksum.start(stamp, name))
                    connection.execute(f"UPDATE segment_columns SET {name} = ? WHERE first = ?", (whole, first))
        # Another stamp, for this process knows the segment of the former one.
        connection.execute("UPDATE segments SET checksum = NULL, stamp = stamp + 1")
        for table, key, value in (("marks", "block", "bits"), ("sentence_groups", "number", "counts")):
            for number, packed in connection.execute(f"SELECT {key}, {value} FROM {table}").fetchall():
                whole = checksum.opened(packed, number)
                connection.execute(f"UPDATE {table} SET {value} = ? WHERE {key} = ?", (whole, number))
        for number, packed in connection.execute("SELECT number, bits FROM mark_groups").fetchall():
            frame = zstandard.ZstdCompressor(level=3).compress(zstandard.ZstdDecompressor().decompress(packed))
            connection.execute("UPDATE mark_groups SET bits = ? WHERE number = ?", (frame, number))
        forget_open(connection)


def forget_open(connection: Connection) -> None:
    """Close all segments, and forget what was found in them, so that what is asked next reads the file."""
    there = directory(connection)
    for number in range(len(there)):
        let_go(there.segment(number))
    changed(connection)
    forget_answers()


def forget_answers() -> None:
    """Forget what earlier questions found in segments."""
    for known in (answered._cache, summed.sums):
        known._kept.clear()
        known._weight = 0
