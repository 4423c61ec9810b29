"""Making the SQLite index anew: a second generation of its tables, filled beside the first and put in its place.

New logs need not be written twice: they follow at the end, by their places. Only what is forgotten
is forgotten in both (`writing.forget`). Every step is one transaction, so a rebuild that is killed goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.damage import passed
from app.errors import Unavailable
from app.log.record import LogRecord
from app.ports.index import IndexRefusal, Rebuild
from app.systems.sqlite import logs, rows
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index import carrying, kept, writing
from app.systems.sqlite.index.scan.possible import GROUPED, MARKED, REPLACED
from app.systems.sqlite.index.writing import FOLLOWED, NEXT, REBUILD, Generation
from app.systems.sqlite.segments.directory import changed
from app.systems.sqlite.segments.sealing import SEALED_TO, STALE
from app.times.instant import now_ms

#: The ending of the names of the tables that a rebuild has replaced.
OLD = "_old"
#: Records in one transaction: some 50 ms, so that ingest hardly waits.
STEP_LOGS = 1_000
#: Rows of a replaced table deleted in one transaction.
SWEEP_ROWS = 5_000

_TABLES = ("terms", "blocks", "marks", "mark_groups", "sentence_groups", "minutes", "counts")
#: Tables of an earlier release.
_FORMER = ("texts", "grams")
#: Those that are made anew too where the rows are the index's own.
_OWN_TABLES = ("logs", "segments", "segment_columns", "segment_parts")
#: Replaced tables that may be large; those of the full-text table are its own.
_LARGE = (
    f"terms{OLD}_data",
    f"terms{OLD}_docsize",
    f"mark_groups{OLD}",
    f"sentence_groups{OLD}",
    f"texts{OLD}",
    f"grams{OLD}",
    f"logs{OLD}",
    f"segment_columns{OLD}",
    f"segment_parts{OLD}",
)
#: Figures of a generation in the table `state`; the last three are of its own rows.
_FIGURES = ("indexed", MARKED, GROUPED, "next_place", "stored", SEALED_TO)
_GENERATION = "generation"
_STARTED, _REACHED, _LOGS = (f"{REBUILD}_{name}" for name in ("started", "reached", "logs"))
#: In the table `state`: the figure STALE as it was when the rebuild was begun.
_STALE = f"{REBUILD}_stale"


class SqliteRebuilding:
    """The part of a SqliteIndex that is Rebuildable."""

    def __init__(self, database: SqliteDatabase, *, shared: bool) -> None:
        self._database = database
        #: Whether the record lies in the same file: its rows are the index's.
        self._shared = shared
        self._next = Generation(NEXT, "" if shared else NEXT)

    def rebuilding(self) -> Rebuild | None:
        """See Rebuildable."""
        with self._database.snapshot() as connection:
            if not rows.get_state(connection, REBUILD):
                return None
            return Rebuild(*(rows.get_state(connection, name) for name in (_GENERATION, _STARTED, _REACHED, _LOGS)))

    def begin_rebuild(self) -> int:
        """See Rebuildable."""
        sweep(self._database)
        with self._database.write(durable=True) as connection:
            if not rows.get_state(connection, REBUILD):
                for table in self._tables():
                    connection.execute(definition(connection, table, table + NEXT))
                # Rows that are the record's all follow; those of our own copy from here on.
                start = 0 if self._shared else rows.next_place(connection) - 1
                rows.set_state(connection, FOLLOWED, start)
                rows.set_state(connection, _STALE, rows.get_state(connection, STALE))
                rows.set_state(connection, _STARTED, now_ms())
                rows.add_state(connection, _GENERATION, 1)
                rows.set_state(connection, REBUILD, 1 if self._shared else 2)
            return rows.get_state(connection, _GENERATION)

    def _tables(self) -> tuple[str, ...]:
        return _TABLES if self._shared else (*_TABLES, *_OWN_TABLES)

    def rebuild_add(self, records: Sequence[LogRecord], place: int) -> list[IndexRefusal]:
        """See Rebuildable."""
        for start in range(0, len(records), STEP_LOGS):
            some = records[start : start + STEP_LOGS]
            prepared = writing.prepare(some, rows_only=not self._shared)
            with self._writing() as connection:
                writing.take(connection, prepared, self._next, own_rows=not self._shared)
        with self._writing() as connection:
            if not passed():
                # Else what goes on with this rebuild begins before what was passed over, and knows of it.
                rows.set_state(connection, _REACHED, place)
            rows.add_state(connection, _LOGS, len(records))
            if self._shared:
                rows.set_state(connection, FOLLOWED, place)
        return []

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Write to the new generation; not synced, for a power cut that undoes it undoes the state too."""
        with self._database.write(durable=False) as connection:
            if not rows.get_state(connection, REBUILD):
                raise Unavailable("the rebuild was finished or abandoned meanwhile")
            yield connection

    def finish_rebuild(self) -> None:
        """See Rebuildable."""
        while self._follow() == STEP_LOGS:
            pass
        with self._database.write(durable=True) as connection:
            if rows.get_state(connection, REBUILD):
                while self._follow_in(connection) == STEP_LOGS:
                    pass
                self._swap(connection)
        sweep(self._database)

    def abandon_rebuild(self) -> None:
        """See Rebuildable."""
        with self._database.write(durable=True) as connection:
            if rows.get_state(connection, REBUILD):
                for table in self._tables():
                    connection.execute(f"ALTER TABLE {table}{NEXT} RENAME TO {table}{OLD}")
                _end(connection)
        sweep(self._database)

    def _follow(self) -> int:
        with self._writing() as connection:
            return self._follow_in(connection)

    def _follow_in(self, connection: Connection) -> int:
        """Take the next rows that came since into the new generation; return how many there were."""
        found = logs.after(connection, rows.get_state(connection, FOLLOWED), STEP_LOGS)
        if found:
            prepared = writing.prepare([record for _, record in found])
            writing.take(connection, prepared, self._next, own_rows=not self._shared)
            rows.set_state(connection, FOLLOWED, found[-1][0])
        return len(found)

    def _swap(self, connection: Connection) -> None:
        lost = carrying.carry(connection, passed()) if self._shared else 0
        # Damaged logs that went meanwhile may have been taken in before.
        rows.set_state(connection, kept.UNCOUNTED, lost + rows.get_state(connection, kept.UNCOUNTED + NEXT))
        for table in self._tables():
            connection.execute(f"ALTER TABLE {table} RENAME TO {table}{OLD}")
            connection.execute(f"ALTER TABLE {table}{NEXT} RENAME TO {table}")
        for name in _FIGURES if not self._shared else _FIGURES[:3]:
            rows.set_state(connection, name, rows.get_state(connection, name + NEXT))
        # The new terms are of rows, and in a file with the record of those that have become segments since.
        stale = rows.get_state(connection, STALE) - rows.get_state(connection, _STALE) if self._shared else 0
        rows.set_state(connection, STALE, stale)
        if not self._shared:
            changed(connection)
        _end(connection)
        # Lets every process know that the blocks it knows are others now.
        rows.add_states(connection, {"removals": 1, REPLACED: 1})


def _end(connection: Connection) -> None:
    names = (
        *(figure + NEXT for figure in (*_FIGURES, kept.UNCOUNTED)),
        REBUILD,
        _STARTED,
        _REACHED,
        _LOGS,
        FOLLOWED,
        _STALE,
    )
    connection.executemany("DELETE FROM state WHERE name = ?", [(name,) for name in names])


def definition(connection: Connection, table: str, name: str) -> str:
    """Return the statement that makes an empty table like *table*, with the name *name*."""
    row = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if row is None:
        raise Unavailable(f"the index's table {table} is missing: its file must be made anew")
    return re.sub(rf'(TABLE\s+)["\']?{table}["\']?', rf"\g<1>{name}", row[0], count=1)


def sweep(database: SqliteDatabase) -> None:
    """Drop what a rebuild has replaced: the large tables row by row first, so that no transaction is long."""
    with database.snapshot() as connection:
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in _LARGE:
        while table in there and _thin(database, table):
            pass
    for table in (*_TABLES, *_OWN_TABLES, *_FORMER):
        if table + OLD in there:
            with database.write(durable=False) as connection:
                connection.execute(f"DROP TABLE IF EXISTS {table}{OLD}")


def _thin(database: SqliteDatabase, table: str) -> int:
    with database.write(durable=False) as connection:
        # Another process may have dropped it meanwhile: it sweeps too.
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is None:
            return 0
        statement = f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} LIMIT {SWEEP_ROWS})"
        return int(connection.execute(statement).rowcount)
