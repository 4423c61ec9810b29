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


def scheme(url: str) -> str:
    """Return which system the URL names."""
    return url.partition(":")[0]


def sqlite_path(url: str, settings: Settings) -> Path:
    """Return the file that a `sqlite:` URL names: `sqlite:` alone, or `sqlite:///relative` or `sqlite:////absolute`."""
    path = url.removeprefix("sqlite:").removeprefix("///")
    return Path(path) if path else settings.database


def paths(settings: Settings) -> list[Path]:
    """Return the SQLite files that the settings name, each once."""
    urls = (settings.queue_url, settings.store_url, settings.search_url)
    return list(dict.fromkeys(sqlite_path(url, settings).absolute() for url in urls if scheme(url) == "sqlite"))


def upgrade(settings: Settings) -> None:
    """Make files, tables, queues and indices, or bring them to this program's schema."""
    for path in paths(settings):
        schema.upgrade(path)
    if scheme(settings.store_url) == "postgresql":
        from app.stores import postgres_schema

        postgres_schema.upgrade(settings.store_url)
    match scheme(settings.queue_url):
        case "amqp" | "amqps":
            from app.drivers import rabbitmq

            rabbitmq.prepare(rabbitmq.address(settings.queue_url, settings.queue_limit))
        case "sqs":
            from app.queues.sqs import SqsQueue

            SqsQueue(settings.queue_url).depth()


def connect(settings: Settings) -> Backends:
    """Open the backends that the settings name. Raises Unavailable, or InvalidSettings for another schema."""
    files: dict[Path, Database] = {}
    for path in paths(settings):
        schema.check(path)
        files[path] = Database(path)
    store = _store(settings, files)
    queue = _queue(settings, files, store)
    index = _index(settings, files)
    made = Backends(settings, queue, store, index, closers=[file.close for file in files.values()])
    made.tidy = [file.checkpoint for file in files.values()]
    if isinstance(index, SqliteIndex):
        made.tidy.append(lambda: writing.seal(_file(settings.search_url, settings, files)))
    one = len(files) == 1 and {"sqlite"} == {
        scheme(url) for url in (settings.queue_url, settings.store_url, settings.search_url)
    }
    if one and isinstance(queue, SqliteQueue) and isinstance(store, SqliteStore):
        made.move = Mover(next(iter(files.values())), queue, store).move
    return made


def _file(url: str, settings: Settings, files: dict[Path, Database]) -> Database:
    return files[sqlite_path(url, settings).absolute()]


def _store(settings: Settings, files: dict[Path, Database]) -> LogStore:
    if scheme(settings.store_url) == "postgresql":
        from app.stores.postgres import PostgresStore

        return PostgresStore(settings.store_url, dead_limit=settings.dead_limit)
    file = _file(settings.store_url, settings, files)
    together = scheme(settings.search_url) == "sqlite" and file is _file(settings.search_url, settings, files)
    return SqliteStore(file, dead_limit=settings.dead_limit, forget=writing.forget if together else None)


def _queue(settings: Settings, files: dict[Path, Database], store: LogStore) -> LogQueue:
    match scheme(settings.queue_url):
        case "amqp" | "amqps":
            from app.claiming import ClaimingQueue
            from app.queues.rabbitmq import RabbitQueue

            return ClaimingQueue(RabbitQueue(settings.queue_url, limit=settings.queue_limit), store)
        case "sqs":
            from app.claiming import ClaimingQueue
            from app.queues.sqs import SqsQueue

            return ClaimingQueue(SqsQueue(settings.queue_url), store)
    file = _file(settings.queue_url, settings, files)
    return SqliteQueue(file, limit=settings.queue_limit, min_free=settings.min_free_disk)


def _index(settings: Settings, files: dict[Path, Database]) -> SearchIndex:
    if scheme(settings.search_url) in ("http", "https"):
        from app.search.opensearch import OpenSearchIndex

        return OpenSearchIndex(settings.search_url, retention=settings.retention)
    file = _file(settings.search_url, settings, files)
    shared = scheme(settings.store_url) == "sqlite" and file is _file(settings.store_url, settings, files)
    return SqliteIndex(file, shared=shared)
