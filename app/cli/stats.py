"""`logingestor stats`: how much there is."""

from __future__ import annotations

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, with_backends
from app.ports.parts import Sealing
from app.ports.record import LogStore
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
        **_sealed(backends.store),
    }
    if as_json:
        print_json(found)
        return
    rows = [
        (name.replace("_", " "), written_bytes(value) if "bytes" in name else "-" if value is None else str(value))
        for name, value in found.items()
    ]
    click.echo(terminal.table(rows))


def _sealed(store: LogStore) -> dict[str, int]:
    """Return how far the record's logs are in segments, where it has any."""
    sealed = store.sealed() if isinstance(store, Sealing) else None
    if sealed is None:
        return {}
    return {
        "in_segments": sealed.logs,
        "segments": sealed.segments,
        "segment_bytes": sealed.bytes,
        "in_rows": sealed.rows,
        "to_be_sealed": sealed.due,
        "seal_failed": sealed.failed,
    }
