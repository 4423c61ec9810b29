"""Changes of the index's tables, each within the caller's write transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.core.meaning import scalars
from app.core.record import LogRecord
from app.drivers import rows
from app.drivers.sqlite import Connection, Database
from app.search import blocks, grams, terms
from app.search.grams import BLOCK

_MINUTE = 60_000
#: Counted field under which paths and types are counted instead of values.
PATHS = ""
#: Longest value that is counted (characters); longer ones are not worth a facet.
COUNTED_LIMIT = 255


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


def tallies(records: Iterable[LogRecord]) -> tuple[Counter[tuple[int, str]], Counter[tuple[str, str]]]:
    """Return how often each (minute, level) and each (field, value) occurs."""
    minutes: Counter[tuple[int, str]] = Counter()
    plain: Counter[tuple[str, str | None, str | None, bool, bool]] = Counter()
    paths: Counter[str] = Counter()
    for record in records:
        minutes[record.t // _MINUTE, record.level] += 1
        plain[
            record.level, record.resource_id, record.commit, record.trace_id is not None, record.span_id is not None
        ] += 1
        if record.metadata:
            paths.update({f"{path}\0{type_name(value)}" for path, value in scalars(record.metadata, "metadata")})
    counts: Counter[tuple[str, str]] = Counter({(PATHS, path): count for path, count in paths.items()})
    for (level, resource, commit, trace, span), count in plain.items():
        for field, value in (("level", level), ("resourceId", resource), ("commit", commit)):
            if value is not None:
                counts[field, value] += count
                counts[PATHS, f"{field}\0string"] += count
        for field, present in (("traceId", trace), ("spanId", span)):
            if present:
                counts[PATHS, f"{field}\0string"] += count
    return minutes, counts


def type_name(value: object) -> str:
    """Return the JSON type of a scalar."""
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"


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
        made = [(number, *_text(database, number)) for number in range(start, min(start + 8, last))]
        with database.write(durable=False) as connection:
            for number, count, text in made:
                # A log deleted meanwhile would shift all others: such a block stays without a text.
                if count == BLOCK and _rows(connection, number) == BLOCK:
                    connection.execute("INSERT OR REPLACE INTO texts VALUES (?, ?)", (number, grams.compress(text)))
                    connection.execute("INSERT OR REPLACE INTO grams VALUES (?, ?)", (number, grams.runs(text)))
            connection.execute("INSERT OR REPLACE INTO state VALUES ('sealed', ?)", (made[-1][0] + 1,))
    return last - first


def _rows(connection: Connection, number: int) -> int:
    first = number * BLOCK
    found = connection.execute("SELECT count(*) FROM logs WHERE place BETWEEN ? AND ?", (first, first + BLOCK - 1))
    return int(found.fetchone()[0])


def _text(database: Database, number: int) -> tuple[int, bytes]:
    """Return how many records block *number* holds, and its text."""
    first = number * BLOCK
    with database.snapshot() as connection:
        found = connection.execute(
            f"SELECT {rows.COLUMNS} FROM logs WHERE place BETWEEN ? AND ? ORDER BY place", (first, first + BLOCK - 1)
        ).fetchall()
    return len(found), grams.joined([rows.record(row).message for row in found])
