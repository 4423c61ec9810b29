"""A file that a library writes and this process syncs, so that nobody is kept from writing while the disk is waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

#: macOS has no fdatasync.
_synced: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class SyncedFile:
    """The file at *path*, which is there as long as it is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_named = False
        #: How many syncs failed. A system says so once, to each that has opened the file, and then takes the pages for written, which the disk
        #: may never get: no later sync can be believed (A. Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
        self.failures = 0

    def hold(self) -> int:
        """Return a descriptor of the file for `sync`, which the caller closes; raises OSError.

        It is opened anew each time: of two that share one, the system would say to the first alone that a sync failed. The folder holds the file
        also after a power cut.
        """
        if not self._is_named:
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            self._is_named = True
        return os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    def sync(self, held: int) -> None:
        """Have the disk hold all that was written to the file before, by whichever process; raises OSError where it may not."""
        try:
            _synced(held)
        except OSError:
            self.failures += 1
            raise
