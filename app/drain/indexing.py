"""Indexing: carry stored records into the index, at once where it answers, from the record's marks where it did not.

A record is marked in the commit that stores it, and the mark goes only when the index has made the
record findable. So the index may be away for hours while logs are stored, and nothing is forgotten
by a crash between any two steps: a record may be indexed twice, under the same id.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from app.errors import Unavailable
from app.log.envelope import DeadLetter
from app.log.record import LogRecord
from app.ports.index import IndexKeeper, IndexRefusal
from app.ports.letters import LetterKeeper
from app.ports.record import LogStore
from app.times.retry import pause_after

log = logging.getLogger(__name__)

#: Seconds for which a mark is left to whoever stored its records.
LEASE_SECONDS = 15.0
#: Seconds between two refreshes of the index; what a log waits for them on average is half.
REFRESH_SECONDS = 0.4
#: Seconds for which the index is left alone after it failed: the marks keep what it lacks.
REST_SECONDS = (0.5, 5.0)
#: Records carried at once from the marks.
AT_ONCE = 2_000
#: Seconds between two looks at the marks when there were none: where each commit makes some, and where only a restore,
#: a copy or an outage does.
IDLE_SECONDS, RARE_SECONDS = 0.5, 2.0


class Indexing:
    """Carries records into one index; for all threads of a process."""

    def __init__(self, store: LogStore, letters: LetterKeeper, index: IndexKeeper) -> None:
        self._store = store
        self._letters = letters
        self._index = index
        self._guard = threading.Lock()
        self._settling = threading.Lock()
        self._marks: list[int] = []
        self._settled = 0.0
        self._failures = 0
        self._resting_until = 0.0

    @property
    def lease(self) -> float:
        """Seconds for which `catch_up` leaves the mark of records that are stored now alone, since `add` will index them."""
        return LEASE_SECONDS if self._ready() else 0.0

    def _ready(self) -> bool:
        return time.monotonic() >= self._resting_until

    def add(self, mark: int, records: Sequence[LogRecord]) -> None:
        """Index records that were just stored under *mark*; when that fails the mark keeps them for `catch_up`."""
        if not self._ready():
            return
        try:
            self._carry([mark], records)
        except Unavailable as error:
            self._failed(error)

    def catch_up(self) -> int:
        """Index records whose marks nobody holds, the oldest first; return how many. Raises Unavailable."""
        marks, records = self._store.lacking_records(AT_ONCE, LEASE_SECONDS)
        if marks:
            self._carry(marks, records)
        return len(records)

    def _carry(self, marks: Sequence[int], records: Sequence[LogRecord]) -> None:
        refused = self._index.add(records)
        if refused:
            bury_refused(self._store, self._letters, refused, records)
        self._failures = 0
        with self._guard:
            self._marks.extend(marks)

    def settle(self, *, now: bool = False) -> None:
        """Make findable what was added, and let go of its marks; at most every REFRESH_SECONDS unless *now*."""
        if not self._marks or (not now and time.monotonic() < self._settled + REFRESH_SECONDS):
            return
        with self._settling:
            with self._guard:
                marks, self._marks = self._marks, []
            try:
                self._index.refresh()
                self._store.indexed(marks)
            except Unavailable as error:
                # The marks stay in the record: their leases end, and `catch_up` indexes them once more.
                self._failed(error)
            self._settled = time.monotonic()

    def _failed(self, error: Unavailable) -> None:
        self._failures += 1
        pause = pause_after(self._failures, *REST_SECONDS)
        log.warning("the index is left alone for %.1f s, logs are stored meanwhile: %s", pause, error)
        self._resting_until = time.monotonic() + pause


def bury_refused(
    store: LogStore, keeper: LetterKeeper, refused: Sequence[IndexRefusal], records: Sequence[LogRecord]
) -> None:
    """Make dead letters of records that can't be indexed: kept with the reason rather than never found."""
    by_id = {record.id: record for record in records}
    letters = [
        DeadLetter(one.id, msgspec.json.encode(by_id[one.id].sent_fields()), f"can't be indexed: {one.reason}"[:1000])
        for one in refused
    ]
    keeper.bury(letters)
    store.delete([letter.id for letter in letters])


def shift(
    indexing: Indexing, ended: Callable[[], bool], rest: Callable[[float], object], idle: float = IDLE_SECONDS
) -> None:
    """Catch up until *ended*, with *idle* seconds between two looks; an index or a record that is down is tried again for ever, ever more slowly."""
    failures = 0
    while not ended():
        try:
            carried = indexing.catch_up()
            indexing.settle(now=not carried)
            failures = 0
            if not carried:
                rest(idle)
        except Unavailable as error:
            failures += 1
            pause = pause_after(failures, *REST_SECONDS)
            log.warning("indexing waits %.1f s: %s", pause, error)
            rest(pause)
