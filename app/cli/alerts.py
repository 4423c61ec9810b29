"""`logingestor alerts`: what is watched, and what came of it. Workers evaluate alerts; these commands only look and change."""

from __future__ import annotations

import getpass
from typing import Any

import click
import msgspec

from app.alerts import change as verbs
from app.alerts import condition
from app.alerts import searches as saved
from app.alerts.counts import CountSources
from app.alerts.shown import ShownAlert, ShownChange, ShownTry
from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, several, with_backends
from app.ports.alerts import Alert, AlertKeeper, Change
from app.ports.notices import SEVERITIES
from app.times.instant import now_ms

_parts = several(
    click.option("--search", metavar="NAME", help="The saved search whose logs are counted."),
    click.option("--kind", type=click.Choice(verbs.KINDS), help="When it fires."),
    click.option("--window", metavar="5m", help="Over how long logs are counted: whole minutes, up to 7d."),
    click.option(
        "--threshold", type=int, help="The limit; for rises and falls the fewest logs at which they count (1)."
    ),
    click.option("--factor", type=float, help="How many times more, or fewer, than before (2)."),
    click.option("--windows", type=int, help="How many windows before are compared with (1)."),
    click.option("--fire-after", type=int, help="Evaluations in a row before it fires (1)."),
    click.option("--close-after", type=int, help="Evaluations in a row before it is over (3)."),
    click.option("--severity", type=click.Choice(SEVERITIES), help="Severity of its notice (error)."),
)


@click.group()
def command() -> None:
    """Watch saved searches: alerts fire by the number of logs in a window."""


@command.command("list")
@json_option
@with_backends
def list_alerts(backends: Backends, as_json: bool) -> None:
    """Print the alerts with their states.

    Example: logingestor alerts list
    """
    found = _shown(backends.record.alerts)
    if as_json:
        print_json(found)
        return
    for one in found:
        quiet = f" (silenced until {one.silence.until})" if one.silence else ""
        click.echo(f"{one.state:<11}  {terminal.safe(one.name)}: {one.condition}{quiet}")


@command.command()
@click.argument("name")
@json_option
@with_backends
def show(backends: Backends, name: str, as_json: bool) -> None:
    """Print an alert, and what happened to it, newest first.

    Example: logingestor alerts show 'many errors'
    """
    watched = verbs.get(backends.record.alerts, name)
    alert = watched.alert
    (one,) = [one for one in _shown(backends.record.alerts) if one.id == alert.id]
    changes = [ShownChange.of(change) for change in backends.record.alerts.alert_changes(alert.id)]
    fields = msgspec.structs.asdict(one)
    if as_json:
        print_json({**fields, "changes": changes})
        return
    fields |= {"search": one.search.name, "silence": one.silence and one.silence.until}
    if one.state == watched.status.state:
        fields["why"] = condition.doubt(watched.alert, watched.status) + one.why
    rows = [(key, terminal.safe(str(value))) for key, value in fields.items() if key != "recent" and value is not None]
    click.echo(terminal.table(rows))
    for change in changes:
        click.echo(f"{change.at}  {change.what:<11}  {terminal.safe(change.text)}")


@command.command()
@click.argument("name")
@_parts
@json_option
@with_backends
def add(backends: Backends, name: str, as_json: bool, **parts: Any) -> None:
    """Make an alert on a saved search.

    Example: logingestor alerts add 'many errors' --search errors --kind at_least --threshold 100 --window 5m
    """
    alert = verbs.read({"name": name, **_given(parts)}, backends.record.alerts)
    verbs.keep(backends.record.alerts, alert, Change(now_ms(), "made", "Made.", _who()))
    _say(backends.record.alerts, alert, as_json, "made")


@command.command()
@click.argument("name")
@click.option("--name", "new", metavar="NAME", help="Its new name.")
@_parts
@json_option
@with_backends
def change(backends: Backends, name: str, new: str | None, as_json: bool, **parts: Any) -> None:
    """Change what the options name; the rest stays.

    Example: logingestor alerts change 'many errors' --threshold 200
    """
    given = _given(parts) | ({} if new is None else {"name": new})
    alert = verbs.read(given, backends.record.alerts, verbs.get(backends.record.alerts, name).alert)
    _say(backends.record.alerts, verbs.keep(backends.record.alerts, alert), as_json, "changed")


@command.command()
@click.argument("name")
@with_backends
def remove(backends: Backends, name: str) -> None:
    """Forget an alert, with its history.

    Example: logingestor alerts remove 'many errors'
    """
    backends.record.alerts.drop_alert(verbs.get(backends.record.alerts, name).alert.id)
    click.echo("removed")


@command.command()
@click.argument("name")
@click.argument("until")
@click.option("--reason", default="", help="Why; kept in its history.")
@click.option("--by", default="", help="Who; you, if not said.")
@json_option
@with_backends
def silence(backends: Backends, name: str, until: str, reason: str, by: str, as_json: bool) -> None:
    """Let an alert open no notice until a time.

    Example: logingestor alerts silence 'many errors' now+2h --reason 'the disk is being replaced'
    """
    alert = verbs.get(backends.record.alerts, name).alert
    _say(
        backends.record.alerts,
        verbs.silence(backends.record.alerts, alert, until, reason, by or _who()),
        as_json,
        "silenced",
    )


@command.command()
@click.argument("name")
@json_option
@with_backends
def unsilence(backends: Backends, name: str, as_json: bool) -> None:
    """End an alert's silence: its notifiers hear of it again.

    Example: logingestor alerts unsilence 'many errors'
    """
    alert = verbs.unsilence(backends.record.alerts, verbs.get(backends.record.alerts, name).alert, _who())
    _say(backends.record.alerts, alert, as_json, "no longer silenced")


@command.command()
@click.argument("name")
@json_option
@with_backends
def test(backends: Backends, name: str, as_json: bool) -> None:
    """Count now, and say what the alert would do; nothing is changed.

    Example: logingestor alerts test 'many errors'
    """
    watched = verbs.get(backends.record.alerts, name)
    question = saved.get(backends.record.alerts, watched.alert.search).question
    sources = CountSources(backends.queue, backends.store, backends.index)
    found = ShownTry.of(verbs.attempt(sources, watched.alert, question, watched.status))
    if as_json:
        print_json(found)
        return
    click.echo(terminal.safe(found.text))
    for sample in found.samples:
        click.echo(terminal.safe(f"{sample.at} {sample.level} {sample.message}"))


def _given(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value is not None}


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return ""


def _shown(keeper: AlertKeeper) -> list[ShownAlert]:
    names = {search.id: search.name for search in keeper.searches()}
    return [ShownAlert.of(one, names.get(one.alert.search, ""), now_ms()) for one in keeper.alerts()]


def _say(keeper: AlertKeeper, alert: Alert, as_json: bool, what: str) -> None:
    if as_json:
        print_json(next(one for one in _shown(keeper) if one.id == alert.id))
    else:
        click.echo(f"{what}: {terminal.safe(alert.name)}")
