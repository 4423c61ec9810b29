"""Retention: what goes, what stays, and that the room returns to the file system."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.backends import Backends, connect
from app.drain.expire import STEP_LOGS, expire
from app.log.envelope import Envelope
from app.log.record import IdSource, LogRecord
from app.query.query import Query
from app.settings.settings import Retention
from app.times.instant import now_ms
from tests.conftest import Fill, MakeRecord, fill_backends
from tests.contract.conftest import COMBINATIONS, open_combination, services

HOUR_MS = 3_600_000
#: Keeps what arrived within the last hour.
HOUR = Retention(3_600)

#: Makes a record that arrived some hours ago.
Aged = Callable[..., LogRecord]


@pytest.fixture
def aged(make_record: MakeRecord) -> Aged:
    """Return a function that makes records of an age in hours, in the order of its calls."""
    sources: dict[float, IdSource] = {}

    def make(hours: float, **fields: object) -> LogRecord:
        ids = sources.setdefault(hours, IdSource())
        identity = ids.take(1, now=now_ms() - int(hours * HOUR_MS)).to_bytes(16, "big")
        return make_record(id=identity, **fields)

    return make


@pytest.mark.parametrize("combination", [name for name in COMBINATIONS if not services(name)])
def test_age_counts_from_arrival(tmp_path: Path, aged: Aged, combination: str) -> None:
    """On every mix of files: a log's own time shortens no life and lengthens none; the index forgets with the record."""
    backends = open_combination(combination, tmp_path)
    old = [aged(2, message=f"old {n}", timestamp="9999-01-01T00:00:00Z") for n in range(STEP_LOGS + 7)]
    new = [aged(0.5, message=f"new {n}", timestamp="0001-01-01T00:00:00Z") for n in range(50)]
    fill_backends(backends, [*old[:10], *new, *old[10:]])
    assert expire(backends.store, backends.index, HOUR) == len(old)
    assert expire(backends.store, backends.index, HOUR) == 0
    assert backends.store.stats()["stored"] == len(new)
    page = backends.index.find(Query(limit=1_000, sort="asc", count="exact"))
    assert (page.records, page.total) == (sorted(new, key=lambda record: record.id), len(new))
    assert backends.store.lacking().logs == 0
    backends.close()


def test_what_waits_is_no_record_yet(backends: Backends, aged: Aged, fill: Fill) -> None:
    """An accepted log that waited too long is stored before it can expire: nothing goes unseen."""
    record = aged(2)
    backends.queue.put([Envelope([record])])
    assert expire(backends.store, backends.index, HOUR) == 0
    fill([])
    assert backends.store.get([record.id]) == [record]
    assert expire(backends.store, backends.index, HOUR) == 1


def large(aged: Aged, count: int, size: int, hours: float = 0.5) -> list[LogRecord]:
    """Return logs whose messages don't compress."""
    chance = random.Random(count)
    return [aged(hours, message=chance.randbytes(size // 2).hex(), metadata={"n": n}) for n in range(count)]


def on_disk(backends: Backends) -> int:
    """Return the bytes of the database file, after the write-ahead log was copied into it."""
    path = backends.settings.database
    backends.close()
    return path.stat().st_size


@pytest.mark.parametrize(("count", "size"), [(300, 200_000), (20_000, 400)])
def test_room_of_expired_logs_returns(backends: Backends, aged: Aged, fill: Fill, count: int, size: int) -> None:
    """Of a few large logs and of many small ones: the file shrinks to what is left."""
    fill(large(aged, count, size, hours=2))
    before = backends.store.stats()["bytes_on_disk"]
    fill([aged(0.5) for _ in range(10)])
    expire(backends.store, backends.index, HOUR)
    assert backends.store.size() < before / 5
    assert on_disk(backends) < before / 5


def test_size_drops_the_oldest_arrivals(backends: Backends, aged: Aged, fill: Fill) -> None:
    """Down to the bytes that are allowed, and not far below; the newest stay."""
    limit = 3_000_000
    fill(large(aged, 4_000, 2_000))
    assert backends.store.size() > 2 * limit
    for _ in range(3):
        expire(backends.store, backends.index, Retention(30 * 86_400, limit))
    left = [record.metadata["n"] for _, record in backends.store.after(0, 10_000) if record.metadata]
    assert left == list(range(4_000 - len(left), 4_000))
    assert limit / 2 < backends.store.size() < limit * 1.1
    assert on_disk(backends) < limit * 1.5


def test_size_that_is_not_reached_drops_nothing(backends: Backends, aged: Aged, fill: Fill) -> None:
    """Below the limit all stay; over it with nothing stored there is nothing to drop."""
    assert expire(backends.store, backends.index, Retention(86_400, 1)) == 0
    fill([aged(0.5) for _ in range(100)])
    assert expire(backends.store, backends.index, Retention(86_400, 1 << 30)) == 0


def test_logs_go_in_and_are_found_while_others_expire(backends: Backends, aged: Aged, fill: Fill) -> None:
    """Steps are small: a writer gets its turn, and no new log is touched."""
    fill([aged(2) for _ in range(3 * STEP_LOGS)])
    other = connect(backends.settings)
    deleted: list[int] = []
    thread = threading.Thread(target=lambda: deleted.append(expire(other.store, other.index, HOUR)))
    thread.start()
    new = [aged(0.01, message=f"new {n}") for n in range(200)]
    for record in new:
        fill([record])
    thread.join()
    other.close()
    assert deleted == [3 * STEP_LOGS]
    assert [record.id for record in backends.index.find(Query(limit=1_000, clock="received", sort="asc")).records] == [
        record.id for record in new
    ]
