"""`logingestor rebuild`: the index anew, from the record."""

from __future__ import annotations

import click

from app.backends import Backends
from app.cli.options import alone, end_unread, json_option, print_json, with_backends
from app.cli.progress import Reporter
from app.maintain import rebuild as pipeline


@click.command()
@click.option(
    "--abandon", is_flag=True, help="Drop the half-made index of a rebuild that was ended; the old one stays."
)
@json_option
@with_backends
def command(backends: Backends, abandon: bool, as_json: bool) -> None:
    """Make the whole index anew from the record, beside the old one, and put it in its place at the end.

    Ingest and searches go on meanwhile. Killed, or ended by Ctrl-C, it goes on when it is run again.
    Damaged logs are passed over, are named, and end it with 1.

    Example: logingestor rebuild
    """
    with alone(backends.settings, "rebuild"):
        if abandon:
            _abandon(backends, as_json)
            return
        reporter = Reporter("rebuilt")
        done = pipeline.rebuild(backends.store, backends.record.letters, backends.index, reporter)
        reporter.end()
    if as_json:
        print_json(done.to_dict())
    else:
        resumed = ", resumed" if done.resumed else ""
        click.echo(f"rebuilt the index from {done.logs:,} logs in {done.seconds:.1f} s{resumed}")
        if done.refused:
            click.echo(f"{done.refused} logs can't be indexed; see `logingestor dead list`", err=True)
    end_unread(done.unread, "the index")


def _abandon(backends: Backends, as_json: bool) -> None:
    dropped = pipeline.abandon(backends.index)
    if as_json:
        print_json({"abandoned": dropped is not None, "logs": 0 if dropped is None else dropped.logs})
    elif dropped is None:
        click.echo("no rebuild is under way")
    else:
        click.echo(f"dropped the half-made index of {dropped.logs:,} logs")
