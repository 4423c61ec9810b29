"""The index in a SQLite file, beside the record or in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.damage import around
from app.errors import Unavailable
from app.log.record import LogRecord, first_id
from app.ports.deadline import Budget, Deadline
from app.ports.index import IndexRefusal
from app.ports.pages import pages
from app.ports.parts import Checked, Sealed
from app.query.query import Bucket, Facets, FieldInfo, Page, Query
from app.systems.counting import ends
from app.systems.sqlite import logs, rows
from app.systems.sqlite.checksums import checking
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.freeing import damaged, oldest
from app.systems.sqlite.index import aggregate, counting, plan, writing
from app.systems.sqlite.index.blocks import BlockCache
from app.systems.sqlite.index.rebuilding import SqliteRebuilding, sweep
from app.systems.sqlite.index.search import SqliteQuery
from app.systems.sqlite.segments import sealing, storing
from app.times.instant import Instant

#: Pages of postings merged, and free pages given back to the file system, in one step of `compact`.
COMPACT_PAGES = 500
VACUUM_PAGES = 4096
COMPACT_STEPS = 200
#: Pages of postings written in one step of `erase`, some 50 ms, and in the longest, some 3 s.
ERASE_PAGES, ERASE_MOST_PAGES = 500, 32_000


class SqliteIndex(SqliteRebuilding):
    """A SearchIndex over segments, and in the tables terms (of rows), blocks, marks, mark_groups, minutes and counts."""

    def __init__(self, database: SqliteDatabase, *, shared: bool = True) -> None:
        super().__init__(database, shared=shared)
        self._cache = BlockCache()

    def add(self, records: Sequence[LogRecord]) -> list[IndexRefusal]:
        """See SearchIndex."""
        prepared = writing.prepare(records)
        with self._database.write(durable=True) as connection:
            writing.take(connection, prepared, own_rows=not self._shared)
        return []

    def refresh(self) -> None:
        """See SearchIndex: what was added is findable already."""

    def check(self) -> None:
        """See SearchIndex."""
        with self._database.snapshot() as connection:
            for table in ("logs", "segments", "state", "blocks"):
                connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()

    def remove(self, ids: Sequence[bytes]) -> None:
        """See SearchIndex. In one file with the record nothing is left: the store's `delete` has forgotten it."""
        if self._shared:
            return
        with self._database.snapshot() as connection:
            steps = storing.steps(connection, ids)
        for some in steps:
            with self._database.write(durable=True) as connection:
                self._forget(connection, *logs.by_id(connection, some))
                # A rebuild may have read a record before it was forgotten here, and taken it over afterwards.
                writing.forget_next(connection, some)

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """See SearchIndex. A row that has no terms can't be found."""
        return logs.ids_between(self._database, first, last, writing.indexed)

    @contextmanager
    def _search(self, query: Query, budget: Budget) -> Iterator[SqliteQuery]:
        with self._database.snapshot() as connection:
            blocks = self._cache.read(connection)
            yield SqliteQuery(connection, blocks, query, Deadline(budget), dictionary(connection))

    @around
    def find(self, query: Query, budget: Budget = Budget()) -> Page:
        """See SearchIndex."""
        with self._search(query, budget) as search:
            limit = query.limit
            hits = search.first(limit + 1)
            shown, more = hits[:limit], len(hits) > limit
            total, exact = counting.total(search, len(shown), more)
            return Page(search.records(shown), total, exact, shown[-1][:3] if more else None)

    def scan(self, query: Query, budget: Budget = Budget()) -> Iterator[list[LogRecord]]:
        """See SearchIndex. The budget holds for each chunk."""
        return pages(self.find, query, budget)

    @around
    def histogram(
        self, query: Query, interval: int, by_level: bool, offset: int = 0, budget: Budget = Budget()
    ) -> list[Bucket]:
        """See SearchIndex."""
        with self._search(query, budget) as search:
            return aggregate.histogram(search, interval, by_level, offset)

    @around
    def facets(self, query: Query, fields: Sequence[str], size: int, budget: Budget = Budget()) -> Facets:
        """See SearchIndex."""
        with self._search(query, budget) as search:
            return aggregate.facets(search, fields, size)

    @around
    def fields(self, query: Query, budget: Budget = Budget()) -> list[FieldInfo]:
        """See SearchIndex."""
        with self._search(query, budget) as search:
            return aggregate.fields(search)

    def span(self, query: Query, budget: Budget = Budget()) -> tuple[Instant, Instant] | None:
        """See SearchIndex."""
        return ends(query, lambda part: self.find(part, budget))

    def expire(self, before: int | None, limit: int) -> int:
        """See SearchIndex. In one file with the record nothing is left: the store's `expire` has forgotten it."""
        if self._shared:
            return 0
        with self._database.write(durable=False) as connection:
            gone = self._forget(connection, *oldest.oldest(connection, before, limit))
            # By the room they take only the record knows which go.
            return gone if before is None else gone + damaged.expire(connection, first_id(before), limit)

    def _forget(self, connection: Connection, places: Sequence[int], records: Sequence[LogRecord]) -> int:
        sealed = storing.delete(connection, places)
        if places:
            writing.forget(connection, places, records, sealed)
        return len(places)

    def compact(self) -> None:
        """See SearchIndex."""
        sweep(self._database)
        left = -1
        for _ in range(COMPACT_STEPS):
            with self._database.write(durable=False) as connection:
                # A positive number of pages merges only where enough segments lie; deletions count as such.
                merged = _merge(connection, COMPACT_PAGES)
                connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
                before, left = left, connection.execute("PRAGMA freelist_count").fetchone()[0]
                # A file that was made elsewhere may be unable to give pages back.
                if not merged and left in (0, before):
                    break

    def erase(self) -> None:
        """See Erasable. Terms of what was deleted lie in the full-text table until all of it is merged."""
        sweep(self._database)
        written, known, whole = ERASE_PAGES, -1, False
        while not whole:
            with self._database.write(durable=False) as connection:
                newest = rows.get_state(connection, "indexed")
                # Logs indexed meanwhile let the merge begin anew: then it takes longer steps until it gets through.
                if newest != known != -1:
                    written *= 2
                if written > ERASE_MOST_PAGES:
                    raise Unavailable(
                        f"{self._database.path}: deleted words stay in the full-text table, for too much is indexed just then: "
                        "delete again in a quieter hour, or make it anew by `logingestor rebuild`"
                    )
                known = newest
                _merge(connection, -written)
                whole = not _merge(connection, -1)
        self._database.erase()

    def sealed(self) -> Sealed | None:
        """See Sealing."""
        return None if self._shared else sealing.standing(self._database)

    def checked(self) -> Checked | None:
        """See Sealing."""
        return None if self._shared else checking.checked(self._database)

    def close(self) -> None:
        """See SearchIndex; the database is closed by whoever opened it."""


def _merge(connection: Connection, most: int) -> bool:
    """Merge up to so many pages of postings, of all where it is negative; return whether there was anything to merge."""
    before = connection.total_changes
    connection.execute("INSERT INTO terms (terms, rank) VALUES ('merge', ?)", (most,))
    return bool(connection.total_changes - before >= 2)


def dictionary(connection: Connection) -> plan.Dictionary:
    """Return what a plan may look up, read through *connection*."""

    def values(field: str, most: int) -> list[str] | None:
        if field not in ("level", "resourceId", "commit"):
            return None
        found = connection.execute("SELECT value FROM counts WHERE field = ? LIMIT ?", (field, most + 1)).fetchall()
        return None if len(found) > most else [value for (value,) in found]

    def between(first: str, last: str, most: int) -> list[str] | None:
        found = connection.execute(
            "SELECT term FROM temp.vocabulary WHERE term >= ? AND term <= ? LIMIT ?", (first, last, most + 1)
        ).fetchall()
        return None if len(found) > most else [term for (term,) in found]

    return plan.Dictionary(values, between)
