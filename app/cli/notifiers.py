"""`logingestor notifiers`: who is notified, and whether that works."""

from __future__ import annotations

from typing import Any

import click

from app import backends as backends_module
from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, with_backends
from app.errors import InvalidInput, Problem
from app.notify.trial import send_test
from app.ports.outbox import Notifier, Standing
from app.settings.settings import PREFIX, Settings
from app.times import instant


@click.group()
def command() -> None:
    """Look at who is notified of notices; send a test."""


@command.command("list")
@click.option("--secret", is_flag=True, help="Print also what signs webhooks, for their receivers.")
@json_option
@with_backends
def list_notifiers(backends: Backends, secret: bool, as_json: bool) -> None:
    """Print the notifiers of NOTIFY: the notices each gets, how it is doing, and what waits for it.

    Example: logingestor notifiers list
    """
    standings = {one.notifier: one for one in backends.record.outbox.standings()}
    counts = backends.record.outbox.waiting_counts()
    found = []
    for notifier in backends.settings.notify:
        known = standings.get(notifier.name, Standing(notifier.name, 0))
        shown = _shown(notifier, known, counts.get(notifier.name, 0))
        if secret and notifier.way == "webhook":
            shown["secrets"] = backends_module.signing(backends.settings, notifier)
        found.append(shown)
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo(f"nobody is notified of notices: {PREFIX}NOTIFY is not set", err=True)
    for one in found:
        what = f"{one['min']}{' and worse' if one['min'] != 'error' else ''}, {', '.join(one['kinds']) or 'all kinds'}"
        state = f"fails since {one['failing_since']}: {one['reason']}" if one["failing_since"] else "no fault is known"
        figures = f"{one['sent']} sent, {one['waiting']} wait, {one['failed']} given up"
        click.echo(terminal.safe(f"{one['name']} ({one['way']}): {what}; {figures}; {state}"))
        for text in one.get("secrets", ()):
            click.echo(f"  {text}")


@command.command("test")
@click.argument("name", required=False)
@json_option
@with_backends
def test_notifiers(backends: Backends, name: str | None, as_json: bool) -> None:
    """Send a test to the notifier NAME, or to all; exit 1 when one does not take it.

    Example: logingestor notifiers test ops
    """
    chosen = _chosen(backends.settings, name)
    results = {}
    for channel in backends_module.channels(backends.settings):
        if channel.notifier.name in chosen:
            results[channel.notifier.name] = send_test(channel, backends.record.outbox)
    if as_json:
        print_json([{"name": one, "sent": not reason, "reason": reason or None} for one, reason in results.items()])
    else:
        for one, reason in results.items():
            click.echo(terminal.safe(f"{one}: {reason or 'taken'}"), err=bool(reason))
    if any(results.values()):
        raise SystemExit(1)


def _chosen(settings: Settings, name: str | None) -> list[str]:
    names = [one.name for one in settings.notify]
    if not names:
        raise InvalidInput(Problem(f"{PREFIX}NOTIFY is not set: nobody is notified of notices", "NAME"))
    if name is not None and name not in names:
        raise InvalidInput(Problem(f"there is no notifier {name!r}; there are {', '.join(names)}", "NAME"))
    return names if name is None else [name]


def _shown(notifier: Notifier, standing: Standing, waiting: int) -> dict[str, Any]:
    since, tested = standing.since, standing.tested
    return {
        "name": notifier.name,
        "way": notifier.way,
        "min": notifier.least,
        "kinds": list(notifier.kinds),
        "sent": standing.sent,
        "waiting": waiting,
        "failed": standing.failed,
        "failing_since": None if since is None else instant.text((since, 0)),
        "reason": standing.reason or None,
        "tested": None if tested is None else instant.text((tested, 0)),
        "test_reason": standing.test_reason or None,
    }
