"""`logingestor doctor`: is everything as it must be, and if not, what to do."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import pysqlite3

from app import backends as backends_module
from app.backends import Backends
from app.cli import terminal
from app.cli.options import json_option, print_json, serve_runs, with_settings
from app.drain import pause
from app.errors import InvalidInput, LogIngestorError, Unavailable
from app.ports.parts import Sealing
from app.settings.settings import PREFIX, Settings
from app.settings.values import written_bytes
from app.times import instant

#: The first release of SQLite in which two connections can't corrupt a file by resetting its log at once.
SQLITE = (3, 51, 3)
PYTHON = (3, 11)
#: Age of the oldest waiting log, in ms, from which nobody seems to store.
STUCK_MS = 60_000
#: How far this machine's clock may be behind the newest log, in ms.
BEHIND_MS = 60_000

#: Damaged segments that are named one by one.
LISTED = 10
_DAMAGED = (
    "the disk or the memory changed what was written: see to it. `logingestor rebuild --drop-damaged` lets go of what can't be"
    " read, and `logingestor restore --merge` brings back what lies in a backup"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding of one check."""

    check: str
    ok: bool
    found: str
    #: The advice; empty when all is well.
    advice: str = ""


@click.command()
@json_option
@with_settings
def command(settings: Settings, as_json: bool) -> None:
    """Check this machine, the settings and the data; exit 1 when something is wrong.

    Example: logingestor doctor --json
    """
    findings = list(examine(settings))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            advice = f": {finding.advice}" if finding.advice else ""
            mark = click.style("ok  ", fg="green") if finding.ok else click.style("FAIL", fg="red")
            click.echo(f"{mark} {finding.check}: {terminal.safe(finding.found)}{advice}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each check; what can't be checked is a finding too."""
    yield _python()
    yield _sqlite()
    yield _folder(settings)
    yield _disk(settings)
    yield _port(settings)
    if not all(path.exists() for path in backends_module.paths(settings)):
        yield Finding("schema", True, "there is no database yet; `logingestor serve` makes it")
        return
    try:
        backends_module.check(settings)
        yield Finding("schema", True, "up to date")
        yield _record(settings)
        opened = backends_module.connect(settings)
    except InvalidInput as error:
        yield Finding("schema", False, str(error), "the release must fit the database")
        return
    except Unavailable as error:
        if backends_module.system(settings.store_url).file(settings.store_url, settings) is not None:
            yield Finding("schema", False, str(error), "put a backup in its place, or see who else holds it")
        else:
            yield Finding("record", False, str(error), "start what can't be reached, or set its URL")
        return
    try:
        for check, look in (
            ("clock", _clock),
            ("queue", _queue),
            ("index", _index),
            ("segments", _segments),
            ("checksums", _checksums),
            ("dead letters", _dead),
            ("notifiers", _notifiers),
        ):
            yield _looked(check, look, opened)
    finally:
        opened.close()


def _looked(check: str, look: Callable[[Backends], Finding], backends: Backends) -> Finding:
    try:
        return look(backends)
    except LogIngestorError as error:
        return Finding(check, False, str(error), "see the message")


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python", sys.version_info >= PYTHON, found, "" if sys.version_info >= PYTHON else "3.11 or later is needed"
    )


def _sqlite() -> Finding:
    found = pysqlite3.sqlite_version
    ok = pysqlite3.sqlite_version_info >= SQLITE
    return Finding("SQLite", ok, found, "" if ok else "3.51.3 or later is needed: pip install -U pysqlite3")


def _existing(folder: Path) -> Path:
    return folder if folder.exists() or folder == folder.parent else _existing(folder.parent)


def _folder(settings: Settings) -> Finding:
    folder = settings.data_dir.absolute()
    try:
        with tempfile.NamedTemporaryFile(dir=_existing(folder)) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        advice = f"let this user write to it, or set {PREFIX}DATA_DIR"
        return Finding("data folder", False, f"{folder}: {error.strerror}", advice)
    return Finding("data folder", True, f"{folder} can be written")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(_existing(settings.data_dir.absolute())).free
    ok = free > settings.min_free_disk
    advice = f"free some, or lower {PREFIX}RETENTION; below {written_bytes(settings.min_free_disk)} no log is accepted"
    return Finding("free disk", ok, written_bytes(free), "" if ok else advice)


def _port(settings: Settings) -> Finding:
    name = f"{settings.host}:{settings.port}"
    if serve_runs(settings):
        return Finding("port", True, f"`logingestor serve` runs, at {name} by these settings")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            advice = f"set {PREFIX}{'PORT' if taken else 'HOST'} to another"
            return Finding("port", False, f"{name} {'is in use' if taken else error}", advice)
    return Finding("port", True, f"{name} is free")


def _record(settings: Settings) -> Finding:
    names = ", ".join(backends_module.databases(settings))
    hazards = backends_module.hazards(settings)
    if not hazards:
        return Finding("record", True, names)
    advice = "switch it on: else a power cut may take logs that were acknowledged"
    return Finding("record", False, f"{names}: {' and '.join(hazards)}", advice)


def _clock(backends: Backends) -> Finding:
    newest, now = backends.store.stats()["newest_received"], instant.now_ms()
    shown = instant.text((now, 0))
    if newest is not None and instant.parse(newest)[0] > now + BEHIND_MS:
        return Finding(
            "clock", False, f"{shown} is before the newest log's arrival, {newest}", "set this machine's clock"
        )
    return Finding("clock", True, shown)


def _queue(backends: Backends) -> Finding:
    depth, serves = backends.queue.depth(), serve_runs(backends.settings)
    worker = "`logingestor serve` runs" if serves else "no `logingestor serve` runs here"
    age = 0 if depth.oldest is None else instant.now_ms() - depth.oldest
    found = f"{terminal.many(depth.logs, 'log')} wait{'s' if depth.logs == 1 else ''}, {written_bytes(depth.bytes)}; {worker}"
    since = pause.paused(backends.record.notes)
    if since:
        # Somebody wanted it, and somebody may have forgotten it.
        found = f"{found}; the drain is paused since {instant.text((since, 0))}"
        return Finding("queue", False, found, "`logingestor queue resume` lets it go on")
    if age <= STUCK_MS:
        return Finding("queue", True, found)
    advice = (
        "look at its output: the worker does not store"
        if serves
        else "start `logingestor serve` or `logingestor worker`"
    )
    return Finding("queue", False, f"{found}; the oldest waits for {age // 1000} s", advice)


def _index(backends: Backends) -> Finding:
    backends.index.check()
    lag = backends.store.lacking().logs
    return Finding(
        "index", lag == 0, f"{lag} stored logs can't be found yet", "" if lag == 0 else "wait for the worker"
    )


def _segments(backends: Backends) -> Finding:
    parts = {"record": backends.store, "index": backends.index}
    found = {name: part.sealed() for name, part in parts.items() if isinstance(part, Sealing)}
    shown = [(name, sealed) for name, sealed in found.items() if sealed is not None]
    if not shown:
        return Finding("segments", True, "none: the logs lie in no SQLite file")
    text = "; ".join(
        f"{name}: {terminal.many(one.logs, 'log')} in {terminal.many(one.segments, 'segment')} of {written_bytes(one.bytes)}, {one.rows:,} in rows"
        + (f", of which about {one.due:,} are still to be sealed" if one.due else "")
        for name, one in shown
    )
    failed = sum(one.failed for _, one in shown)
    if not failed:
        return Finding("segments", True, text)
    text += f"; {terminal.many(failed, 'log')} or more did not come back from their segment as they were, and stay rows"
    return Finding("segments", False, text, "nothing is lost; report it with what the worker printed")


def _checksums(backends: Backends) -> Finding:
    parts = {"record": backends.store, "index": backends.index}
    found = {name: part.checked() for name, part in parts.items() if isinstance(part, Sealing)}
    shown = [(name, one) for name, one in found.items() if one is not None]
    if not shown:
        return Finding("checksums", True, "none: the logs lie in no SQLite file")
    said, damaged, searched, wrong = list[str](), False, False, False
    for name, one in shown:
        said.append(f"{name}: {one.whole:,} segments are what was written")
        if one.without:
            said.append(f"{one.without:,} of an earlier release can be read and have none")
        if one.damaged:
            said.append(_listed("can't be read", one.damaged))
        if one.search_damaged:
            said.append(_listed("what makes searches quicker is damaged of", one.search_damaged))
        if one.wrong:
            said.append(_listed("are not those of the logs", one.wrong))
            wrong = True
        damaged, searched = damaged or bool(one.damaged), searched or bool(one.search_damaged)
    advice = [_DAMAGED] if damaged else []
    if searched:
        advice.append("searches are right, and slower; `logingestor rebuild` makes anew what they need")
    if wrong:
        advice.append("totals may be wrong, and logs not be found: `logingestor rebuild` makes the index anew")
    return Finding("checksums", not advice, "; ".join(said), "; ".join(advice))


def _listed(what: str, found: list[str]) -> str:
    more = f" and {len(found) - LISTED:,} more" if len(found) > LISTED else ""
    return f"{len(found):,} {what}: {', '.join(found[:LISTED])}{more}"


def _dead(backends: Backends) -> Finding:
    # No fault of the system: senders made them. The count is here so that nobody overlooks them.
    count = sum(backends.record.letters.dead_counts().values())
    return Finding("dead letters", True, f"{count}{'; see `logingestor dead list`' if count else ''}")


def _notifiers(backends: Backends) -> Finding:
    names = [one.name for one in backends.settings.notify]
    failing = [one for one in backends.record.outbox.standings() if one.notifier in names and one.since is not None]
    if not failing:
        return Finding(
            "notifiers", True, f"{', '.join(names)}; no fault is known" if names else "nobody is notified of notices"
        )
    found = "; ".join(f"{one.notifier} fails: {one.reason}" for one in failing)
    return Finding("notifiers", False, found, "mend it; `logingestor notifiers test` tries it")
