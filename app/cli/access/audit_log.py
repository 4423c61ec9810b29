"""`logingestor audit-log`: who did what, and whether that is all."""

from __future__ import annotations

from typing import Any

import click

from app.audit_log import search
from app.audit_log.recorder import operator
from app.audit_log.spool import FOLDER, Spool, move
from app.audit_log.verify import ChainVerdict, verify
from app.backends import Backends
from app.cli import terminal
from app.cli.options import harmless_json, json_option, make_query, print_json, query_options, with_backends, zone_of
from app.cli.recorded import detail
from app.errors import InvalidInput, Problem
from app.find.export import shown_in
from app.ports.audit_log.chain import ChainEnd
from app.ports.audit_log.entry import MENDED, entry
from app.ports.deadline import Budget

#: Longest time for an answer, in seconds.
SECONDS = 60.0


@click.group()
def command() -> None:
    """Search the audit log, which says who did what, and see whether it is whole."""


@command.command("find")
@query_options
@click.option("--limit", type=int, metavar="N", help="Most entries to print (100).")
@json_option
@with_backends
def find_entries(backends: Backends, query: tuple[str, ...], as_json: bool, **params: Any) -> None:
    """Print the entries that fit QUERY, newest first; without QUERY all.

    Example: logingestor audit-log find 'metadata.actor:zoe AND metadata.action:log.*' --from now-1d
    """
    asked, zone = make_query(query, **params), zone_of(params)
    _arrived(backends)
    page = search.page(backends.record.audit_log, asked, Budget(SECONDS))
    detail(returned=len(page.records))
    if as_json:
        click.echo("[" + ",\n ".join(harmless_json(shown_in(record, zone)) for record in page.records) + "]")
        return
    for record in page.records:
        more = harmless_json((record.metadata or {}).get("details", {}))
        click.echo(f"{terminal.line(record, zone)}  {more}")
    if page.next is not None:
        click.echo(f"{len(page.records)} entries; --limit N gives more", err=True)


@command.command("verify")
@click.option("--head", metavar="SEQ:DIGEST", help="What an earlier look printed: it must be there still.")
@json_option
@with_backends
def verify_chain(backends: Backends, head: str | None, as_json: bool) -> None:
    """Look whether an entry was removed, changed or moved; exit code 1 if so.

    Note the head that it prints somewhere else: with --head a chain that was written anew as a whole shows too.

    Example: logingestor audit-log verify
    """
    witness = None if head is None else _end(head)
    _arrived(backends)
    found = verify(backends.record.audit_log, witness)
    if as_json:
        print_json(
            {
                "whole": not found.faults,
                "entries": found.entries,
                "head": _text(found.head),
                "begins_after": found.anchor.seq,
                "faults": found.named,
            }
        )
    else:
        _say(found)
    if found.faults:
        raise SystemExit(1)


@command.command("mend")
@with_backends
def mend_chain(backends: Backends) -> None:
    """Let the audit log go on whose end somebody moved back: nothing can be added to it, and so nothing be changed.

    Its end is put behind its last entry again, and one more says so, for good. What else `verify` finds wrong stays as it is.

    Example: logingestor audit-log mend
    """
    # No entry before it, as other commands have: none can be added until this is done.
    if not backends.record.audit_log.mend(entry(MENDED, actor=operator(), by="command")):
        click.echo("nothing lies behind its end: there is nothing to mend")
        return
    _arrived(backends)
    click.echo("the audit log goes on, with an entry that says where its end had been moved to")


def _arrived(backends: Backends) -> None:
    """Move what processes that were killed left behind."""
    move(Spool(backends.settings.data_dir / FOLDER), backends.record.audit_log)


def _say(found: ChainVerdict) -> None:
    for text in found.named:
        click.echo(text)
    if found.faults > len(found.named):
        click.echo(f"and {found.faults - len(found.named):,} faults more")
    behind = f" behind entry {found.anchor.seq:,}, which retention took last" if found.anchor.seq else ""
    click.echo(f"{found.entries:,} entries{behind}; {'whole' if not found.faults else 'NOT WHOLE'}")
    click.echo(f"head {_text(found.head)}")


def _text(end: ChainEnd) -> str:
    return f"{end.seq}:{end.digest.hex()}"


def _end(text: str) -> ChainEnd:
    seq, _, digest = text.partition(":")
    try:
        if len(digest) != 64:
            raise ValueError
        return ChainEnd(int(seq), bytes.fromhex(digest))
    except ValueError:
        raise InvalidInput(Problem("is not SEQ:DIGEST, as `audit-log verify` prints it", "--head")) from None
