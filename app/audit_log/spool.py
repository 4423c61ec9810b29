"""Entries on their way into the audit log: a line in a file of the data folder each, so that a read waits for no commit.

A line that was written is found after the process was killed, by whichever process next moves what lies there. A power cut
may take the lines of the last moments; what must outlast one is appended to the audit log itself.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from app.errors import LogIngestorError, Unavailable
from app.ports.audit_log.chain import AuditLog
from app.ports.audit_log.entry import AuditEntry, decode, encode, entry

log = logging.getLogger(__name__)

#: The folder in the data folder.
FOLDER = "audit-log"
#: Bytes that all processes' files may hold while the record can't be written; entries beyond are refused.
LIMIT = 64 << 20
#: Bytes that a process writes before it measures the other processes' files again.
COUNTED_EACH = 1 << 20
#: Seconds for which entries are gathered, and between two tries while the record is away.
GATHER_SECONDS, RETRY_SECONDS = 0.5, 5.0


class Spool:
    """The spool file of one process, made at its first entry; other processes have their own in the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard = threading.Lock()
        self._file = -1
        self._path = folder
        self._size = 0
        #: Bytes in the other processes' files, and the size of our own at which they are measured again.
        self._others = self._count_at = 0
        #: Files that could not be moved, each of which was said once.
        self.stuck: set[Path] = set()

    def write(self, one: AuditEntry) -> None:
        """Write an entry, whole or not at all. Raises Unavailable, as with a full disk."""
        line = encode(one) + b"\n"
        with self._guard:
            try:
                if self._file < 0:
                    self._open()
                if self._size >= self._count_at or self._others + self._size + len(line) > LIMIT:
                    self._count()
                if self._others + self._size + len(line) > LIMIT:
                    raise Unavailable(f"more than {LIMIT:,} bytes wait to be moved into the audit log")
                if os.write(self._file, line) < len(line):
                    os.ftruncate(self._file, self._size)
                    raise Unavailable("the audit log can't be written: no space left on the disk")
            except OSError as error:
                raise Unavailable(f"the audit log can't be written: {error}") from error
            self._size += len(line)

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{time.time_ns():020}-{os.getpid()}.jsonl"
        fresh = path.with_suffix(".new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            # Held before others can see the file: they leave it alone until it is let go of.
            fcntl.flock(file, fcntl.LOCK_EX)
            fresh.rename(path)
        except OSError:
            # Under its first name nobody would read it.
            os.close(file)
            fresh.unlink(missing_ok=True)
            raise
        self._file, self._path = file, path
        self._size = self._count_at = 0

    def _count(self) -> None:
        self._others = 0
        with os.scandir(self.folder) as found:
            for one in found:
                # Others move theirs meanwhile.
                with suppress(FileNotFoundError):
                    self._others += one.stat().st_size if one.name != self._path.name else 0
        self._count_at = self._size + COUNTED_EACH

    def let_go(self) -> list[Path]:
        """Let the file be moved, and return it if there is one; the next entry makes another."""
        with self._guard:
            if self._file < 0:
                return []
            os.close(self._file)
            self._file = -1
            return [self._path]


def waiting(folder: Path) -> float:
    """Return for how many seconds the oldest entries have lain in *folder*; 0 where none do. Raises OSError."""
    begun = min((int(path.name.partition("-")[0]) for path in folder.glob("*.jsonl")), default=None)
    return 0.0 if begun is None else max(0.0, (time.time_ns() - begun) / 1e9)


def move(spool: Spool, audit_log: AuditLog) -> int:
    """Move what lies in the folder, and belongs to no other process that lives, into the audit log; return how many entries.

    Killed in between, it adds nothing twice: an entry has an id. A file that can't be moved stays, and is logged as an
    error once; the others are moved. Raises Unavailable.
    """
    paths = sorted(spool.folder.glob("*.jsonl"))
    spool.stuck.intersection_update(paths)
    moved = sum(_move_file(spool, path, audit_log) for path in paths)
    # Last, and not where those before can't be moved: each try would leave a file more.
    return moved + sum(_move_file(spool, path, audit_log) for path in spool.let_go())


def _move_file(spool: Spool, path: Path, audit_log: AuditLog) -> int:
    try:
        moved = _moved(path, audit_log)
    except Unavailable:
        raise
    except Exception as error:
        # Whatever is wrong with one file, it is not for the others to wait.
        if path not in spool.stuck:
            log.error("%s can't be moved into the audit log: %r", path, error)
        spool.stuck.add(path)
        return 0
    spool.stuck.discard(path)
    return moved


def _moved(path: Path, audit_log: AuditLog) -> int:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return 0
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(file).st_nlink:
            return 0
        moved = audit_log.append(_read(path))
        path.unlink()
        return moved
    except BlockingIOError:
        return 0
    finally:
        os.close(file)


def _read(path: Path) -> Sequence[AuditEntry]:
    """Return the entries of a file; a line that a power cut left unreadable is an entry that says so."""
    found = []
    for number, line in enumerate(path.read_bytes().splitlines()):
        try:
            found.append(decode(line))
        except msgspec.DecodeError:
            details = {"file": path.name, "line": number + 1, "bytes": len(line)}
            found.append(entry("audit-log.unreadable", by="server", outcome="failed", details=details))
    return found


class SpoolMover:
    """A thread that moves entries soon after they are written, and once at its start what killed processes left."""

    def __init__(self, spool: Spool, audit_log: AuditLog) -> None:
        self._spool = spool
        self._audit_log = audit_log
        #: Calls that add an entry in their own way; the mover's thread alone takes from it.
        self._others = deque[Callable[[], object]]()
        self._came = threading.Event()
        self._stopping = threading.Event()
        self._came.set()
        self._thread = threading.Thread(target=self._run, name="audit log", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to move."""
        self._came.set()

    def add(self, other: Callable[[], object]) -> None:
        """Have called what adds an entry in its own way, again and again until it raises nothing."""
        self._others.append(other)
        self.wake()

    def close(self) -> None:
        """Move what there is, and stop."""
        self._stopping.set()
        self._came.set()
        self._thread.join()

    def _run(self) -> None:
        failing = False
        while True:
            self._came.wait(RETRY_SECONDS if self._spool.stuck else None)
            self._stopping.wait(RETRY_SECONDS if failing else GATHER_SECONDS)
            self._came.clear()
            # Before the move: what is written during it is moved once more.
            last = self._stopping.is_set()
            try:
                move(self._spool, self._audit_log)
                while self._others:
                    self._others[0]()
                    self._others.popleft()
                failing = False
            except Exception as error:
                # Without this thread nothing would be moved any more.
                if not failing:
                    known = isinstance(error, LogIngestorError)
                    log.error("entries wait for the audit log: %s", error, exc_info=None if known else error)
                failing = True
                self._came.set()
            if last or (failing and self._stopping.is_set()):
                return
