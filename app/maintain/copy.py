"""Copy: one record into another, live and resumable; what waits, dead letters and claims too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from app.alerts.searches import keep_saved
from app.damage import Unread, passing, unread
from app.drain.indexing import Indexing
from app.files.sources.forms import keep_forms
from app.log.envelope import unreadable
from app.log.record import LogRecord, first_id
from app.maintain.audit import differences
from app.maintain.backup import dead_letters, waiting
from app.maintain.progress import Meter, Report
from app.maintain.rebuild import chunks, settled
from app.ports.memory import Keeper
from app.ports.parts import RecordParts
from app.ports.queue import LogQueue
from app.times.instant import now_ms

#: Ids fetched at once of what the target lacks.
_AT_ONCE = 1_000
_LAST = b"\xff" * 16


@dataclass(slots=True)
class Copied:
    """The outcome of a copy."""

    #: Records read from the source by this run, and how many the target did not hold before.
    read: int = 0
    new: int = 0
    waiting: int = 0
    dead: int = 0
    #: Records that the target lacked though they had been passed by; they were copied after all.
    mended: int = 0
    #: Records of the source that the target lacks at the end: stored there since, or expired here.
    left: int = 0
    #: Logs of the source that could not be read.
    unread: list[Unread] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a command prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CopySource:
    """Where logs are copied from."""

    #: Name of this source in the notes that the target keeps.
    name: str
    record: RecordParts
    #: None where no queue was named: no log can wait there then.
    queue: LogQueue | None
    keepers: Sequence[Keeper]


@dataclass(frozen=True, slots=True)
class Target:
    """Where logs are copied to."""

    record: RecordParts
    indexing: Indexing
    keepers: Sequence[Keeper]
    retention_ms: int


def copy(source: CopySource, target: Target, report: Report = lambda _: None) -> Copied:
    """Copy all that *source* had accepted when this began; a second run goes on where the first was.

    Both may be in use. Ids are kept, so that nothing is doubled however often it is copied. The place
    reached is noted in the target, after what was copied is durable there. Dead letters are only added: which of
    the target's came from here nobody notes, so none is dropped. What is damaged is passed over. Raises Unavailable.
    """
    with passing() as damaged:
        done = _copied(source, target, report)
    done.unread = unread(damaged)
    return done


def _copied(source: CopySource, target: Target, report: Report) -> Copied:
    done = Copied()
    # First what waits: logs move from the queue to the record, and none slips by.
    if source.queue is not None:
        for batch in waiting(source.queue):
            _store(target, batch.records, done)
            done.waiting += len(batch.records)
            target.record.letters.bury([*batch.dead, *unreadable(batch)])
    note = f"copied {source.name}"
    start, end = target.record.notes.noted(note), settled(source.record.store)
    # A source that was made anew under the same name has not yet come that far.
    start = start if start <= end else 0
    meter = Meter(start, end, report)
    for place, records in chunks(source.record.store, start, end):
        _store(target, records, done)
        target.record.notes.note(note, place)
        done.read += len(records)
        meter.done(len(records), place)
    for letters in dead_letters(source.record.letters):
        target.record.letters.bury(letters)
        done.dead += len(letters)
    for keeper in source.keepers:
        for items in keeper.remembered():
            for other in target.keepers:
                other.remember(items)
    saved = source.record.alerts
    keep_forms(target.record.forms, source.record.forms.forms())
    keep_saved(target.record.alerts, saved.searches(), [one.alert for one in saved.alerts()])
    _compare(source, target, done)
    target.indexing.settle(now=True)
    return done


def _store(target: Target, records: list[LogRecord], done: Copied) -> None:
    if not records:
        return
    added = target.record.store.add(records, target.indexing.lease)
    done.new += added.new
    target.indexing.add(added.mark, records)
    target.indexing.settle()


def _compare(source: CopySource, target: Target, done: Copied) -> None:
    """Copy whatever the target still lacks of what arrived within the retention, id by id; count what stays away."""
    for mend in (True, False):
        first = first_id(now_ms() - target.retention_ms)
        left = 0
        pairs = differences(
            source.record.store.ids_between(first, _LAST), target.record.store.ids_between(first, _LAST)
        )
        for lacking, _ in pairs:
            left += len(lacking)
            if not mend:
                continue
            for at in range(0, len(lacking), _AT_ONCE):
                records = source.record.store.get(lacking[at : at + _AT_ONCE])
                before = done.new
                _store(target, records, done)
                done.read += len(records)
                done.mended += done.new - before
        done.left = left
        if not left:
            return
