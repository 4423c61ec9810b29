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
from pathlib import Path

log = logging.getLogger(__name__)

#: Name of the file, and how many bytes it has.
NAME, BYTES = "access.changes", 8


class Changes:
    """The sign of one data folder; the file is opened when it is first looked at."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._guard = threading.Lock()
        self._shared: mmap.mmap | None = None

    def sign(self) -> bytes:
        """Return what is another after each change."""
        return (self._shared or self._opened())[:]

    def note(self) -> None:
        """Note that something changed. Call it after the commit: whoever asks the record from then on sees the change."""
        (self._shared or self._opened())[:] = secrets.token_bytes(BYTES)

    def _opened(self) -> mmap.mmap:
        with self._guard:
            if self._shared is None:
                try:
                    self._shared = _shared(self._path)
                except OSError as error:
                    log.warning("other processes see within 5 seconds who may come in no more: %s", error)
                    self._shared = mmap.mmap(-1, BYTES)
            return self._shared


def _shared(path: Path) -> mmap.mmap:
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.ftruncate(number, BYTES)
        return mmap.mmap(number, BYTES)
    finally:
        os.close(number)
