"""Settings to backends: the single place where URLs become implementations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.core.ports import LogQueue, LogStore, SearchIndex
from app.core.settings import Settings
from app.drivers.sqlite import Database
from app.move import Mover
from app.queues.sqlite import SqliteQueue
from app.search import writing
from app.search.sqlite import SqliteIndex
from app.stores import schema
from app.stores.sqlite import SqliteStore


@dataclass(slots=True)
class Backends:
    """What a process talks to; opened once per process, after any fork."""

    settings: Settings
    queue: LogQueue
    store: LogStore
    index: SearchIndex
    #: When queue, record and index are one SQLite file: moves up to this many waiting logs in one
    #: transaction, waiting up to these seconds for the first; returns how many.
    move: Callable[[int, float], int] | None = None
    #: What a worker does between batches: folds the write-ahead log, seals full blocks.
    tidy: list[Callable[[], object]] = field(default_factory=list)
    closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """Close all three, and the files beneath them."""
        for backend in (self.queue, self.index, self.store):
            backend.close()
        for close in self.closers:
            close()


def sqlite_path(url: str, settings: Settings) -> Path:
    """Return the file that a `sqlite:` URL names: `sqlite:` alone, or `sqlite:///relative` or `sqlite:////absolute`."""
    path = url.removeprefix("sqlite:").removeprefix("///")
    return Path(path) if path else settings.database


def paths(settings: Settings) -> list[Path]:
    """Return the SQLite files that the settings name, each once."""
    urls = (settings.queue_url, settings.store_url, settings.search_url)
    return list(dict.fromkeys(sqlite_path(url, settings).absolute() for url in urls if url.startswith("sqlite:")))


def upgrade(settings: Settings) -> None:
    """Make the SQLite files, or bring them to this program's schema."""
    for path in paths(settings):
        schema.upgrade(path)


def connect(settings: Settings) -> Backends:
    """Open the backends that the settings name. Raises Unavailable, or InvalidSettings for another schema."""
    databases: dict[Path, Database] = {}
    for path in paths(settings):
        schema.check(path)
        databases[path] = Database(path)
    queue_file, store_file, index_file = (
        databases[sqlite_path(url, settings).absolute()]
        for url in (settings.queue_url, settings.store_url, settings.search_url)
    )
    queue = SqliteQueue(queue_file, limit=settings.queue_limit, min_free=settings.min_free_disk)
    together = store_file is index_file
    store = SqliteStore(store_file, dead_limit=settings.dead_limit, forget=writing.forget if together else None)
    index = SqliteIndex(index_file, shared=together)
    move = Mover(store_file, queue, store).move if queue_file is store_file is index_file else None
    tidy: list[Callable[[], object]] = [database.checkpoint for database in databases.values()]
    tidy.append(lambda: writing.seal(index_file))
    return Backends(settings, queue, store, index, move, tidy, [database.close for database in databases.values()])
