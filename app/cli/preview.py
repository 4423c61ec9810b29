"""`logingestor preview`: how the logs of a file would be read."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click

from app.cli import terminal
from app.cli.options import json_option, print_json, with_settings
from app.errors import InvalidInput
from app.files import pieces
from app.files import preview as files
from app.files.preview import Previewed
from app.settings.limits import limits_of
from app.settings.settings import Settings
from app.times.instant import now_ms
from app.times.written import Assumed
from app.times.zone import read_zone

#: Bytes that are read of a file: more than LOGS logs have.
READ = 4 << 20
#: Options by the name of what they say.
_OPTIONS = {"as": "--as", "first_line": "--first-line"}


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option(
    "--as",
    "name",
    metavar="NAME",
    help="A dialect (docs/producers.md) or a form: json, syslog, access, logfmt, text, plain.",
)
@click.option("--zone", default="UTC", metavar="ZONE", help="Of times without an offset: Europe/Berlin (UTC).")
@click.option("--first-line", metavar="REGEX", help="Found in the first line of each log, and in no other.")
@json_option
@with_settings
def command(settings: Settings, file: str, name: str | None, zone: str, first_line: str | None, as_json: bool) -> None:
    """Print how the first logs of FILE, or of standard input (-), would be read, from what, and what rules leave of them; nothing is kept.

    Example: logingestor preview /var/log/syslog
    """
    try:
        assumed = replace(Assumed.here(read_zone(zone)), first_line=first_line)
        rules = settings.rules
        found = list(files.preview(_body(file), assumed, limits_of(settings), now_ms(), name=name, rules=rules))
    except InvalidInput as error:
        raise InvalidInput(
            *(replace(one, field=_OPTIONS.get(one.field or "", one.field)) for one in error.problems)
        ) from None
    if as_json:
        print_json([one.shown() for one in found])
        return
    for one in found:
        _show(one)


def _body(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(READ)
    found, size = [], 0
    with pieces.open_file(Path(file)) as opened:
        for piece in islice(pieces.text(opened), READ):
            found.append(piece or b"")
            size += len(found[-1])
            if size >= READ:
                break
    return b"".join(found)


def _show(one: Previewed) -> None:
    lines = f"line {one.first}" if one.first == one.last else f"lines {one.first} to {one.last}"
    click.echo(f"{lines}, read as {one.dialect}")
    if one.dropped:
        click.echo(f"  would be dropped by the rule {terminal.safe(one.dropped)}")
    if one.refused is not None:
        click.echo(f"  would be refused: {terminal.safe(one.refused.message)}")
    for name, value in one.log.items():
        source = one.origins.get(name, name)
        origin = f"   (from {terminal.safe(source)})" if source != name else ""
        click.echo(f"  {name:10} {terminal.safe(str(value))}{origin}")
    for name, reason in one.unread.items():
        click.echo(f"  {name:10} unread: {terminal.safe(reason)}")
    if one.unused:
        click.echo(f"  not used: {terminal.safe(', '.join(one.unused))}, which look like level, time or message")
