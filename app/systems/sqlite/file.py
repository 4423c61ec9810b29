"""One SQLite file: a connection per reading thread, one writer at a time over all processes.

SQLite's own wait for the write lock polls and is not fair: under load a process can starve for seconds. So every writer first takes an advisory
lock on a file beside the database, which the kernel hands over at once and in order, and lets go of when its holder dies.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import pysqlite3

from app.bell import Bell
from app.errors import Unavailable
from app.systems.synced import SyncedFile
from app.times.instant import now_ms

Connection: TypeAlias = Any  # pysqlite3 has no types
Error: type[Exception] = pysqlite3.Error
OperationalError: type[Exception] = pysqlite3.OperationalError

# The driver looks for how to adapt each `bytes` parameter, in vain and by way of an exception: a microsecond each.
pysqlite3.register_adapter(bytes, bytes)

#: Seconds to wait for SQLite's own lock: only an outside tool can hold it beside us.
BUSY_SECONDS = 30
#: Page cache of a connection, in KiB.
CACHE_KIB = 8 << 10
#: Bytes of the write-ahead log that are not in the database yet, from which on they are copied there: each time costs two syncs.
CHECKPOINT_BYTES = 16 << 20
#: Bytes from its beginning from which on writers wait a moment so that the log can start anew; else it would never under steady load.
RESTART_BYTES = 64 << 20
#: Bytes of a page in the log, with its head (sqlite.org/fileformat2.html, section 4.1).
_FRAME_BYTES = 4096 + 24
#: Free pages given back in one transaction; how often it is tried to empty the write-ahead log, how long each try waits for
#: readers while writers wait too, and how long they may write between two.
ERASE_PAGES, ERASE_TRIES, ERASE_WAIT_MS, ERASE_PAUSE_SECONDS = 4096, 20, 100, 0.05


def open_connection(path: Path) -> Connection:
    """Open the database; its commits survive a crash of the process, and with `SqliteDatabase.write(durable=True)` a power cut."""
    connection = pysqlite3.connect(
        os.fspath(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    # A copy made by VACUUM INTO begins without the write-ahead log; everywhere else this changes nothing.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("PRAGMA temp_store=MEMORY")
    # Deleted bytes are overwritten in free pages too: behind the end of a large value a page that is used again keeps what was there.
    connection.execute("PRAGMA secure_delete=ON")
    # When the log was accepted, in ms: the first 48 bits of its id.
    connection.create_function("received", 1, lambda identity: int.from_bytes(identity[:6], "big"), deterministic=True)
    connection.create_function("now_ms", 0, now_ms)
    return connection


class SqliteDatabase:
    """The file at *path*, shared by queue, record and index of this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = os.fspath(path.parent)
        self._local = threading.local()
        self._readers: list[Connection] = []
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._writer: Connection | None = None
        self._log, self._folded = SyncedFile(Path(f"{path}-wal")), 0
        try:
            self._lock_file = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise Unavailable(f"the database can't be opened: {error}") from error
        self._bell = Bell(Path(f"{path}.wake"))

    def reader(self) -> Connection:
        """Return this thread's connection for reading."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            with self._failing("can't be opened"):
                connection = open_connection(self.path)
                # Lists the index's terms; a table of this connection only, made before it may only read.
                connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, terms, row)")
                connection.execute("PRAGMA query_only=1")
            self._local.connection = connection
            with self._guard:
                self._readers.append(connection)
        return connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Read in one transaction: all statements see the same state."""
        connection = self.reader()
        with self._failing("can't be read"):
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def write(self, *, durable: bool) -> Iterator[Connection]:
        """Write in one transaction, alone over all processes; rolled back when the block raises.

        Where it is *durable* a power cut can't take it once this returns. Others write meanwhile: the disk is not waited for alone.
        """
        log = -1
        try:
            with self._failing("can't be written"), self._alone():
                connection = self._writing_connection()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    log = self._held_log() if durable else -1
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            if durable:
                self._sync(log)
        finally:
            if log >= 0:
                os.close(log)

    def is_free(self) -> bool:
        """Return whether nobody writes: who wrote now would not wait for another."""
        if not self._writing.acquire(blocking=False):
            return False
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)
            return True
        except (OSError, ValueError):  # another process has it, or it was closed here
            return False
        finally:
            self._writing.release()

    def _writing_connection(self) -> Connection:
        if self._writer is None:
            self._writer = open_connection(self.path)
        return self._writer

    def _held_log(self) -> int:
        try:
            return self._log.hold()
        except OSError as error:
            raise Unavailable(f"the database can't be written: {error}") from error

    def _sync(self, log: int) -> None:
        """Have the disk hold what was committed: what came before it in the log, by whichever process, goes along.

        Raises Unavailable where it may not: then a power cut may take it, and nothing else can.
        """
        try:
            if self._log.failures == self._folded:
                self._log.sync(log)
            if self._log.failures != self._folded:
                self._fold()
        except (OSError, Unavailable, Error) as error:
            raise Unavailable(f"the database can't be written: {error}", kept_unknown=True) from error

    def _fold(self) -> None:
        """Copy all of a log that a sync failed for into the database, which SQLite syncs by itself; raises Unavailable."""
        failures = self._log.failures
        if not self._emptied():
            raise Unavailable("its log could not be synced once, and somebody reads from it")
        self._folded = failures

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._writing:
            if self._lock_file < 0:
                raise Unavailable(f"{self.path}: it was closed in this process")
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except pysqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise
            raise Unavailable(f"the database {what}: {error}") from error

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the database when it has grown, and let it start anew."""
        # Its file keeps the size that it once had, however little of it is in use.
        if self.log_size() < CHECKPOINT_BYTES:
            return
        connection = self.reader()
        with self._failing("can't be written"):
            _, used, copied = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
            if (used - copied) * _FRAME_BYTES < CHECKPOINT_BYTES:
                return
            connection.execute("PRAGMA query_only=0")
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                if used * _FRAME_BYTES >= RESTART_BYTES:
                    # The pages that were written meanwhile are few; with them copied too the next writer starts anew.
                    self._emptied("RESTART")
            finally:
                connection.execute("PRAGMA query_only=1")

    def erase(self) -> None:
        """Take what was deleted off the disk: out of free pages and the write-ahead log; raises Unavailable while somebody reads from that."""
        left = 1
        while left:
            with self.write(durable=False) as connection:
                if connection.execute("PRAGMA auto_vacuum").fetchone()[0] == 0:
                    raise Unavailable(
                        f"{self.path}: it can't give back free pages, which hold deleted text: copy it by VACUUM"
                    )
                connection.execute(f"PRAGMA incremental_vacuum({ERASE_PAGES})").fetchall()
                left = connection.execute("PRAGMA freelist_count").fetchone()[0]
        for _ in range(ERASE_TRIES):
            if self._emptied():
                # SQLite leaves it to the system when the disk learns of the cut: a power cut could bring the text back.
                log = self._held_log()
                try:
                    self._sync(log)
                finally:
                    os.close(log)
                return
            time.sleep(ERASE_PAUSE_SECONDS)
        raise Unavailable(f"{self.path}-wal: somebody reads from it, and deleted text stays there until it is emptied")

    def _emptied(self, how: str = "TRUNCATE") -> bool:
        """Return whether the write-ahead log could be copied into the database and cut to nothing, or made to start anew (RESTART)."""
        with self._failing("can't be written"), self._alone():
            connection = self._writing_connection()
            # Writers wait as long as who reads.
            connection.execute(f"PRAGMA busy_timeout={ERASE_WAIT_MS}")
            try:
                return not connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()[0]
            finally:
                connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")

    def log_size(self) -> int:
        """Return the bytes of the write-ahead log."""
        with suppress(FileNotFoundError):
            return Path(f"{self.path}-wal").stat().st_size
        return 0

    def size(self) -> int:
        """Return the bytes that the database and its log take on disk."""
        return self.path.stat().st_size + self.log_size()

    def free(self) -> int:
        """Return the bytes free on the disk that holds the database."""
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize

    def ring(self) -> None:
        """Wake a process that waits in `wait`."""
        self._bell.ring()

    def wait(self, seconds: float) -> None:
        """Wait until another process rings or this one is asked to stop, at most *seconds*."""
        self._bell.wait(seconds)

    def hurry(self) -> None:
        """End every `wait` in this process, for good: it stops."""
        self._bell.hurry()

    def close(self) -> None:
        """Close every connection of this process."""
        with self._guard, self._writing:
            for connection in (*self._readers, self._writer):
                if connection is not None:
                    connection.close()
            self._readers.clear()
            self._writer = None
            self._bell.close()
            if self._lock_file >= 0:
                os.close(self._lock_file)
            self._lock_file = -1


@contextmanager
def interruptible(connection: Connection, stop: Callable[[], bool], every: int = 4000) -> Iterator[None]:
    """Let *stop* end a running statement: asked every few thousand steps of SQLite's machine."""
    connection.set_progress_handler(lambda: 1 if stop() else 0, every)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
