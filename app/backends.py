"""Settings to backends: the single place where URLs become implementations."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app import secret
from app.errors import Unavailable
from app.ports.index import WholeIndex
from app.ports.memory import Keeper
from app.ports.notices import BeatPlace
from app.ports.outbox import Channel, Notifier
from app.ports.parts import RecordParts
from app.ports.queue import LogQueue
from app.ports.record import LogStore
from app.settings.notify import SECRET_PREFIX
from app.settings.settings import Settings
from app.systems.entry import Opened, Purpose, System
from app.systems.folder import FileLock, Folder

#: The table of systems: each scheme of a URL, the module that serves it, imported when a URL asks for it, and its class.
SYSTEMS = {
    "sqlite": ("app.systems.sqlite.entry", "Sqlite"),
    "postgresql": ("app.systems.postgres.entry", "Postgres"),
    "amqp": ("app.systems.rabbitmq.entry", "Rabbit"),
    "amqps": ("app.systems.rabbitmq.entry", "Rabbit"),
    "sqs": ("app.systems.sqs.entry", "Sqs"),
    "http": ("app.systems.opensearch.entry", "OpenSearch"),
    "https": ("app.systems.opensearch.entry", "OpenSearch"),
}

#: Seconds within which the broker must take a connection.
BROKER_SECONDS = 3.0


@dataclass(slots=True)
class Backends:
    """The backends that a process talks to; opened once per process, after any fork."""

    settings: Settings
    queue: LogQueue
    record: RecordParts
    index: WholeIndex
    #: When queue, record and index are one SQLite file: moves up to this many waiting logs in one
    #: transaction, waiting up to these seconds for the first; returns how many.
    move: Callable[[int, float], int] | None = None
    #: When queue and record are one SQLite file: whether nobody writes to it, so that a put would wait for the disk only.
    is_free: Callable[[], bool] | None = None
    #: The work that a worker does between batches: it folds the write-ahead log, seals full blocks. One returns True where it goes on at once.
    tidy: list[Callable[[], object]] = field(default_factory=list)
    #: Ends every wait for logs, for good: the process stops.
    hurry: list[Callable[[], None]] = field(default_factory=list)
    #: Where processes show that they live: the data folder, and a record that several machines share.
    places: list[BeatPlace] = field(default_factory=list)
    closers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def store(self) -> LogStore:
        """Where the logs are: the part of the record that is asked most."""
        return self.record.store

    def keepers(self) -> list[Keeper]:
        """Return who remembers claims and listings: the record, and a queue that does so in a file of its own."""
        return _keepers(self.record, self.queue, one_place=is_one_file(self.settings))

    def close(self) -> None:
        """Close all three, and the files beneath them."""
        self.queue.close()
        self.index.close()
        for close in self.closers:
            close()


@cache
def _system(scheme: str) -> System:
    module, name = SYSTEMS[scheme]
    made: System = getattr(import_module(module), name)()
    return made


def system(url: str) -> System:
    """Return the system that *url* names."""
    return _system(url.partition(":")[0])


@dataclass(frozen=True, slots=True)
class _Place:
    """A file or a server, and what the settings want of it."""

    url: str
    system: System
    purposes: frozenset[Purpose]


def _places(urls: Mapping[Purpose, str], settings: Settings) -> list[_Place]:
    """Return the places that the URLs name, each once: one file may have several purposes."""
    purposes: dict[str, set[Purpose]] = {}
    found: dict[str, str] = {}
    for purpose, url in urls.items():
        key = identity(url, settings)
        purposes.setdefault(key, set()).add(purpose)
        found.setdefault(key, url)
    return [_Place(url, system(url), frozenset(purposes[key])) for key, url in found.items()]


def _configured(settings: Settings) -> list[_Place]:
    return _places({"record": settings.store_url, "queue": settings.queue_url, "index": settings.search_url}, settings)


def identity(url: str, settings: Settings) -> str:
    """Return what is the same for two URLs of one place: a file's real path, however written; else the URL itself."""
    file = system(url).file(url, settings)
    return url if file is None else str(file.resolve())


def paths(settings: Settings) -> list[Path]:
    """Return the files that the settings name, each once."""
    files = [place.system.file(place.url, settings) for place in _configured(settings)]
    return [file for file in files if file is not None]


def databases(settings: Settings) -> list[str]:
    """Return the names, without passwords, of the databases that the settings name."""
    names = [place.system.database(place.url, settings) for place in _configured(settings)]
    return [name for name in names if name is not None]


def check(settings: Settings) -> None:
    """Raise InvalidSettings unless every database has this program's schema, Unavailable if one can't be asked."""
    for place in _configured(settings):
        place.system.check(place.url, settings)


def check_record(settings: Settings) -> None:
    """Raise as `check` does, of the record alone."""
    system(settings.store_url).check(settings.store_url, settings)


def engine(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Return URL and options of an SQLAlchemy engine on the record's database. Raises InvalidSettings."""
    return system(settings.store_url).engine(settings.store_url, settings)


def hazards(settings: Settings) -> list[str]:
    """Return what of the record's own settings could lose logs that were stored."""
    return system(settings.store_url).hazards(settings.store_url)


def upgrade(settings: Settings) -> None:
    """Make files, tables, queues and indices, or bring them to this program's schema."""
    for place in _configured(settings):
        place.system.upgrade(place.url, settings)


def watch_lock(settings: Settings) -> FileLock:
    """Return the lock of who watches, of all processes on the data folder."""
    return FileLock(settings.data_dir / "watch.lock")


def channels(settings: Settings) -> list[Channel]:
    """Return the channels of notifiers; nothing is connected to. Raises Unavailable."""
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
    with ExitStack() as failing:
        opened = _open(_configured(settings), settings, failing)
        failing.pop_all()
    record, queue, index = _record(opened), _queue(opened), next(one.index for one in opened if one.index is not None)
    assert queue is not None
    made = Backends(settings, queue, record, index, closers=[close for one in opened for close in one.closers])
    made.move = next((one.move for one in opened if one.move is not None), None)
    made.is_free = next((one.is_free for one in opened if one.is_free is not None), None)
    made.tidy = [tidy for one in opened for tidy in one.tidy]
    made.hurry = [hurry for one in opened for hurry in one.hurry]
    made.places = [Folder(settings.data_dir / "beats"), *(place for one in opened for place in one.places)]
    return made


@dataclass(slots=True)
class OtherRecord:
    """Another record, opened beside the configured one, and the queue before it."""

    record: RecordParts
    #: None where no queue was named.
    queue: LogQueue | None
    keepers: list[Keeper]
    closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """Close it, and the files beneath."""
        for close in self.closers:
            close()


def connect_record(settings: Settings, store_url: str, queue_url: str | None) -> OtherRecord:
    """Open the record at *store_url*, and the queue before it: by default the one in its file. Raises as `connect`."""
    if queue_url is None and system(store_url).file(store_url, settings) is not None:
        queue_url = store_url
    urls: dict[Purpose, str] = {"record": store_url}
    if queue_url is not None:
        urls["queue"] = queue_url
    with ExitStack() as failing:
        opened = _open(_places(urls, settings), settings, failing)
        closers = failing.pop_all()
    record, queue = _record(opened), _queue(opened)
    return OtherRecord(record, queue, _keepers(record, queue, one_place=len(opened) == 1), [closers.close])


def _open(places: Iterable[_Place], settings: Settings, closers: ExitStack) -> list[Opened]:
    """Open the places, and have *closers* close what was opened."""
    made = []
    for place in places:
        opened = place.system.open(place.url, place.purposes, settings)
        closers.callback(opened.close)
        made.append(opened)
    return made


def _record(opened: Iterable[Opened]) -> RecordParts:
    return next(one.record for one in opened if one.record is not None)


def _queue(opened: Iterable[Opened]) -> LogQueue | None:
    """Return the queue; one that only carries has its claims in the record."""
    for one in opened:
        if one.carrier is not None:
            from app.accept.claiming import ClaimingQueue

            return ClaimingQueue(one.carrier, _record(opened))
        if one.queue is not None:
            return one.queue
    return None


def _keepers(record: RecordParts, queue: object, *, one_place: bool) -> list[Keeper]:
    return [record.claims, queue] if isinstance(queue, Keeper) and not one_place else [record.claims]


def is_one_file(settings: Settings) -> bool:
    """Return whether the record and the queue before it are one file."""
    return identity(settings.store_url, settings) == identity(settings.queue_url, settings)
