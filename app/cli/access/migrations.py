"""`flask --app app.web db`: Flask-Migrate's commands for the web's own tables, beside the one upgrade of the whole schema."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import ScriptInfo
from flask_migrate import Migrate
from flask_migrate.cli import db as commands

from app.paths import resource
from app.web.accounts.tables import db

#: Commands of Flask-Migrate that are of use here: migrations are written for both databases, and nothing is downgraded.
KEPT = ("check", "current", "heads", "history", "revision", "migrate", "show")


class _Carried(click.Group):
    """Gives the application Flask-Migrate when one of its commands is used: no web process needs it."""

    def invoke(self, ctx: click.Context) -> Any:
        app = ctx.ensure_object(ScriptInfo).load_app()
        Migrate(db=db, directory=str(resource("migrations"))).init_app(app)
        return super().invoke(ctx)


def beside(group: click.Group) -> click.Group:
    """Return the commands of *group* with Flask-Migrate's beside them; where both have one, the group's own."""
    known = {**{name: commands.commands[name] for name in KEPT}, **group.commands}
    return _Carried(group.name, known, callback=commands.callback, params=commands.params, help=group.help)
