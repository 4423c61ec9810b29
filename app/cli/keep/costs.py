"""`logingestor costs`: what takes the room."""

from __future__ import annotations

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, with_backends
from app.find.costs import BY, read
from app.ports.costs import DAYS
from app.settings.values import written_bytes


@click.command()
@click.option("--days", type=click.IntRange(1, DAYS), default=7, help="Of how many days, today included (7).")
@click.option("--by", type=click.Choice(BY), default="all", help="Put together by resource, level or form.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, help="Most rows (20).")
@json_option
@with_backends
def command(backends: Backends, days: int, by: str, limit: int, as_json: bool) -> None:
    """Print which resources, levels and forms of messages take how many bytes, the most first.

    Example: logingestor costs --by resource
    """
    found = read(backends.record.costs, days, by)
    if as_json:
        print_json(found.to_dict(limit))
        return
    click.echo(
        f"{terminal.many(found.logs, 'log')}, {written_bytes(found.bytes)}{'' if found.exact else ', by a sample'}"
    )
    for one in found.costs[:limit]:
        named = "  ".join(terminal.safe(part or "-") for part in found.shown(one))
        click.echo(f"{written_bytes(one.bytes):>10}  {one.logs:>10,} logs  {named}")
