"""The commands: thin over the rooms below. `flask --app app.web` knows the same, by app/cli/plugin.py.

Nothing of a command is loaded before it is asked for, and Flask only by those that serve: a command costs its imports.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import click

from app.errors import InvalidInput, LogIngestorError, Problem
from app.version import VERSION

#: Each command: the module of app.cli that has it, loaded when it is asked for, and what the list of commands says of it,
#: which is the first sentence of its own help: `--help` loads none.
COMMANDS = {
    "serve": ("run.serve", "Serve everything in one: web, worker and schedule; restart what dies; stop on Ctrl-C."),
    "web": ("run.parts", "Serve HTTP with WEB_WORKERS processes, without worker."),
    "worker": ("run.parts", "Drain the queue into record and index."),
    "scheduler": (
        "run.parts",
        "Send the scheduled actors their messages; with the local broker each worker does that itself.",
    ),
    "syslog": ("run.listen", "Take syslog and GELF at the addresses, or at those of LISTEN."),
    "db": ("db", "Look after the database's schema."),
    "ingest": ("ingest", "Put the logs of FILEs, or of standard input (-), on the queue."),
    "preview": (
        "preview",
        "Print how the first logs of FILE, or of standard input (-), would be read, from what, and what rules leave of them; nothing is kept.",
    ),
    "find": ("find", "Print the logs that fit QUERY, newest first; without QUERY all."),
    "tail": ("tail", "Print logs that fit QUERY as they are stored, until Ctrl-C."),
    "export": ("export", "Write all logs that fit QUERY, without limit; without QUERY all there are."),
    "stats": ("stats", "Print how many logs are stored, wait and are dead, from when, and the room they take."),
    "costs": (
        "keep.costs",
        "Print which resources, levels and forms of messages take how many bytes, the most first.",
    ),
    "queue": ("queue", "Look at the queue of accepted logs; let them wait, or go on."),
    "dead": ("dead", "Look at dead letters: logs that were refused, each with its reason."),
    "notifiers": ("notifiers", "Look at who is notified of notices; send a test."),
    "retention": ("keep.retention", "Look at how long which logs are kept, and at what would go."),
    "rules": ("keep.rules", "Look at the rules that take secrets out of logs and drop logs; try others."),
    "sources": ("sources", "Say how the logs of sources are written, and look at what was recognised."),
    "searches": ("searches", "Keep searches under a name, for the page and for alerts."),
    "alerts": ("alerts", "Watch saved searches: alerts fire by the number of logs in a window."),
    "tokens": ("access.tokens", "Make tokens for programs and scripts, look at them, and revoke them."),
    "users": (
        "access.users",
        "Add people who log in by name and password, look at them, change, shut out and remove them.",
    ),
    "spaces": ("access.spaces", "Give teams parts of the logs of their own, with a quota of bytes a day."),
    "audit-log": ("access.audit_log", "Search the audit log, which says who did what, and see whether it is whole."),
    "expire": (
        "keep.expire",
        "Delete the logs that arrived longer ago than LOGINGESTOR_RETENTION says; workers do it by themselves.",
    ),
    "rebuild": (
        "rebuild",
        "Make the whole index anew from the record, beside the old one, and put it in its place at the end.",
    ),
    "audit": ("audit", "Compare the ids of record and index, in both directions; exit 1 if they differ."),
    "delete": (
        "keep.delete",
        "Delete the logs that fit QUERY from record, index and dead letters; there is no way back.",
    ),
    "backup": (
        "backup",
        "Write record, dead letters, claims and waiting logs into FILE, or into a new file in FOLDER.",
    ),
    "restore": ("backup", "Store what a backup holds, into an empty record, once it has been read and found whole."),
    "copy": ("copy", "Copy all logs, waiting logs, dead letters and claims of one record into the configured one."),
    "doctor": ("doctor", "Check this machine, the settings and the data; exit 1 when something is wrong."),
}


def load(name: str) -> click.Command:
    """Return the command called *name*."""
    module = import_module(f"app.cli.{COMMANDS[name][0]}")
    command: click.Command = getattr(module, name, None) or module.command
    return _catching(command)


def _catching(command: click.Command) -> click.Command:
    """Let our errors end the command with a sentence and an exit code: 2 for the user's input, 1 for the system."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _catching(inner)
    if command.callback is not None and not hasattr(command.callback, "catches"):
        command.callback = caught(command.callback)
    return command


def caught(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Return *callback* so that our errors end the process with a sentence and an exit code."""

    @wraps(callback)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return callback(*args, **kwargs)
        except InvalidInput as error:
            for problem in error.problems:
                click.echo(_sentence(problem), err=True)
            raise SystemExit(2) from None
        except LogIngestorError as error:
            click.echo(_safe(str(error)), err=True)
            raise SystemExit(1) from None
        except BrokenPipeError:
            # The reader left (`| head`): no fault, and nothing more can be said.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None

    run.catches = True  # type: ignore[attr-defined]
    return run


def _safe(text: str) -> str:
    # Imported only here: `terminal` loads the rooms that print logs, and the list of commands needs none.
    from app.cli import terminal

    return terminal.safe(text)


def _sentence(problem: Problem) -> str:
    place = "" if problem.position is None else f" (at position {problem.position})"
    named = not problem.field or problem.message.startswith(problem.field)
    return _safe(f"{'' if named else f'{problem.field}: '}{problem.message}{place}")


class Commands(click.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Load the command of that name; None for an unknown name."""
        return load(name) if name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table's sentences, in its order."""
        _Sentences(commands=[click.Command(name, help=says) for name, (_, says) in COMMANDS.items()]).format_commands(
            ctx, formatter
        )


class _Sentences(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


cli = Commands(
    name="logingestor",
    help="LogIngestor: accept logs, find them, lose none. Settings are environment variables; see docs/configuration.md.",
)
cli = click.version_option(VERSION, prog_name="LogIngestor", message="%(prog)s %(version)s")(cli)


def main() -> None:
    """Run the command line. Names of files are printed as they were given: not all are UTF-8."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    cli.main(prog_name="logingestor")
