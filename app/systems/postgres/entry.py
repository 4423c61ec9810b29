"""PostgreSQL, as app/backends.py opens it: a record."""

from __future__ import annotations

import logging
from typing import Any

from app.errors import Unavailable
from app.settings.settings import Retention, Settings
from app.systems.entry import Opened, Purpose, System
from app.systems.postgres import schema, server
from app.systems.postgres.beats import LEAD_LOCK, BeatTable
from app.systems.postgres.claims import PostgresClaims
from app.systems.postgres.letters import PostgresLetters
from app.systems.postgres.record import PostgresStore
from app.systems.postgres.server import PostgresDatabase
from app.systems.postgres.shelf import PostgresShelf
from app.systems.sql.parts import record_parts

log = logging.getLogger(__name__)


class Postgres(System):
    """Databases: `postgresql://user@host/database`."""

    def database(self, url: str, settings: Settings) -> str:
        """See System."""
        return server.place(url)

    def check(self, url: str, settings: Settings) -> None:
        """See System."""
        schema.check(url)

    def upgrade(self, url: str, settings: Settings) -> None:
        """See System."""
        schema.upgrade(url)

    def engine(self, url: str, settings: Settings) -> tuple[str, dict[str, Any]]:
        """See System."""
        return "postgresql+psycopg2://", {"creator": lambda: _connection(url)}

    def hazards(self, url: str) -> list[str]:
        """See System."""
        return schema.hazards(url)

    def open(self, url: str, purposes: frozenset[Purpose], settings: Settings) -> Opened:
        """See System. Several machines may share the record, so their processes show in it that they live."""
        return opened(url, dead_limit=settings.dead_limit, retention=settings.retention)


def _connection(url: str) -> Any:
    """Connect for SQLAlchemy, which begins and ends transactions by itself. Raises Unavailable."""
    connection = server.open_connection(url)
    connection.autocommit = False
    return connection


def opened(url: str, *, dead_limit: int, retention: Retention = Retention(30 * 86_400)) -> Opened:
    """Open the record at *url*: its parts share a few connections. Raises InvalidSettings for another schema."""
    try:
        schema.check(url)
    except Unavailable as error:
        # Looked at again by the first connection that comes about; whoever uses it then says what is wrong.
        log.info("%s", error)
    database = PostgresDatabase(url, schema.examine)
    leading = server.AdvisoryLock(url, database, LEAD_LOCK, "notices")
    record = record_parts(
        PostgresShelf(database),
        leading.take,
        store=PostgresStore(database, retention),
        letters=PostgresLetters(database, dead_limit),
        claims=PostgresClaims(database),
    )
    return Opened(record, places=[BeatTable(database)], closers=[leading.close, database.close])
