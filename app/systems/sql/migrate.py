"""Runs the migrations on an open connection. Only an upgrade imports this: SQLAlchemy and Alembic take longer to load than a query takes."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from app.paths import resource

#: Exceptions that `to_head` raises when migrations/ does not fit the database.
MigrationError = CommandError


def to_head(connection: Connection) -> None:
    """Bring the connection's database to the newest schema, in the transaction that is open on it."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def heads() -> list[str]:
    """Return the newest revisions that migrations/ holds: exactly one."""
    return list(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config(str(resource("migrations") / "alembic.ini"))
    config.set_main_option("script_location", str(resource("migrations")))
    return config
