"""`logingestor export`: all logs of a query, as NDJSON or CSV."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import (
    end_unread,
    harmless,
    make_query,
    query_options,
    warn_of_pending,
    with_backends,
    zone_of,
)
from app.cli.recorded import detail
from app.damage import Passed, passing
from app.find import export as exports
from app.log.record import LogRecord
from app.ports.deadline import Budget

#: Longest time for one chunk, in seconds.
SECONDS = 60.0


class _Counted:
    """Passes chunks on and counts their logs."""

    def __init__(self, chunks: Iterator[list[LogRecord]]) -> None:
        self._chunks = chunks
        self.logs = 0

    def __iter__(self) -> Iterator[list[LogRecord]]:
        for chunk in self._chunks:
            self.logs += len(chunk)
            yield chunk


@click.command()
@query_options
@click.option("--format", "format", metavar="ndjson|csv", help="By default what FILE's name ends in, else ndjson.")
@click.option("--columns", metavar="NAMES", help="Fields to write, with commas between them: level,metadata.user.id")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to FILE.")
@with_backends
def command(
    backends: Backends,
    query: tuple[str, ...],
    format: str | None,
    columns: str | None,
    output: Path | None,
    **params: Any,
) -> None:
    """Write all logs that fit QUERY, without limit; without QUERY all there are.

    In CSV a text that a spreadsheet would run as a formula gets a ' before it. FILE appears when
    the export is whole; where damaged logs are left out FILE.incomplete appears, a FILE that was there
    becomes FILE.before, and it ends with 1.

    Example: logingestor export 'level:error' --from 2023-09-15 --format csv -o errors.csv
    """
    asked = make_query(query, **params)
    named = "csv" if output is not None and output.suffix.lower() == ".csv" else "ndjson"
    counted = _Counted(backends.index.scan(asked, Budget(SECONDS)))
    chosen = [name.strip() for name in columns.split(",") if name.strip()] if columns else []
    pieces = exports.lines(iter(counted), format or named, chosen, zone_of(params))
    warn_of_pending(backends)
    with passing() as damaged:
        if output is None:
            _print(pieces, terminal.safe if format == "csv" else harmless)
        else:
            written = _write(pieces, output, damaged)
            click.echo(f"wrote {terminal.many(counted.logs, 'log')} to {written}", err=True)
    detail(returned=counted.logs)
    end_unread(damaged, "the export")


def _print(pieces: Iterator[bytes], shown: Callable[[str], str]) -> None:
    """Write to standard output: exactly, or on a terminal so that nothing acts there."""
    only_shows = sys.stdout.isatty()
    for piece in pieces:
        lines = (shown(line.rstrip("\r")) for line in piece.decode().split("\n")) if only_shows else ()
        sys.stdout.buffer.write("\n".join(lines).encode() if only_shows else piece)
    sys.stdout.buffer.flush()


def _write(pieces: Iterator[bytes], output: Path, damaged: Passed) -> Path:
    """Write beside the file and put it in place at the end: no half export looks like a whole one. Return where it is."""
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        incomplete, before = (output.with_name(f"{output.name}.{ending}") for ending in ("incomplete", "before"))
        if damaged and output.exists():
            # An older export is not taken for this one.
            output.replace(before)
        done = beside.replace(incomplete if damaged else output)
        if not damaged:
            incomplete.unlink(missing_ok=True)
        return done
    except OSError as error:
        raise click.FileError(str(output), error.strerror or str(error)) from error
    finally:
        beside.unlink(missing_ok=True)
