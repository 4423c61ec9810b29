"""Brings a SQLite file to the schema that this program knows, and reports one that it does not know."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pysqlite3

from app.errors import InvalidSettings, Problem, Unavailable
from app.systems.sql.head import HEAD

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

log = logging.getLogger(__name__)

#: Seconds for which an upgrade waits for others that write, another upgrade of a large file among them; seconds until it says so.
WAIT_SECONDS, SILENT_SECONDS = 3600.0, 2.0


def current(path: Path) -> str | None:
    """Return the schema of the file; None when it has none yet."""
    if not path.exists():
        return None
    try:
        with closing(pysqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            row = found and connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(row[0]) if row else None
    except pysqlite3.Error as error:
        raise Unavailable(f"{path} can't be read as a database: {error}") from error


def check(path: Path) -> None:
    """Raise InvalidSettings unless the file has exactly the schema that this program knows."""
    found = current(path)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise InvalidSettings(_too_new(path, found))
    raise InvalidSettings(Problem(f"{path} has schema {found or 'none'}, not {HEAD}: run `logingestor db upgrade`"))


def upgrade(path: Path) -> None:
    """Make the file, or bring it to the newest schema; its data stay. A newer schema is refused."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{path.parent} can't be made: {error}") from error
    found = current(path)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise InvalidSettings(_too_new(path, found))
    _migrate(path, new=found is None)


def _migrate(path: Path, *, new: bool) -> None:
    from sqlalchemy import URL, create_engine
    from sqlalchemy.exc import DBAPIError

    from app.systems.sql import migrate

    engine = create_engine(
        URL.create("sqlite", database=str(path)), module=pysqlite3, connect_args={"timeout": WAIT_SECONDS}
    )
    begin_at_once(engine)
    try:
        with engine.connect() as connection:
            if new:
                _prepare(path)
            with connection.begin():
                migrate.to_head(connection)
    except migrate.MigrationError as error:
        raise InvalidSettings(Problem(f"{path} can't be upgraded: {error}")) from error
    except (DBAPIError, pysqlite3.Error) as error:
        raise Unavailable(f"{path} can't be upgraded: {error}") from error
    finally:
        engine.dispose()


def _prepare(path: Path) -> None:
    """Set what must be set before the first table: freed pages can be given back in steps."""
    with closing(pysqlite3.connect(str(path), timeout=WAIT_SECONDS)) as connection:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")


def begin_at_once(engine: Engine) -> None:
    """Put tables and data of an upgrade into one transaction: the driver alone would commit between them."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        with closing(connection.connection.cursor()) as cursor:
            _begin(cursor)


def _begin(cursor: Any) -> None:
    """Begin to write, after others that do; the console says so when they take long."""
    for seconds in (SILENT_SECONDS, WAIT_SECONDS):
        try:
            cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
            cursor.execute("BEGIN IMMEDIATE")
            return
        except pysqlite3.OperationalError as error:
            if seconds == WAIT_SECONDS or error.sqlite_errorcode & 0xFF != pysqlite3.SQLITE_BUSY:
                raise
            log.warning("Another process writes to the database, an upgrade perhaps: this upgrade waits for it.")


def _too_new(path: Path, found: str) -> Problem:
    return Problem(
        f"{path} has schema {found}, newer than {HEAD}, the newest that this program knows: run a newer release"
    )
