"""Spaces at the door: whose logs a request holds is stamped on them, and what a space may take in a day is counted.

Each process counts what it takes, and adds it to the record's count every few seconds: a quota is crossed by what all
processes take in these at most, and a restart forgets no more than that. Whoever has no space pays nothing for it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable

from app.accept.report import CountReporter
from app.errors import OverQuota, Problem, TooLarge, Unavailable
from app.log.parsed import Parsed
from app.log.record import LogRecord
from app.ports.costs import DAY_MS, SENT_SPACE, SPACE_KEY, Space, SpaceKeeper
from app.times.instant import now_ms

#: Seconds for which what the record said of spaces is taken as still so.
FRESH_SECONDS = 5.0
#: Longest that a sender is asked to wait: a quota may be raised before the day ends.
_WAIT_SECONDS = 60
#: Bytes that a log takes beside its own for the name of its space.
_BESIDE = 24


class Spaces:
    """The spaces as one process knows them, for all its threads."""

    def __init__(self, keeper: SpaceKeeper, clock: Callable[[], float] = time.monotonic) -> None:
        self._keeper = keeper
        self._clock = clock
        self._guard = threading.Lock()
        #: Held while the record is asked: what a process took is never counted twice, nor an older answer put in a newer one's place.
        self._asking = threading.Lock()
        #: None until the record has answered.
        self._known: dict[str, Space] | None = None
        self._asked = float("-inf")
        #: Bytes that the record's count lacks, and when a request was refused since the last report to it.
        self._new: Counter[str] = Counter()
        self._refused: dict[str, int] = {}
        self._reporter = CountReporter("what spaces took", self.report)

    def stamp(self, parsed: Parsed, space: str) -> None:
        """Write the *space* into each log's metadata, unless it is empty; what the sender wrote under that key moves to another one in any case.

        Where the record has no spaces, the key has no meaning and logs stay as they are.
        """
        if space:
            for at, record in enumerate(parsed.logs):
                if (record.metadata or {}).get(SPACE_KEY) != space:
                    _move_aside(record)
                    record.metadata = {**(record.metadata or {}), SPACE_KEY: space}
                    parsed.sizes[at] += len(space) + _BESIDE
            return
        claimed = [record for record in parsed.logs if record.metadata is not None and SPACE_KEY in record.metadata]
        if claimed and self._look() != {}:
            for record in claimed:
                _move_aside(record)

    def reserve(self, space: str, size: int) -> None:
        """Count bytes that *space* is about to take. Raises OverQuota where today's quota has no room, TooLarge where no day's has.

        While the record can't be asked, what it said last holds.
        """
        found = (self._look() or {}).get(space)
        now = now_ms()
        with self._guard:
            if found is not None and found.quota is not None:
                if size > found.quota:
                    raise TooLarge(
                        Problem(f"the logs have more bytes than the space {space} takes in a day, {found.quota:,}")
                    )
                if found.used_on(now // DAY_MS) + self._new[space] + size > found.quota:
                    self._refused[space] = now
                    self._reporter.due()
                    raise OverQuota(
                        f"the space {space} has taken its {found.quota:,} bytes of today; there is room again at 00:00 UTC",
                        retry_after=min(-(-(DAY_MS - now % DAY_MS) // 1000), _WAIT_SECONDS),
                    )
            self._new[space] += size
        self._reporter.due()

    def release(self, space: str, size: int) -> None:
        """Take back what was reserved for logs that were not taken."""
        with self._guard:
            self._new[space] -= size

    def report(self) -> None:
        """Add to the record's counts what this process took. Raises Unavailable; what it lacks is kept for the next report."""
        with self._guard:
            sizes, refused = dict(self._new), dict(self._refused)
        for name in sizes.keys() | refused.keys():
            size = sizes.get(name, 0)
            if not size and name not in refused:
                continue
            with self._asking:
                found = self._keeper.use(name, now_ms() // DAY_MS, size, refused.get(name, 0))
                with self._guard:
                    self._new[name] -= size
                    if self._refused.get(name) == refused.get(name):
                        self._refused.pop(name, None)
                    if found is not None and self._known is not None:
                        self._known[name] = found

    def close(self) -> None:
        """Write the last counts to the record."""
        self._reporter.close()

    def _look(self) -> dict[str, Space] | None:
        """Return the spaces by name, as the record knew them lately; None where it has never answered."""
        # While the record is asked by another thread, what is known is good enough, if anything is.
        if (self._known is None or self._due()) and self._asking.acquire(blocking=self._known is None):
            try:
                # Asked again: another thread may have had the answer meanwhile.
                if self._due():
                    # First: while the record is away, one request in FRESH_SECONDS waits for it.
                    self._asked = self._clock()
                    found = {one.name: one for one in self._keeper.spaces()}
                    with self._guard:
                        self._known = found
            except Unavailable:
                pass
            finally:
                self._asking.release()
        return self._known

    def _due(self) -> bool:
        return self._clock() - self._asked >= FRESH_SECONDS


def _move_aside(record: LogRecord) -> None:
    metadata = record.metadata
    if metadata is not None and SPACE_KEY in metadata:
        rest = {key: value for key, value in metadata.items() if key != SPACE_KEY}
        sent = metadata[SPACE_KEY]
        record.metadata = rest | {SENT_SPACE: [sent, rest[SENT_SPACE]] if SENT_SPACE in rest else sent}


def within(space: str, key: bytes) -> bytes:
    """Return the key of a log, 16 bytes, as it is known within a space: another space's is another."""
    return hashlib.blake2b(b"%b\0%b" % (space.encode(), key), digest_size=16).digest()


def bytes_of(parsed: Parsed) -> int:
    """Return how many bytes the logs of a request have, refused ones too."""
    return sum(parsed.sizes) + sum(len(one.payload) for one in parsed.refused)
