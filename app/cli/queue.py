"""`logingestor queue`: what waits between accepting and storing."""

from __future__ import annotations

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, with_backends
from app.core import instant


@click.group()
def command() -> None:
    """Look at the queue of accepted logs."""


@command.command("status")
@json_option
@with_backends
def status(backends: Backends, as_json: bool) -> None:
    """Print how many accepted logs wait to be stored, and for how long the oldest does.

    Example: logingestor queue status --json
    """
    depth = backends.queue.depth()
    # A service tells how much waits, not since when.
    lag = (None if depth.logs else 0) if depth.oldest is None else max(instant.now_ms() - depth.oldest, 0)
    oldest = None if depth.oldest is None else instant.text((depth.oldest, 0))
    found = {
        "logs": depth.logs,
        "bytes": depth.bytes,
        "oldest": oldest,
        "lag_ms": lag,
        "limit": backends.settings.queue_limit,
    }
    if as_json:
        print_json(found)
        return
    since = f", the oldest since {oldest} ({lag / 1000:.1f} s)" if oldest and lag is not None else ""
    room = f"{terminal.size(depth.bytes)} of {terminal.size(backends.settings.queue_limit)}"
    click.echo(f"{depth.logs} logs wait{since}; {room} are used")
