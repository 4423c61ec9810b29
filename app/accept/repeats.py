"""Repeats: which request is the same one sent again, though its protocol has no key for it.

Most shippers send a batch again with the same bytes when no answer came. Equal bytes are such a repeat only while the
first request with them is still in work, or when its answer could not be delivered; else they are a batch of their own
(a heartbeat without a time in it, say). All processes of this machine share one small file of series: a request joins
the series of its body or begins one, and the series' name is the claim under which the queue takes it once. The process that
works on a series is noted with it, and holds a lock for as long as it lives: a series whose process was killed is no longer in work.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import Unavailable

#: Seconds for which a series is remembered whose answer could not be delivered: longer than any shipper's pause we know.
REMEMBERED_SECONDS = 600.0
#: Bytes of a series' name.
NAME_BYTES = 16
#: Series in the file, and how many places one digest may lie at.
_SLOTS, _PROBES = 8_192, 16
#: Processes that may be noted as working on one series.
_WORKERS = 4
#: Digest of the body, name of the series, seconds since 1970 of its last change, whether a request was answered, and of each
#: process its name and its requests in work.
_SLOT = struct.Struct("<16s16sdB" + "8sI" * _WORKERS)
_EMPTY = bytes(_SLOT.size)


@dataclass(slots=True)
class _Slot:
    """One series as it lies in the file."""

    digest: bytes
    name: bytes
    changed: float = 0.0
    answered: bool = False
    #: Requests in work by process.
    working: dict[bytes, int] = field(default_factory=dict)

    @classmethod
    def read(cls, file: int, place: int) -> _Slot:
        """Return the series at *place*, in bytes."""
        raw = os.pread(file, _SLOT.size, place)
        if len(raw) < _SLOT.size or raw == _EMPTY:
            return cls(b"", b"")
        digest, name, changed, answered, *working = _SLOT.unpack(raw)
        by_process = dict(zip(working[::2], working[1::2], strict=True))
        return cls(digest, name, changed, bool(answered), {name: n for name, n in by_process.items() if n})

    def write(self, file: int, place: int, now: float) -> None:
        """Put the series at *place*; of too many processes the first are noted."""
        noted = [part for one in [*self.working.items()][:_WORKERS] for part in one]
        noted += [b"", 0] * (_WORKERS - len(noted) // 2)
        os.pwrite(file, _SLOT.pack(self.digest, self.name, now, self.answered, *noted), place)


class Repeats:
    """The series of this machine; for all threads of a process, and for all processes that name the same file."""

    def __init__(self, path: Path) -> None:
        self._path, self._locks = path, path.with_name(f"{path.name}.d")
        self._guard = threading.Lock()
        self._file: int | None = None
        #: This process's name, and the lock that it holds while it lives.
        self._own = b""
        self._lock = -1

    def begin(self, digest: bytes) -> bytes:
        """Return the name of the series that a request of this *digest* (16 bytes; of its path, password and body) belongs to.

        Every `begin` is followed by an `end`, unless the process is killed. Raises Unavailable.
        """
        with self._slots(digest) as (file, places):
            now = time.time()
            slots = {place: _Slot.read(file, place) for place in places}
            # Where all places are taken the series that changed longest ago is forgotten.
            chosen = min(places, key=lambda place: slots[place].changed)
            slot = _Slot(digest, os.urandom(NAME_BYTES))
            for place, found in slots.items():
                if found.digest == digest and now - found.changed <= REMEMBERED_SECONDS:
                    found.working = self._alive(found.working)
                    chosen = place
                    # A series that was answered, and on which nobody works, is over: what comes now is another batch.
                    slot = found if found.working or not found.answered else slot
            slot.working[self._own] = slot.working.get(self._own, 0) + 1
            slot.write(file, chosen, now)
            return slot.name

    def end(self, digest: bytes, name: bytes, *, delivered: bool) -> None:
        """Note that a request of the series has ended; once an answer was *delivered* and none works, it is forgotten."""
        with self._slots(digest) as (file, places):
            for place in places:
                slot = _Slot.read(file, place)
                if (slot.digest, slot.name) == (digest, name):
                    slot.working[self._own] = slot.working.get(self._own, 0) - 1
                    slot.working, slot.answered = self._alive(slot.working), slot.answered or delivered
                    if slot.answered and not slot.working:
                        os.pwrite(file, _EMPTY, place)
                    else:
                        slot.write(file, place, time.time())
                    return

    def _alive(self, working: dict[bytes, int]) -> dict[bytes, int]:
        """Return of those that work on a series who still live."""
        return {
            name: count for name, count in working.items() if count > 0 and (name == self._own or not self._ended(name))
        }

    def _ended(self, name: bytes) -> bool:
        """Return whether the process of that name has let go of its lock; nothing is left of it then."""
        path = self._locks / name.hex()
        try:
            lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            return False
        finally:
            os.close(lock)
        return True

    def _enter(self) -> None:
        """Take a name and its lock, and clear away those of processes that have ended; to be called with the file held."""
        self._locks.mkdir(exist_ok=True)
        for path in self._locks.glob("[0-9a-f]" * 16):
            self._ended(bytes.fromhex(path.name))
        self._own = os.urandom(8)
        self._lock = os.open(self._locks / self._own.hex(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @contextmanager
    def _slots(self, digest: bytes) -> Iterator[tuple[int, list[int]]]:
        """Hold the file alone; yield it and the places where the digest may lie, in bytes."""
        first = int.from_bytes(digest[:4], "big")
        places = [(first + step) % _SLOTS * _SLOT.size for step in range(_PROBES)]
        with self._guard:
            try:
                if self._file is None:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                    self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(self._file, fcntl.LOCK_EX)
            except OSError as error:
                raise Unavailable(f"{self._path} can't be used: {error.strerror}") from error
            try:
                if not self._own:
                    self._enter()
                yield self._file, places
            except OSError as error:
                raise Unavailable(f"{self._path} can't be written: {error.strerror}") from error
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            if self._own:
                os.close(self._lock)
                self._own = b""
            if self._file is not None:
                os.close(self._file)
                self._file = None
