"""The commands as Flask's plugins (`flask.commands` in setup.cfg), so that `flask --app app.web` knows them too."""

from __future__ import annotations

import click

from app.cli import COMMANDS, load


def __getattr__(name: str) -> click.Command:
    if name not in COMMANDS:
        raise AttributeError(name)
    found = load(name)
    if name == "db" and isinstance(found, click.Group):
        from app.cli.access import migrations

        return migrations.beside(found)
    return found
