"""Which part of which file has been taken, so that taking it again adds nothing and a grown file only what is new.

A file is known by its inode or its path, and by the digest of the part that was taken: one that was
renamed, copied before it was emptied, or compressed since, goes on where it ended; one with other content begins anew. The part
that is taken next is noted before it is, with its digest, so that after a crash the same part is taken under the same key.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from app.errors import InvalidInput, Unavailable
from app.files import pieces
from app.files.unpack import is_packed
from app.ports.queue import LogQueue
from app.ports.record import LogStore

#: Name of the folder in the data folder.
FOLDER = "ingested"
#: The ending that log rotation puts behind a file's name: `.1`, `-20240131`, `.2.gz`.
_ROTATED = re.compile(r"[.-]\d.*$")


class FileState(msgspec.Struct):
    """How far a file has been taken; offsets count the bytes of its text, decompressed."""

    path: str
    #: The file's device and inode.
    inode: str
    #: Where the part that was taken ends, and the SHA-256 of the text up to there.
    end: int = 0
    digest: str = hashlib.sha256().hexdigest()
    #: How many logs it had, and how many of them were refused.
    logs: int = 0
    refused: int = 0
    #: Where the part ends that was about to be taken, and the SHA-256 of the text up to there.
    next: int = 0
    next_digest: str = ""


class Ledger:
    """The states of all files, in a folder of small files; each has a name of its own, part of the keys."""

    def __init__(self, data_dir: Path, gone: Callable[[], bool]) -> None:
        self._folder = data_dir / FOLDER
        self._gone = gone
        self._states: dict[Path, FileState] = {}

    @classmethod
    def of(cls, data_dir: Path, store: LogStore, queue: LogQueue) -> Ledger:
        """Return the ledger of the data folder; an empty one where the logs that it speaks of are gone."""

        def gone() -> bool:
            return store.newest_place() == 0 and queue.depth().bytes == 0 and not store.stats()["dead_letters"]

        return cls(data_dir, gone)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Read the states, and keep other processes from taking files meanwhile."""
        with _failing("read"):
            self._folder.mkdir(parents=True, exist_ok=True)
            held = (self._folder / "lock").open("a")
        with held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("waiting for another `logingestor ingest` to end", file=sys.stderr)
                fcntl.flock(held, fcntl.LOCK_EX)
            names = list(self._folder.glob("*.json"))
            if names and self._gone():
                for name in names:
                    name.unlink()
                names.clear()
            self._states = {name: _read(name) for name in names}
            yield

    @contextmanager
    def open(self, path: Path, file: BinaryIO) -> Iterator[TakenFile]:
        """Yield how far the *file*, which was opened at *path*, has been taken."""
        taken = self._find(Path(os.path.realpath(path)), file)
        try:
            yield taken
        finally:
            taken.save()
            self._states[taken.name] = taken.state

    def _find(self, path: Path, file: BinaryIO) -> TakenFile:
        shown, inode = _shown(path), _inode(os.fstat(file.fileno()))
        known = {name: state for name, state in self._states.items() if state.path == shown or state.inode == inode}
        name, before = _matching(known, file)
        if name is None:
            packed = is_packed(os.pread(file.fileno(), 6, 0))
            name, before = _matching(self._rotated(path, packed=packed), file)
        if name is None or before is None:
            return TakenFile(self._folder / f"{secrets.token_hex(8)}.json", FileState(shown, inode), file)
        moved = before.path != shown or before.inode != inode
        before.path, before.inode = shown, inode
        return TakenFile(name, before, file, changed=moved)

    def _rotated(self, path: Path, *, packed: bool) -> dict[Path, FileState]:
        """Return the states that may be those of the file at *path*: compressed by rotation, of files that have gone from its folder; else copied, of files that were emptied in their place.

        A file that is neither holds logs of its own, whatever gone ones began like it.
        """
        try:
            there = {_inode(entry.stat(follow_symlinks=False)): Path(entry) for entry in os.scandir(path.parent)}
        except OSError:  # it can't be listed, or a file went meanwhile
            return {}
        return {
            name: state
            for name, state in self._states.items()
            if _may_become(Path(state.path), path, packed=packed)
            and state.end
            and (packed or there.get(state.inode) == path.with_name(Path(state.path).name))
            and not _holds(there.get(state.inode), state)
        }


def _may_become(old: Path, path: Path, *, packed: bool) -> bool:
    """Return whether rotation can have made *path* of the *old* file: in its folder, by its name."""
    if old.parent != Path(_shown(path.parent)):
        return False
    if packed:
        return path.name.startswith(_ROTATED.sub("", old.name))
    return path.name.startswith(old.name) and _ROTATED.match(path.name, len(old.name)) is not None


def _holds(path: Path | None, state: FileState) -> bool:
    """Return whether the file at *path* begins with what the state says; an inode alone may be used again."""
    if path is None:
        return False
    try:
        with path.open("rb") as file:
            return _matching({path: state}, file)[0] is not None
    except OSError:
        return True


def _read(name: Path) -> FileState:
    try:
        return msgspec.json.decode(name.read_bytes(), type=FileState)
    except msgspec.MsgspecError as error:
        raise Unavailable(f"{name} can't be read ({error}): delete it to take its file anew") from error


def _inode(found: os.stat_result) -> str:
    return f"{found.st_dev:x}-{found.st_ino:x}"


def _shown(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _matching(states: dict[Path, FileState], file: BinaryIO) -> tuple[Path, FileState] | tuple[None, None]:
    """Return the state that covers the longest beginning of *file*, and its name."""
    text, best = _Text(file), None
    # The shortest first: the digest is of what was read so far, and goes on from there.
    for name, state in sorted(states.items(), key=lambda item: item[1].end):
        if text.read_to(state.end) and text.digest == state.digest:
            best = name, state
    return best or (None, None)


class _Text:
    """A file's text once more, for the digest of its beginning."""

    def __init__(self, file: BinaryIO) -> None:
        self._pieces = pieces.text_again(file)
        self._hash = hashlib.sha256()
        self._rest = b""
        self._read = 0

    @property
    def digest(self) -> str:
        """The digest of what was read."""
        return self._hash.hexdigest()

    def read_to(self, end: int) -> bool:
        """Read on up to offset *end*; return whether there is so much."""
        while self._read < end:
            if not self._rest:
                try:
                    self._rest = next(self._pieces) or b""
                except (StopIteration, InvalidInput):
                    return False
            piece, self._rest = self._rest[: end - self._read], self._rest[end - self._read :]
            self._hash.update(piece)
            self._read += len(piece)
        return True


class TakenFile:
    """How far one file has been taken, and what is taken of it next."""

    def __init__(self, name: Path, state: FileState, file: BinaryIO, *, changed: bool = False) -> None:
        self.name = name
        self.state = state
        self._changed = changed
        self._text = _Text(file)
        self._text.read_to(state.end)
        #: Where the part ends that was begun before a crash, if it is still there.
        self.cut = 0
        if state.next > state.end:
            again = _Text(file)
            if again.read_to(state.next) and again.digest == state.next_digest:
                self.cut = state.next

    def begin(self, end: int) -> tuple[str, bytes]:
        """Note that the part up to *end* is about to be taken; return its key, and the digest of the text up to there.

        The digest is part of the key: other content behind the same beginning is another part.
        """
        self._text.read_to(end)
        state = self.state
        state.next, state.next_digest = end, self._text.digest
        self._changed = True
        self.save()
        return f"file:{self.name.stem}:{state.end}:{state.next}:{state.next_digest}", bytes.fromhex(state.next_digest)

    def done(self, logs: int, refused: int) -> None:
        """Note that the part that was begun has been taken; it is kept with the next note, or at the end."""
        state = self.state
        state.end, state.digest = state.next, state.next_digest
        state.logs += logs
        state.refused += refused
        self._changed = True

    def save(self) -> None:
        """Keep what was noted, so that not even a power cut undoes it."""
        if not self._changed:
            return
        beside = self.name.with_suffix(".new")
        with _failing("written"):
            with beside.open("wb") as file:
                file.write(msgspec.json.encode(self.state))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.name)
            folder = os.open(self.name.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        self._changed = False


@contextmanager
def _failing(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"what was taken of files can't be {what}: {error}") from error
