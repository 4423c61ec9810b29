"""Settings to backends: the single place where URLs become implementations."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from app import secret
from app.errors import Unavailable
from app.ports.index import SearchIndex
from app.ports.memory import Keeper
from app.ports.notices import BeatPlace
from app.ports.outbox import SECRET_PREFIX, Channel, Notifier
from app.ports.queue import LogQueue
from app.ports.record import LogStore
from app.settings.settings import Settings
from app.systems.folder import Folder, Lock
from app.systems.sqlite import schema
from app.systems.sqlite.file import Database
from app.systems.sqlite.index import writing
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.move import Mover
from app.systems.sqlite.queue import SqliteQueue
from app.systems.sqlite.record import SqliteStore

#: Seconds within which the broker must take a connection.
BROKER_SECONDS = 3.0


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
    #: Where processes show that they live: the data folder, and a record that several machines share.
    places: list[BeatPlace] = field(default_factory=list)
    closers: list[Callable[[], None]] = field(default_factory=list)

    def keepers(self) -> list[Keeper]:
        """Return who remembers claims and listings: the record, and a queue that does so in a file of its own."""
        return _keepers(self.settings, self.store, self.queue)

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


def databases(settings: Settings) -> list[str]:
    """Return the names, without passwords, of the databases that the settings name."""
    names = [str(path) for path in paths(settings)]
    if scheme(settings.store_url) == "postgresql":
        from app.systems.postgres import server

        names.append(server.place(settings.store_url))
    return names


def check(settings: Settings) -> None:
    """Raise InvalidSettings unless every database has this program's schema, Unavailable if one can't be asked."""
    for path in paths(settings):
        schema.check(path)
    if scheme(settings.store_url) == "postgresql":
        from app.systems.postgres import schema as postgres_schema

        postgres_schema.check(settings.store_url)


def hazards(settings: Settings) -> list[str]:
    """Return what of the record's own settings could lose logs that were stored."""
    if scheme(settings.store_url) == "postgresql":
        from app.systems.postgres import schema as postgres_schema

        return postgres_schema.hazards(settings.store_url)
    return []


def upgrade(settings: Settings) -> None:
    """Make files, tables, queues and indices, or bring them to this program's schema."""
    for path in paths(settings):
        schema.upgrade(path)
    if scheme(settings.store_url) == "postgresql":
        from app.systems.postgres import schema as postgres_schema

        postgres_schema.upgrade(settings.store_url)
    match scheme(settings.queue_url):
        case "amqp" | "amqps":
            from app.systems.rabbitmq import address

            address.prepare(address.address(settings.queue_url, settings.queue_limit))
        case "sqs":
            from app.systems.sqs.queue import SqsQueue

            SqsQueue(settings.queue_url).depth()


def watch_lock(settings: Settings) -> Lock:
    """Return the lock of who watches, of all processes on the data folder."""
    return Lock(settings.data_dir / "watch.lock")


def channels(settings: Settings) -> list[Channel]:
    """Return the ways to who is told of notices; nothing is connected to. Raises Unavailable."""
    if not settings.notify:
        return []
    from app.notify.channels.connect import connect as connect_notifiers

    return connect_notifiers(settings, lambda: secret.load(settings))


def signing(settings: Settings, notifier: Notifier) -> list[str]:
    """Return the secrets that sign a webhook's messages, as its receiver is given them. Raises Unavailable."""
    from app.notify.channels.connect import secrets

    found = secrets(notifier, settings, lambda: secret.load(settings))
    return [SECRET_PREFIX + b64encode(one).decode() for one in found]


def reach_broker(settings: Settings) -> None:
    """Raise Unavailable unless something answers where BROKER_URL says; a handshake is left to those who use it."""
    fault = "no host is named"
    for url in settings.broker_url.split(";"):
        parts = urlsplit(url)
        port = parts.port or (5671 if parts.scheme == "amqps" else 5672)
        try:
            socket.create_connection((parts.hostname or "localhost", port), BROKER_SECONDS).close()
            return
        except OSError as error:
            fault = f"{parts.hostname}:{port}: {error.strerror or error}"
    raise Unavailable(f"the broker can't be reached at {fault}")


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
    made.places = [Folder(settings.data_dir / "beats"), *([store] if isinstance(store, BeatPlace) else [])]
    one = len(files) == 1 and {"sqlite"} == {
        scheme(url) for url in (settings.queue_url, settings.store_url, settings.search_url)
    }
    if one and isinstance(queue, SqliteQueue) and isinstance(store, SqliteStore):
        made.move = Mover(next(iter(files.values())), queue, store).move
    return made


@dataclass(slots=True)
class Record:
    """Another record, opened beside the configured one, and the queue before it."""

    store: LogStore
    #: None where no queue was named.
    queue: LogQueue | None
    keepers: list[Keeper]
    closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """Close it, and the files beneath."""
        for close in self.closers:
            close()


def connect_record(settings: Settings, store_url: str, queue_url: str | None) -> Record:
    """Open the record at *store_url*, and the queue before it: by default the one in its file. Raises as `connect`."""
    if queue_url is None and scheme(store_url) == "sqlite":
        queue_url = store_url
    # The index has no part in it: naming the record's own file opens nothing more.
    other = replace(settings, store_url=store_url, queue_url=queue_url or store_url, search_url=store_url)
    files: dict[Path, Database] = {}
    for path in paths(other):
        schema.check(path)
        files[path] = Database(path)
    store = _store(other, files)
    queue = None if queue_url is None else _queue(other, files, store)
    closing = [store.close, *(() if queue is None else (queue.close,)), *(file.close for file in files.values())]
    return Record(store, queue, _keepers(other, store, queue), closing)


def _keepers(settings: Settings, store: LogStore, queue: object) -> list[Keeper]:
    return [store, queue] if isinstance(queue, Keeper) and not is_one_file(settings) else [store]


def is_one_file(settings: Settings) -> bool:
    """Return whether the record and the queue before it are one SQLite file."""
    urls = (settings.queue_url, settings.store_url)
    return (
        all(scheme(url) == "sqlite" for url in urls)
        and len({sqlite_path(url, settings).absolute() for url in urls}) == 1
    )


def _file(url: str, settings: Settings, files: dict[Path, Database]) -> Database:
    return files[sqlite_path(url, settings).absolute()]


def _store(settings: Settings, files: dict[Path, Database]) -> LogStore:
    if scheme(settings.store_url) == "postgresql":
        from app.systems.postgres.record import PostgresStore

        return PostgresStore(settings.store_url, dead_limit=settings.dead_limit, retention=settings.retention)
    file = _file(settings.store_url, settings, files)
    together = scheme(settings.search_url) == "sqlite" and file is _file(settings.search_url, settings, files)
    return SqliteStore(file, dead_limit=settings.dead_limit, forget=writing.forget if together else None)


def _queue(settings: Settings, files: dict[Path, Database], store: LogStore) -> LogQueue:
    match scheme(settings.queue_url):
        case "amqp" | "amqps":
            from app.accept.claiming import ClaimingQueue
            from app.systems.rabbitmq.queue import RabbitQueue

            return ClaimingQueue(RabbitQueue(settings.queue_url, limit=settings.queue_limit), store)
        case "sqs":
            from app.accept.claiming import ClaimingQueue
            from app.systems.sqs.queue import SqsQueue

            return ClaimingQueue(SqsQueue(settings.queue_url), store)
    file = _file(settings.queue_url, settings, files)
    return SqliteQueue(file, limit=settings.queue_limit, min_free=settings.min_free_disk)


def _index(settings: Settings, files: dict[Path, Database]) -> SearchIndex:
    if scheme(settings.search_url) in ("http", "https"):
        from app.systems.opensearch import OpenSearchIndex

        return OpenSearchIndex(settings.search_url, retention=settings.retention)
    file = _file(settings.search_url, settings, files)
    shared = scheme(settings.store_url) == "sqlite" and file is _file(settings.store_url, settings, files)
    return SqliteIndex(file, shared=shared)
