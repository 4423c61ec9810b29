"""Which part of which file has been taken, so that taking it again adds nothing and a grown file only what is new.

A file is known by its inode or its path, and by the digest of the part that was taken: one that was
renamed goes on where it ended, one with other content begins anew. What is to be taken next is noted
before it is, so that after a crash the same part is taken under the same key.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from app.cli import files
from app.core.errors import Unavailable
from app.core.ports import LogQueue, LogStore

#: Name of the folder in the data folder.
FOLDER = "ingested"


class State(msgspec.Struct):
    """How far a file has been taken; offsets count the bytes of its text, decompressed."""

    path: str
    #: Where the part that was taken ends, and the SHA-256 of that part.
    end: int = 0
    digest: str = ""
    #: How many logs it had, and how many of them were refused.
    logs: int = 0
    refused: int = 0
    #: Where the part ends that was about to be taken.
    next: int = 0


class Ledger:
    """The states of all files, in a folder of small files."""

    def __init__(self, folder: Path, *, forget: bool = False) -> None:
        self._folder = folder
        self._forget = forget

    @classmethod
    def of(cls, data_dir: Path, store: LogStore, queue: LogQueue) -> Ledger:
        """Return the ledger of the data folder; an empty one where the logs that it tells of are gone."""
        gone = store.newest_place() == 0 and queue.depth().bytes == 0 and not store.stats()["dead_letters"]
        return cls(data_dir / FOLDER, forget=gone)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from taking files meanwhile."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._forget:
                for old in self._folder.glob("*.json"):
                    old.unlink()
            self._forget = False
            yield

    @contextmanager
    def open(self, path: Path) -> Iterator[Taken]:
        """Yield how far the file at *path* has been taken."""
        taken = self._find(path.resolve())
        try:
            yield taken
        finally:
            taken.close()

    def _find(self, path: Path) -> Taken:
        found = path.stat()
        place = self._folder / f"{found.st_dev:x}-{found.st_ino:x}.json"
        candidates = {name: state for name, state in self._states() if name == place or state.path == str(path)}
        taken = Taken(place, State(str(path)), files.open_file(path))
        # The shortest first: the digest is of what was read so far, and goes on from there.
        for name, state in sorted(candidates.items(), key=lambda item: item[1].end):
            if taken.read_to(state.end) and taken.read_digest == state.digest:
                taken.state = State(str(path), state.end, state.digest, state.logs, state.refused, state.next)
                taken.former = name
        taken.rewind()
        return taken

    def _states(self) -> Iterator[tuple[Path, State]]:
        for name in self._folder.glob("*.json"):
            try:
                yield name, msgspec.json.decode(name.read_bytes(), type=State)
            except msgspec.MsgspecError as error:
                raise Unavailable(f"{name} can't be read ({error}): delete it to take its file anew") from error


class Taken:
    """One file's state, and its text once more, for the digest."""

    def __init__(self, place: Path, state: State, file: BinaryIO) -> None:
        self.state = state
        #: Where the state was found; a file that was replaced by a longer one is known by its path.
        self.former: Path | None = None
        self._place = place
        self._file = file
        self.rewind()

    def rewind(self) -> None:
        """Begin to read anew, and go to where the state ends."""
        self._file.seek(0)
        self._parts = files.pieces(self._file)
        self._hash = hashlib.sha256()
        self._rest = b""
        self._read = 0
        self.read_to(self.state.end)

    @property
    def read_digest(self) -> str:
        """The digest of what was read."""
        return self._hash.hexdigest()

    def read_to(self, end: int) -> bool:
        """Read on up to offset *end*; return whether there is so much."""
        while self._read < end:
            part = self._rest or next(self._parts, None)
            if part is None:
                return False
            piece, self._rest = part[: end - self._read], part[end - self._read :]
            self._hash.update(piece)
            self._read += len(piece)
        return True

    @property
    def key(self) -> str:
        """The key under which the next part is taken: of this file, behind this content."""
        return f"{self._place.stem}:{self.state.end}:{self.state.digest}"

    def begin(self, end: int) -> bytes:
        """Note that the part up to *end* is about to be taken; return the digest up to there."""
        self.state.next = end
        self._save()
        self.read_to(end)
        return self._hash.digest()

    def done(self, logs: int, refused: int) -> None:
        """Note that the part that was begun has been taken."""
        self.state.end, self.state.digest = self.state.next, self.read_digest
        self.state.logs += logs
        self.state.refused += refused
        self._save()

    def _save(self) -> None:
        beside = self._place.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(self.state))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._place)
        if self.former not in (None, self._place):
            self.former.unlink(missing_ok=True)
            self.former = self._place

    def close(self) -> None:
        """Close the file."""
        self._file.close()
