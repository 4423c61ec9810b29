"""`logingestor delete`: logs that fit a query, for good, with a line that says so kept."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import end_unread, json_option, make_query, print_json, query_options, with_backends
from app.cli.recorded import detail
from app.damage import passing
from app.errors import InvalidInput, Problem, Unavailable
from app.maintain import delete as pipeline
from app.query.filter import And, Not
from app.query.normal import normal
from app.query.query import Query


@click.command()
@query_options
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@click.option("--yes", is_flag=True, help="Delete without asking; needed where no terminal can be asked.")
@click.option("--wait", "seconds", type=click.FloatRange(0), default=60.0, help="Seconds to wait for logs on their way (60).")  # fmt: skip
@json_option
@with_backends
def command(
    backends: Backends,
    query: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    seconds: float,
    as_json: bool,
    **params: Any,
) -> None:
    """Delete the logs that fit QUERY from record, index and dead letters; there is no way back.

    First what is on its way is waited for, then the count is shown. Who deleted, when, by which query
    and how many stands in the audit log. Backups keep what they hold. Of SQLite files the text itself is
    erased; what of it has to stay for now is said, with exit code 1: run the same command again.
    Damaged logs can't be searched: they stay, are named, and end it with 1.

    Example: logingestor delete 'metadata.user.email:"ann@example.org"' --dry-run
    """
    if not " ".join(query).strip():
        raise InvalidInput(Problem("say which logs; '*' means all", "QUERY"))
    asked = make_query(query, **params)
    pipeline.arrived(backends.queue, backends.record, seconds)
    with passing() as damaged:
        _found(backends, asked, {"query": " ".join(query), **params}, dry_run=dry_run, yes=yes, as_json=as_json)
    end_unread(damaged, "what was searched")


def _found(backends: Backends, asked: Query, line: dict[str, Any], *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Count what fits, and delete it unless it is only to be counted; *line* is what was asked."""
    asked = _without_held(backends, asked)
    found = pipeline.matching(backends.record.letters, backends.index, asked)
    shown = f"{terminal.many(found.logs, 'log')} and {terminal.many(found.dead_letters, 'dead letter')}"
    if dry_run:
        _print({"logs": found.logs, "dead_letters": found.dead_letters, "deleted": False}, f"{shown} fit", as_json)
        return
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidInput(Problem(f"{shown} fit; without a terminal nothing is deleted unless --yes says so"))
        click.confirm(f"Delete {shown} for good?", abort=True, err=True)
    given = {name: value for name, value in line.items() if value is not None}
    _delete(backends, asked, given, as_json)


def _delete(backends: Backends, asked: Query, line: dict[str, Any], as_json: bool) -> None:
    """Delete, erase and print; raises Unavailable where some of the text has to stay."""
    done = pipeline.delete(backends.record, backends.index, asked)
    counts = {"logs": done.logs, "dead_letters": done.dead_letters}
    detail(**counts)
    left = pipeline.erase(backends.queue, backends.store, backends.index)
    shown = f"deleted {terminal.many(done.logs, 'log')} and {terminal.many(done.dead_letters, 'dead letter')}"
    _print({"deleted": True, **line, **counts, "left": left}, shown, as_json)
    if left:
        raise Unavailable("; ".join(left))


def _without_held(backends: Backends, asked: Query) -> Query:
    """Return the query without what a hold keeps, and say on standard error how much that is."""
    rules = backends.settings.retention_rules
    held = None if rules is None else rules.held()
    if held is None:
        return asked
    kept = pipeline.matching(
        backends.record.letters, backends.index, replace(asked, filter=normal(And((asked.filter, held))))
    )
    if kept.logs or kept.dead_letters:
        click.echo(
            f"{terminal.many(kept.logs, 'log')} and {terminal.many(kept.dead_letters, 'dead letter')} are held, and stay",
            err=True,
        )
    return replace(asked, filter=normal(And((asked.filter, Not(held)))))


def _print(value: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        click.echo(text)
