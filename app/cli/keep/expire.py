"""`logingestor expire`: delete what is older than the retention, now."""

from __future__ import annotations

import click

from app.backends import Backends
from app.cli.options import json_option, print_json, with_backends
from app.drain import expire as expiry

#: Longest time in one go, in seconds.
SECONDS = 24 * 3600.0


@click.command()
@json_option
@with_backends
def command(backends: Backends, as_json: bool) -> None:
    """Delete the logs that arrived longer ago than LOGINGESTOR_RETENTION says; workers do it by themselves.

    Example: LOGINGESTOR_RETENTION=7d logingestor expire
    """
    deleted = expiry.expire(backends.store, backends.index, backends.settings.retention, seconds=SECONDS)
    backends.queue.forget_claims()
    if as_json:
        print_json({"deleted": deleted})
    else:
        click.echo(f"deleted {deleted} logs")
