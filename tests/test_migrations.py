"""The schema: one line of revisions, equal to the tables of the code, and never a log lost on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pysqlite3
import pytest
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine, inspect

from app.backends import connect
from app.errors import InvalidSettings, Unavailable
from app.log.envelope import DeadLetter, Envelope
from app.log.record import IdSource, LogRecord
from app.paths import resource
from app.settings.settings import Settings
from app.systems.sql import migrate
from app.systems.sqlite import schema
from app.systems.sqlite.tables import metadata
from app.web.accounts.tables import db

#: Tables of SQLite and Alembic, and of the full-text index, which only the migration knows.
FOREIGN = ("alembic_version", "sqlite_", "terms")


@cache
def scripts() -> ScriptDirectory:
    """Return the revisions that migrations/ holds; each of its files is loaded once."""
    config = Config()
    config.set_main_option("script_location", str(resource("migrations")))
    return ScriptDirectory.from_config(config)


#: Every revision, the oldest first.
REVISIONS = [script.revision for script in scripts().walk_revisions()][::-1]


def test_there_is_one_head_and_the_code_knows_it() -> None:
    """Revisions form one line, their names sort in its order, and HEAD is its end."""
    assert migrate.heads() == [schema.HEAD]
    assert REVISIONS[-1] == schema.HEAD
    assert sorted(REVISIONS) == REVISIONS


def described(path: Path) -> dict[str, Any]:
    """Return columns, keys and indices of each table in the file."""
    engine = create_engine(URL.create("sqlite", database=str(path)), module=pysqlite3)
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        inspector = inspect(connection)
        for name in inspector.get_table_names():
            if name.startswith(FOREIGN):
                continue
            columns = [
                (column["name"], str(column["type"]), column["nullable"], column["default"], column["primary_key"])
                for column in inspector.get_columns(name)
            ]
            indices = sorted((index["name"] or "", index["column_names"]) for index in inspector.get_indexes(name))
            unique = sorted(one["column_names"] for one in inspector.get_unique_constraints(name))
            statement = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).scalar()
            options = ("AUTOINCREMENT" in str(statement), "WITHOUT ROWID" in str(statement))
            found[name] = (columns, indices, unique, options)
    engine.dispose()
    return found


def test_upgrade_from_empty_makes_the_tables_of_the_code(tmp_path: Path) -> None:
    """Column by column, key by key, index by index."""
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    schema.upgrade(migrated)
    engine = create_engine(URL.create("sqlite", database=str(made)), module=pysqlite3)
    for known in (metadata, db.metadata):
        known.create_all(engine)
    engine.dispose()
    assert described(migrated) == described(made)


def test_new_file_gives_room_back_and_reads_beside_a_writer(tmp_path: Path) -> None:
    """Incremental vacuum can only be chosen before the first table; the log is written ahead."""
    path = tmp_path / "new.db"
    schema.upgrade(path)
    with closing(pysqlite3.connect(str(path))) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def at_revision(path: Path, revision: str) -> None:
    """Make the file as the release of *revision* made it."""
    schema._prepare(path)
    engine = create_engine(URL.create("sqlite", database=str(path)), module=pysqlite3)
    schema.begin_at_once(engine)
    with engine.connect() as connection, connection.begin():
        context = MigrationContext.configure(connection)
        context._ensure_version_table()
        for script in list(scripts().walk_revisions("base", revision))[::-1]:
            with Operations.context(context):
                script.module.upgrade()
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))
    engine.dispose()


def tables(connection: pysqlite3.Connection) -> dict[str, list[tuple[str, str, int]]]:
    """Return name, type and place in the primary key (0: in none) of each column of each table that is our own.

    SQLite itself is asked: to reflect some dozen tables takes SQLAlchemy a tenth of a second, and it is wanted sixty times.
    """
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    statement = "SELECT name, upper(type), pk FROM pragma_table_info(?)"
    return {name: connection.execute(statement, (name,)).fetchall() for name in names if not name.startswith(FOREIGN)}


def value(table: str, kind: str, row: int) -> bytes | str | int:
    """Return what fits a column of the type, distinct in each row."""
    if kind == "BLOB":
        return row.to_bytes(16, "big")
    return f"{table} {row}" if kind.startswith(("TEXT", "VARCHAR")) else row


@pytest.mark.parametrize("revision", REVISIONS)
def test_upgrade_keeps_every_row(tmp_path: Path, revision: str) -> None:
    """From each earlier revision: what a column held that is still there, it holds afterwards."""
    path = tmp_path / "old.db"
    at_revision(path, revision)
    assert schema.current(path) == revision
    with closing(pysqlite3.connect(str(path))) as connection, connection:
        for name, columns in tables(connection).items():
            statement = f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})"
            connection.executemany(
                statement, [[value(name, kind, row) for _, kind, _ in columns] for row in range(1, 4)]
            )
    before = contents(path)
    schema.upgrade(path)
    assert schema.current(path) == schema.HEAD
    after = contents(path)
    for name, rows in before.items():
        if name in after:
            kept = rows[0].keys() & after[name][0].keys()
            assert [{column: row[column] for column in kept} for row in rows] == [
                {column: row[column] for column in kept} for row in after[name]
            ]
    assert before.keys() & after.keys() >= {"logs", "queue", "dead_letters"}


def contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables, each table's in the order of its primary key."""
    found = {}
    with closing(pysqlite3.connect(str(path))) as connection:
        for name, columns in tables(connection).items():
            keys = [column for column, _, place in sorted(columns, key=lambda one: one[2]) if place]
            rows = connection.execute(f"SELECT * FROM {name} ORDER BY {', '.join(keys) or 'rowid'}")
            found[name] = [dict(zip((column for column, _, _ in columns), row, strict=True)) for row in rows]
    return found


@contextmanager
def opened(settings: Settings) -> Iterator[Any]:
    """Open the backends for a moment."""
    backends = connect(settings)
    try:
        yield backends
    finally:
        backends.close()


def test_data_of_this_release_survive_a_second_upgrade(settings: Settings, make_record: Any) -> None:
    """Logs that wait, that are stored, and letters: all there, found, and moved on as before."""
    stored, waiting = make_record(message="stored"), make_record(message="waiting")
    letter = DeadLetter(IdSource().take(1).to_bytes(16, "big"), b"{", "is not JSON")
    with opened(settings) as backends:
        backends.queue.put([Envelope([stored], [letter])])
        backends.move(100, 0)
        backends.queue.put([Envelope([waiting])])
    schema.upgrade(settings.database)
    with opened(settings) as backends:
        assert backends.move(100, 0) == 1
        records: list[LogRecord] = backends.store.get([stored.id, waiting.id])
        assert [record.message for record in records] == ["stored", "waiting"]
        assert backends.record.letters.dead() == [letter]


@pytest.mark.parametrize("newer", ["9999", f"{schema.HEAD}a"])
def test_newer_schema_is_refused_untouched(settings: Settings, newer: str) -> None:
    """Neither upgraded nor opened: a sentence says to run a newer release, and no byte changes."""
    with closing(pysqlite3.connect(str(settings.database))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (newer,))
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = settings.database.read_bytes()
    for attempt in (lambda: schema.upgrade(settings.database), lambda: connect(settings)):
        with pytest.raises(InvalidSettings, match="newer than"):
            attempt()
    assert settings.database.read_bytes() == before
    assert schema.current(settings.database) == newer


def test_two_upgrades_at_once_make_one_database(tmp_path: Path) -> None:
    """`serve` and `db upgrade` may start together."""
    path = tmp_path / "new.db"
    faults: list[BaseException] = []

    def upgrade() -> None:
        try:
            schema.upgrade(path)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert schema.current(path) == schema.HEAD


def test_an_upgrade_waits_for_those_that_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An upgrade of a large file takes minutes: another process says that it waits, for WAIT_SECONDS rather than the driver's five."""
    monkeypatch.setattr(schema, "SILENT_SECONDS", 0.05)
    path = tmp_path / "old.db"
    at_revision(path, REVISIONS[-2])
    with closing(pysqlite3.connect(str(path), isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        with monkeypatch.context() as changed:
            changed.setattr(schema, "WAIT_SECONDS", 0.1)
            with pytest.raises(Unavailable, match="is locked"):
                schema.upgrade(path)
        assert caplog.messages == [
            "Another process writes to the database, an upgrade perhaps: this upgrade waits for it."
        ]
        waiter = threading.Thread(target=schema.upgrade, args=(path,))
        waiter.start()
        busy.execute("ROLLBACK")
    waiter.join()
    assert schema.current(path) == schema.HEAD


def test_upgrade_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of an upgrade is one transaction: a fault in its middle leaves the file as it was."""
    path = tmp_path / "new.db"
    module = scripts().get_revision(REVISIONS[0]).module
    text = Path(module.__file__ or "").read_text()
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "alembic.ini", "script.py.mako"):
        (folder / name).write_text((resource("migrations") / name).read_text())
    broken = text.replace(
        "def upgrade() -> None:",
        "def upgrade() -> None:\n    _upgrade()\n    raise OSError('no')\n\n\ndef _upgrade() -> None:",
        1,
    )
    (folder / "versions" / "0001_broken.py").write_text(broken)
    monkeypatch.setattr(migrate, "resource", lambda name: folder)
    with pytest.raises(OSError, match="no"):
        schema.upgrade(path)
    assert schema.current(path) is None
    with closing(pysqlite3.connect(str(path))) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    monkeypatch.undo()
    schema.upgrade(path)
    assert schema.current(path) == schema.HEAD
