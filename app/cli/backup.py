"""`logingestor backup` and `restore`: everything that was accepted, in one file, whatever holds it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import end_unread, json_option, print_json, with_backends
from app.cli.progress import Reporter
from app.errors import InvalidInput, Problem, Unavailable
from app.maintain import backup as pipeline
from app.maintain.backup import Contents

#: The ending of a backup's name.
SUFFIX = ".logs.zst"


@click.command()
@click.argument("to", metavar="FILE-OR-FOLDER", type=click.Path(path_type=str))
@json_option
@with_backends
def backup(backends: Backends, to: str, as_json: bool) -> None:
    """Write record, dead letters, claims and waiting logs into FILE, or into a new file in FOLDER.

    A name that ends with a slash is a folder's, which is made where it is missing. Everything goes on meanwhile; all that was accepted before is in it. Nothing is overwritten, and
    the file appears when it is written. The index is not in it: it follows from the record. Damaged
    logs are left out, are named here and in the file, and end it with 1.

    Example: logingestor backup /srv/backups/
    """
    path = _file(to)
    if path.exists():
        raise InvalidInput(Problem(f"the file {path} is there already, and is not overwritten"))
    reporter = Reporter("saved")
    with _appearing(path) as file:
        contents = pipeline.write(file, backends.record, backends.queue, backends.keepers(), reporter)
    reporter.end()
    if as_json:
        print_json({"file": str(path), "bytes": path.stat().st_size, **contents.to_dict()})
    else:
        click.echo(f"{path}: {_words(contents)}")
        if contents.left_waiting:
            waited = f"{terminal.many(contents.left_waiting, 'log')} waited in a queue that can't be read"
            click.echo(f"{waited}: they are not in it", err=True)
    end_unread(contents.unread, "the backup")


def _file(to: str) -> Path:
    """Return the file that is to be written: *to* itself, or one in the folder that it names, which is there then."""
    folder = Path(to)
    if to.endswith(os.sep):
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for one in missing:
                _sync(one.parent)
        except FileExistsError:
            raise InvalidInput(Problem(f"{folder} is a file, and {to} would be a folder")) from None
        except OSError as error:
            raise Unavailable(f"the folder {folder} can't be made: {error.strerror}") from error
    elif not folder.is_dir():
        return folder
    return folder / time.strftime(f"logingestor-%Y%m%dT%H%M%SZ{SUFFIX}", time.gmtime())


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that appears at *path* when the block ends, whole and durable, and never over another."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # A link fails where a file has appeared meanwhile; a rename would replace it.
        path.hardlink_to(beside)
        _sync(path.parent)
    except FileExistsError as error:
        raise InvalidInput(Problem(f"the file {path} is there already, and is not overwritten")) from error
    except OSError as error:
        raise Unavailable(f"{path} can't be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


@click.command()
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--merge", is_flag=True, help="Add to a record that is not empty what it lacks.")
@click.option("--check", "only_check", is_flag=True, help="Only read the backup and say whether it is whole.")
@json_option
@with_backends
def restore(backends: Backends, source: Path, merge: bool, only_check: bool, as_json: bool) -> None:
    """Store what a backup holds, into an empty record, once it has been read and found whole.

    Logs that waited are stored too. The index follows by itself while a worker runs. Killed, it goes
    on when it is run again. What is older than the retention expires as ever. A backup that lacks
    damaged logs is restored, too, and ends with 1.

    Example: logingestor restore /srv/backups/logingestor-20260915T080000Z.logs.zst
    """
    with source.open("rb") as file:
        contents = pipeline.check(file)
        new = 0
        if not only_check:
            file.seek(0)
            reporter = Reporter("restored")
            new = pipeline.restore(file, contents, backends.record, backends.keepers(), merge=merge, report=reporter)
            reporter.end()
    if as_json:
        print_json({"file": str(source), "whole": not contents.unread, "new": new, **contents.to_dict()})
    elif only_check:
        click.echo(f"{source} is {'as it was made' if contents.unread else 'whole'}: {_words(contents)}")
    else:
        click.echo(
            f"restored {_words(contents)}; {terminal.many(new, 'log')} {'was' if new == 1 else 'were'} not stored before"
        )
        click.echo("the index follows while a worker runs: `logingestor stats` shows what it lacks", err=True)
    end_unread(contents.unread, "the backup")


def _words(contents: Contents) -> str:
    counts = contents.counts
    return f"{terminal.many(counts['logs'], 'log')}, {counts['waiting']:,} that waited, {terminal.many(counts['dead'], 'dead letter')}"
