"""A sign that somebody may come in no more, or otherwise: a number that all processes of a data folder share.

It is eight random bytes in a file that each process has in its memory: looking costs a tenth of a microsecond, so that each
request does. On other machines, and where the folder can't be written, what changed is seen after FRESH_SECONDS (verify.py).
"""

from __future__ import annotations

import logging
import mmap
import os
import secrets
import threading
import weakref
from pathlib import Path

log = logging.getLogger(__name__)

#: Name of the file, and how many bytes it has.
NAME, BYTES = "access.changes", 8


class Changes:
    """The sign of one data folder; the file is opened when it is first looked at, and closed with its last user."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._guard = threading.Lock()
        self._file = -1
        self._shared: mmap.mmap | None = None
        #: The bytes that this process noted last: it sees its own changes whether or not the file could be written.
        self._own = b""

    def sign(self) -> bytes:
        """Return what is another after each change."""
        return (self._shared or self._opened())[:] + self._own

    def note(self) -> None:
        """Note that something changed. Call it after the commit: whoever asks the record from then on sees the change."""
        self._opened()
        self._own = secrets.token_bytes(BYTES)
        if self._file >= 0:
            try:
                # By a call that can fail: memory that can't be kept, as on a full disk, ends the process (SIGBUS).
                os.pwrite(self._file, self._own, 0)
            except OSError as error:
                log.warning("other processes see within 5 seconds who may come in no more: %s", error)

    def _opened(self) -> mmap.mmap:
        with self._guard:
            if self._shared is None:
                try:
                    self._file, self._shared = _shared(self._path)
                    weakref.finalize(self, os.close, self._file)
                except OSError as error:
                    log.warning("other processes see within 5 seconds who may come in no more: %s", error)
                    self._shared = mmap.mmap(-1, BYTES)
            return self._shared


def _shared(path: Path) -> tuple[int, mmap.mmap]:
    """Return the file and its bytes in memory, which are on the disk: to read what is not there would need room."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(number).st_size < BYTES:
            # Any bytes but those that another process may have noted meanwhile.
            os.pwrite(number, secrets.token_bytes(BYTES), 0)
        return number, mmap.mmap(number, BYTES, access=mmap.ACCESS_READ)
    except BaseException:
        os.close(number)
        raise
