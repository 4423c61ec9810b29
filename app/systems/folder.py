"""Beats in a folder: what processes on one machine can see of each other, whatever record and queue are at."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from app.errors import Unavailable
from app.ports.notices import Beat, Seen

_SUFFIX = ".beat"
_decode = msgspec.json.Decoder(Beat).decode


class Folder:
    """A BeatPlace: a file for each process, whose time of change is its last beat.

    A beat changes nothing but that time, so that it costs a microsecond, and works on a full disk.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: dict[str, Beat] = {}

    def beat(self, beat: Beat) -> None:
        """See BeatPlace."""
        file = self._path / f"{beat.id}{_SUFFIX}"
        with _failing():
            if self._written.get(beat.id) == beat:
                with suppress(FileNotFoundError):  # somebody tidied up: it is written anew
                    os.utime(file)
                    return
            self._path.mkdir(parents=True, exist_ok=True)
            # Never half a file: a beat that can't be read would be no beat.
            new = file.with_suffix(".new")
            new.write_bytes(msgspec.json.encode(beat))
            new.replace(file)
            self._written[beat.id] = beat

    def beats(self) -> list[Seen]:
        """See BeatPlace."""
        found, now = [], time.time()
        with _failing():
            for entry in _entries(self._path):
                with suppress(FileNotFoundError, msgspec.MsgspecError):
                    changed = entry.stat()
                    seen = _decode(Path(entry.path).read_bytes())
                    found.append(Seen(seen, changed.st_mtime_ns, max(now - changed.st_mtime, 0.0)))
        return found

    def forget_beats(self, ids: Sequence[str]) -> None:
        """See BeatPlace."""
        with _failing():
            for identity in ids:
                self._written.pop(identity, None)
                for suffix in (_SUFFIX, ".new"):
                    (self._path / f"{identity}{suffix}").unlink(missing_ok=True)


def _entries(path: Path) -> list[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(path) as entries:
        return [entry for entry in entries if entry.name.endswith(_SUFFIX)]
    return []


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"beats can't be left in the data folder: {error}") from error


class FileLock:
    """A file that one process holds at a time; the kernel lets go of it whatever way the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def take(self) -> bool:
        """Return whether this process holds it now."""
        if self._file >= 0:
            return True
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            # Without locks no process of this machine can lead: all of them watch, which is better than none.
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def close(self) -> None:
        """Let go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
