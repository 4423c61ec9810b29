"""How a record is a row of the table `logs`: written and read here only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.log import codec
from app.log.record import LogRecord, first_id
from app.systems.sqlite.file import Connection, SqliteDatabase

#: Columns in the order in which `record` takes them.
COLUMNS = "id, t, ns, level, doc"

_decode = codec.decoder(tuple[str, str | None, str | None, str | None, str | None, dict[str, Any] | None, bool]).decode


#: Ids asked for in one statement; SQLite takes 32,766 parameters.
_IDS_AT_ONCE = 500
#: Ids listed at once.
IDS_AT_ONCE = 10_000


def doc(record: LogRecord) -> bytes:
    """Return the fields that have no column of their own, packed."""
    return codec.encode(
        (
            record.message,
            record.resource_id,
            record.trace_id,
            record.span_id,
            record.commit,
            record.metadata,
            record.truncated,
        )
    )


def record(row: Sequence[Any]) -> LogRecord:
    """Return the record of a row with COLUMNS."""
    identity, t, ns, level, packed = row
    message, resource_id, trace_id, span_id, commit, metadata, truncated = _decode(packed)
    return LogRecord(identity, t, ns, level, message, resource_id, trace_id, span_id, commit, metadata, truncated)


def messages(connection: Connection, first: int, last: int, suffix: str = "") -> list[str]:
    """Return the messages of the records at the places from *first* to *last*, in order."""
    found = connection.execute(
        f"SELECT doc FROM logs{suffix} WHERE place BETWEEN ? AND ? ORDER BY place", (first, last)
    )
    return [codec.first_text(packed) for (packed,) in found]


def only_message(packed: bytes) -> LogRecord:
    """Return a record that has nothing but the message of a row's `doc`."""
    return LogRecord(b"", 0, 0, "", codec.first_text(packed))


def new_records(connection: Connection, records: Iterable[LogRecord], suffix: str = "") -> list[LogRecord]:
    """Return the records whose id is not stored yet, the first of each id; *suffix* is that of another table `logs`."""
    by_id: dict[bytes, LogRecord] = {}
    for item in records:
        by_id.setdefault(item.id, item)
    for known in _known(connection, list(by_id), suffix):
        del by_id[known]
    return list(by_id.values())


def _known(connection: Connection, ids: Sequence[bytes], suffix: str) -> set[bytes]:
    """Return those of *ids* that are stored."""
    if not ids:
        return set()
    # Ids of logs that arrived together are neighbours, and few others lie between them.
    between = connection.execute(
        f"SELECT id FROM logs{suffix} WHERE id BETWEEN ? AND ? LIMIT ?", (min(ids), max(ids), len(ids) + 1)
    ).fetchall()
    if len(between) <= len(ids):
        return {identity for (identity,) in between}.intersection(ids)
    known: set[bytes] = set()
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[start : start + _IDS_AT_ONCE]
        marks = ",".join("?" * len(some))
        known.update(row[0] for row in connection.execute(f"SELECT id FROM logs{suffix} WHERE id IN ({marks})", some))
    return known


def insert(connection: Connection, first_place: int, records: Sequence[LogRecord], suffix: str = "") -> None:
    """Store new records at the places from *first_place* on, and note it."""
    connection.executemany(
        f"INSERT INTO logs{suffix} VALUES (?, ?, ?, ?, ?, ?)",
        [(place, item.id, item.t, item.ns, item.level, doc(item)) for place, item in enumerate(records, first_place)],
    )
    set_state(connection, f"next_place{suffix}", first_place + len(records))
    add_state(connection, f"stored{suffix}", len(records))


def oldest(connection: Connection, before: int | None, limit: int) -> tuple[list[int], list[LogRecord]]:
    """Return places and records of up to *limit* logs received before *before* (ms), oldest first."""
    condition, bounds = ("", []) if before is None else ("WHERE id < ?", [first_id(before)])
    found = connection.execute(
        f"SELECT {COLUMNS}, place FROM logs {condition} ORDER BY id LIMIT ?", [*bounds, limit]
    ).fetchall()
    return [row[5] for row in found], [record(row[:5]) for row in found]


def by_id(connection: Connection, ids: Sequence[bytes], suffix: str = "") -> tuple[list[int], list[LogRecord]]:
    """Return places and records of these ids, as far as they are stored."""
    found = []
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = list(ids[start : start + _IDS_AT_ONCE])
        marks = ",".join("?" * len(some))
        found += connection.execute(f"SELECT {COLUMNS}, place FROM logs{suffix} WHERE id IN ({marks})", some).fetchall()
    return [row[5] for row in found], [record(row[:5]) for row in found]


def delete(connection: Connection, places: Sequence[int], suffix: str = "") -> None:
    """Delete the records at these places."""
    connection.executemany(f"DELETE FROM logs{suffix} WHERE place = ?", [(place,) for place in places])
    add_state(connection, f"stored{suffix}", -len(places))


def next_place(connection: Connection, suffix: str = "") -> int:
    """Return the place that the next stored record gets."""
    return max(get_state(connection, f"next_place{suffix}"), 1)


def ids_between(database: SqliteDatabase, first: bytes, last: bytes, condition: str = "1") -> Iterator[list[bytes]]:
    """Yield the ids from *first* to *last* of the rows `l` of `logs` with *condition*, ascending; a transaction a chunk."""
    sign = ">="
    while True:
        with database.snapshot() as connection:
            found = connection.execute(
                f"SELECT l.id FROM logs l WHERE l.id {sign} ? AND l.id <= ? AND {condition} ORDER BY l.id LIMIT ?",
                (first, last, IDS_AT_ONCE),
            ).fetchall()
        if found:
            yield [identity for (identity,) in found]
        if len(found) < IDS_AT_ONCE:
            return
        first, sign = found[-1][0], ">"


def get_state(connection: Connection, name: str) -> int:
    """Return a figure of the table `state`; 0 when it was never set."""
    row = connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])


def set_state(connection: Connection, name: str, value: int) -> None:
    """Set a figure of the table `state`."""
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))


def add_state(connection: Connection, name: str, change: int) -> None:
    """Add to a figure of the table `state`."""
    add_states(connection, {name: change})


def add_states(connection: Connection, changes: Mapping[str, int]) -> None:
    """Add to figures of the table `state`."""
    marks = ", ".join(["(?, ?)"] * len(changes))
    connection.execute(
        f"INSERT INTO state VALUES {marks} ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        [value for change in changes.items() for value in change],
    )
