"""Damaged logs are let go of: when all of a segment is older than the retention, and when an operator says so."""

from __future__ import annotations

import logging

from app.damage import Unread
from app.systems.sqlite import rows
from app.systems.sqlite.checksums import checking, checksum, said
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.freeing import oldest
from app.systems.sqlite.index.kept import UNCOUNTED
from app.systems.sqlite.index.scan.possible import REPLACED
from app.systems.sqlite.index.scan.sentences import GROUP
from app.systems.sqlite.index.writing import FOLLOWED, NEXT, following
from app.systems.sqlite.segments.directory import changed, every, one_of
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.stored import COLUMNS, Segment, let_go

log = logging.getLogger(__name__)

_ID_BYTES = 16


def drop(database: SqliteDatabase) -> list[Unread]:
    """Delete the segments and rows that can't be read; return which. A segment of which only the row is damaged is kept, and its row is written anew.

    Until the index is made anew no count that is kept is used.
    """
    found, gone = checking.checked(database), list[Unread]()
    for number in found.numbers:
        with database.write(durable=True) as connection:
            one = one_of(connection, number)
            if one is not None and not _mended(connection, number, one):
                gone.append(_out(connection, number, one))
    for place in found.places:
        with database.write(durable=True) as connection:
            row = connection.execute("SELECT id FROM logs WHERE place = ?", (place,)).fetchone()
            if row is not None:
                gone.append(Unread(said.row(row, ValueError()).where.rstrip(","), 1))
                connection.execute("DELETE FROM logs WHERE place = ?", (place,))
                _counted(connection, place, 1)
    with database.write(durable=True) as connection:
        # The place by which they would be found may have been what is damaged; a run that was killed may have left some.
        for table in ("segment_columns", "segment_parts"):
            connection.execute(f"DELETE FROM {table} WHERE first NOT IN (SELECT first FROM segments)")
    return gone


def expire(connection: Connection, end: bytes, most: int) -> int:
    """Delete the segments that are known to be damaged and all of whose ids lie before *end*, the oldest first, until *most* logs have gone; return how many that was."""
    gone, there = 0, every(connection)
    for one in [one for one in there.by_lowest_id() if oldest.damaged(one) and one.last_id < end]:
        if gone >= most:
            break
        statement = f"SELECT number, {COLUMNS} FROM segments WHERE stamp = ?"
        for number, *row, kept in connection.execute(statement, (one.stamp,)).fetchall():
            # Where the row is damaged, too, nobody knows when its logs arrived.
            if kept == checksum.of_row(row) or (kept is None and _can_be(one)):
                log.error("%s can't be read and have expired", said.segment(*_named(one)))
                gone += _out(connection, number, one).logs
                connection.execute("DELETE FROM segment_columns WHERE first = ?", (one.first,))
    return gone


def _can_be(one: Segment) -> bool:
    """Return whether the row of a segment without a checksum may be what was written: its ids are of logs that arrived in this order."""
    ids = (one.first_id, one.last_id)
    return (
        all(isinstance(identity, bytes) and len(identity) == _ID_BYTES for identity in ids)
        and ids[0] <= ids[1]
        and 0 < one.logs <= one.last - one.first + 1
    )


def _mended(connection: Connection, number: int, one: Segment) -> bool:
    """Write the row of a segment anew if all its logs can be read; return whether that is so."""
    try:
        let_go(one)
        one.records(connection, range(one.logs))
    except DAMAGED:
        return False
    row = (one.first, one.last, one.logs, one.stamp, one.first_id, one.last_id)
    names = ", ".join(f"{name} = ?" for name in COLUMNS.split(", "))
    connection.execute(f"UPDATE segments SET {names} WHERE number = ?", (*row, checksum.of_row(row), number))
    changed(connection)
    return True


def _out(connection: Connection, number: int, one: Segment) -> Unread:
    connection.execute("DELETE FROM segments WHERE number = ?", (number,))
    let_go(one)
    changed(connection)
    _counted(connection, one.first, one.logs)
    return Unread(said.segment(*_named(one)).rstrip(","), one.logs)


def _counted(connection: Connection, place: int, logs: int) -> None:
    """Note that *logs* of the block of a place went which the counts of the index still have, and those of a rebuild if it was there already."""
    rebuilt = following(connection)
    for suffix in ("", NEXT) if rebuilt is not None else ("",):
        connection.execute(f"DELETE FROM sentence_groups{suffix} WHERE number = ?", (place // BLOCK // GROUP,))
    if rebuilt is not None and place <= rows.get_state(connection, FOLLOWED):
        rows.add_state(connection, UNCOUNTED + NEXT, max(logs, 1))
    left = "SELECT (SELECT coalesce(sum(logs), 0) FROM segments) + (SELECT count(*) FROM logs)"
    rows.set_state(connection, "stored", connection.execute(left).fetchone()[0])
    rows.add_states(connection, {UNCOUNTED: max(logs, 1), "removals": 1, REPLACED: 1})


def _named(one: Segment) -> tuple[int, int, int, bytes, bytes]:
    return one.logs, one.first, one.last, one.first_id, one.last_id
