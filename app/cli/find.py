"""`logingestor find`: the logs of a query."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import (
    end_unread,
    harmless_json,
    json_option,
    make_query,
    query_options,
    warn_of_pending,
    with_backends,
    zone_of,
)
from app.cli.recorded import detail
from app.damage import passing
from app.find.export import shown_in
from app.ports.deadline import Budget
from app.query.query import Page

#: Longest time for an answer, in seconds.
SECONDS = 60.0


@click.command()
@query_options
@click.option("--limit", type=int, metavar="N", help="Most logs to print (100).")
@json_option
@with_backends
def command(backends: Backends, query: tuple[str, ...], as_json: bool, **params: Any) -> None:
    """Print the logs that fit QUERY, newest first; without QUERY all.

    Example: logingestor find 'level:error AND message:"failed to connect"' --from now-1h --limit 20
    """
    asked, zone = make_query(query, **params), zone_of(params)
    warn_of_pending(backends)
    with passing() as damaged:
        page = backends.index.find(replace(asked, count="none") if as_json else asked, Budget(SECONDS))
    detail(returned=len(page.records))
    if as_json:
        click.echo("[" + ",\n ".join(harmless_json(shown_in(record, zone)) for record in page.records) + "]")
    else:
        for record in page.records:
            click.echo(terminal.line(record, zone))
        _say_more(page, exact=page.exact and not damaged)
    end_unread(damaged, "the answer")


def _say_more(page: Page, *, exact: bool) -> None:
    if page.next is not None:
        assert page.total is not None  # only --json goes without a count
        total = f"{'' if exact else 'at least '}{terminal.many(page.total, 'log')}"
        click.echo(f"{len(page.records)} of {total}; --limit N or `logingestor export` give more", err=True)
    elif not page.records:
        click.echo("no log fits", err=True)
