"""PostgreSQL, as app/backends.py opens it: a record."""

from __future__ import annotations

from app.settings.settings import Settings
from app.systems.entry import Opened, Role, System
from app.systems.postgres import schema, server
from app.systems.postgres.record import PostgresStore


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

    def hazards(self, url: str) -> list[str]:
        """See System."""
        return schema.hazards(url)

    def open(self, url: str, roles: frozenset[Role], settings: Settings) -> Opened:
        """See System. Several machines may share the record, so their processes show in it that they live."""
        store = PostgresStore(url, dead_limit=settings.dead_limit, retention=settings.retention)
        return Opened(store=store, places=[store])
