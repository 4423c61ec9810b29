"""`logingestor rules`: what is taken out of logs and which are dropped, before they are queued."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from app import secret
from app.accept.ruling import read_counts
from app.backends import Backends
from app.cli import terminal
from app.cli.options import end_unread, json_option, print_json, with_backends
from app.damage import passing
from app.errors import InvalidInput, Problem
from app.find import ruled
from app.find.ruled import RulesPreview
from app.rules.redact import redaction_key
from app.rules.rule import RuleSet
from app.rules.text import parse
from app.settings.values import written_bytes


@click.group()
def command() -> None:
    """Look at the rules that take secrets out of logs and drop logs; try others.

    Example: logingestor rules preview new-rules.txt
    """


@command.command("list")
@json_option
@with_backends
def list_(backends: Backends, as_json: bool) -> None:
    """Print the rules in force, and what each ever did.

    Example: logingestor rules list
    """
    rules = backends.settings.rules or RuleSet()
    counts = read_counts(rules, backends.record.notes)
    if as_json:
        print_json([{"rule": rule.name, "text": rule.text, **counts[rule.name]} for rule in rules.rules])
        return
    if not rules.rules:
        click.echo("no rules are in force; LOGINGESTOR_RULES_FILE names a file of them")
    for rule in rules.rules:
        said = ", ".join(
            f"{written_bytes(count) if kind == 'bytes' else f'{count:,}'} {kind}"
            for kind, count in counts[rule.name].items()
        )
        click.echo(f"{rule.text}\n    {said}")


@command.command()
@click.argument("file", metavar="FILE|-")
@json_option
def check(file: str, as_json: bool) -> None:
    """Read the rules in FILE, or in standard input (-), and say what is wrong with them; exit 2 if anything is.

    Example: logingestor rules check rules.txt
    """
    rules = _read(file)
    if as_json:
        print_json([{"rule": rule.name, "kind": ruled.kind(rule), "text": rule.text} for rule in rules.rules])
    else:
        click.echo(
            f"{terminal.many(len(rules.redactions), 'redaction')} and {terminal.many(len(rules.thinnings), 'rule')} to drop or keep logs are right"
        )


@command.command()
@click.argument("file", metavar="[FILE|-]", required=False)
@json_option
@with_backends
def preview(backends: Backends, file: str | None, as_json: bool) -> None:
    """Print what rules would do to the newest 1,000 logs: those of FILE, of standard input (-), or those in force.

    Example: logingestor rules preview rules.txt
    """
    rules = (backends.settings.rules or RuleSet()) if file is None else _read(file)
    with passing() as damaged:
        found = ruled.preview(rules, redaction_key(secret.load(backends.settings)), backends.index)
    if as_json:
        print_json(found.to_dict())
    else:
        _say(found)
    end_unread(damaged, "the preview")


def _say(found: RulesPreview) -> None:
    saved = found.bytes - found.bytes_after
    click.echo(
        f"of the newest {terminal.many(found.looked, 'log')} {found.changed:,} would be changed and {found.dropped:,} dropped; "
        f"{written_bytes(abs(saved))} of {written_bytes(found.bytes)} {'saved' if saved >= 0 else 'more'}"
    )
    for effect in found.effects:
        values = f", {terminal.many(effect.values, 'value')}" if effect.values else ""
        click.echo(f"\n{terminal.safe(effect.text)}\n  {terminal.many(effect.logs, 'log')}{values}")
        for example in effect.examples:
            _show(example)


def _show(example: dict[str, Any]) -> None:
    if "message" in example:
        click.echo(f"  - {terminal.safe(example['level'])} {terminal.safe(example['message'])}")
    for change in example.get("changes", ()):
        click.echo(f"  {terminal.safe(change['field'])}")
        for sign, text in (("-", change["before"]), ("+", change["after"])):
            if text is not None:
                click.echo(f"    {sign} {terminal.safe(text)}")


def _read(file: str) -> RuleSet:
    try:
        return parse(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(Problem(f"can't be read: {error}", file)) from None
