"""`logingestor expire`: delete what is older than the retention, now."""

from __future__ import annotations

import click

from app.audit_log.recorder import expire_audit_log
from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, with_backends
from app.drain import retire
from app.settings.values import written_bytes

#: Longest time in one go, in seconds.
SECONDS = 24 * 3600.0


@click.command()
@json_option
@with_backends
def command(backends: Backends, as_json: bool) -> None:
    """Delete the logs that arrived longer ago than LOGINGESTOR_RETENTION says; workers do it by themselves.

    Example: LOGINGESTOR_RETENTION=7d logingestor expire
    """
    settings = backends.settings
    gone = retire.retire(backends.record, backends.index, settings.retention, settings.retention_rules, seconds=SECONDS)
    backends.queue.forget_claims()
    expire_audit_log(backends.record.audit_log, settings)
    deleted = sum(one.logs for one in gone)
    by_rule = [one.to_dict() for one in gone] if settings.retention_rules is not None else []
    if as_json:
        print_json({"deleted": deleted} | ({"rules": by_rule} if by_rule else {}))
        return
    click.echo(f"deleted {terminal.many(deleted, 'log')}")
    for one in gone if by_rule else ():
        click.echo(f"  {terminal.safe(one.rule)}: {terminal.many(one.logs, 'log')}, {written_bytes(one.bytes)}")
