"""`logingestor queue`: what waits between accepting and storing, and whether it is to wait."""

from __future__ import annotations

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, with_backends
from app.drain import pause
from app.settings.values import written_bytes
from app.times import instant


@click.group()
def command() -> None:
    """Look at the queue of accepted logs; let them wait, or go on."""


@command.command("status")
@json_option
@with_backends
def status(backends: Backends, as_json: bool) -> None:
    """Print how many accepted logs wait to be stored, and for how long the oldest does.

    Example: logingestor queue status --json
    """
    depth = backends.queue.depth()
    # A service knows how much waits, not since when.
    lag = (None if depth.logs else 0) if depth.oldest is None else max(instant.now_ms() - depth.oldest, 0)
    oldest = None if depth.oldest is None else instant.text((depth.oldest, 0))
    since_paused = pause.paused(backends.record.notes)
    found = {
        "logs": depth.logs,
        "bytes": depth.bytes,
        "oldest": oldest,
        "lag_ms": lag,
        "limit": backends.settings.queue_limit,
        "paused": instant.text((since_paused, 0)) if since_paused else None,
    }
    if as_json:
        print_json(found)
        return
    since = f", the oldest since {oldest} ({lag / 1000:.1f} s)" if oldest and lag is not None else ""
    room = f"{written_bytes(depth.bytes)} of {written_bytes(backends.settings.queue_limit)}"
    click.echo(f"{terminal.many(depth.logs, 'log')} wait{'s' if depth.logs == 1 else ''}{since}; {room} are used")
    if since_paused:
        click.echo(f"the drain is paused since {found['paused']}; `logingestor queue resume` lets it go on")


@command.command("pause")
@json_option
@with_backends
def pause_drain(backends: Backends, as_json: bool) -> None:
    """Let workers, on all machines, stop draining within a second; logs are accepted and wait.

    It holds over restarts, until `queue resume`.

    Example: logingestor queue pause
    """
    since = instant.text((pause.pause(backends.record.notes), 0))
    if as_json:
        print_json({"paused": since})
    else:
        click.echo(f"paused since {since}; accepted logs wait until `logingestor queue resume`")


@command.command("resume")
@json_option
@with_backends
def resume_drain(backends: Backends, as_json: bool) -> None:
    """Let workers drain again.

    Example: logingestor queue resume
    """
    since = pause.resume(backends.record.notes)
    was = instant.text((since, 0)) if since else None
    if as_json:
        print_json({"paused": None, "was_paused": was})
    else:
        click.echo(f"resumed; it was paused since {was}" if was else "it was not paused")
