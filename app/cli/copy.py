"""`logingestor copy`: one record into another, for the way from the default to services."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

import click

from app import backends as backends_module
from app.backends import Backends, OtherRecord
from app.cli import audit as audits
from app.cli import terminal
from app.cli.options import alone, end_unread, json_option, print_json, with_settings
from app.cli.progress import Reporter
from app.cli.recorded import recorded
from app.drain.indexing import Indexing
from app.errors import InvalidInput, Problem
from app.maintain import copy as pipeline
from app.maintain.audit import audit
from app.maintain.copy import Copied, CopySource, Target
from app.settings.settings import SETTINGS, Settings


@click.command()
@click.option("--from", "source", metavar="URL", required=True, help="The record to copy, as in STORE_URL.")
@click.option("--from-queue", metavar="URL", help="The queue before it; by default that in its SQLite file.")
@click.option("--to", "target", metavar="URL", help="The record to copy into, by default STORE_URL.")
@json_option
@with_settings
def command(settings: Settings, source: str, from_queue: str | None, target: str | None, as_json: bool) -> None:
    """Copy all logs, waiting logs, dead letters and claims of one record into the configured one.

    Both may be in use: a second run goes on where the first was, so copy while the old one works, stop
    it, copy the rest, and start with the new settings. Ends with a comparison of both records and an
    audit of the index; exit 1 when something differs.

    Dead letters are only added: what was replayed or dropped at the source since a first run stays here.

    Example: logingestor copy --from sqlite:////var/lib/logingestor/logingestor.db
    """
    chosen = settings if target is None else replace(settings, store_url=_url(target, "--to"))
    if from_queue is not None:
        _url(from_queue, "--from-queue", "queue")
    name = backends_module.identity(_url(source, "--from"), settings)
    if name == backends_module.identity(chosen.store_url, settings):
        raise InvalidInput(Problem("source and target are the same record", "--from"))
    with alone(settings, "copy"):
        opened = backends_module.connect(chosen)
        try:
            other = backends_module.connect_record(settings, source, from_queue)
            try:
                same = recorded(opened.record.audit_log, partial(_run, opened, other, name, as_json))
            finally:
                other.close()
        finally:
            opened.close()
    if not same:
        raise SystemExit(1)


def _run(opened: Backends, other: OtherRecord, name: str, as_json: bool) -> bool:
    retention = opened.settings.longest_ms
    source = CopySource(hashlib.sha256(name.encode()).hexdigest()[:16], other.record, other.queue, other.keepers)
    target = Target(
        opened.record, Indexing(opened.store, opened.record.letters, opened.index), opened.keepers(), retention
    )
    reporter = Reporter("copied")
    done = pipeline.copy(source, target, reporter)
    reporter.end()
    counts = other.record.store.stats()["stored"], opened.store.stats()["stored"]
    found = audit(opened.store, opened.record.letters, opened.index, retention)
    if as_json:
        print_json({**done.to_dict(), "source": counts[0], "target": counts[1], "audit": found.to_dict()})
    else:
        _show(done, counts)
        audits.show(found)
    end_unread(done.unread, "the copy")
    return found.same and not done.left


def _show(done: Copied, counts: tuple[int, int]) -> None:
    click.echo(
        f"copied {terminal.many(done.read, 'log')} and {done.waiting:,} that waited, {done.new:,} of them new here"
    )
    click.echo(
        f"{terminal.many(done.dead, 'dead letter')}; the source holds {terminal.many(counts[0], 'log')}, this record {counts[1]:,}"
    )
    if done.left:
        click.echo(
            f"{terminal.many(done.left, 'log')} came to the source meanwhile: copy once more when it has stopped",
            err=True,
        )


def _url(url: str, option: str, part: str = "record") -> str:
    """Return the URL; raises InvalidInput unless the setting of that part could have it as its value."""
    setting = {"record": "STORE_URL", "queue": "QUEUE_URL"}[part]
    try:
        next(row for row in SETTINGS if row.name == setting).read(url)
    except ValueError as error:
        raise InvalidInput(Problem(f"is no {part}'s URL: it {error}", option)) from None
    return url
