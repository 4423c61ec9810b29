"""`logingestor spaces`: parts of the logs with senders, readers and a quota of their own."""

from __future__ import annotations

from typing import Any

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, with_backends
from app.maintain import spaces as keeping
from app.settings.values import written_bytes


@click.group()
def command() -> None:
    """Give teams parts of the logs of their own, with a quota of bytes a day."""


@command.command()
@click.argument("name")
@click.option("--quota", metavar="SIZE", help="Take at most so many bytes of logs a day, UTC: 10GiB.")
@with_backends
def add(backends: Backends, name: str, quota: str | None) -> None:
    """Add a space; `tokens create --space NAME` makes its senders and readers.

    Example: logingestor spaces add shop --quota 10GiB
    """
    keeping.add(backends.record.spaces, name, quota)
    click.echo(f"added; web processes see it within 5 seconds, then tokens can have it: --space {terminal.safe(name)}")


@command.command("list")
@json_option
@with_backends
def list_spaces(backends: Backends, as_json: bool) -> None:
    """Print the spaces: their quotas, and what they took today.

    Example: logingestor spaces list
    """
    found = [keeping.to_dict(one) for one in backends.record.spaces.spaces()]
    if as_json:
        print_json(found)
        return
    click.echo(terminal.table([(terminal.safe(one["name"]), _line(one)) for one in found]))


@command.command()
@click.argument("name")
@click.argument("size")
@with_backends
def quota(backends: Backends, name: str, size: str) -> None:
    """Let a space take SIZE bytes of logs a day, or any number: none; web processes see it within 5 seconds.

    Example: logingestor spaces quota shop 20GiB
    """
    keeping.set_quota(backends.record.spaces, name, size)
    click.echo(f"{terminal.safe(name)} may take {terminal.safe(size)} a day")


def _line(one: dict[str, Any]) -> str:
    most = "no quota" if one["quota"] is None else f"of {written_bytes(one['quota'])} a day"
    refused = f", refused last {one['refused']}" if one["refused"] else ""
    return f"{written_bytes(one['used_today'])} today, {most}{refused}"
