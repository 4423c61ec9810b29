"""Segments as revision 0020 wrote them."""

from __future__ import annotations

import msgspec

from app.log import codec
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.segments.columns import Hexadecimal
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.former import FormerChunk
from app.systems.sqlite.segments.parts import Packed
from app.systems.sqlite.segments.places import CHUNK


def age(database: SqliteDatabase) -> int:
    """Write all segments of a file as revision 0020 did; return how many."""
    with database.write(durable=False) as connection:
        there = directory(connection)
        for number in range(len(there)):
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
            (keys,) = connection.execute("SELECT keys FROM segment_columns WHERE first = ?", (one.first,)).fetchone()
            names = ", ".join(["first", "keys", *(f"docs{number}" for number in range(len(chunks)))])
            marks = ", ".join("?" * (2 + len(chunks)))
            connection.execute(f"INSERT INTO segment_parts ({names}) VALUES ({marks})", (one.first, keys, *chunks))
            connection.execute("DELETE FROM segment_columns WHERE first = ?", (one.first,))
            # What is open of it was written anew.
            one.close()
    return len(there)
