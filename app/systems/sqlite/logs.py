"""The logs of a SQLite file, by place and by id: the newest are rows of `logs`, the others lie in segments.

*suffix* ends the names of the tables that a rebuild fills (app/systems/sqlite/index/rebuilding.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np

from app.damage import around, passed
from app.log.record import LogRecord
from app.systems.sqlite import rows
from app.systems.sqlite.checksums import said
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.segments.directory import Directory, directory
from app.systems.sqlite.segments.parts import DAMAGED, Longs
from app.systems.sqlite.segments.stored import Segment
from app.systems.sqlite.segments.window import KeyBounds

#: Ids or places asked for in one statement; SQLite takes 32,766 parameters.
AT_ONCE = 500
#: Ids listed at once.
IDS_AT_ONCE = 10_000
#: So many places are looked for one by one.
_FEW = 256
#: Segments in all of which each id is looked for.
_NEAR = 8
_LOWEST, HIGHEST = bytes(16), b"\xff" * 16


def stored(connection: Connection, ids: Sequence[bytes], suffix: str = "") -> set[bytes]:
    """Return those of *ids* that are stored.

    What a segment holds whose keys are damaged nobody can say: its logs are lost, and none that comes is refused for them.
    """
    found = {identity for (identity,) in _rows_of_ids(connection, "id", ids, suffix)}
    for one, at in in_segments(connection, ids, suffix, found, strict=False):
        keys = one.keys(connection)
        found.update(keys.id(row) for row in at)
    return found


def _rows_of_ids(connection: Connection, columns: str, ids: Sequence[bytes], suffix: str) -> list[Any]:
    """Return *columns*, the id first, of those of *ids* that are rows."""
    if not ids:
        return []
    # Each once: marks of two requests may name the same.
    ids = list(dict.fromkeys(ids))
    # Ids of logs that arrived together are neighbours, and few others lie between them.
    between = connection.execute(
        f"SELECT {columns} FROM logs{suffix} WHERE id BETWEEN ? AND ? LIMIT ?", (min(ids), max(ids), len(ids) + 1)
    ).fetchall()
    if len(between) <= len(ids):
        wanted = set(ids)
        return [row for row in between if row[0] in wanted]
    found = []
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        found += connection.execute(f"SELECT {columns} FROM logs{suffix} WHERE id IN ({marks})", some).fetchall()
    return found


def in_segments(
    connection: Connection, ids: Sequence[bytes], suffix: str, known: Collection[bytes] = (), *, strict: bool = True
) -> Iterator[tuple[Segment, list[int]]]:
    """Yield the segments that hold some of *ids*, and in which rows.

    Where the keys of a segment are damaged, raises Damaged at the end: if *strict*, and if it may hold one that was found
    in no other, nor is *known* to lie elsewhere.
    """
    if not ids:
        return
    given, lost = list[tuple[Segment, list[int]]](), list[tuple[Segment, list[bytes], Exception]]()
    # Each once: marks of two requests may name the same. Those of a request stand in their order, which sorting makes use of.
    ids, there = sorted(dict.fromkeys(ids)), directory(connection, suffix)
    near = there.with_ids(ids[0], ids[-1])
    wanted = dict.fromkeys(near, ids)
    if len(near) > _NEAR:
        # Ids from all over: each is looked for by itself.
        wanted = {}
        for identity in ids:
            for one in there.with_ids(identity, identity):
                wanted.setdefault(one, []).append(identity)
    for one, some in wanted.items():
        try:
            at = one.keys(connection).rows_of(some)
        except DAMAGED as error:
            lost.append((one, some, error))
            continue
        if at:
            given.append((one, at))
            yield one, at
    if strict and lost:
        found = set(known).union(*([one.keys(connection).id(row) for row in at] for one, at in given))
        for one, some, fault in lost:
            if any(one.first_id <= identity <= one.last_id and identity not in found for identity in some):
                raise fault


@around
def by_id(connection: Connection, ids: Sequence[bytes], suffix: str = "") -> tuple[list[int], list[LogRecord]]:
    """Return places and records of these ids, as far as they are stored."""
    lost = passed()
    found = [
        row
        for row in _rows_of_ids(connection, f"{rows.COLUMNS}, place", ids, suffix)
        if said.row_key(row[0]) not in lost
    ]
    places, records = [row[5] for row in found], [rows.record(row[:5]) for row in found]
    for one, at in in_segments(connection, ids, suffix, [record.id for record in records]):
        places += one.keys(connection).places_of(np.array(at)).tolist()
        records += one.records(connection, at)
    return places, records


def split(
    connection: Connection, places: Sequence[int], suffix: str = ""
) -> tuple[list[tuple[Segment, list[int]]], list[int]]:
    """Return where the logs at *places* are: segments with rows in each, and the places that no segment has."""
    there = directory(connection, suffix)
    if len(places) <= _FEW:
        return _singly(connection, there, sorted(set(places)))
    left: Longs = np.unique(np.array(places, dtype=np.int64))
    found, inside = list[tuple[Segment, list[int]]](), list[Longs]()
    for number, some in there.at(left):
        one = there.segment(number)
        keys = one.keys(connection)
        at = keys.rows_at(some)
        if len(at):
            found.append((one, at.tolist()))
            inside.append(some if len(at) == len(some) else keys.places_of(at))
    if sum(map(len, inside)) == len(left):
        return found, []
    return found, (np.setdiff1d(left, np.concatenate(inside)) if inside else left).tolist()


def _singly(
    connection: Connection, there: Directory, places: Sequence[int]
) -> tuple[list[tuple[Segment, list[int]]], list[int]]:
    """Return the same as `split`, for places that mostly lie in different segments."""
    found, others = dict[Segment, list[int]](), list[int]()
    for place in places:
        one = there.holding(place)
        row = None if one is None else one.keys(connection).row_at(place)
        if one is None or row is None:
            others.append(place)
        else:
            found.setdefault(one, []).append(row)
    return list(found.items()), others


def at_places(connection: Connection, places: Sequence[int], suffix: str = "") -> dict[int, LogRecord]:
    """Return the logs at *places* by their place."""
    segments, others = split(connection, places, suffix)
    found, lost = {}, passed()
    for start in range(0, len(others), AT_ONCE):
        some = others[start : start + AT_ONCE]
        statement = f"SELECT {rows.COLUMNS}, place FROM logs{suffix} WHERE place IN ({','.join('?' * len(some))})"
        found.update(
            {
                row[5]: rows.record(row[:5])
                for row in connection.execute(statement, some)
                if said.row_key(row[0]) not in lost
            }
        )
    for one, at in segments:
        found.update(zip(map(one.keys(connection).place, at), one.records(connection, at), strict=True))
    return found


@around
def after(connection: Connection, place: int, limit: int, suffix: str = "") -> list[tuple[int, LogRecord]]:
    """Return the first *limit* logs behind *place*, with their places, in order."""
    lost, statement = passed(), f"SELECT {rows.COLUMNS}, place FROM logs{suffix} WHERE place > ? ORDER BY place LIMIT ?"
    found = [
        (row[5], rows.record(row[:5]))
        for row in connection.execute(statement, (place, limit + len(lost)))
        if said.row_key(row[0]) not in lost
    ][:limit]
    # Behind the last of those only logs that are too many.
    last = found[-1][0] if len(found) == limit else rows.next_place(connection, suffix)
    there, left = directory(connection, suffix), limit
    for number in there.between(place + 1, last):
        one = there.segment(number)
        places = one.keys(connection).places
        at = np.flatnonzero(places > place)[:left].tolist()
        found += zip(places[at].tolist(), one.records(connection, at), strict=True)
        left -= len(at)
        if left == 0:
            break
    found.sort(key=lambda pair: pair[0])
    return found[:limit]


def count_places(connection: Connection, first: int, last: int, suffix: str = "") -> int:
    """Return how many logs there are at the places of whole blocks, from *first* to *last*."""
    statement = f"SELECT count(*) FROM logs{suffix} WHERE place BETWEEN ? AND ?"
    found, there = int(connection.execute(statement, (first, last)).fetchone()[0]), directory(connection, suffix)
    return found + there.logs(there.between(first, last))


def count_ids(connection: Connection, first: bytes, last: bytes) -> int:
    """Return how many logs have ids from *first* to *last*."""
    found = int(connection.execute("SELECT count(*) FROM logs WHERE id BETWEEN ? AND ?", (first, last)).fetchone()[0])
    for one in directory(connection).with_ids(first, last):
        if first <= one.first_id and one.last_id <= last:
            found += one.logs
        else:
            found += sum(first <= identity <= last for identity in one.keys(connection).ids())
    return found


def ends(connection: Connection) -> tuple[bytes | None, bytes | None]:
    """Return the lowest and the highest id; None without any log."""
    found = [
        *connection.execute("SELECT min(id), max(id) FROM logs WHERE id >= x''").fetchone(),
        *directory(connection).ends(),
    ]
    there = [identity for identity in found if identity is not None]
    return min(there, default=None), max(there, default=None)


def keys(connection: Connection, window: KeyBounds) -> list[tuple[Any, ...]]:
    """Return of each log in the window what it is sorted by, the id last; in any order."""
    condition, parameters = window.condition()
    columns = "l.t, l.ns, l.id" if window.clock == "event" else "l.id"
    found = connection.execute(f"SELECT {columns} FROM logs l WHERE 1{condition}", parameters).fetchall()
    there = directory(connection)
    if window.clock == "event":
        segments = list(map(there.segment, range(len(there))))
    else:
        segments = there.with_ids(window.low or _LOWEST, HIGHEST if window.high is None else window.high)
    for one in segments:
        keys = one.keys(connection)
        for row in window.rows(keys).tolist():
            found.append(keys.key(row) if window.clock == "event" else (keys.id(row),))
    return list(found)


def ids_between(
    database: SqliteDatabase,
    first: bytes,
    last: bytes,
    among: Callable[[Connection, Sequence[int]], set[int]] | None = None,
) -> Iterator[list[bytes]]:
    """Yield the ids from *first* to *last*, ascending; a transaction a chunk. *among* says which places count."""
    sign = ">="
    while True:
        with database.snapshot() as connection:
            found = _lowest_ids(connection, first, last, sign)
            there = None if among is None else among(connection, [place for _, place in found])
        kept = [identity for identity, place in found if there is None or place in there]
        if kept:
            yield kept
        if len(found) < IDS_AT_ONCE:
            return
        first, sign = found[-1][0], ">"


@around
def _lowest_ids(connection: Connection, first: bytes, last: bytes, sign: str) -> list[tuple[bytes, int]]:
    """Return the lowest ids from *first* on, IDS_AT_ONCE of them where there are as many, with their places."""
    found: list[tuple[bytes, int]] = connection.execute(
        f"SELECT id, place FROM logs WHERE id {sign} ? AND id <= ? ORDER BY id LIMIT ?", (first, last, IDS_AT_ONCE)
    ).fetchall()
    for one in directory(connection).with_ids(first, last):
        if len(found) >= IDS_AT_ONCE:
            found = sorted(found)[:IDS_AT_ONCE]
            if one.first_id > found[-1][0]:
                break
        keys = one.keys(connection)
        found += [
            pair
            for pair in zip(keys.ids(), keys.places.tolist(), strict=True)
            if first <= pair[0] <= last and (sign == ">=" or pair[0] != first)
        ]
    return sorted(found)[:IDS_AT_ONCE]
