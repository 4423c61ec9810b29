"""Brings a PostgreSQL database to the schema that this program knows, and reports one that can't be used."""

from __future__ import annotations

import logging
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2.errors

from app.errors import InvalidSettings, Problem, Unavailable
from app.systems.postgres import server
from app.systems.postgres.server import Cursor
from app.systems.sql.head import HEAD

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

#: The oldest release that is used: 13 brought 64-bit transaction ids as a type, and FETCH ... WITH TIES.
OLDEST = 130_000
#: Seconds for which an upgrade waits for another before it says so.
SILENT_SECONDS = 2.0
#: Advisory locks: of whoever makes or changes tables, and of whoever makes or drops periods.
UPGRADE_LOCK = 0x10C_1465_7001
PERIODS_LOCK = 0x10C_1465_7002

#: Newest place in the record, and the place that the next commit would get.
_PLACES = """
SELECT greatest((SELECT place FROM logs ORDER BY place DESC LIMIT 1), (SELECT value FROM state WHERE name = 'newest_place')),
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint
           + coalesce((SELECT value FROM state WHERE name = 'place_offset'), 0)
"""


def check(url: str) -> None:
    """Raise InvalidSettings unless the database has exactly the schema that this program knows; or Unavailable."""
    server.PostgresDatabase(url, examine).look()


def examine(cursor: Cursor) -> None:
    """Raise InvalidSettings, saying what to do, unless the database can be used."""
    _refuse_unfit(cursor)
    found = _current(cursor)
    if found != HEAD:
        raise InvalidSettings(
            _too_new(found)
            if found is not None and found > HEAD
            else Problem(f"PostgreSQL has schema {found or 'none'}, not {HEAD}: run `logingestor db upgrade`")
        )
    if _comes_from_elsewhere(cursor):
        raise InvalidSettings(
            Problem("PostgreSQL's data were restored from another server: run `logingestor db upgrade` once")
        )


def hazards(url: str) -> list[str]:
    """Return what of the server's settings could lose records that were acknowledged."""
    with closing(server.open_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY 1"
        )
        return [f"{name} is off" for (name,) in cursor.fetchall()]


def upgrade(url: str) -> None:
    """Make the tables, or bring them to the newest schema; the data stay. A newer schema is refused.

    Processes that do it at once take turns. Raises Unavailable.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError

    from app.systems.sql import migrate

    with closing(server.open_connection(url)) as connection, connection.cursor() as cursor:
        _refuse_unfit(cursor)
        found = _current(cursor)
        if found is not None and found > HEAD:
            raise InvalidSettings(_too_new(found))
    engine = create_engine("postgresql+psycopg2://", creator=lambda: _for_upgrade(url))
    try:
        with engine.connect() as connection, connection.begin():
            _take_turn(connection)
            migrate.to_head(connection)
            _number_anew(connection.connection.cursor())
    except migrate.MigrationError as error:
        raise InvalidSettings(Problem(f"{server.place(url)} can't be upgraded: {error}")) from error
    except DBAPIError as error:
        raise Unavailable(f"{server.place(url)} can't be upgraded: {error.orig}") from error
    finally:
        engine.dispose()


def _take_turn(connection: Connection) -> None:
    """Wait for other processes that upgrade; the console says so when they take long."""
    from sqlalchemy.exc import OperationalError

    lock = f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})"
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{SILENT_SECONDS:g}s'")
            connection.exec_driver_sql(lock)
    except OperationalError as error:
        if not isinstance(error.orig, psycopg2.errors.LockNotAvailable):
            raise
        log.warning("Another process upgrades the database: this upgrade waits for it.")
        connection.exec_driver_sql(lock)
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")


def _for_upgrade(url: str) -> Any:
    """Connect for as long as an upgrade may take: it waits for other upgrades, and rewrites tables."""
    connection = server.open_connection(url)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0")
    connection.autocommit = False
    return connection


def _number_anew(cursor: Cursor) -> None:
    """Let new places follow those of the data, which another server's transactions may have numbered far higher."""
    if _comes_from_elsewhere(cursor):
        cursor.execute(_PLACES)
        cursor.execute(
            "INSERT INTO state VALUES ('place_offset', %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (cursor.fetchone()[0],),
        )


def _comes_from_elsewhere(cursor: Cursor) -> bool:
    cursor.execute(_PLACES)
    newest, following = cursor.fetchone()
    return newest is not None and newest >= following


def _current(cursor: Cursor) -> str | None:
    cursor.execute("SELECT to_regclass('alembic_version')")
    if cursor.fetchone()[0] is None:
        return None
    cursor.execute("SELECT version_num FROM alembic_version")
    row = cursor.fetchone()
    return None if row is None else str(row[0])


def _refuse_unfit(cursor: Cursor) -> None:
    cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_encoding')")
    version, encoding = cursor.fetchone()
    if version < OLDEST:
        raise InvalidSettings(Problem(f"PostgreSQL {version // 10_000} is too old: 13 or newer is needed"))
    if encoding != "UTF8":
        raise InvalidSettings(
            Problem(
                f"PostgreSQL's database has the encoding {encoding}, in which not every log can be kept: UTF8 is needed"
            )
        )


def _too_new(found: str) -> Problem:
    return Problem(
        f"PostgreSQL has schema {found}, newer than {HEAD}, the newest that this program knows: run a newer release"
    )
