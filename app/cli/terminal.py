"""Logs on a terminal: one line each, in which nothing acts."""

from __future__ import annotations

import os
from datetime import UTC, tzinfo

import click

from app.log.fold import fold
from app.log.ranks import RANKS
from app.log.record import LogRecord
from app.times.zone import text

#: By severity, trace to fatal.
_COLOURS = ("bright_black", "bright_black", "green", "cyan", "yellow", "red", "bright_red")


def safe(shown: str) -> str:
    """Return *shown* with escapes such as \\x1b in place of every character that would act instead of showing."""
    if shown.isprintable():
        return shown
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in shown
    )


def line(record: LogRecord, zone: tzinfo = UTC) -> str:
    """Return the log in one line: timestamp as the *zone* has it, level, resource, message."""
    rank = RANKS.get(fold(record.level))
    level = safe(record.level).ljust(5)
    if rank is not None and "NO_COLOR" not in os.environ:  # click drops colours where no terminal is
        level = click.style(level, fg=_COLOURS[rank], bold=rank > 4)
    return f"{text((record.t, record.ns), zone)} {level} {safe(record.resource_id or '-')} {safe(record.message)}"


def table(rows: list[tuple[str, str]]) -> str:
    """Return names and values in two columns."""
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in rows)


def many(count: int, name: str) -> str:
    """Return the count and the name of what is counted: `1 log`, `2 logs`."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"
