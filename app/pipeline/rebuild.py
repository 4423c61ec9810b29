"""Rebuild: the whole index anew from the record, while it is searched and added to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from app.core.errors import Unavailable
from app.core.operating import Rebuildable
from app.core.ports import LogStore, Refusal, SearchIndex
from app.core.record import LogRecord
from app.pipeline.indexing import bury_refused
from app.pipeline.progress import Meter, Tell

#: Records read from the record, and given to the index, at once.
AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a run of a rebuild did."""

    logs: int
    #: How many records the index can't take; they are dead letters now.
    refused: int
    seconds: float
    #: Whether it went on with a rebuild that had been begun.
    resumed: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as a command prints it."""
        rate = round(self.logs / self.seconds) if self.seconds else 0
        return {
            "logs": self.logs,
            "refused": self.refused,
            "seconds": round(self.seconds, 3),
            "logs_per_second": rate,
            "resumed": self.resumed,
        }


def rebuild(store: LogStore, index: SearchIndex, tell: Tell = lambda _: None) -> Rebuilt:
    """Make the index anew from the record, or go on with a rebuild that was killed, and put it in its place.

    Raises Unavailable when record or index are away; the state is kept, and another run goes on.
    """
    if not isinstance(index, Rebuildable):
        raise Unavailable("this index can't be rebuilt")
    resumed = index.rebuilding() is not None
    start = index.begin_rebuild()
    end = store.newest_place()
    meter = Meter(start, end, tell)
    refused = 0
    # The second time is for what was stored by processes that did not know yet that a rebuild had begun.
    for _ in range(2):
        for place, records, faults in _added(store, index, start, end):
            if faults:
                bury_refused(store, faults, records)
                refused += len(faults)
            index.rebuild_reached(place)
            meter.done(len(records), place)
        start, end = max(start, end), store.newest_place()
    index.finish_rebuild()
    return Rebuilt(meter.logs, refused, meter.seconds, resumed)


_Chunk = tuple[int, list[LogRecord], list[Refusal]]


def _added(store: LogStore, index: Rebuildable, start: int, end: int) -> Iterator[_Chunk]:
    """Give the records after *start* up to *end* to the index; yield chunk by chunk, in order, what it has taken.

    The next chunk is read, and where the index likes it given, while the last is on its way.
    """
    with ThreadPoolExecutor(index.rebuild_lanes) as pool:
        flying: deque[tuple[int, list[LogRecord], Future[list[Refusal]]]] = deque()
        for place, records in chunks(store, start, end):
            flying.append((place, records, pool.submit(index.rebuild_add, records)))
            if len(flying) > index.rebuild_lanes:
                yield _landed(*flying.popleft())
        while flying:
            yield _landed(*flying.popleft())


def _landed(place: int, records: list[LogRecord], added: Future[list[Refusal]]) -> _Chunk:
    return place, records, added.result()


def chunks(store: LogStore, place: int, end: int) -> Iterator[tuple[int, list[LogRecord]]]:
    """Yield the records stored after *place* up to *end*, in chunks, each with its last place."""
    while place < end:
        found = store.after(place, AT_ONCE)
        some = [record for at, record in found if at <= end]
        if not some:
            return
        place = found[-1][0]
        yield min(place, end), some
