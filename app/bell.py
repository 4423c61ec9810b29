"""Waking: a process that has put logs into the file wakes those that wait for some."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from app.readable import readable

#: Longest wait, in seconds, on a file system where nobody can ring.
DEAF_SECONDS = 0.25


class Bell:
    """A named pipe: writing a byte wakes a process that waits for it, within microseconds."""

    def __init__(self, path: Path) -> None:
        self._pipe = -1
        #: How many threads wait: the ends are closed once none does, for another file that is opened may get their numbers.
        self._waiting = 0
        self._changed = threading.Condition()
        #: A byte that is written to the second end is never read: from then on no thread waits.
        self._hurried, self._hurry = os.pipe()
        with suppress(OSError):  # a file system without named pipes: `wait` then just waits
            if not path.exists():
                with suppress(FileExistsError):
                    os.mkfifo(path, 0o600)
            self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def ring(self) -> None:
        with self._changed:
            if self._pipe >= 0:
                with suppress(BlockingIOError):  # full: enough bytes lie there to wake anybody
                    os.write(self._pipe, b"\n")

    def wait(self, seconds: float) -> None:
        with self._changed:
            if self._hurried < 0:
                return
            self._waiting += 1
        try:
            if self._pipe < 0:
                seconds = min(seconds, DEAF_SECONDS)
            if self._pipe in readable([end for end in (self._pipe, self._hurried) if end >= 0], seconds):
                with suppress(BlockingIOError):
                    os.read(self._pipe, 4096)
        finally:
            with self._changed:
                self._waiting -= 1
                self._changed.notify_all()

    def hurry(self) -> None:
        with self._changed:
            if self._hurry >= 0:
                os.write(self._hurry, b"\n")

    def close(self) -> None:
        self.hurry()
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting)
            for end in (self._pipe, self._hurried, self._hurry):
                if end >= 0:
                    os.close(end)
            self._pipe = self._hurried = self._hurry = -1
