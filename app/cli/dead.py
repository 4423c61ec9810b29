"""`logingestor dead`: what was refused, and what may be done with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from app.accept import replay as pipeline
from app.accept.replay import Replay
from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, several, with_backends, with_parts
from app.errors import InvalidInput, Problem
from app.log.envelope import DeadLetter
from app.log.record import id_bytes, id_text
from app.ports.letters import LetterKeeper
from app.times import instant

if TYPE_CHECKING:
    from app.process import Parts

#: Reasons of failed replays that are printed.
REASONS_SHOWN = 10

_choice = several(
    click.argument("ids", metavar="ID...", nargs=-1),
    click.option("--all", "everything", is_flag=True, help="All dead letters."),
    click.option("--reason", metavar="TEXT", help="All dead letters with exactly this reason."),
)


@click.group()
def command() -> None:
    """Look at dead letters: logs that were refused, each with its reason."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1), default=100, help="Most letters to print (100).")
@click.option("--reason", metavar="TEXT", help="Only those with exactly this reason.")
@json_option
@with_backends
def list_letters(backends: Backends, limit: int, reason: str | None, as_json: bool) -> None:
    """Print dead letters, newest first.

    Example: logingestor dead list --limit 20
    """
    waits = backends.queue.depth().bytes > 0
    letters = backends.record.letters.dead(limit, reason=reason)
    if waits:
        click.echo("some logs still wait to be stored: letters among them are not listed yet", err=True)
    if as_json:
        print_json([_shown(letter) for letter in letters])
        return
    for letter in letters:
        field = f"{letter.field}: " if letter.field else ""
        payload = terminal.safe(_text(letter)[:80])
        often = f"  ({letter.times:,} times)" if letter.times > 1 else ""
        click.echo(
            f"{id_text(letter.id)} {terminal.safe(letter.sender or '-')} {terminal.safe(field + letter.reason)}{often}  {payload}"
        )
    counts = backends.record.letters.dead_counts()
    if len(letters) < (sum(counts.values()) if reason is None else counts.get(reason, 0)):
        click.echo(
            f"{len(letters)} of {terminal.many(sum(counts.values()), 'dead letter')}; --limit N gives more", err=True
        )


@command.command()
@click.argument("identity", metavar="ID")
@click.option("--payload", is_flag=True, help="Print only what was sent, as it was sent.")
@json_option
@with_backends
def show(backends: Backends, identity: str, payload: bool, as_json: bool) -> None:
    """Print one dead letter whole.

    Example: logingestor dead show 018a9772-0000-7000-8000-000000000000 --payload > fixed.json
    """
    (letter,) = _by_id(backends.record.letters, (identity,))
    if payload:
        sys.stdout.buffer.write(letter.payload)
        sys.stdout.buffer.flush()
    elif as_json:
        print_json(_shown(letter))
    else:
        rows = [(name, terminal.safe(str(value))) for name, value in _shown(letter).items()]
        click.echo(terminal.table(rows))


@command.command()
@_choice
@json_option
@with_parts
def replay(parts: Parts, ids: tuple[str, ...], everything: bool, reason: str | None, as_json: bool) -> None:
    """Send dead letters again; those that are still refused stay, and the exit code is 2.

    Example: logingestor dead replay --all
    """
    replayed, kept = 0, dict[str, str]()
    backends = parts.backends()
    sender = Replay(parts.accept(), backends.record.letters, parts.limits)
    _check(ids, everything, reason)
    for letter in _by_id(backends.record.letters, ids) if ids else pipeline.each(backends.record.letters, reason):
        fault = sender.letter(letter).fault
        if fault is None:
            replayed += 1
        else:
            kept[id_text(letter.id)] = fault
    if as_json:
        print_json({"replayed": replayed, "refused": [{"id": name, "message": fault} for name, fault in kept.items()]})
    else:
        for name, fault in list(kept.items())[:REASONS_SHOWN]:
            click.echo(f"{name}: {terminal.safe(fault)}", err=True)
        click.echo(f"replayed {replayed}, still refused {len(kept)}")
    if kept:
        raise SystemExit(2)


@command.command()
@_choice
@json_option
@with_backends
def drop(backends: Backends, ids: tuple[str, ...], everything: bool, reason: str | None, as_json: bool) -> None:
    """Forget dead letters for good.

    Example: logingestor dead drop --reason 'is not a text'
    """
    _check(ids, everything, reason)
    keeper = backends.record.letters
    dropped = keeper.drop_dead([letter.id for letter in _by_id(keeper, ids)]) if ids else pipeline.drop(keeper, reason)
    if as_json:
        print_json({"dropped": dropped})
    else:
        click.echo(f"dropped {dropped}")


def _check(ids: tuple[str, ...], everything: bool, reason: str | None) -> None:
    """Raise unless exactly one way of choosing is given."""
    if sum((bool(ids), everything, reason is not None)) != 1:
        raise click.UsageError("name dead letters by their ids, or use --all, or --reason TEXT")


def _by_id(keeper: LetterKeeper, ids: tuple[str, ...]) -> list[DeadLetter]:
    found = []
    for text in ids:
        try:
            identity = id_bytes(text)
        except ValueError as error:
            raise InvalidInput(Problem(f"{text!r} {error}", "ID")) from None
        found.append(pipeline.find(keeper, identity))
    return found


def _shown(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": id_text(letter.id),
        "refused": instant.text((int.from_bytes(letter.id[:6], "big"), 0)),
        "reason": letter.reason,
        "field": letter.field,
        "sender": letter.sender,
        "times": max(letter.times, 1),
        "payload": _text(letter),
    }


def _text(letter: DeadLetter) -> str:
    return letter.payload.decode("utf-8", "replace")
