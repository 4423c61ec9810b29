"""The figures of the whole system, read when they are asked for from what all processes share: for /metrics and the overview.

A figure that can't be read is left out, and the part whose fault that is is named: no figure is made up.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.backends import Backends
from app.drain import pause
from app.errors import LogIngestorError
from app.monitor import listen_counts
from app.monitor.board import Board
from app.ports.notes import REFUSED
from app.ports.notices import GONE_SECONDS, HISTORY, Notice, Seen
from app.ports.queue import Readable
from app.ports.record import LogStore
from app.rules.rule import RuleSet
from app.settings.settings import Settings
from app.times.instant import now_ms

#: Seconds for which a page is content with what the record said of itself: dead letters are counted for it, and sizes looked up.
RECENT_SECONDS = 10.0
#: Counts of rules (app/accept/ruling.py), and the names of their figures.
_RULED = {
    "changed": "rule_changed_logs_total",
    "values": "rule_values_total",
    "letters": "rule_changed_letters_total",
    "dropped": "rule_dropped_logs_total",
    "bytes": "rule_dropped_bytes_total",
}


class Recent:
    """The record's figures as the pages of one process share them, however many are open."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._last: tuple[float, dict[str, Any]] | None = None

    def stats(self, store: LogStore) -> dict[str, Any]:
        """Return what the store said of itself at most RECENT_SECONDS ago, or before while another thread asks it. Raises Unavailable."""
        last = self._last
        if last is not None and time.monotonic() - last[0] < RECENT_SECONDS:
            return last[1]
        if not self._guard.acquire(blocking=last is None):
            assert last is not None
            return last[1]
        try:
            if self._last is last:
                self._last = time.monotonic(), store.stats()
            assert self._last is not None
            return self._last[1]
        finally:
            self._guard.release()


@dataclass(slots=True)
class SystemFigures:
    """The figures that could be read."""

    #: By the names of the metrics.
    values: dict[str, float] = field(default_factory=dict)
    #: The fault of record, queue and disk each, None where it has none.
    parts: dict[str, str | None] = field(default_factory=dict)
    #: Values that a metric has for each notifier, with the notifier's name.
    labelled: dict[str, list[tuple[float, tuple[str, ...]]]] = field(default_factory=dict)
    #: The open notices.
    notices: Sequence[Notice] = ()
    #: When the oldest log that the record holds arrived, as RFC 3339; None without any.
    oldest: str | None = None


def read(held: Backends, chosen: Settings, board: Board, recent: Recent | None = None) -> SystemFigures:
    """Return the figures of now; those that the record counts for itself may be *recent* ones.

    A record that does not answer is asked once only: each further question could take as long until it fails.
    """
    reader = _Reader(held, chosen, recent)
    found = reader.found
    found.parts = {
        "record": reader.tried(reader.record),
        "queue": reader.tried(reader.queue),
        "disk": reader.tried(reader.disk),
    }
    there = found.parts["record"] is None
    # A queue that lies open counts for itself; for another the record does.
    if there or isinstance(held.queue, Readable):
        reader.tried(lambda: reader.note(logs_accepted_total=held.queue.accepted()))
    if there and found.parts["queue"] is None:
        reader.note(pending_logs=found.values["queue_logs"] + found.values["index_lacking"])
    # The places are asked for themselves: while the record is away those on this machine are known.
    reader.note(workers_alive=reader.alive(there))
    found.labelled |= _listened(chosen)
    found.notices = board.open()
    if there:
        reader.tried(reader.notifiers)
        if chosen.rules is not None:
            reader.tried(reader.rules)
        reader.tried(reader.notices)
    return found


def _listened(chosen: Settings) -> dict[str, list[tuple[float, tuple[str, ...]]]]:
    """Return what the listeners of this machine have received and lost; nothing where nobody ever listened."""
    counts = listen_counts.read(chosen.data_dir)
    found: dict[str, list[tuple[float, tuple[str, ...]]]] = {}
    if counts:
        found["listen_messages_total"] = [(float(one.messages), (address,)) for address, one in counts.items()]
        found["listen_lost_datagrams_total"] = [
            (float(count), (address, reason)) for address, one in counts.items() for reason, count in one.lost.items()
        ]
    return found


class _Reader:
    def __init__(self, held: Backends, chosen: Settings, recent: Recent | None) -> None:
        self._held = held
        self._recent = recent
        self._settings = chosen
        self.found = SystemFigures()

    def note(self, **values: float) -> None:
        """Note figures by their names."""
        self.found.values |= values

    def tried(self, look: Callable[[], None]) -> str | None:
        """Look; return why that could not be, None when it could."""
        try:
            look()
        except (LogIngestorError, OSError) as error:
            return str(error) or type(error).__name__
        return None

    def record(self) -> None:
        """Ask the record."""
        store = self._held.store
        # Read `lacking` before `stats`: a log may become findable in between, never the reverse.
        lacking = store.lacking()
        found = store.stats() if self._recent is None else self._recent.stats(store)
        age = 0 if lacking.since is None else max(now_ms() - lacking.since, 0)
        self.note(
            logs_stored_total=found["stored_ever"],
            logs_refused_total=self._held.record.notes.noted(REFUSED),
            logs_stored=found["stored"],
            logs_indexed=max(found["stored"] - lacking.logs, 0),
            index_lacking=lacking.logs,
            index_lag_seconds=age / 1000,
            queue_paused=float(bool(pause.paused(self._held.record.notes))),
            dead_letters=found["dead_letters"],
            dead_letters_dropped_total=found["dead_letters_dropped"],
            record_bytes=found["bytes"],
        )
        self.found.oldest = found["oldest_received"]

    def queue(self) -> None:
        """Ask the queue."""
        depth = self._held.queue.depth()
        self.note(queue_logs=depth.logs, queue_bytes=depth.bytes)
        if depth.oldest is not None or not depth.logs:
            age = 0 if depth.oldest is None else max(now_ms() - depth.oldest, 0)
            self.note(queue_oldest_seconds=age / 1000)

    def disk(self) -> None:
        """Look at the disk of the data folder."""
        self.note(disk_free_bytes=shutil.disk_usage(self._settings.data_dir).free)

    def alive(self, far: bool) -> int:
        """Return how many workers gave a sign of life; unless *far*, of those that do so outside the record."""
        seen = list[Seen]()
        # The data folder is the first place.
        for place in self._held.places if far else self._held.places[:1]:
            self.tried(lambda place=place: seen.extend(place.beats()))  # type: ignore[misc]
        return len({one.beat.id for one in seen if one.age < GONE_SECONDS and not one.beat.ended})

    def notices(self) -> None:
        """Ask which notices are open, on all machines."""
        self.found.notices = self._held.record.notices.notices(HISTORY, "open")

    def rules(self) -> None:
        """Ask what rules did to logs, on all machines."""
        from app.accept.ruling import read_counts

        counts = read_counts(self._settings.rules or RuleSet(), self._held.record.notes)
        for kind, name in _RULED.items():
            values: list[tuple[float, tuple[str, ...]]] = [
                (float(of[kind]), (rule,)) for rule, of in counts.items() if kind in of
            ]
            if values:
                self.found.labelled[name] = values

    def notifiers(self) -> None:
        """Ask how the notifiers are doing."""
        names = {one.name for one in self._settings.notify}
        standings = [one for one in self._held.record.outbox.standings() if one.notifier in names]
        counts = self._held.record.outbox.waiting_counts()
        for name, value in (
            ("notifier_messages_total", lambda one: one.sent),
            ("notifier_given_up_total", lambda one: one.failed),
            ("notifier_waiting", lambda one: counts.get(one.notifier, 0)),
            ("notifier_failing", lambda one: one.since is not None),
        ):
            self.found.labelled[name] = [(float(value(one)), (one.notifier,)) for one in standings]
