"""Rebuild: the whole index anew from the record, while it is searched and added to."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict, dataclass
from functools import partial
from time import monotonic, sleep
from typing import Any

from app.damage import Unread, passing, unread
from app.drain.indexing import bury_refused
from app.errors import Unavailable
from app.log.record import LogRecord
from app.maintain.progress import Meter, Report
from app.ports.index import IndexKeeper, Rebuild, Rebuildable
from app.ports.letters import LetterKeeper
from app.ports.record import LogStore

#: Records read from the record, and given to the index, at once.
AT_ONCE = 5_000

#: Ids that came together lie together: so many times a chunk's ids are looked through before the rest is asked one by one.
FEW = 4

#: Seconds for which a transaction may hold back what is stored, and between two looks.
HELD_SECONDS, PAUSE_SECONDS = 60.0, 0.05


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The outcome of one run of a rebuild."""

    logs: int
    #: How many records the index can't take; they are dead letters now.
    refused: int
    seconds: float
    #: Whether it went on with a rebuild that had been begun.
    resumed: bool
    #: Logs that could not be read: the index knows of them only that they are there.
    unread: list[Unread]

    def to_dict(self) -> dict[str, Any]:
        """Return it as a command prints it."""
        rate = round(self.logs / self.seconds) if self.seconds else 0
        return {
            "logs": self.logs,
            "refused": self.refused,
            "seconds": round(self.seconds, 3),
            "logs_per_second": rate,
            "resumed": self.resumed,
            "unread": [asdict(one) for one in self.unread],
        }


def rebuild(store: LogStore, letters: LetterKeeper, index: IndexKeeper, report: Report = lambda _: None) -> Rebuilt:
    """Make the index anew from the record, or go on with a rebuild that was killed, and put it in its place.

    What is damaged in the record is passed over. Raises Unavailable when record or index are away, and as `settled` does; the state is kept, and another run goes on.
    """
    if not isinstance(index, Rebuildable):
        raise Unavailable("this index can't be rebuilt")
    resumed = index.rebuilding() is not None
    index.begin_rebuild()
    begun = index.rebuilding()
    start, end = 0 if begun is None else begun.place, settled(store)
    meter = Meter(start, end, report)
    refused = 0
    with passing() as damaged:
        # The second time is for an index whose writers need a moment to see that a rebuild has begun.
        for _ in range(2):
            for place, records in _ahead(chunks(store, start, end)):
                if faults := index.rebuild_add(records, place):
                    bury_refused(store, letters, faults, records)
                    refused += len(faults)
                # Read a moment before: what was deleted or has expired since must not come back.
                if gone := _gone(store, [record.id for record in records]):
                    index.remove(gone)
                meter.done(len(records), place)
            start, end = max(start, end), settled(store)
        index.finish_rebuild()
    return Rebuilt(meter.logs, refused, meter.seconds, resumed, unread(damaged))


def abandon(index: IndexKeeper) -> Rebuild | None:
    """Drop the new generation of a rebuild that nobody will finish; return how far it had come, None where there was none.

    The generation that is searched is not touched. Raises Unavailable when the index is away.
    """
    if not isinstance(index, Rebuildable) or (begun := index.rebuilding()) is None:
        return None
    index.abandon_rebuild()
    return begun


def _gone(store: LogStore, ids: list[bytes]) -> list[bytes]:
    """Return those of *ids* that are stored no more."""
    left, seen = set(ids), 0
    for some in store.ids_between(min(ids), max(ids)):
        left.difference_update(some)
        seen += len(some)
        if not left or seen > FEW * len(ids):
            break
    return sorted(left.difference(record.id for record in store.get(list(left)))) if left else []


_Chunk = tuple[int, list[LogRecord]]


def _ahead(found: Iterator[_Chunk]) -> Iterator[_Chunk]:
    """Yield the chunks, each read while the one before is worked on."""
    with ThreadPoolExecutor(1) as pool:
        # That thread passes over the same.
        reading = partial(copy_context().run, partial(next, found, None))
        coming = pool.submit(reading)
        while (chunk := coming.result()) is not None:
            coming = pool.submit(reading)
            yield chunk


def settled(store: LogStore) -> int:
    """Return a place up to which `chunks` yields all that is stored now, as soon as there is one.

    Raises Unavailable when a transaction that does not end holds something back: without it a result would look whole.
    """
    stored, until = store.newest_place(held_back=True), monotonic() + HELD_SECONDS
    while (place := store.newest_place()) < stored:
        if monotonic() >= until:
            raise Unavailable(
                f"the newest logs of the record can't be read in their order: for {HELD_SECONDS:.0f} s a transaction has been "
                "open, in this or another database of its server; end it (pg_stat_activity shows it) and run this again"
            )
        sleep(PAUSE_SECONDS)
    return place


def chunks(store: LogStore, place: int, end: int) -> Iterator[_Chunk]:
    """Yield the records stored after *place* up to *end*, in chunks, each with its last place."""
    while place < end:
        found = store.after(place, AT_ONCE)
        some = [record for at, record in found if at <= end]
        if not some:
            return
        place = found[-1][0]
        yield min(place, end), some
