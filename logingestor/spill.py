"""Batches that wait on disk: one file each, whose name is the key under which it is sent, however often."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from pathlib import Path

_numbers = itertools.count(1)
#: A key: when it was made, in ms since 1970, by which process, its number there, and something nobody else has.
_KEY = re.compile(r"\d{13}-(\d+)-\d{8}-[0-9a-f]{8}")
_SUFFIX = ".ndjson"


def new_key() -> str:
    """Return a key for a batch; keys sort by the time when they were made."""
    return f"{int(time.time() * 1000):013}-{os.getpid()}-{next(_numbers):08}-{os.urandom(4).hex()}"


class Spill:
    """The files of a folder; several processes may share it. A file that a dead process left is sent by another."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder, limit
        self._size = 0
        #: Keys of the files that this process has to send, oldest first.
        self.keys: list[str] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.keys = sorted(path.stem for path in folder.glob(f"*{_SUFFIX}") if _is_left(path.stem))
            self._size = sum(self._path(key).stat().st_size for key in self.keys)
        except OSError:
            pass  # then nothing can be written either, which `write` says

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def write(self, lines: list[bytes], key: str) -> bool:
        """Write a batch; False when the folder is full or can't be written."""
        body = b"".join(lines)
        if self._size + len(body) > self._limit:
            return False
        try:
            # Never half a file: what was being written when the process died has another name.
            new = self._folder / f".{key}"
            new.write_bytes(body)
            new.replace(self._path(key))
        except OSError:
            return False
        self._size += len(body)
        self.keys.append(key)
        return True

    def read(self, key: str) -> list[bytes]:
        """Return the lines of a file; none when it can't be read any more."""
        try:
            return self._path(key).read_bytes().splitlines(keepends=True)
        except OSError:
            return []

    def done(self, key: str, size: int) -> None:
        """Forget a file: its logs were taken, or never will be."""
        self.keys.remove(key)
        self._size -= size
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
        except OSError:
            # The folder may not be changed any more: an empty file is sent by nobody.
            with contextlib.suppress(OSError):
                os.truncate(path, 0)


def _is_left(key: str) -> bool:
    """Return whether a file is one that a dead process left; another live process sends its own."""
    found = _KEY.fullmatch(key)
    if found is None:
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return int(found[1]) == os.getpid()
