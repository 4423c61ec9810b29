"""`logingestor stats`: how much there is."""

from __future__ import annotations

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, with_backends
from app.settings.values import written_bytes


@click.command()
@json_option
@with_backends
def command(backends: Backends, as_json: bool) -> None:
    """Print how many logs are stored, wait and are dead, from when, and the room they take.

    Example: logingestor stats --json
    """
    depth = backends.queue.depth()
    found = {
        **backends.store.stats(),
        "waiting": depth.logs,
        "waiting_bytes": depth.bytes,
        "unindexed": backends.store.lacking().logs,
    }
    if as_json:
        print_json(found)
        return
    rows = [
        (name.replace("_", " "), written_bytes(value) if "bytes" in name else "-" if value is None else str(value))
        for name, value in found.items()
    ]
    click.echo(terminal.table(rows))
