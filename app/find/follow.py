"""Follow: hand on logs as they are stored, to any number of readers; equal filters are asked once.

A reader that is too slow costs only itself: what its buffer can't hold is counted and said. A reader
that comes back with a cursor is given what it missed first.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.damage import passing
from app.errors import Damaged, InvalidQuery, Problem, Unavailable
from app.log.record import LogRecord
from app.ports.record import LogStore
from app.query.meaning import Predicate

log = logging.getLogger(__name__)

#: Seconds between two looks at the record while nothing comes.
LOOK_SECONDS = 0.1
#: Seconds to wait after the record could not be read.
BACKOFF_SECONDS = 1.0
#: Records read at once.
AT_ONCE = 1_000
#: Logs that wait for one reader; what comes beyond is skipped and counted.
BUFFER_LOGS = 2_000
#: Rounds that hide a place in a cursor.
ROUNDS = 6

#: Turns a record and its cursor into what readers of one kind are sent.
Write = Callable[[LogRecord, str], str]


def encode(place: int, key: bytes = b"") -> str:
    """Return *place* as an opaque cursor; with a *key* as one from which nobody else reads how many logs there are."""
    packed = _shuffled(place.to_bytes(8, "big"), key, range(ROUNDS)) if key else place.to_bytes(8, "big")
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _shuffled(packed: bytes, key: bytes, rounds: Iterable[int]) -> bytes:
    """Return 8 bytes as a Feistel network with a keyed hash maps them; the rounds backwards undo it."""
    left, right = packed[:4], packed[4:]
    for number in rounds:
        mixed = hashlib.blake2b(right, key=key, digest_size=4, salt=bytes([number])).digest()
        left, right = right, bytes(a ^ b for a, b in zip(left, mixed, strict=True))
    return right + left


def decode(cursor: str, key: bytes = b"") -> int:
    """Return the place of a cursor that was made with the same *key*; raises InvalidQuery when it is none of ours."""
    try:
        packed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error):
        packed = b""
    if key and len(packed) == 8:
        packed = _shuffled(packed, key, reversed(range(ROUNDS)))
    if len(packed) != 8 or packed[0] & 0x80:
        raise InvalidQuery(Problem("is not a cursor that a tail of this server held", "after"))
    return int.from_bytes(packed, "big")


@dataclass(slots=True, eq=False)
class TailReader:
    """A reader of the live tail: the logs that wait for it, and how many it was too slow for."""

    #: Readers with the same key and secret are written the same.
    key: tuple[str, ...]
    holds: Predicate
    write: Write
    #: Called, from another thread, when something waits.
    wake: Callable[[], object]
    #: The reader's place while it catches up on what it missed; None once it has everything read so far.
    place: int | None = None
    #: The secret with which its cursors are made.
    secret: bytes = b""
    skipped: int = 0
    #: Why nothing can come now; empty when all is well.
    trouble: str = ""
    _waiting: deque[str] = field(default_factory=deque)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> tuple[list[str], int, str]:
        """Return what waits, how many logs were skipped before it, and the trouble there is."""
        with self._guard:
            waiting, skipped = list(self._waiting), self.skipped
            self._waiting.clear()
            self.skipped = 0
            return waiting, skipped, self.trouble

    def give(self, texts: list[str], lost: int = 0) -> None:
        """Let *texts* wait for the reader; the oldest give way to the newest. So many logs beside them are *lost*: damaged."""
        if not texts and not self.trouble and not lost:
            return
        with self._guard:
            self.trouble = ""
            self.skipped += lost
            self._waiting.extend(texts)
            while len(self._waiting) > BUFFER_LOGS:
                self._waiting.popleft()
                self.skipped += 1
        self.wake()

    def fail(self, trouble: str) -> None:
        """Let the reader know that nothing can come now."""
        with self._guard:
            known, self.trouble = self.trouble == trouble, trouble
        if not known:
            self.wake()

    @property
    def roomy(self) -> bool:
        """Whether as much as is read at once can wait without a log being skipped."""
        return len(self._waiting) <= BUFFER_LOGS - AT_ONCE


class Follower:
    """Reads the record on in one thread while somebody follows."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._readers: set[TailReader] = set()
        self._place = 0
        self._thread: threading.Thread | None = None
        self._rest = threading.Event()

    def add(self, reader: TailReader) -> None:
        """Let *reader* follow, from its place or from now on. Raises Unavailable."""
        newest = self._store.newest_place()
        with self._guard:
            if not self._readers:
                self._place = newest
            # A step that has begun without this reader may read on past what is stored from now on.
            if reader.place is None:
                reader.place = newest
            self._readers.add(reader)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="follow", daemon=True)
                self._thread.start()

    def remove(self, reader: TailReader) -> None:
        """Let *reader* follow no more."""
        with self._guard:
            self._readers.discard(reader)

    def close(self) -> None:
        """Let nobody follow any more, and be done with the record."""
        with self._guard:
            self._readers.clear()
            thread = self._thread
        if thread is not None:
            self._rest.set()
            thread.join()
            self._rest.clear()

    def _run(self) -> None:
        while True:
            with self._guard:
                readers = list(self._readers)
                if not readers:
                    self._thread = None
                    return
            try:
                came = self._step(readers)
                pause = 0.0 if came else LOOK_SECONDS
            except Exception as error:
                # Any error is caught: a thread that ended here would leave its readers waiting in silence.
                log.warning("can't follow the record: %s", error, exc_info=not isinstance(error, Unavailable))
                for reader in readers:
                    reader.fail(str(error))
                pause = BACKOFF_SECONDS
            if pause:
                self._rest.wait(pause)

    def _step(self, readers: list[TailReader]) -> bool:
        """Read on once for all who are at the newest place, and once for each who is behind; return whether logs came."""
        came = self._catch_up([reader for reader in readers if reader.place is not None and reader.roomy])
        found, place, lost = self._read(self._place)
        if place > self._place:
            self._share(found, place, lost, readers)
            self._place = place
        else:
            for reader in readers:
                reader.give([])
        for reader in readers:
            if reader.place == self._place:
                reader.place = None
        return came or bool(found)

    def _read(self, place: int) -> tuple[list[tuple[int, LogRecord]], int, int]:
        """Return the logs behind *place*, the place up to which these are all, and how many of them are damaged and left out."""
        try:
            found = self._store.after(place, AT_ONCE)
            return found, found[-1][0] if found else place, 0
        except Damaged as error:
            log.warning("left out of what is followed: %s", error)
        newest = self._store.newest_place()
        with passing() as damaged:
            found = self._store.after(place, AT_ONCE)
        end = found[-1][0] if found else place
        # Else what is damaged behind the last of them would be met again.
        return found, end if len(found) == AT_ONCE else max(end, newest), sum(one.logs for one in damaged.values())

    def _catch_up(self, readers: list[TailReader]) -> bool:
        """Read once for each reader that is behind the newest place; return whether any was."""
        came = False
        for reader in readers:
            place = reader.place or 0
            if place < self._place:
                found, end, lost = self._read(place)
                reader.give(_written(found, reader), lost)
                reader.place = end if end > place else None
                came = True
            elif place == self._place:
                reader.place = None
        return came

    def _share(self, found: list[tuple[int, LogRecord]], end: int, lost: int, readers: list[TailReader]) -> None:
        """Give *found*, all from the newest place on up to *end* but *lost* ones, to all readers that wait there; a reader further on gets those behind its own place."""
        texts: dict[tuple[tuple[str, ...], bytes], list[str]] = {}
        for reader in readers:
            if reader.place is None:
                # The texts hold cursors, which are good only for readers of the secret that made them.
                alike = (reader.key, reader.secret)
                if alike not in texts:
                    texts[alike] = _written(found, reader)
                reader.give(texts[alike], lost)
            elif reader.place >= self._place:
                place = reader.place
                reader.give(_written([one for one in found if one[0] > place], reader), lost)
                if end >= place:
                    reader.place = None


def _written(found: list[tuple[int, LogRecord]], reader: TailReader) -> list[str]:
    """Return what of *found* fits the reader's filter, each with the cursor after which nothing of it is missed."""
    texts = []
    for at, (place, record) in enumerate(found):
        if reader.holds(record):
            # Records of one commit share a place: only behind the last of them is all of it seen.
            last = at + 1 == len(found) or found[at + 1][0] != place
            texts.append(reader.write(record, encode(place if last else max(place - 1, 0), reader.secret)))
    return texts
