"""Repeats: which request is the same one sent again, though its protocol has no key for it.

Most shippers send a batch again with the same bytes when no answer came. Equal bytes are such a repeat only while the
first request with them is still in work, or when its answer could not be delivered; else they are a batch of their own
(a heartbeat without a time in it, say). All processes of this machine share one small file of series: a request joins
the series of its body or begins one, and the series' name is the claim under which the queue takes it once.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import Unavailable

#: Seconds for which a series is remembered whose answer could not be delivered: longer than any shipper's pause we know.
REMEMBERED_SECONDS = 600.0
#: Bytes of a series' name.
NAME_BYTES = 16
#: Series in the file, and how many places one digest may lie at.
_SLOTS, _PROBES = 8_192, 16
#: Digest of the body, name of the series, seconds since 1970 of its last change, requests in work, whether one was answered.
_SLOT = struct.Struct("<16s16sdIB")
_EMPTY = bytes(_SLOT.size)


class Repeats:
    """The series of this machine; for all threads of a process, and for all processes that name the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._file: int | None = None

    def begin(self, digest: bytes) -> bytes:
        """Return the name of the series that a request of this *digest* (16 bytes; of its path, password and body) belongs to.

        Every `begin` is followed by an `end`, unless the process is killed. Raises Unavailable.
        """
        with self._slots(digest) as (file, places):
            now = time.time()
            slots = {place: _SLOT.unpack(os.pread(file, _SLOT.size, place) or _EMPTY) for place in places}
            for place, (found, name, changed, working, answered) in slots.items():
                if found == digest and now - changed <= REMEMBERED_SECONDS:
                    os.pwrite(file, _SLOT.pack(digest, name, now, working + 1, answered), place)
                    return bytes(name)
            # Where all places are taken the series that changed longest ago is forgotten.
            name, place = os.urandom(NAME_BYTES), min(places, key=lambda place: slots[place][2])
            os.pwrite(file, _SLOT.pack(digest, name, now, 1, 0), place)
            return name

    def end(self, digest: bytes, name: bytes, *, delivered: bool) -> None:
        """Note that a request of the series has ended; once an answer was *delivered* and none works, it is forgotten."""
        with self._slots(digest) as (file, places):
            for place in places:
                slot = _SLOT.unpack(os.pread(file, _SLOT.size, place) or _EMPTY)
                if slot[:2] == (digest, name):
                    working, answered = max(slot[3] - 1, 0), slot[4] or delivered
                    ended = answered and not working
                    changed = _EMPTY if ended else _SLOT.pack(digest, name, time.time(), working, answered)
                    os.pwrite(file, changed, place)
                    return

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
                yield self._file, places
            except OSError as error:
                raise Unavailable(f"{self._path} can't be written: {error.strerror}") from error
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            if self._file is not None:
                os.close(self._file)
                self._file = None
