"""The commands as Flask's plugins (`flask.commands` in setup.cfg), so that `flask --app app.web` knows them too."""

from __future__ import annotations

import click

from app.cli import COMMANDS, load


def __getattr__(name: str) -> click.Command:
    if name not in COMMANDS:
        raise AttributeError(name)
    return load(name)
