"""The commands as Flask's plugins (`flask.commands` in setup.cfg), so that `flask --app app.web` knows them too."""

from __future__ import annotations

import click

from app.cli import COMMANDS, load


def __getattr__(attribute: str) -> click.Command:
    # setup.cfg can write a name with a dash with an underscore only.
    name = attribute.replace("_", "-")
    if name not in COMMANDS:
        raise AttributeError(attribute)
    found = load(name)
    if name == "db" and isinstance(found, click.Group):
        from app.cli.access import migrations

        return migrations.beside(found)
    return found
