"""`logingestor retention`: what would go by the rules of retention, before it does."""

from __future__ import annotations

from collections.abc import Sequence

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import end_unread, json_option, print_json, with_backends
from app.damage import passing
from app.drain import retire
from app.rules.retention import parse
from app.rules.rule import RetentionRules
from app.settings.values import written_bytes
from app.times.instant import now_ms


@click.group()
def command() -> None:
    """Look at how long which logs are kept, and at what would go.

    Example: logingestor retention preview
    """


@command.command()
@click.argument("rules", metavar="[RULES]", required=False)
@json_option
@with_backends
def preview(backends: Backends, rules: str | None, as_json: bool) -> None:
    """Print how many logs and bytes would go now, and of which times, by RULES or by those in force; nothing goes.

    Example: logingestor retention preview 'level:debug 3d; resourceId:audit-* 400d; default 30d'
    """
    chosen = parse(rules) if rules is not None else backends.settings.retention_rules or RetentionRules((), ())
    with passing() as damaged:
        found = retire.preview(backends.index, chosen, backends.settings.retention, now_ms())
    if as_json:
        print_json([one.to_dict() for one in found])
    else:
        _say(found)
    end_unread(damaged, "the preview")


def _say(found: Sequence[retire.Expiry]) -> None:
    for one in found:
        shown = one.to_dict()
        times = f", arrived from {shown['first']} to {shown['last']}" if one.logs else ""
        click.echo(f"{terminal.safe(one.rule)}: {terminal.many(one.logs, 'log')}, {written_bytes(one.bytes)}{times}")
