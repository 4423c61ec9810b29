"""Changes of the index's tables, each within the caller's write transaction.

*generation* says which tables: those that searches read, or those that a rebuild fills beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.log.codec import encode_each
from app.log.record import LogRecord
from app.systems.sqlite import logs, rows
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index import blocks, terms
from app.systems.sqlite.index.scan.possible import REPLACED
from app.systems.sqlite.index.scan.sentences import GROUP
from app.systems.sqlite.index.tallying import tallies
from app.systems.sqlite.segments import former, storing
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.segment import METADATA, LogColumns


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


#: In the table `state`: the place behind which a rebuild has yet to read.
FOLLOWED = f"{REBUILD}_from"


def following(connection: Connection) -> Generation | None:
    """Return the generation that a rebuild is filling; None without a rebuild."""
    kind = rows.get_state(connection, REBUILD)
    return None if kind == 0 else Generation(NEXT, NEXT if kind == 2 else "")


@dataclass(slots=True)
class Prepared:
    """The index entries of some records, computed before the write lock is taken."""

    records: list[LogRecord]
    #: Terms by the number of a record, as far as they were computed: few of a large batch are rows, and segments have none.
    documents: dict[int, str]
    minutes: Counter[tuple[int, str]]
    counts: Counter[tuple[str, str]]
    #: The records by column, their metadata packed, where these become segments.
    columns: LogColumns | None = None

    def document(self, number: int) -> str:
        """Return the terms of a record."""
        return self.documents.get(number) or terms.document(self.records[number])


def prepare(records: Sequence[LogRecord], *, rows_only: bool = False) -> Prepared:
    """Compute terms and counts of *records*; the costly part of indexing, without any lock. *rows_only*: none becomes a segment at once."""
    few = rows_only or len(records) < storing.SEALED_AT_ONCE
    columns = LogColumns.of(records)
    if not few:
        columns = columns._replace(metadata=encode_each(columns.docs[METADATA]))
    minutes, counts = tallies(columns)
    documents = dict(enumerate(map(terms.document, records if few else ())))
    return Prepared(list(records), documents, minutes, counts, None if few else columns)


def index(connection: Connection, first_place: int, prepared: Prepared, generation: Generation = CURRENT) -> None:
    """Make records, stored from *first_place* on, findable."""
    suffix, last = generation.suffix, first_place + len(prepared.records) - 1
    statement = f"SELECT place FROM logs{generation.logs} WHERE place BETWEEN ? AND ?"
    places = [place for (place,) in connection.execute(statement, (first_place, last))]
    if not generation.logs:
        places += former.places(connection, first_place, last)
    connection.executemany(
        f"INSERT INTO terms{suffix} (rowid, term) VALUES (?, ?)",
        [(place, prepared.document(place - first_place)) for place in places],
    )
    blocks.widen(connection, first_place, prepared.columns or LogColumns.of(prepared.records), suffix)
    _count(connection, prepared.minutes, prepared.counts, 1, suffix)
    known = rows.get_state(connection, f"indexed{suffix}")
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
    """Return those of *places*, where logs are, that are indexed."""
    segments, _ = logs.split(connection, places, generation.logs)
    return _known(connection, places, storing.by_column(connection, segments), generation)


def _known(connection: Connection, places: Sequence[int], sealed: Collection[int], generation: Generation) -> set[int]:
    """Return those of *places* that are indexed: what is or was *sealed* by column is taken in the order of places, all else has terms."""
    newest = rows.get_state(connection, f"indexed{generation.suffix}")
    statement = f"SELECT 1 FROM terms{generation.suffix}_docsize WHERE id = ?"
    return {
        place
        for place in places
        if (place <= newest if place in sealed else connection.execute(statement, (place,)).fetchone())
    }


def forget(
    connection: Connection, places: Sequence[int], records: Sequence[LogRecord], sealed: Collection[int]
) -> None:
    """Take records out of the index that were deleted from the record, and out of what a rebuild has made of them; *sealed* were in segments."""
    _forget(connection, places, records, sealed, CURRENT)
    generation = following(connection)
    if generation is not None and not generation.logs:
        _forget(connection, places, records, sealed, generation)
    forget_next(connection, [record.id for record in records])


def forget_next(connection: Connection, ids: Sequence[bytes]) -> None:
    """Take records out of what a rebuild has made of rows of its own, whether searches see them still or not."""
    generation = following(connection)
    if generation is not None and generation.logs:
        places, records = logs.by_id(connection, ids, generation.logs)
        storing.delete(connection, places, generation.logs)
        _forget(connection, places, records, (), generation)


def _forget(
    connection: Connection,
    places: Sequence[int],
    records: Sequence[LogRecord],
    sealed: Collection[int],
    generation: Generation,
) -> None:
    suffix, known = generation.suffix, _known(connection, places, sealed, generation)
    # A log in a segment may have terms still (app/systems/sqlite/index/renewing.py).
    with_terms = f"SELECT 1 FROM terms{suffix}_docsize WHERE id = ?"
    there = [place for place in places if connection.execute(with_terms, (place,)).fetchone()]
    connection.executemany(f"DELETE FROM terms{suffix} WHERE rowid = ?", [(place,) for place in there])
    gone = [record for place, record in zip(places, records, strict=True) if place in known]
    _count(connection, *tallies(LogColumns.of(gone)), -1, suffix)
    blocks_of = sorted({place // BLOCK for place in places})
    # Texts of what is gone must not stay among the skeletons.
    groups = {number // GROUP for number in blocks_of}
    connection.executemany(f"DELETE FROM sentence_groups{suffix} WHERE number = ?", [(group,) for group in groups])
    for number in blocks_of:
        first = number * BLOCK
        if not logs.count_places(connection, first, first + BLOCK - 1, generation.logs):
            for table in ("blocks", "marks"):
                connection.execute(f"DELETE FROM {table}{suffix} WHERE block = ?", (number,))
    rows.add_states(connection, {"removals": 1, REPLACED: 1})
