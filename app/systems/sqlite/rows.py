"""How a record is a row of the table `logs`, and the figures of the table `state`. What reads logs is in app/systems/sqlite/logs.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from app.log import codec
from app.log.record import LogRecord
from app.systems.sqlite.checksums import said
from app.systems.sqlite.file import Connection

#: Columns in the order in which `record` takes them.
COLUMNS = "id, t, ns, level, doc"

#: Message, resourceId, traceId, spanId, commit, metadata, and whether the message was cut.
Doc: TypeAlias = tuple[str, str | None, str | None, str | None, str | None, dict[str, Any] | None, bool]
#: A row with COLUMNS.
Row: TypeAlias = tuple[bytes, int, int, str, bytes]
#: Types of the columns before the last; SQLite keeps any type in any column.
_TYPES = (bytes, int, int, str)

decode: Callable[[Any], Doc] = codec.decoder(Doc).decode  # type: ignore[arg-type]


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


def record(columns: Sequence[Any]) -> LogRecord:
    """Return the record of a row with COLUMNS. Raises Damaged."""
    identity, t, ns, level, packed = columns
    try:
        if (type(identity), type(t), type(ns), type(level)) != _TYPES:
            raise TypeError("a value has another type")
        message, resource_id, trace_id, span_id, commit, metadata, truncated = decode(packed)
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        raise said.row(columns, error) from error
    return LogRecord(identity, t, ns, level, message, resource_id, trace_id, span_id, commit, metadata, truncated)


def row(record: LogRecord) -> Row:
    """Return the record as a row with COLUMNS."""
    return record.id, record.t, record.ns, record.level, doc(record)


def insert(connection: Connection, first_place: int, records: Sequence[LogRecord], suffix: str = "") -> None:
    """Write records at the places from *first_place* on."""
    connection.executemany(
        f"INSERT INTO logs{suffix} VALUES (?, ?, ?, ?, ?, ?)",
        [(place, *row(item)) for place, item in enumerate(records, first_place)],
    )


def next_place(connection: Connection, suffix: str = "") -> int:
    """Return the place that the next stored record gets."""
    return max(get_state(connection, f"next_place{suffix}"), 1)


def get_state(connection: Connection, name: str) -> int:
    """Return a figure of the table `state`; 0 when it was never set."""
    row = connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])


def get_states(connection: Connection, prefix: str) -> dict[str, int]:
    """Return the figures of the table `state` whose names begin so, by what follows."""
    found = connection.execute(
        "SELECT name, value FROM state WHERE name > ? AND name < ?", (prefix, f"{prefix}\U0010ffff")
    )
    return {name.removeprefix(prefix): int(value) for name, value in found}


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
