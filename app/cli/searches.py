"""`logingestor searches`: states of the search page under a name."""

from __future__ import annotations

import click

from app.alerts import searches as saved
from app.alerts.shown import ShownSearch
from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, with_backends
from app.ports.alerts import SavedSearch

_KNOWN = ("q", "from", "to", "clock", "sort", "limit")


@click.group()
def command() -> None:
    """Keep searches under a name, for the page and for alerts."""


@command.command("list")
@json_option
@with_backends
def list_searches(backends: Backends, as_json: bool) -> None:
    """Print the saved searches.

    Example: logingestor searches list
    """
    found = backends.record.alerts.searches()
    if as_json:
        print_json([ShownSearch.of(search) for search in found])
    else:
        click.echo(terminal.table([(terminal.safe(search.name), _line(search)) for search in found]))


@command.command()
@click.argument("name")
@click.argument("query", nargs=-1)
@click.option("--from", "start", metavar="TIME", help="Only logs from this time on: RFC 3339, or now-15m.")
@click.option("--to", "end", metavar="TIME", help="Only logs up to this time.")
@click.option("--clock", metavar="event|received", help="Which time is meant: the log's own, or that of its arrival.")
@click.option("--sort", metavar="asc|desc", help="Oldest first or newest first (the default).")
@click.option("--replace", is_flag=True, help="Put it in the place of a search that has the name.")
@json_option
@with_backends
def add(
    backends: Backends, name: str, query: tuple[str, ...], replace: bool, as_json: bool, **options: str | None
) -> None:
    """Save a search under a name.

    Example: logingestor searches add 'errors of today' level:error --from now/d
    """
    names = {"start": "from", "end": "to"}
    given = {"q": " ".join(query)} | {names.get(key, key): value for key, value in options.items() if value}
    kept = saved.add(backends.record.alerts, name, saved.check_parameters(given, _KNOWN), replace=replace)
    if as_json:
        print_json(ShownSearch.of(kept))
    else:
        click.echo(f"saved {terminal.safe(kept.name)}")


@command.command()
@click.argument("name")
@click.argument("new")
@with_backends
def rename(backends: Backends, name: str, new: str) -> None:
    """Give a search another name; alerts go on watching it.

    Example: logingestor searches rename 'errors of today' 'errors since midnight'
    """
    changed = saved.change(backends.record.alerts, saved.get(backends.record.alerts, name), name=new)
    click.echo(f"renamed to {terminal.safe(changed.name)}")


@command.command()
@click.argument("name")
@with_backends
def remove(backends: Backends, name: str) -> None:
    """Forget a search that no alert watches.

    Example: logingestor searches remove 'errors of today'
    """
    saved.remove(backends.record.alerts, saved.get(backends.record.alerts, name))
    click.echo("removed")


def _line(search: SavedSearch) -> str:
    rest = [f"{name}={value}" for name, value in search.parameters.items() if name != "q"]
    whose = [f"(of {search.owner})"] if search.owner else []
    return terminal.safe(" ".join((search.question.q or "(all logs)", *rest, *whose)))
