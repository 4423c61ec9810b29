"""`logingestor rebuild`: the index anew, from the record."""

from __future__ import annotations

from dataclasses import asdict

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import alone, end_unread, json_option, print_json, with_backends
from app.cli.progress import Reporter
from app.cli.recorded import detail
from app.damage import Unread
from app.maintain import rebuild as pipeline
from app.ports.parts import Mending


@click.command()
@click.option(
    "--abandon", is_flag=True, help="Drop the half-made index of a rebuild that was ended; the old one stays."
)
@click.option(
    "--drop-damaged", is_flag=True, help="First delete the logs that can't be read; only a backup has them then."
)
@json_option
@with_backends
def command(backends: Backends, abandon: bool, drop_damaged: bool, as_json: bool) -> None:
    """Make the whole index anew from the record, beside the old one, and put it in its place at the end.

    Ingest and searches go on meanwhile. Killed, or ended by Ctrl-C, it goes on when it is run again.
    Damaged logs are passed over, are named, and end it with 1.

    Example: logingestor rebuild
    """
    with alone(backends.settings, "rebuild"):
        if abandon:
            _abandon(backends, as_json)
            return
        dropped = _drop(backends) if drop_damaged else []
        reporter = Reporter("rebuilt")
        done = pipeline.rebuild(backends.store, backends.record.letters, backends.index, reporter)
        reporter.end()
    if as_json:
        print_json({**done.to_dict(), "dropped": [asdict(one) for one in dropped]})
    else:
        resumed = ", resumed" if done.resumed else ""
        click.echo(f"rebuilt the index from {terminal.many(done.logs, 'log')} in {done.seconds:.1f} s{resumed}")
        if done.refused:
            click.echo(f"{terminal.many(done.refused, 'log')} can't be indexed; see `logingestor dead list`", err=True)
    end_unread(done.unread, "the index")


def _drop(backends: Backends) -> list[Unread]:
    """Let go of what is damaged in the record, and say on standard error what that was."""
    store = backends.store
    dropped = store.drop_damaged() if isinstance(store, Mending) else []
    detail(dropped=sum(one.logs for one in dropped))
    for one in dropped:
        click.echo(f"damaged and deleted: {terminal.safe(one.where)}", err=True)
    return dropped


def _abandon(backends: Backends, as_json: bool) -> None:
    dropped = pipeline.abandon(backends.index)
    if as_json:
        print_json({"abandoned": dropped is not None, "logs": 0 if dropped is None else dropped.logs})
    elif dropped is None:
        click.echo("no rebuild is under way")
    else:
        click.echo(f"dropped the half-made index of {terminal.many(dropped.logs, 'log')}")
