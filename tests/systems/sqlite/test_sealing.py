"""Sealing: old rows become segments and nobody notices, but for the room they take."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from app.backends import Backends
from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.ports.parts import Sealed
from app.query.language.parse import parse
from app.query.query import Query
from app.systems.sqlite import rows
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import parts, sealing, table
from app.systems.sqlite.segments.places import BLOCK
from tests.conftest import MakeRecord
from tests.sealing import seal_all

LOGS = sealing.TAIL_LOGS + 2 * BLOCK + 100


def fill(store: SqliteStore, records: list[LogRecord]) -> None:
    """Store *records* as they come in small batches: as rows."""
    for start in range(0, len(records), 200):
        store.add(records[start : start + 200])


def figures(database: SqliteDatabase) -> tuple[int, int]:
    """Return how many rows and how many segments there are."""
    with database.snapshot() as connection:
        return tuple(
            connection.execute("SELECT (SELECT count(*) FROM logs), (SELECT count(*) FROM segments)").fetchone()
        )


def seen(store: SqliteStore) -> list[object]:
    """Return all that a store says of its logs."""
    ids = [identity for chunk in store.ids_between(bytes(16), b"\xff" * 16) for identity in chunk]
    return [
        ids,
        store.count(ids[0], ids[-1]),
        store.count(ids[5], ids[len(ids) // 2]),
        store.after(0, 100_000),
        store.after(1_000, 50),
        store.get(ids[::7]),
        [record for chunk in store.walk(Query(sort="asc", start=(0, 0))) for record in chunk],
        [record for chunk in store.walk(Query(sort="desc", clock="received")) for record in chunk],
        store.newest_place(),
        {name: value for name, value in store.stats().items() if not name.startswith("bytes")},
    ]


def test_full_blocks_but_for_the_newest_become_segments(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord
) -> None:
    """All is seen as before, in a fraction of the room; what is sealed is no row any more."""
    fill(store, [make_record(message=f"hello {number}", trace_id=f"{number:032x}") for number in range(LOGS)])
    before, room = seen(store), store.size()
    assert sealing.seal(database, 60, indexed=False) == 2
    # Place 0 is never given: the first block has one log less.
    assert figures(database) == (LOGS - 2 * BLOCK + 1, 2)
    assert seen(store) == before
    assert sealing.seal(database, 60, indexed=False) == 0
    seal_all(database)
    assert figures(database)[0] == 0
    assert seen(store) == before
    assert store.size() < room / 2


def test_nothing_is_sealed_while_logs_wait(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord
) -> None:
    """Ingest goes first, until too much is left undone."""
    fill(store, [make_record() for _ in range(LOGS)])
    with database.write(durable=False) as connection:
        rows.set_state(connection, "queued_logs", sealing.BUSY_LOGS + 1)
    assert sealing.seal(database, 60, indexed=False) == 0
    with database.write(durable=False) as connection:
        rows.set_state(connection, "next_place", sealing.BEHIND_LOGS + 1)
    assert sealing.seal(database, 0, indexed=False) == 1


@pytest.mark.parametrize(("small", "left"), [(0, 0), (100, 100), (900, 900)])
def test_large_batches_are_segments_at_once(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, small: int, left: int
) -> None:
    """Between rows of small batches, which are sealed later, around them."""
    sent = [make_record(message=f"hello {number}") for number in range(small + 3_000)]
    fill(store, sent[:small])
    store.add(sent[small:])
    assert figures(database)[0] == left
    assert [record for _, record in store.after(0, 10_000)] == sent
    before = seen(store)
    seal_all(database)
    assert figures(database)[0] == 0
    assert seen(store) == before
    assert store.get([record.id for record in sent]) == sent


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("large", ["message", "metadata"])
def test_large_batches_of_large_logs_are_rows(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, large: str, times: int
) -> None:
    """A segment of them would be too large, though some come again; they are sealed in smaller ones."""
    text = random.Random(10).randbytes(3_000).hex()
    values = [f"{text} {n // times}" for n in range(300 * times)]
    sent = [make_record(**{large: value if large == "message" else {"a": value}}) for value in values]
    store.add(sent)
    assert figures(database) == (300 * times, 0)
    seal_all(database)
    assert figures(database) == (0, 2 * times)
    assert [record for _, record in store.after(0, 1_000)] == sent


def test_large_logs_end_a_segment_early(database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord) -> None:
    """No segment has much more than SEGMENT_BYTES, unless one log alone has."""
    chance = random.Random(2)
    sizes = [10, 700_000, 700_000, 3_000_000, 10]
    sent = [make_record(message=chance.randbytes(size // 2).hex()) for size in sizes]
    store.add(sent)
    seal_all(database)
    with database.snapshot() as connection:
        assert [logs for (logs,) in connection.execute("SELECT logs FROM segments ORDER BY first")] == [2, 1, 1, 1]
    assert [record for _, record in store.after(0, 10)] == sent


def test_ids_without_order_stay_rows(database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord) -> None:
    """An id is looked for in the segments whose range it lies in: so few ranges may overlap."""
    chance = random.Random(3)
    sent = [make_record(id=chance.randbytes(16)) for _ in range(200)]
    store.add(sent)
    seal_all(database, most=10)
    assert figures(database) == (200 - 10 * table.OVERLAPS, table.OVERLAPS)
    assert store.get([record.id for record in sent]) == sent
    assert store.add(sent).new == 0
    assert [record for _, record in store.after(0, 1_000)] == sent
    # Those are passed over; later ones are sealed again.
    later = [make_record() for _ in range(10)]
    store.add(later)
    assert store.get([record.id for record in later]) == later


def test_logs_deleted_while_they_are_packed_are_gone(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord
) -> None:
    """Rows that were read for a segment may have gone since: then it is made of those that are left."""
    sent = [make_record() for _ in range(20)]
    store.add(sent)
    with database.snapshot() as connection:
        run = sealing.read(connection, 0, 20)
    store.delete([sent[3].id])
    assert sealing.put(database, run) == 0
    seal_all(database)
    assert [record for _, record in store.after(0, 100)] == sent[:3] + sent[4:]
    assert figures(database) == (0, 1)
    # Another worker has been quicker.
    assert sealing.put(database, run) == 0
    assert figures(database) == (0, 1)


def test_logs_that_cannot_be_packed_stay_rows(
    database: SqliteDatabase,
    store: SqliteStore,
    make_record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A segment from which logs don't come back as they were is not written, and said to be none."""
    sent = [make_record(metadata={"n": 1}) for _ in range(20)]
    store.add(sent)
    with monkeypatch.context() as patched:
        # As if a decompressor returned other bytes than were compressed.
        patched.setattr(parts.Packed, "opened", lambda packed: packed.data[::-1])
        seal_all(database)
    assert figures(database) == (20, 0)
    assert "the logs at the places 1 to 20 stay rows" in caplog.text
    assert store.sealed() == Sealed(logs=0, segments=0, bytes=0, rows=20, due=0, failed=20)
    assert [record for _, record in store.after(0, 100)] == sent


def test_rows_behind_a_damaged_one_become_segments(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, caplog: pytest.LogCaptureFixture
) -> None:
    """The damaged one stays with those that it would lie with."""
    fill(store, [make_record() for _ in range(2 * BLOCK - 1)])
    with database.write(durable=True) as connection:
        connection.execute("UPDATE logs SET doc = substr(doc, 1, length(doc) - 1) WHERE place = 7")
    seal_all(database)
    assert figures(database) == (BLOCK - 1, 1)
    assert f"the rows at the places 1 to {BLOCK - 1} can't be read and stay" in caplog.text
    assert store.sealed().failed == BLOCK - 1


@pytest.mark.parametrize("gone", [[0], [5, 6, 7], [19], list(range(20)), list(range(0, 20, 2))])
def test_delete_leaves_the_others_of_a_segment(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, gone: list[int]
) -> None:
    """By id, from its beginning, middle and end, and all: what is left has its place and its id still."""
    sent = [make_record(message=f"{number}") for number in range(40)]
    store.add(sent)
    seal_all(database, most=20)
    assert store.delete([sent[number].id for number in gone]) == len(gone)
    left = [(number + 1, record) for number, record in enumerate(sent) if number not in gone]
    assert store.after(0, 100) == left
    assert store.get([record.id for record in sent]) == [record for _, record in left]
    assert store.stats()["stored"] == len(left)
    assert store.add(sent[:1]).new == (0 in gone)


SECRET = "Xk7PzQ0vWm2Lr9Ty"


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("sealed", [True, False])
def test_deleted_text_leaves_the_disk(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, sealed: bool, kept: bool
) -> None:
    """Neither the file nor its write-ahead log holds it any more, from when it was a row or in a segment."""
    chance = random.Random(4)
    noise = [make_record(message=chance.randbytes(50).hex(), metadata={"n": number}) for number in range(3_000)]
    hers = [make_record(message=f"{SECRET} {chance.randbytes(20).hex()}", trace_id=SECRET) for _ in range(40)]
    mixed = noise[:1_500] + [one for pair in zip(hers, noise[1_500:1_540], strict=True) for one in pair] + noise[1_540:]
    fill(store, mixed if kept else hers)
    if sealed:
        seal_all(database)
    assert store.delete([record.id for record in hers]) == 40
    store.erase()
    assert [record for _, record in store.after(0, 10_000)] == (noise if kept else [])
    for path in (database.path, Path(f"{database.path}-wal")):
        assert SECRET.encode() not in path.read_bytes()


def test_expiry_takes_the_oldest_arrivals(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord
) -> None:
    """By age and by number, over segments and rows, whose ids need not be in the order of places."""
    sent = [make_record(id=(2_000_000 - number).to_bytes(6, "big") + bytes(10)) for number in range(100)]
    store.add(sent[:60])
    seal_all(database, most=20)
    store.add(sent[60:])
    assert store.expire(2_000_000 - 94, 1_000) == 5
    assert store.expire(None, 50) == 50
    assert [record for _, record in store.after(0, 1_000)] == sent[:45]
    assert store.expire(None, 1_000) == 45
    assert figures(database) == (0, 0)


@pytest.mark.parametrize("text", ["*", "level:error", "hello", '"hello 1"', "message~=hello.1", "level:error hello"])
def test_one_question_has_one_answer(
    backends: Backends,
    make_record: MakeRecord,
    fill: Callable[[list[LogRecord]], None],
    text: str,
) -> None:
    """Before sealing, half-way and after it: pages, counts, histograms, facets and fields."""
    levels = ["info", "error", "warn", "ERROR"]
    stamps = random.Random(5).sample(range(1_000_000), 3_000)
    fill(
        [
            make_record(
                t=1_700_000_000_000 + t,
                ns=t % 7,
                level=levels[t % 4],
                message=f"hello {t % 40} you",
                metadata={"t": t % 3},
            )
            for t in stamps
        ]
    )

    def answers() -> list[object]:
        index, tree = backends.index, parse(text, 0)
        window = Query(tree, start=(1_700_000_100_000, 0), end=(1_700_000_700_000, 5), limit=60, count="exact")
        later = Query(
            tree, sort="asc", after=index.find(Query(tree, sort="asc", limit=70)).next, limit=500, count="none"
        )
        return [
            index.find(window),
            index.find(later),
            index.find(Query(tree, clock="received", limit=200, count="exact")),
            index.histogram(window, 7_000, by_level=True, offset=13, budget=Budget()),
            index.facets(window, ["level", "metadata.t"], 5),
            index.fields(window),
            [record for chunk in index.scan(Query(tree)) for record in chunk],
        ]

    before = answers()
    database = SqliteDatabase(backends.settings.database)
    for most in (700, 1 << 62):
        while True:
            with database.snapshot() as connection:
                after = rows.get_state(connection, sealing.SEALED_TO)
                run = sealing.read(connection, after, min(sealing.block_end(after + 1), after + most, 3_000))
            if after >= (1_500 if most == 700 else 3_000):
                break
            sealing.put(database, run)
        assert answers() == before
    assert figures(database)[0] == 0
    database.close()
