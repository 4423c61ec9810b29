"""A system whose queue only carries, as a broker does: it remembers nothing, and may lose a part of what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.accept.accept import Accept, Outcome
from app.accept.claiming import ClaimingQueue
from app.accept.receipts import Receipts
from app.backends import Backends
from app.drain import drain
from app.drain.indexing import Indexing
from app.log.envelope import Envelope
from app.log.limits import Limits
from app.log.schema import read_items
from app.systems.sqlite.queue import SqliteQueue
from app.times.instant import now_ms
from tests.templates import open_copy

FIRST, LAST = bytes(16), b"\xff" * 16
LIMITS = Limits(1 << 20, 1 << 18, 30 * 86_400_000)


class Carrying:
    """A Carrier over a SQLite queue, which remembers claims only because it is not asked to.

    Like a broker it may keep some envelopes of a put and lose others, and deliver what it has twice.
    """

    def __init__(self, queue: SqliteQueue) -> None:
        self._queue = queue
        #: Places that the next put loses.
        self.loses: frozenset[int] = frozenset()

    def put(self, envelopes: Sequence[Envelope], space: str = "") -> frozenset[int]:
        """Keep the envelopes, but for those that are to be lost."""
        lost, self.loses = self.loses, frozenset()
        self._queue.put([envelope for place, envelope in enumerate(envelopes) if place not in lost], space=space)
        return frozenset(place for place in lost if place < len(envelopes))

    def __getattr__(self, name: str) -> Any:
        """Everything else is the queue's."""
        return getattr(self._queue, name)


@dataclass
class System:
    """Everything between a request and the record, on real SQLite files, with a queue that only carries."""

    backends: Backends
    carrier: Carrying
    queue: ClaimingQueue
    receipts: Receipts
    accept: Accept

    def send(self, logs: Sequence[Any], key: str | None = None, digest: bytes = b"d") -> Outcome:
        """Accept one request."""
        return self.accept.take(read_items(logs, LIMITS, now_ms()), sender="s", key=key, digest=digest)

    def work(self, batch: int = 250) -> None:
        """Drain until nothing waits."""
        carrying = Indexing(self.backends.store, self.backends.record.letters, self.backends.index)
        while self.queue.depth().bytes:
            drain.drain(self.queue, self.backends.record, carrying, batch, 0)
        carrying.settle(now=True)
        while carrying.catch_up():
            carrying.settle(now=True)

    def messages(self) -> list[str]:
        """Return all stored messages, sorted."""
        store = self.backends.store
        ids = [identity for chunk in store.ids_between(FIRST, LAST) for identity in chunk]
        assert ids == [identity for chunk in self.backends.index.ids_between(FIRST, LAST) for identity in chunk]
        return sorted(record.message for record in store.get(ids))


def make_system(folder: Path) -> System:
    """Return a system on an empty folder."""
    opened = open_copy("three-files", folder)
    assert isinstance(opened.queue, SqliteQueue)
    carrier = Carrying(opened.queue)
    queue = ClaimingQueue(carrier, opened.record)
    receipts = Receipts(queue, opened.store, opened.record.letters, opened.index, b"secret", LIMITS.retention_ms)
    return System(opened, carrier, queue, receipts, Accept(queue, receipts))
