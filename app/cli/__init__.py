"""The commands: thin over the pipeline. `logingestor` is a Flask CLI; `flask --app app.web` knows the same."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import click
from flask import Flask
from flask.cli import FlaskGroup

from app.cli import terminal
from app.errors import InvalidInput, LogIngestorError, Problem
from app.version import VERSION

#: Each command and the module of app.cli whose `command` it is; loaded when it is asked for.
COMMANDS = {
    "serve": "run.serve",
    "web": "run.parts",
    "worker": "run.parts",
    "scheduler": "run.parts",
    "db": "db",
    "ingest": "ingest",
    "find": "find",
    "tail": "tail",
    "export": "export",
    "stats": "stats",
    "queue": "queue",
    "dead": "dead",
    "notifiers": "notifiers",
    "searches": "searches",
    "alerts": "alerts",
    "expire": "expire",
    "rebuild": "rebuild",
    "audit": "audit",
    "delete": "delete",
    "backup": "backup",
    "restore": "backup",
    "copy": "copy",
    "doctor": "doctor",
}


def load(name: str) -> click.Command:
    """Return the command called *name*."""
    module = import_module(f"app.cli.{COMMANDS[name]}")
    command: click.Command = getattr(module, name, None) or module.command
    return _catching(command)


def _catching(command: click.Command) -> click.Command:
    """Let our errors end the command with a sentence and an exit code: 2 for the user's input, 1 for the system."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _catching(inner)
    if command.callback is not None and not hasattr(command.callback, "catches"):
        command.callback = _caught(command.callback)
    return command


def _caught(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return callback(*args, **kwargs)
        except InvalidInput as error:
            for problem in error.problems:
                click.echo(_sentence(problem), err=True)
            raise SystemExit(2) from None
        except LogIngestorError as error:
            click.echo(terminal.safe(str(error)), err=True)
            raise SystemExit(1) from None
        except BrokenPipeError:
            # The reader left (`| head`): no fault, and nothing more can be said.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None

    run.catches = True  # type: ignore[attr-defined]
    return run


def _sentence(problem: Problem) -> str:
    place = "" if problem.position is None else f" (at position {problem.position})"
    named = not problem.field or problem.message.startswith(problem.field)
    return terminal.safe(f"{'' if named else f'{problem.field}: '}{problem.message}{place}")


class Commands(FlaskGroup):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Load the command; None when there is none of that name."""
        return load(name) if name in COMMANDS else None


def _create_app() -> Flask:
    from app.web import create_app

    return create_app()


cli = Commands(
    name="logingestor",
    help="LogIngestor: accept logs, find them, lose none. Settings are environment variables; see docs/configuration.md.",
    create_app=_create_app,
    add_default_commands=False,
    set_debug_flag=False,
    load_dotenv=False,
    add_version_option=False,
)
# Of Flask's own options none has a use here: the application is always ours, and is never debugged.
cli.params.clear()
cli = click.version_option(VERSION, prog_name="LogIngestor", message="%(prog)s %(version)s")(cli)


def main() -> None:
    """Run the command line."""
    cli.main(prog_name="logingestor")
