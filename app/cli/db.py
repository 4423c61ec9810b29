"""`logingestor db`: the schema of the database."""

from __future__ import annotations

import click

from app import backends
from app.cli.options import with_settings
from app.settings.settings import Settings


@click.group()
def command() -> None:
    """Look after the database's schema."""


@command.command("upgrade")
@with_settings
def upgrade(settings: Settings) -> None:
    """Make the database, or bring it to this release's schema; the logs in it stay.

    Example: LOGINGESTOR_DATA_DIR=/var/lib/logingestor logingestor db upgrade
    """
    missing = {str(path) for path in backends.paths(settings) if not path.exists()}
    backends.upgrade(settings)
    for name in backends.databases(settings):
        click.echo(f"{name} was made" if name in missing else f"{name} is up to date")
