"""Segments of revision 0020: asked as they are, written anew whenever it is killed, and the same logs before and after."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.errors import Damaged
from app.log import codec
from app.query.language.parse import parse
from app.query.query import Query
from app.systems.sqlite import rows, schema
from app.systems.sqlite.checksums import giving
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import renewing, writing
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.index.rebuilding import definition
from app.systems.sqlite.index.scan import marking
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import converting, sealing
from app.systems.sqlite.segments.directory import changed
from app.systems.sqlite.segments.former import FormerChunk
from app.systems.sqlite.segments.parts import Packed
from app.systems.sqlite.segments.places import BLOCK
from tests.conftest import MakeRecord
from tests.former import age
from tests.prepared import empty
from tests.sealing import seal_all
from tests.systems.sqlite.test_sealing_killed import BEGIN, killed
from tests.test_migrations import at_revision

LOGS = 5 * BLOCK
CONVERT = BEGIN + "from app.systems.sqlite.segments import converting\nwhile converting.convert(database, 0): pass\n"


@pytest.fixture
def database(tmp_path: Path, make_record: MakeRecord) -> SqliteDatabase:
    """An index of segments of revision 0020, whose logs have terms."""
    path = tmp_path / "search.db"
    empty(path)
    database = SqliteDatabase(path)
    index = SqliteIndex(database, shared=False)
    chance = random.Random(3)
    records = [
        make_record(
            message=f"hello w{number}" if number % 5 else f"Grüße w{number}",
            resource_id=f"server-{number % 7}",
            trace_id=f"{chance.getrandbits(128):032x}" if number % 3 else None,
            metadata={"n": number, "deep": {"big": 1 << 70}} if number % 2 else None,
        )
        for number in range(LOGS)
    ]
    for start in range(0, LOGS, 200):
        index.add(records[start : start + 200])
    seal_all(database)
    assert age(database) == 6
    return database


def answers(database: SqliteDatabase) -> Callable[[], list[object]]:
    """Return what asks for all that a reader can see."""
    index = SqliteIndex(database, shared=False)

    def asked() -> list[object]:
        every = [record for some in index.scan(Query(parse("", 0), limit=1_000, count="none")) for record in some]
        queries = ("hello", "Grüße w10", "resourceId:server-3", "metadata.n:77", "w78 OR w79", "message:*ello*w4??")
        pages = [index.find(Query(parse(text, 0), limit=5, count="exact")) for text in queries]
        return [every, [(page.records, page.total) for page in pages]]

    return asked


def left(database: SqliteDatabase) -> tuple[int, int]:
    """Return how many segments are written by column, and how many are not yet."""
    with database.snapshot() as connection:
        statement = "SELECT (SELECT count(*) FROM segment_columns), (SELECT count(*) FROM segment_parts)"
        return tuple(connection.execute(statement).fetchone())


def test_logs_are_the_same_before_and_after(database: SqliteDatabase) -> None:
    """Segment by segment; what is searched in them follows."""
    asked = answers(database)
    before = asked()
    assert len(before[0]) == LOGS  # type: ignore[arg-type]
    assert left(database) == (0, 6)
    assert sealing.standing(database).due == LOGS
    assert marking.mark(database) == 0
    assert converting.convert(database, 0) == 1
    assert left(database) == (1, 5)
    assert asked() == before
    while converting.convert(database):
        pass
    assert left(database) == (6, 0)
    assert sealing.standing(database).due == 0
    assert asked() == before
    assert marking.mark(database) == LOGS // BLOCK
    with database.snapshot() as connection:
        assert rows.get_state(connection, sealing.STALE) >= LOGS
    assert asked() == before
    database.close()


def test_a_message_that_is_not_clean_stops_nothing(database: SqliteDatabase) -> None:
    """Revision 0020 kept NUL where a door had let it through: such a log is found, written anew and deleted, with U+FFFD for it."""
    with database.write(durable=False) as connection:
        first, packed = connection.execute("SELECT first, docs0 FROM segment_parts ORDER BY first LIMIT 1").fetchone()
        chunk = msgspec.msgpack.decode(packed, type=FormerChunk)
        docs = codec.decoder(list[Any]).decode(chunk.docs.opened())
        docs[1][0] = "odd\0one"
        chunk.docs = Packed.of(codec.encode(docs))
        connection.execute("UPDATE segment_parts SET docs0 = ? WHERE first = ?", (msgspec.msgpack.encode(chunk), first))
    index = SqliteIndex(database, shared=False)
    odd = Query(parse("message:*odd*", 0), count="exact")
    for _ in range(2):
        page = index.find(odd)
        assert [record.message for record in page.records] == ["odd\ufffdone"]
        while converting.convert(database):
            pass
        assert left(database)[1] == 0
    index.remove([page.records[0].id])
    assert index.find(odd).total == 0
    database.close()


def test_terms_of_what_is_written_anew_go(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were kept of all logs; rows alone have terms now."""
    asked = answers(database)
    before = asked()
    monkeypatch.setattr(renewing, "STALE_LOGS", BLOCK)
    with database.write(durable=False) as connection:
        rows.set_state(connection, sealing.STALE, 0)
    assert not renewing.renew(database)
    while converting.convert(database):
        pass
    assert renewing.renew(database)
    with database.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM terms_docsize").fetchone() == (0,)
    assert asked() == before
    database.close()


def test_logs_are_deleted_from_what_is_not_written_anew(database: SqliteDatabase) -> None:
    """Their segment is written by column at once, without them; the others stay."""
    index = SqliteIndex(database, shared=False)
    (found,) = index.find(Query(parse("w1500", 0))).records
    index.remove([found.id])
    assert left(database) == (1, 5)
    while converting.convert(database):
        pass
    assert left(database) == (6, 0)
    page = index.find(Query(parse("hello OR Grüße", 0), limit=1, count="exact"))
    assert page.total == LOGS - 1
    assert index.find(Query(parse("w1500", 0))).records == []
    database.close()


def test_what_lies_behind_a_damaged_segment_is_written_anew(
    database: SqliteDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """It stays, and has no marks; whoever asks for its logs is told."""
    with database.write(durable=True) as connection:
        (first,) = connection.execute("SELECT first FROM segments ORDER BY first LIMIT 1 OFFSET 1").fetchone()
        connection.execute("UPDATE segment_parts SET docs1 = substr(docs1, 1, 40) WHERE first = ?", (first,))
        # What is open of it is whole.
        connection.execute("UPDATE segments SET stamp = 7 WHERE first = ?", (first,))
        changed(connection)
    assert giving.give(database) == 0
    while converting.convert(database):
        pass
    # All others get their checksums.
    given = 0
    while made := giving.give(database):
        given += made
    assert given == 5
    assert f"the segment of the place {first} can't be read and stays" in caplog.text
    assert left(database) == (5, 1)
    assert marking.mark(database) == LOGS // BLOCK
    with database.snapshot() as connection:
        assert (first // BLOCK,) not in connection.execute("SELECT block FROM marks").fetchall()
    index = SqliteIndex(database, shared=False)
    with pytest.raises(Damaged, match="the 1,024 logs at the places 1024 to 2047"):
        index.find(Query(parse("absent", 0)))
    database.close()


def test_nothing_is_written_while_logs_wait(database: SqliteDatabase) -> None:
    """Storing goes first."""
    with database.write(durable=False) as connection:
        rows.set_state(connection, "queued_logs", sealing.BUSY_LOGS + 1)
    assert converting.convert(database) == 0
    database.close()


@pytest.mark.system
def test_every_log_is_there_once_whenever_it_is_killed(database: SqliteDatabase) -> None:
    """The next process goes on with what is left."""
    asked, chance = answers(database), random.Random(8)
    before = asked()
    for _ in range(4):
        killed(CONVERT, database.path, chance.uniform(0, 0.05))
        assert sum(left(database)) == 6
        assert asked() == before
    while converting.convert(database):
        pass
    assert asked() == before
    database.close()


def test_what_revision_0020_sealed_before_it_was_indexed_is_indexed_still(
    tmp_path: Path, make_record: MakeRecord
) -> None:
    """As a restore leaves it: its logs wait for the index while newer ones are in it."""
    path = tmp_path / "search.db"
    empty(path)
    database = SqliteDatabase(path)
    store, index = SqliteStore(database, forget=writing.forget), SqliteIndex(database)
    restored, newer = ([make_record(message=f"{text} {n}") for n in range(3 * BLOCK)] for text in ("restored", "newer"))
    # Without `forget` they are sealed at once, as revision 0020 did.
    SqliteStore(database).add(restored)
    assert age(database)
    index.add([record for _, record in store.after(0, 5)])
    store.indexed([store.add(newer).mark])
    index.add(newer)
    while converting.convert(database, indexed=True):
        pass
    _, records = store.lacking_records(10_000, 60)
    for _ in range(2):
        # A process may be killed before it lets go of the mark.
        index.add(records)
    for text, count in (("restored", 3 * BLOCK), ("newer", 3 * BLOCK)):
        assert index.find(Query(parse(text, 0), limit=1, count="exact")).total == count
    while converting.convert(database, indexed=True):
        pass
    assert left(database)[1] == 0
    index.add(records)
    minutes = index.histogram(Query(parse("", 0)), 60_000, by_level=False)
    assert sum(bucket.count for bucket in minutes) == 6 * BLOCK
    database.close()


@pytest.mark.parametrize("shared", [True, False])
def test_an_index_that_is_being_made_anew_is_finished(tmp_path: Path, make_record: MakeRecord, shared: bool) -> None:
    """Though it was begun before the upgrade, whose tables it has too."""
    path = tmp_path / "search.db"
    at_revision(path, "0020")
    names = ["terms", "blocks", "texts", "grams", "minutes", "counts"]
    names += [] if shared else ["logs", "segments", "segment_parts"]
    database = SqliteDatabase(path)
    with database.write(durable=True) as connection:
        for name in names:
            connection.execute(definition(connection, name, f"{name}_next"))
        connection.execute("INSERT INTO texts VALUES (1, x'00')")
        rows.set_state(connection, "rebuild", 1 if shared else 2)
    schema.upgrade(path)
    index, store = SqliteIndex(database, shared=shared), SqliteStore(database)
    assert index.rebuilding() is not None
    records = [make_record(message=f"hello w{number}") for number in range(30)]
    if shared:
        store.add(records)
    index.add(records)
    index.remove([records[3].id])
    index.rebuild_add(records[4:], 30)
    index.finish_rebuild()
    assert index.rebuilding() is None
    assert index.find(Query(parse("w7", 0))).records == [records[7]]
    with database.snapshot() as connection:
        left = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%!_next%' ESCAPE '!'").fetchall()
        old = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%!_old%' ESCAPE '!'").fetchall()
    assert (left, old) == ([], [])
    database.close()
