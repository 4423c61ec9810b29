"""`logingestor audit`: do record and index hold the same logs?"""

from __future__ import annotations

from contextlib import suppress

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import end_unread, json_option, print_json, with_backends
from app.damage import passing
from app.errors import Unavailable
from app.maintain import audit as pipeline
from app.maintain.audit import Audit


@click.command()
@click.option("--repair", is_flag=True, help="Index what is missing, and take out of the index what is too much.")
@json_option
@with_backends
def command(backends: Backends, repair: bool, as_json: bool) -> None:
    """Compare the ids of record and index, in both directions; exit 1 if they differ.

    Logs on their way, which wait in the queue or are marked for the index, are no difference. With
    --repair differences are mended and still end with 1: the next audit shows whether they stay away.

    Example: logingestor audit --repair
    """
    with passing() as damaged:
        found = pipeline.audit(
            backends.store,
            backends.record.letters,
            backends.index,
            backends.settings.longest_ms,
            repair=repair,
        )
    with suppress(Unavailable):
        found.waiting = backends.queue.depth().logs
    if as_json:
        print_json(found.to_dict())
    else:
        show(found)
    end_unread(damaged, "the comparison")
    if not found.same:
        raise SystemExit(1)


def show(found: Audit) -> None:
    """Print an audit for a person."""
    shown = found.to_dict()
    click.echo(f"{terminal.many(found.record, 'log')} in the record, {found.index:,} in the index")
    for bucket in shown["buckets"]:
        click.echo(f"  received from {bucket['received']}: {bucket['missing']} missing, {bucket['surplus']} too many")
    for one in shown["listed"]:
        click.echo(
            f"  {one['id']} {'is not in the index' if one['difference'] == 'missing' else 'is in the index only'}"
        )
    left_out = found.missing + found.surplus - len(found.listed)
    if left_out:
        click.echo(f"  and {left_out:,} more")
    if found.on_their_way:
        click.echo(f"{found.on_their_way:,} more are on their way to the index")
    verdict = "no difference" if found.same else f"{found.missing:,} missing, {found.surplus:,} too many"
    click.echo(click.style(verdict + (", repaired" if found.repaired and not found.same else ""), bold=True))
