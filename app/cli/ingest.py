"""`logingestor ingest`: the logs of files, or of standard input, straight onto the queue; no server is needed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from app.cli import sources, terminal
from app.cli.options import form_options, json_option, print_json, warn_of_pending, with_parts
from app.errors import InvalidInput, Problem
from app.files import pieces as files
from app.files.ledger import Ledger
from app.files.source import FileSource, Report
from app.files.sources import forms as source_forms
from app.log.packed import Pieces
from app.ports.forms import SourceForm
from app.times.written import Assumed

if TYPE_CHECKING:
    from app.process import Parts

#: Age of a file's last change, in seconds, below which somebody may be in the middle of a line.
GROWING_SECONDS = 60
#: Faults of one source that are shown; the rest is counted.
FAULTS_SHOWN = 10


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="FILE…|-")
@form_options
@click.option("--keep", is_flag=True, help="Keep with each FILE how it is written: it is read so from now on.")
@json_option
@with_parts
def command(parts: Parts, names: tuple[str, ...], keep: bool, as_json: bool, **said: str) -> None:
    """Put the logs of FILEs, or of standard input (-), on the queue.

    JSON, NDJSON, syslog, access logs, logfmt and plain text are recognised, compressed or not; a stack
    trace is one log. A second run adds nothing, and to a file that has grown only what is new. Exit
    code 2 says that some logs, or a file, could not be taken; all others were.

    Example: logingestor ingest /var/log/syslog access.log.gz
    """
    form = sources.checked("*", **said) if any(said.values()) else None
    backends = parts.backends()
    for name in names if keep else ():
        source_forms.keep(backends.record.forms, sources.checked(_names(name)[0], **said))
    source = partial(_source, parts, form)
    ledger = Ledger.of(backends.settings.data_dir, backends.store, backends.queue)
    reports = []
    with ledger.alone():
        for name in dict.fromkeys(name for name in names if name != "-"):
            reports.append(_reported(_shown(name), as_json, partial(_take_file, name, source, ledger)))
    # Last and without the lock: a pipe may stay open for ever.
    if "-" in names:
        reports.append(_reported("standard input", as_json, partial(_take_input, source)))
    if as_json:
        print_json([_described(report) for report in reports])
    warn_of_pending(backends)
    if any(report.failed or report.refused for report in reports):
        raise SystemExit(2)


def _names(name: str) -> tuple[str, ...]:
    """Return the names by which a file is known as a source: its whole path first."""
    if name == "-":
        return ("standard input",)
    path = Path(name).absolute()
    return _shown(str(path)), _shown(name), _shown(path.name)


def _source(parts: Parts, form: SourceForm | None, name: str) -> FileSource:
    """Return the reader of a file: by the command's options, else by the form kept for a source of this name."""
    kept = parts.source_forms().assumed(lambda: _names(name), Assumed.here)
    return FileSource(parts.settings, parts.accept(), source_forms.applied(form, kept))


def _shown(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _reported(name: str, as_json: bool, take: Callable[[Report], None]) -> Report:
    report = Report(name)
    try:
        take(report)
    except InvalidInput as error:
        report.failed = "; ".join(problem.message for problem in error.problems)
    if not as_json:
        _show(report)
    return report


def _take_input(source: Callable[[str], FileSource], report: Report) -> None:
    if sys.stdin is None:
        raise InvalidInput(Problem("is closed"))
    source("-").take(files.text(sys.stdin.buffer), report)


def _take_file(name: str, reading: Callable[[str], FileSource], ledger: Ledger, report: Report) -> None:
    path, source = Path(name), reading(name)
    with files.open_file(path) as file:
        if files.is_pipe(file):
            source.take(files.text(file), report)
            return
        changed = os.fstat(file.fileno()).st_mtime
        growing = time.time() - changed < GROWING_SECONDS
        with ledger.open(path, file) as taken, _progress(path, file) as moved:
            report.before = taken.state.logs - taken.state.refused
            source.changed(changed).take(_watched(files.text(file), moved), report, taken, growing=growing)


@contextmanager
def _progress(path: Path, file: BinaryIO) -> Iterator[Any]:
    """Show how much of the file was read, on a terminal; yield the function that moves the bar."""
    size = os.fstat(file.fileno()).st_size
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=size, label=terminal.safe(path.name), file=sys.stderr, hidden=hidden) as bar:
        yield lambda: bar.update(min(file.tell(), size) - bar.pos)


def _watched(pieces: Pieces, moved: Any) -> Pieces:
    for piece in pieces:
        yield piece
        moved()


def _show(report: Report) -> None:
    name = terminal.safe(report.name)
    for line, problem in report.faults[:FAULTS_SHOWN]:
        field = f"{problem.field}: " if problem.field else ""
        click.echo(f"{name}:{line}: {terminal.safe(field + problem.message)}", err=True)
    if report.refused > FAULTS_SHOWN:
        click.echo(f"{name}: {report.refused - FAULTS_SHOWN} more were refused", err=True)
    if report.failed:
        click.echo(f"{name}: {terminal.safe(report.failed)}", err=True)
    if report.unfinished:
        click.echo(f"{name}: the last line is not whole yet; the next run takes it", err=True)
    if report.failed and not report.format:
        return
    counts = [f"{report.accepted:,} accepted"]
    for count, words in (
        (report.duplicates + report.before, "accepted before"),
        (report.dropped, "dropped by rules"),
        (report.refused, "refused"),
    ):
        counts += [f"{count:,} {words}"] if count else []
    click.echo(f"{name}: {', '.join(counts)} ({report.format})")


def _described(report: Report) -> dict[str, Any]:
    faults = [{"line": line, **problem.to_dict()} for line, problem in report.faults]
    return {
        "file": report.name,
        "format": report.format or None,
        "accepted": report.accepted,
        "duplicates": report.duplicates + report.before,
        "refused": report.refused,
        **({"dropped": report.dropped} if report.dropped else {}),
        "errors": faults,
        "unfinished": report.unfinished,
        "failed": report.failed,
    }
