"""The oldest logs of a SQLite file, which are the first to expire."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TypeVar

from app.log.record import LogRecord, first_id
from app.systems.sqlite import rows
from app.systems.sqlite.file import Connection
from app.systems.sqlite.logs import AT_ONCE, HIGHEST, split
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.stored import Segment

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Damage that this process has found: stamps of segments, and rows by their id, as they were.
_segments = set[int]()
_rows: dict[bytes, bytes] = {}


def oldest(connection: Connection, before: int | None, limit: int) -> tuple[list[int], list[LogRecord]]:
    """Return places and records of up to *limit* logs received before *before* (ms), oldest first.

    What is damaged is passed over, and said once: it keeps nothing else from being found.
    """
    while True:
        known = len(_segments), dict(_rows)
        places = _oldest_places(connection, before, limit)
        there = _readable(connection, places)
        if (len(_segments), _rows) == known:
            return places, [there[place] for place in places]


def damaged(one: Segment) -> bool:
    """Return whether this process has found that a segment is damaged."""
    return one.stamp in _segments


def _oldest_places(connection: Connection, before: int | None, limit: int) -> list[int]:
    end = HIGHEST if before is None else first_id(before)
    found: list[tuple[bytes, int]] = []
    sign = "<=" if before is None else "<"
    statement = f"SELECT id, place FROM logs WHERE id >= x'' AND id {sign} ? ORDER BY id LIMIT ?"
    damaged = _damaged_rows(connection)
    found += [row for row in connection.execute(statement, (end, limit + len(damaged))) if row[0] not in damaged]
    for one in directory(connection).by_lowest_id():
        found.sort()
        if one.first_id > end:
            break
        if len(found) >= limit and one.first_id > found[limit - 1][0]:
            break
        if one.stamp in _segments:
            continue
        try:
            keys = one.keys(connection)
            pairs = list(zip(keys.ids(), keys.places.tolist(), strict=True))
        except DAMAGED:
            _segments.add(_said(one.stamp, one.first, one.last))
            continue
        found += [pair for pair in pairs if before is None or pair[0] < end]
    return [place for _, place in sorted(found)[:limit]]


def _readable(connection: Connection, places: Sequence[int]) -> dict[int, LogRecord]:
    """Return those of the logs at *places* that can be read; the others are known to be damaged from now on."""
    segments, others = split(connection, places)
    found = {}
    for start in range(0, len(others), AT_ONCE):
        some = others[start : start + AT_ONCE]
        statement = f"SELECT {rows.COLUMNS}, place FROM logs WHERE place IN ({','.join('?' * len(some))})"
        for row in connection.execute(statement, some):
            try:
                found[row[5]] = rows.record(row[:5])
            except DAMAGED:
                _rows[_said(row[0], row[5], row[5])] = row[4]
    for one, at in segments:
        try:
            # Also what stays of it: a segment of which some logs go is written anew.
            every = one.records(connection, range(one.logs))
            found.update(zip(map(one.keys(connection).place, at), [every[row] for row in at], strict=True))
        except DAMAGED:
            _segments.add(_said(one.stamp, one.first, one.last))
    return found


def _damaged_rows(connection: Connection) -> set[bytes]:
    """Return the ids of rows that are still what was found damaged: another file may have them whole."""
    ids, found = list(_rows), set[bytes]()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        statement = f"SELECT id, doc FROM logs WHERE id IN ({','.join('?' * len(some))})"
        found.update(identity for identity, doc in connection.execute(statement, some) if doc == _rows[identity])
    return found


def _said(what: T, first: int, last: int) -> T:
    log.exception("the logs at the places %d to %d can't be read, and keep no others from expiring", first, last)
    return what
