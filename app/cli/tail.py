"""`logingestor tail`: logs as they are stored."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import tzinfo
from functools import partial
from typing import Any

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import end_unread, harmless_json, make_query, with_backends, zone_of, zone_option
from app.damage import Passed, passing
from app.errors import LogIngestorError
from app.find.export import shown_in
from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.ports.record import LogStore
from app.query.meaning import Predicate, predicate
from app.query.query import Query

#: Seconds between two looks when nothing came.
PAUSE_SECONDS = 0.2
#: Logs read at once.
AT_ONCE = 1_000


@click.command()
@click.argument("query", nargs=-1)
@click.option("-n", "--lines", "count", type=click.IntRange(0, 10_000), default=10, help="Logs to begin with (10).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@zone_option
@with_backends
def command(backends: Backends, query: tuple[str, ...], count: int, as_json: bool, tz: str | None) -> None:
    """Print logs that fit QUERY as they are stored, until Ctrl-C.

    Damaged logs are passed over, are named when they are met, and end it with 1.

    Example: logingestor tail 'level:error AND resourceId:server-1234'
    """
    asked = make_query(query, tz=tz)
    show = partial(_show_json if as_json else _show, zone=zone_of({"tz": tz}))
    with passing() as damaged:
        _tail(backends, asked, count, show, damaged)
    end_unread(damaged, "what was shown")


def _tail(backends: Backends, asked: Query, count: int, show: Callable[[LogRecord], None], damaged: Passed) -> None:
    """Show the newest logs, then each that is stored, until it is stopped; damage is named when it is met."""
    place = backends.store.newest_place()
    stop, said = _Stop(), set[int | bytes]()
    try:
        shown = _latest(backends, asked, count, Budget(cancelled=stop.stopped)) if count else []
    except LogIngestorError:
        if stop.stopped():
            return
        raise
    for record in shown:
        show(record)
    sys.stdout.flush()
    _say(damaged, said)
    known = {record.id for record in shown}
    for records in follow(backends.store, predicate(asked.filter), place, stop.stopped):
        for record in records:
            if record.id not in known:
                show(record)
        sys.stdout.flush()
        _say(damaged, said)


def _say(damaged: Passed, said: set[int | bytes]) -> None:
    """Name damage that was not named yet."""
    for key, error in damaged.items():
        if key not in said:
            said.add(key)
            click.echo(terminal.safe(str(error)), err=True)


class _Stop:
    """Notes Ctrl-C and SIGTERM; a second one interrupts whatever holds up the first.

    The first raises nothing: raised where SQLite calls back, an exception would be lost and Ctrl-C with it.
    A plain flag, since a lock may be held by the very thread that a signal interrupts.
    """

    def __init__(self) -> None:
        self._stopped = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, *_: object) -> None:
        if self._stopped:
            raise KeyboardInterrupt
        self._stopped = True

    def stopped(self) -> bool:
        """Return whether to stop."""
        return self._stopped


def _latest(backends: Backends, asked: Any, count: int, budget: Budget) -> list[LogRecord]:
    page = backends.index.find(replace(asked, clock="received", limit=count, count="none"), budget)
    return page.records[::-1]


def follow(store: LogStore, fits: Predicate, place: int, stopped: Callable[[], bool]) -> Iterator[list[LogRecord]]:
    """Yield what is stored after *place* and fits, in store order, until it is *stopped*."""
    while not stopped():
        found = store.after(place, AT_ONCE)
        if not found:
            # Damage may have been met.
            yield []
            time.sleep(PAUSE_SECONDS)
            continue
        place = found[-1][0]
        yield [record for _, record in found if fits(record)]


def _show(record: LogRecord, zone: tzinfo) -> None:
    click.echo(terminal.line(record, zone))


def _show_json(record: LogRecord, zone: tzinfo) -> None:
    click.echo(harmless_json(shown_in(record, zone)))
