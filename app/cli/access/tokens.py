"""`logingestor tokens`: what programs and scripts show a server, made, listed and revoked."""

from __future__ import annotations

import getpass
from typing import Any

import click

from app.cli import terminal
from app.cli.options import json_option, print_json, with_settings
from app.settings.settings import Settings
from app.times.instant import now_ms


@click.group()
def command() -> None:
    """Make tokens for programs and scripts, look at them, and revoke them."""


@command.command()
@click.argument("name")
@click.option(
    "--role", required=True, metavar="writer|reader|admin", help="What it opens: sending, finding, everything."
)
@click.option("--filter", metavar="QUERY", help="Of a reader: only logs that fit QUERY are seen.")
@click.option("--hide", metavar="FIELD,…", help="Of a reader: these fields are seen in no log.")
@click.option(
    "--space", metavar="NAME", help="Of a writer: its logs are this space's. Of a reader: only these are seen."
)
@click.option("--expires", metavar="PERIOD", help="Let it end after this time: 90d, 12h.")
@click.option("--rate", metavar="N/s", help="Answer at most N requests a second, in each web process.")
@json_option
@with_settings
def create(settings: Settings, name: str, as_json: bool, **options: str) -> None:
    """Make a token and print it, once: only its digest is kept.

    Example: logingestor tokens create shop-reader --role reader --filter 'resourceId:shop-*' --expires 90d
    """
    # SQLAlchemy and Flask cost more than all else that a command loads.
    from app.web.accounts import tables, tokens

    with tables.opened(settings):
        token, made = tokens.create(name, owner=getpass.getuser(), **options)
    if as_json:
        print_json({"token": token, **tokens.to_dict(made, now_ms())})
        return
    click.echo(token)
    click.echo(f"the token {terminal.safe(made.name)} is shown this once only", err=True)


@command.command("list")
@json_option
@with_settings
def list_tokens(settings: Settings, as_json: bool) -> None:
    """Print the tokens: what they open, until when, and when they were used last.

    Example: logingestor tokens list
    """
    from app.web.accounts import tables, tokens

    now = now_ms()
    with tables.opened(settings):
        found = [tokens.to_dict(one, now) for one in tokens.every()]
    if as_json:
        print_json(found)
        return
    click.echo(terminal.table([(terminal.safe(one["name"]), _line(one)) for one in found]))


@command.command()
@click.argument("name")
@with_settings
def revoke(settings: Settings, name: str) -> None:
    """Let a token open nothing any more; web processes see it within 5 seconds.

    Example: logingestor tokens revoke shop-reader
    """
    from app.web.accounts import tables, tokens

    with tables.opened(settings):
        tokens.revoke(name)
    click.echo("revoked; web processes see it within 5 seconds")


def _line(one: dict[str, Any]) -> str:
    """Return what a token is, in one line."""
    parts = [one["role"], one["state"]]
    parts += [
        f"{name} {one[name]}"
        for name in ("filter", "hide", "space", "expires", "used", "owner")
        if one[name] is not None
    ]
    if one["rate"] is not None:
        parts.insert(2, f"{one['rate']:g}/s")
    return terminal.safe(", ".join(parts))
