"""How far a long command is, on standard error: one line that is written over, where a person looks on."""

from __future__ import annotations

import sys
import time

import click

from app.cli.terminal import many
from app.maintain.progress import Progress
from app.times import lengths

#: Seconds between two lines, on a terminal and elsewhere (a log file, which keeps every one).
TERMINAL_SECONDS, FILE_SECONDS = 0.2, 10.0


class Reporter:
    """Prints progress now and then."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._terminal = sys.stderr.isatty()
        self._every = TERMINAL_SECONDS if self._terminal else FILE_SECONDS
        self._next = time.monotonic() + self._every
        self._shown = False

    def __call__(self, progress: Progress) -> None:
        """Print *progress* if it is time to."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._every
        left = "" if progress.left is None else f", {lengths.brief(round(progress.left) * lengths.SECOND)} left"
        line = f"{self._verb} {many(progress.logs, 'log')}, {progress.part:.0%}, {progress.rate:,.0f} logs/s{left}"
        click.echo(f"\r\x1b[K{line}" if self._terminal else line, err=True, nl=not self._terminal)
        self._shown = True

    def end(self) -> None:
        """Leave the line clean for what follows."""
        if self._shown and self._terminal:
            click.echo("\r\x1b[K", err=True, nl=False)
