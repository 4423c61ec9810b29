"""Changes of the index's tables, each within the caller's write transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.core.meaning import scalars
from app.core.record import LogRecord
from app.drivers import rows
from app.drivers.sqlite import Connection, Database
from app.search import blocks, grams, terms, texts
from app.search.grams import BLOCK

_MINUTE = 60_000
#: Counted field under which paths and types are counted instead of values.
PATHS = ""
#: Longest value that is counted (characters); longer ones are not worth a facet.
COUNTED_LIMIT = 255
#: JSON types of scalars by Python's.
_TYPES = {str: "string", bool: "boolean", int: "number", float: "number"}


@dataclass(slots=True)
class Prepared:
    """What the index will hold for some records, computed before the write lock is taken."""

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
    paths = Counter([path for record in records if record.metadata for path in _typed_paths(record.metadata)])
    counts.update({(PATHS, path): count for path, count in paths.items()})
    return minutes, +counts


def _typed_paths(metadata: dict[str, Any]) -> Collection[str]:
    """Return the paths of the metadata's scalars with their types, each once."""
    found = []
    for key, value in metadata.items():
        kind = _TYPES.get(type(value))
        if kind is None:  # not flat
            return {_typed(path, type_name(inner)) for path, inner in scalars(metadata, "metadata")}
        found.append(_typed_key(key, kind))
    return found


@lru_cache(maxsize=20_000)
def _typed_key(key: str, kind: str) -> str:
    return _typed(f"metadata.{key}", kind)


def _typed(path: str, kind: str) -> str:
    return f"{path}\0{kind}"


def type_name(value: object) -> str:
    """Return the JSON type of a scalar."""
    return _TYPES.get(type(value), "number")


def index(connection: Connection, first_place: int, prepared: Prepared) -> None:
    """Make records, stored from *first_place* on, findable."""
    connection.executemany(
        "INSERT INTO terms (rowid, term) VALUES (?, ?)", list(enumerate(prepared.documents, first_place))
    )
    blocks.widen(connection, first_place, prepared.records)
    _count(connection, prepared.minutes, prepared.counts, 1)
    connection.execute("INSERT OR REPLACE INTO state VALUES ('indexed', ?)", (first_place + len(prepared.records) - 1,))


def _count(
    connection: Connection, minutes: Counter[tuple[int, str]], counts: Counter[tuple[str, str]], sign: int
) -> None:
    for table, first, second, tally in (("minutes", "minute", "level", minutes), ("counts", "field", "value", counts)):
        connection.executemany(
            f"INSERT INTO {table} VALUES (?, ?, ?) ON CONFLICT ({first}, {second})"
            " DO UPDATE SET count = count + excluded.count",
            [(*key, sign * count) for key, count in tally.items()],
        )
        if sign < 0:
            connection.executemany(
                f"DELETE FROM {table} WHERE {first} = ? AND {second} = ? AND count <= 0", list(tally)
            )


def forget(connection: Connection, places: Sequence[int], records: Sequence[LogRecord]) -> None:
    """Take records out of the index that are being deleted from the record."""
    connection.executemany("DELETE FROM terms WHERE rowid = ?", [(place,) for place in places])
    _count(connection, *tallies(records), -1)
    for number in sorted({place // BLOCK for place in places}):
        # Without its text the block's messages are verified one by one; without any row it goes.
        for table in ("texts", "grams"):
            connection.execute(f"DELETE FROM {table} WHERE block = ?", (number,))
        left = connection.execute(
            "SELECT 1 FROM logs WHERE place BETWEEN ? AND ? LIMIT 1", (number * BLOCK, number * BLOCK + BLOCK - 1)
        ).fetchone()
        if left is None:
            connection.execute("DELETE FROM blocks WHERE block = ?", (number,))
    rows.add_state(connection, "removals", 1)


def seal(database: Database, most: int = 64) -> int:
    """Make the texts of up to *most* full blocks that have none yet; return how many."""
    with database.snapshot() as connection:
        first, full = rows.get_state(connection, "sealed"), (rows.get_state(connection, "indexed") + 1) // BLOCK
    last = min(full, first + most)
    for start in range(first, last, 8):
        made = [(number, _messages(database, number)) for number in range(start, min(start + 8, last))]
        packed = [_packed(messages) for _, messages in made]
        with database.write(durable=False) as connection:
            for (number, messages), (text, runs) in zip(made, packed, strict=True):
                # A log deleted meanwhile would shift all others: such a block stays without a text.
                if len(messages) == BLOCK and _rows(connection, number) == BLOCK:
                    connection.execute("INSERT OR REPLACE INTO texts VALUES (?, ?)", (number, text))
                    connection.execute("INSERT OR REPLACE INTO grams VALUES (?, ?)", (number, runs))
            connection.execute("INSERT OR REPLACE INTO state VALUES ('sealed', ?)", (made[-1][0] + 1,))
    return last - first


def _rows(connection: Connection, number: int) -> int:
    first = number * BLOCK
    found = connection.execute("SELECT count(*) FROM logs WHERE place BETWEEN ? AND ?", (first, first + BLOCK - 1))
    return int(found.fetchone()[0])


def _messages(database: Database, number: int) -> list[str]:
    """Return the messages of block *number*."""
    first = number * BLOCK
    with database.snapshot() as connection:
        return rows.messages(connection, first, first + BLOCK - 1)


def _packed(messages: Sequence[str]) -> tuple[bytes, bytes]:
    """Return a block's text as it is kept, and the set of its runs."""
    text = texts.folded(messages)
    return texts.pack(messages, text), grams.runs(text)
