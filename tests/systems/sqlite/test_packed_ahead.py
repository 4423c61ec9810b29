"""Segments that are packed before the lock is taken, while others write."""

from __future__ import annotations

import pytest

from app.log.codec import encode
from app.log.envelope import Envelope
from app.log.record import LogRecord
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import writing
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.letters import SqliteLetters
from app.systems.sqlite.move import Mover
from app.systems.sqlite.queue import SqliteQueue
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import storing
from app.systems.sqlite.segments.segment import LogColumns
from tests.conftest import MakeRecord


def logs(make: MakeRecord, count: int, kind: str) -> list[LogRecord]:
    """Return logs, some without metadata."""
    return [make(message=f"{kind} {number}", metadata={"n": number} if number % 3 else None) for number in range(count)]


@pytest.mark.parametrize("others", [0, 5, 1_100])
def test_logs_stored_meanwhile_move_the_segments(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, others: int
) -> None:
    """What was packed for other places is packed again: each log is at its own."""
    first, second = logs(make_record, others, "first"), logs(make_record, 2_500, "second")
    columns = LogColumns.of(second)._replace(metadata=[one.metadata and encode(one.metadata) for one in second])
    with database.snapshot() as connection:
        packed = storing.ahead(connection, columns)
    store.add(first)
    with database.write(durable=False) as connection:
        place = storing.insert(connection, second, packed=packed)
    found = store.after(0, 10_000)
    assert [record for _, record in found] == [*first, *second]
    assert [at for at, _ in found][others:] == list(range(place, place + 2_500))
    assert store.get([record.id for record in second]) == second


def test_a_move_packs_without_the_lock(
    database: SqliteDatabase, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it packs others write; logs that come twice are stored once, and what is moved is found."""
    queue = SqliteQueue(database, limit=1 << 40, min_free=0)
    store = SqliteStore(database, forget=writing.forget)
    sent = logs(make_record, 3_000, "moved")
    queue.put([Envelope(sent[start : start + 100]) for start in range(0, 3_000, 100)])
    queue.put([Envelope(sent[:100])])
    ahead = storing.ahead

    def slowly(*given: object) -> storing.Ahead:
        with database.write(durable=False):  # would wait for ever for a lock that the mover holds
            pass
        return ahead(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(storing, "ahead", slowly)
    mover = Mover(database, queue, SqliteLetters(database, 1 << 40))
    while mover.move(5_000, 0):
        pass
    assert [record for _, record in store.after(0, 10_000)] == sent
    assert [one for chunk in SqliteIndex(database).ids_between(bytes(16), b"\xff" * 16) for one in chunk] == [
        record.id for record in sent
    ]
