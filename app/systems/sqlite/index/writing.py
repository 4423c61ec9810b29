"""Changes of the index's tables, each within the caller's write transaction.

*generation* says which tables: those that searches read, or those that a rebuild fills beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from app.log.record import LogRecord
from app.log.scalars import scalars
from app.systems.sqlite import logs, rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index import blocks, grams, terms, texts
from app.systems.sqlite.segments import storing
from app.systems.sqlite.segments.places import BLOCK

_MINUTE = 60_000
#: Counted field under which paths and types are counted instead of values.
PATHS = ""
#: JSON types of scalars by Python's.
_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "number", float: "number"}
#: Layout of an object: its names, the types of their values, and for each object and list among these its own layout, or its paths and types.
_Layout: TypeAlias = tuple[tuple[str, ...], tuple[type, ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Generation:
    """A set of the index's tables: what their names end in, and what the name of the rows' table `logs` ends in."""

    suffix: str = ""
    logs: str = ""


#: The generation that searches read.
CURRENT = Generation()
#: The ending of the names of the tables that a rebuild fills.
NEXT = "_next"
#: In the table `state` while a rebuild is under way; 2 where the rows are the index's own and made anew too.
REBUILD = "rebuild"


def following(connection: Connection) -> Generation | None:
    """Return the generation that a rebuild is filling; None without a rebuild."""
    kind = rows.get_state(connection, REBUILD)
    return None if kind == 0 else Generation(NEXT, NEXT if kind == 2 else "")


@dataclass(slots=True)
class Prepared:
    """The index entries of some records, computed before the write lock is taken."""

    records: list[LogRecord]
    documents: list[str]
    minutes: Counter[tuple[int, str]]
    counts: Counter[tuple[str, str]]


def prepare(records: Sequence[LogRecord]) -> Prepared:
    """Compute terms and counts of *records*; the costly part of indexing, without any lock."""
    minutes, counts = tallies(records)
    return Prepared(list(records), [terms.document(record) for record in records], minutes, counts)


def tallies(records: Sequence[LogRecord]) -> tuple[Counter[tuple[int, str]], Counter[tuple[str, str]]]:
    """Return how often each (minute, level) and each (field, value) occurs."""
    minutes = Counter([(record.t // _MINUTE, record.level) for record in records])
    values: dict[str, list[str | None]] = {
        "level": [record.level for record in records],
        "resourceId": [record.resource_id for record in records],
        "commit": [record.commit for record in records],
    }
    counts: Counter[tuple[str, str]] = Counter()
    for field, found in values.items():
        counts.update({(field, text): count for text, count in Counter(found).items() if text is not None})
    values["traceId"] = [record.trace_id for record in records]
    values["spanId"] = [record.span_id for record in records]
    for field, found in values.items():
        counts[PATHS, _typed(field, "string")] = len(found) - found.count(None)
    known: dict[_Layout, set[str]] = {}
    paths = Counter([path for one in records if one.metadata for path in _typed_paths(one.metadata, known)])
    counts.update({(PATHS, path): count for path, count in paths.items()})
    return minutes, +counts


def _typed_paths(metadata: dict[str, Any], known: dict[_Layout, set[str]]) -> Collection[str]:
    """Return the paths of the metadata's scalars with their types, each once; *known* are those of layouts met before."""
    found, nested = [], False
    for key, value in metadata.items():
        kind = _TYPES.get(type(value))
        if kind is not None:
            found.append((_typed_key if len(key) <= terms.REMEMBERED_LENGTH else _typed_key.__wrapped__)(key, kind))
            continue
        kinds, nested = tuple(map(type, value.values())) if type(value) is dict else (list,), True
        if dict in kinds or list in kinds:
            # Programs write logs of few layouts, so that the paths of each are put together once.
            layout = _layout(metadata)
            paths = known.get(layout)
            if paths is None:
                paths = known[layout] = _paths("metadata", layout)
            return paths
        found += _flat(key, tuple(value), kinds)
    # A key may have dots, and so be the path of what lies beneath another.
    return set(found) if nested else found


@lru_cache(maxsize=2_000)
def _flat(key: str, names: tuple[str, ...], kinds: tuple[type, ...]) -> set[str]:
    return _paths(f"metadata.{key}", (names, kinds, ()))


@lru_cache(maxsize=terms.REMEMBERED_PATHS)
def _typed_key(key: str, kind: str) -> str:
    return _typed(f"metadata.{key}", kind)


def _layout(values: dict[str, Any]) -> _Layout:
    """Return the names and types of an object's values, and what lies beneath them."""
    kinds = tuple(map(type, values.values()))
    if dict not in kinds and list not in kinds:
        return tuple(values), kinds, ()
    inner: list[Any] = []
    for value in values.values():
        if type(value) is dict:
            inner.append(_layout(value))
        elif type(value) is list:
            inner.append(frozenset([(path, type(one)) for path, one in scalars(value, "")]))
    return tuple(values), kinds, tuple(inner)


def _paths(path: str, layout: _Layout) -> set[str]:
    """Return the paths beneath *path* of all scalars of a layout, with their types."""
    names, kinds, inner = layout
    beneath, found = iter(inner), set[str]()
    for name, kind in zip(names, kinds, strict=True):
        field = f"{path}.{name}"
        if kind is dict:
            found |= _paths(field, next(beneath))
        elif kind is list:
            found.update(_typed(field + more, _TYPES[one]) for more, one in next(beneath))
        elif kind in _TYPES:
            found.add(_typed(field, _TYPES[kind]))
    return found


def _typed(path: str, kind: str) -> str:
    return f"{terms.named(path)}\0{kind}"


def type_name(value: object) -> str:
    """Return the JSON type of a scalar."""
    return _TYPES.get(type(value), "number")


def index(connection: Connection, first_place: int, prepared: Prepared, generation: Generation = CURRENT) -> None:
    """Make records, stored from *first_place* on, findable."""
    suffix = generation.suffix
    connection.executemany(
        f"INSERT INTO terms{suffix} (rowid, term) VALUES (?, ?)", list(enumerate(prepared.documents, first_place))
    )
    blocks.widen(connection, first_place, prepared.records, suffix)
    _count(connection, prepared.minutes, prepared.counts, 1, suffix)
    last, known = first_place + len(prepared.records) - 1, rows.get_state(connection, f"indexed{suffix}")
    if last > known:
        rows.set_state(connection, f"indexed{suffix}", last)
    if first_place <= known:
        # Out of order: other processes believe that only the newest block still changes.
        rows.add_state(connection, "removals", 1)


def take(connection: Connection, prepared: Prepared, generation: Generation = CURRENT, *, own_rows: bool) -> None:
    """Index what of the records is not indexed yet; with *own_rows* the index keeps the rows itself."""
    records, suffix = prepared.records, generation.logs
    if own_rows:
        fresh = storing.new_records(connection, records, suffix)
        place = storing.insert(connection, fresh, suffix)
        if len(fresh) == len(records):
            if fresh:
                index(connection, place, prepared, generation)
            return
    for first_place, some in lacking(connection, [record.id for record in records], generation):
        index(connection, first_place, prepared if some == records else prepare(some), generation)


def _count(
    connection: Connection,
    minutes: Counter[tuple[int, str]],
    counts: Counter[tuple[str, str]],
    sign: int,
    suffix: str,
) -> None:
    for table, first, second, tally in (("minutes", "minute", "level", minutes), ("counts", "field", "value", counts)):
        connection.executemany(
            f"INSERT INTO {table}{suffix} VALUES (?, ?, ?) ON CONFLICT ({first}, {second})"
            " DO UPDATE SET count = count + excluded.count",
            [(*key, sign * count) for key, count in tally.items()],
        )
        if sign < 0:
            connection.executemany(
                f"DELETE FROM {table}{suffix} WHERE {first} = ? AND {second} = ? AND count <= 0", list(tally)
            )


def lacking(
    connection: Connection, ids: Sequence[bytes], generation: Generation = CURRENT
) -> list[tuple[int, list[LogRecord]]]:
    """Return the records among *ids* that are stored but not indexed, in runs of places: (first place, records)."""
    places, records = logs.by_id(connection, ids, generation.logs)
    known = indexed(connection, places, generation)
    found = sorted((place, record) for place, record in zip(places, records, strict=True) if place not in known)
    runs: list[tuple[int, list[LogRecord]]] = []
    for place, record in found:
        if not runs or place != runs[-1][0] + len(runs[-1][1]):
            runs.append((place, []))
        runs[-1][1].append(record)
    return runs


def indexed(connection: Connection, places: Sequence[int], generation: Generation = CURRENT) -> set[int]:
    """Return those of *places* whose terms are there."""
    statement = f"SELECT 1 FROM terms{generation.suffix}_docsize WHERE id = ?"
    return {place for place in places if connection.execute(statement, (place,)).fetchone()}


def forget(connection: Connection, places: Sequence[int], records: Sequence[LogRecord]) -> None:
    """Take records out of the index that were deleted from the record, and out of what a rebuild has made of them."""
    _forget(connection, places, records, CURRENT)
    generation = following(connection)
    if generation is not None and not generation.logs:
        _forget(connection, places, records, generation)
    forget_next(connection, [record.id for record in records])


def forget_next(connection: Connection, ids: Sequence[bytes]) -> None:
    """Take records out of what a rebuild has made of rows of its own, whether searches see them still or not."""
    generation = following(connection)
    if generation is not None and generation.logs:
        places, records = logs.by_id(connection, ids, generation.logs)
        storing.delete(connection, places, generation.logs)
        _forget(connection, places, records, generation)


def _forget(
    connection: Connection, places: Sequence[int], records: Sequence[LogRecord], generation: Generation
) -> None:
    suffix, known = generation.suffix, indexed(connection, places, generation)
    connection.executemany(f"DELETE FROM terms{suffix} WHERE rowid = ?", [(place,) for place in known])
    there = [record for place, record in zip(places, records, strict=True) if place in known]
    _count(connection, *tallies(there), -1, suffix)
    for number in sorted({place // BLOCK for place in places}):
        # Without its text the block's messages are verified one by one; without any row it goes.
        for table in ("texts", "grams"):
            connection.execute(f"DELETE FROM {table}{suffix} WHERE block = ?", (number,))
        if not _rows(connection, number, generation):
            connection.execute(f"DELETE FROM blocks{suffix} WHERE block = ?", (number,))
    rows.add_state(connection, "removals", 1)


def seal(database: SqliteDatabase, most: int = 64, generation: Generation = CURRENT) -> int:
    """Make the texts of up to *most* full blocks that have none yet; return how many."""
    suffix, sealed = generation.suffix, f"sealed{generation.suffix}"
    with database.snapshot() as connection:
        first, full = rows.get_state(connection, sealed), (rows.get_state(connection, f"indexed{suffix}") + 1) // BLOCK
        tables = connection.execute("PRAGMA schema_version").fetchone()  # another once a rebuild has replaced them
    last = min(full, first + most)
    for start in range(first, last, 8):
        made = [(number, _messages(database, number, generation)) for number in range(start, min(start + 8, last))]
        packed = [_packed(messages) for _, messages in made]
        with database.write(durable=False) as connection:
            if connection.execute("PRAGMA schema_version").fetchone() != tables:
                return 0
            for (number, messages), (text, runs) in zip(made, packed, strict=True):
                # A log deleted meanwhile would shift all others: such a block stays without a text.
                if len(messages) == BLOCK and _rows(connection, number, generation) == BLOCK:
                    for table, value in (("texts", text), ("grams", runs)):
                        connection.execute(f"INSERT OR REPLACE INTO {table}{suffix} VALUES (?, ?)", (number, value))
            rows.set_state(connection, sealed, made[-1][0] + 1)
    return max(last - first, 0)


def _rows(connection: Connection, number: int, generation: Generation) -> int:
    first = number * BLOCK
    return logs.count_places(connection, first, first + BLOCK - 1, generation.logs)


def _messages(database: SqliteDatabase, number: int, generation: Generation) -> list[str]:
    """Return the messages of block *number*."""
    first = number * BLOCK
    with database.snapshot() as connection:
        return logs.messages(connection, first, first + BLOCK - 1, generation.logs)


def _packed(messages: Sequence[str]) -> tuple[bytes, bytes]:
    """Return a block's text as it is kept, and the set of its runs."""
    text = texts.folded(messages)
    return texts.pack(messages, text), grams.runs(text)
