"""Checksums: whichever bit of a segment, or of what is searched in it, is another, the answer is an error or the right one."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pysqlite3
import pytest

from app.errors import Damaged
from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.query.language.parse import parse
from app.query.query import Query
from app.systems.sqlite import schema
from app.systems.sqlite.checksums import checking, checksum, giving
from app.systems.sqlite.checksums.checksum import DamagedPart
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.index.scan import marking
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import directory
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.places import CHUNKS
from tests.former import forget_open, without_checksums
from tests.test_migrations import at_revision
from tests.thorough import examples

#: Logs in each segment, and segments: a group of blocks, and some behind it.
LOGS, SEGMENTS = 520, marking.GROUP + 4
#: The segment that has a little of everything.
VARIED = 3
PARTS = ("keys", "fields", "skeletons", "variables", "digits", *(f"docs{number}" for number in range(CHUNKS)))
#: Compressed parts: table, key, and columns.
KEPT = (
    ("segment_columns", "first", PARTS),
    ("segments", "first", ("first_id", "last_id")),
    ("marks", "block", ("bits",)),
    ("mark_groups", "number", ("bits",)),
    ("sentence_groups", "number", ("counts",)),
)
QUESTIONS = (
    "w3x7",
    "server7",
    "hello",
    "level:warn",
    "resourceId:server-3",
    "message:*x51*",
    "größe",
    f'traceId:"{77:032x}"',
)


def log_of(number: int, at: int) -> LogRecord:
    """Return a log; those of one segment differ in every field."""
    varied = number == VARIED
    return LogRecord(
        ((1_700_000_000_000 + number * 1000) << 80 | at * (2 if varied else 1)).to_bytes(16, "big"),
        1_700_000_000_000 + number * 1000 + (at * at) % 997,
        at % 1_000_000 if varied else 0,
        "warn" if at % 9 == 0 else "info",
        f"hello w{number}x{at} größe" if at % 50 == 0 else f"hello w{number}x{at} from server{at % 11}",
        f"server-{number % 5}",
        f"{at:032x}" if varied else None,
        None,
        None,
        {"n": f"{at:09}" * 8, "who": {"name": f"u{at}"}} if varied else None,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of segments, whose blocks have marks, most of them in a group."""
    path = tmp_path_factory.mktemp("checksums") / "store.db"
    schema.upgrade(path)
    database = SqliteDatabase(path)
    index = SqliteIndex(database, shared=False)
    for number in range(SEGMENTS):
        index.add([log_of(number, at) for at in range(LOGS)])
    while marking.mark(database):
        pass
    database.checkpoint()
    database.close()
    return path


@pytest.fixture
def database(whole: Path, tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A copy of it."""
    shutil.copy(whole, tmp_path / "store.db")
    database = SqliteDatabase(tmp_path / "store.db")
    yield database
    database.close()


def answers(database: SqliteDatabase) -> list[Callable[[], Any]]:
    """Return questions, each of which gives something to compare."""
    index, store = SqliteIndex(database, shared=False), SqliteStore(database)
    ids = [log_of(number, at).id for number in (0, VARIED, SEGMENTS - 1) for at in (0, 7, LOGS - 1)]
    found: list[Callable[[], Any]] = [lambda one=one: store.get([one]) for one in ids]  # type: ignore[misc]
    found.append(lambda: store.count(bytes(16), b"\xff" * 16))
    found.append(lambda: store.after(VARIED * 1024 - 3, 2 * LOGS))
    for text in QUESTIONS:
        query = Query(parse(text, 0), limit=3, count="exact")
        found.append(lambda query=query: index.find(query, Budget(600)))  # type: ignore[misc]
    return found


def blobs(connection: Connection) -> list[tuple[str, str, str, int]]:
    """Return table, key, column and number of what is kept: all but most of the many alike."""
    found = []
    for table, key, columns in KEPT:
        for (number,) in connection.execute(f"SELECT {key} FROM {table}").fetchall():
            if table != "mark_groups" or number % 16 == 0:
                found += [(table, key, column, number) for column in columns]
    return found


def put(database: SqliteDatabase, table: str, key: str, column: str, number: int, packed: bytes) -> None:
    """Put bytes where others were; what is asked next reads the file."""
    with database.write(durable=False) as connection:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (packed, number))
        forget_open(connection)
        # Marks are kept by the state that they were read in.
        connection.execute("UPDATE state SET value = value + 1 WHERE name = 'replaced'")
        connection.execute("INSERT OR IGNORE INTO state VALUES ('replaced', 1)")


def test_any_bit_that_is_another_gives_an_error_or_the_right_answer(database: SqliteDatabase) -> None:
    """Wherever it is, and whatever is asked; and it is named when all is looked at."""
    at_random = random.Random(5)
    asked = answers(database)
    right = [ask() for ask in asked]
    assert checking.checked(database).damaged == []
    with database.snapshot() as connection:
        kept = blobs(connection)
    # The segment with most parts as often as all others.
    often = [one for one in kept if one[0] == "segment_columns" and one[3] // 1024 == VARIED]
    for turn in range(examples(300)):
        table, key, column, number = at_random.choice(often if turn % 2 else kept)
        with database.snapshot() as connection:
            statement = f"SELECT {column} FROM {table} WHERE {key} = ?"
            (packed,) = connection.execute(statement, (number,)).fetchone()
        if packed is None:
            continue
        changed = bytearray(packed)
        # Heads are short: half of the bits are of these.
        place = at_random.randrange(len(changed) if turn % 4 < 2 else min(len(changed), 24))
        changed[place] ^= 1 << at_random.randrange(8)
        put(database, table, key, column, number, bytes(changed))
        for ask, expected in zip(asked, right, strict=True):
            try:
                found = ask()
            except DAMAGED:
                continue
            assert found == expected, (table, column, number, place)
        if table in ("segment_columns", "segments"):
            assert len(checking.checked(database).damaged) == 1, (table, column, number, place)
        put(database, table, key, column, number, packed)
    assert [ask() for ask in asked] == right
    found = checking.checked(database)
    assert (found.whole, found.without, found.damaged, found.search_damaged) == (SEGMENTS, 0, [], [])


def test_no_bit_of_a_sealed_part_can_change_unseen() -> None:
    """Each of them: also of the mark and of the checksum."""
    data = b"\x92" + bytes(range(160, 230))
    packed = checksum.sealed(data, 77)
    assert checksum.opened(packed, 77) == data
    for bit in range(8 * len(packed)):
        changed = bytearray(packed)
        changed[bit // 8] ^= 1 << bit % 8
        if bit < 8:
            # Taken for a part without one: no sequence, which all of these are, begins so.
            assert checksum.opened(bytes(changed), 77)[0] not in range(0x90, 0xA0)
            assert changed[0] not in (0xDC, 0xDD)
        else:
            with pytest.raises(DamagedPart):
                checksum.opened(bytes(changed), 77)


@pytest.mark.parametrize("part", ["keys", "fields", "skeletons", "variables", "digits", "docs0"])
@pytest.mark.parametrize("first", ["00", "91", "c0"])
def test_a_part_that_lost_its_mark_is_named_too(database: SqliteDatabase, part: str, first: str) -> None:
    """Never taken for one of an earlier release, whose parts have none."""
    with database.write(durable=True) as connection:
        statement = f"UPDATE segment_columns SET {part} = CAST(x'{first}' || substr({part}, 2) AS BLOB) WHERE first / 1024 = {VARIED}"
        connection.execute(statement)
        forget_open(connection)
    with pytest.raises(Damaged, match=f"places {VARIED * 1024} to .*the {part} of their segment"):
        SqliteStore(database).get([log_of(VARIED, at).id for at in range(LOGS)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("skeletons", 1), ("skeletons", 2)),
        (("digits", 1), ("digits", 2)),
        (("keys", VARIED), ("keys", VARIED + 1)),
        (("docs0", VARIED), ("docs1", VARIED)),
    ],
)
def test_a_part_in_another_ones_place_is_an_error(
    database: SqliteDatabase, one: tuple[str, int], other: tuple[str, int]
) -> None:
    """Both are whole, and each would be read."""
    with database.write(durable=True) as connection:
        firsts = [first for (first,) in connection.execute("SELECT first FROM segments ORDER BY first")]
        read = "SELECT {} FROM segment_columns WHERE first = ?"
        parts = [connection.execute(read.format(name), (firsts[at],)).fetchone()[0] for name, at in (one, other)]
        for (name, at), packed in zip((one, other), parts[::-1], strict=True):
            connection.execute(f"UPDATE segment_columns SET {name} = ? WHERE first = ?", (packed, firsts[at]))
        forget_open(connection)
    store = SqliteStore(database)
    for at in {one[1], other[1]}:
        with pytest.raises(DAMAGED, match=f"places {firsts[at]} to "):
            store.get([log_of(at, 5).id])
    assert store.get([log_of(9, 5).id]) == [log_of(9, 5)]
    assert len(checking.checked(database).damaged) == len({one[1], other[1]})


def test_what_an_earlier_release_wrote_is_read_and_said_to_have_none(database: SqliteDatabase) -> None:
    """Beside what is written today; what it can see of damage it sees."""
    right = [ask() for ask in answers(database)]
    without_checksums(database)
    assert [ask() for ask in answers(database)] == right
    index = SqliteIndex(database, shared=False)
    index.add([log_of(SEGMENTS, at) for at in range(LOGS)])
    found = checking.checked(database)
    assert (found.whole, found.without, found.damaged, found.search_damaged) == (1, SEGMENTS, [], [])
    index.remove([log_of(2, 5).id])
    assert (checking.checked(database).whole, checking.checked(database).without) == (2, SEGMENTS - 1)
    with database.write(durable=True) as connection:
        connection.execute("UPDATE segment_columns SET keys = substr(keys, 1, 20) WHERE first / 1024 = 7")
    assert len(checking.checked(database).damaged) == 1


def test_what_an_earlier_release_wrote_gets_checksums(database: SqliteDatabase) -> None:
    """Whenever it is killed, and beside what was opened before; but for what is damaged already, which is named."""
    asked = answers(database)
    right = [ask() for ask in asked]
    without_checksums(database)
    assert [ask() for ask in asked] == right
    column = "SELECT CAST(substr(skeletons, 1, 30) AS BLOB) FROM segment_columns WHERE first / 1024 = 7"
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE segment_columns SET skeletons = ({column}) WHERE first / 1024 = 7")
        forget_open(connection)
    given = 0
    while made := giving.give(database, 0):
        given += made
        if given == 5:
            assert answers(database)[0]() == right[0]
    found = checking.checked(database)
    assert (given, found.whole, found.without, len(found.damaged)) == (SEGMENTS - 1, SEGMENTS - 1, 0, 1)
    assert "places 7168 to" in found.damaged[0]
    with database.write(durable=True) as connection:
        # A bit of what is kept as it is, which gave other logs without a word.
        connection.execute("UPDATE segment_columns SET keys = substr(keys, 1, 20) WHERE first / 1024 = 9")
        forget_open(connection)
    assert giving.give(database) == 0
    assert len(checking.checked(database).damaged) == 2
    for number in (0, VARIED):
        assert SqliteStore(database).get([log_of(number, 7).id]) == [log_of(number, 7)]


def test_a_transaction_may_have_begun_before_segments_got_checksums(database: SqliteDatabase) -> None:
    """Which segments there are a younger one may have read for it: that they have checksums is no damage of what has none."""
    without_checksums(database)
    directory._states._kept.clear()
    with database.snapshot() as older:
        older.execute("SELECT value FROM state").fetchone()

        def younger() -> None:
            while giving.give(database):
                pass
            with database.snapshot() as connection:
                assert directory.every(connection).segment(0).sealed

        thread = threading.Thread(target=younger)
        thread.start()
        thread.join()
        one = directory.every(older).segment(0)
        assert one.sealed
        assert one.records(older, [7]) == [log_of(0, 7)]
        # Nor is a part without one whole where the row has one.
        one.close()
        with database.write(durable=True) as connection:
            connection.execute("UPDATE segment_columns SET keys = substr(keys, 2) WHERE first = ?", (one.first,))
    with database.snapshot() as connection, pytest.raises(Damaged):
        one.records(connection, [7])


def test_a_file_of_the_release_before_goes_on(database: SqliteDatabase, tmp_path: Path) -> None:
    """Its segments have no checksums; those that are written from now on have."""
    right = [ask() for ask in answers(database)]
    without_checksums(database)
    database.checkpoint()
    path = tmp_path / "former.db"
    at_revision(path, "0021")
    with closing(pysqlite3.connect(str(path))) as connection:
        connection.execute("ATTACH ? AS newer", (str(database.path),))
        columns = "number, first, last, logs, stamp, first_id, last_id"
        connection.execute(f"INSERT INTO segments ({columns}) SELECT {columns} FROM newer.segments")
        for table in ("segment_columns", "blocks", "marks", "mark_groups", "sentence_groups", "minutes", "counts"):
            connection.execute(f"DELETE FROM {table}")
            connection.execute(f"INSERT INTO {table} SELECT * FROM newer.{table}")
        connection.execute("INSERT OR REPLACE INTO state SELECT * FROM newer.state")
        connection.commit()
    schema.upgrade(path)
    former = SqliteDatabase(path)
    assert [ask() for ask in answers(former)] == right
    SqliteIndex(former, shared=False).add([log_of(SEGMENTS, at) for at in range(LOGS)])
    found = checking.checked(former)
    assert (found.whole, found.without, found.damaged) == (1, SEGMENTS, [])
    former.close()


def test_damaged_marks_leave_no_log_out(database: SqliteDatabase, caplog: pytest.LogCaptureFixture) -> None:
    """They only make searches quicker; it is said once, and a rebuild makes them anew."""
    index = SqliteIndex(database, shared=False)
    query = Query(parse("w3x7 OR w67x7", 0), count="exact")
    right = index.find(query)
    assert right.total == 2
    with database.write(durable=True) as connection:
        for table, value in (("marks", "bits"), ("mark_groups", "bits"), ("sentence_groups", "counts")):
            connection.execute(f"UPDATE {table} SET {value} = zeroblob(length({value}))")
        connection.execute("INSERT OR REPLACE INTO state VALUES ('replaced', 99)")
    for _ in range(2):
        assert index.find(query) == right
        assert index.find(Query(parse("hello", 0), limit=1, count="exact")).total == LOGS * SEGMENTS
    assert caplog.text.count("marks of the places 0 to 65535 are damaged") == 1
    assert caplog.text.count("sentences of the places 0 to 65535 are damaged") == 1
    found = checking.checked(database)
    assert found.damaged == []
    assert found.search_damaged[0] == "the places 0 to 65535"


def test_a_damaged_row_of_a_segment_is_taken_from_its_keys(
    database: SqliteDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """A log is found by its id though the row says that the segment can't have it; and totals are right."""
    with database.write(durable=True) as connection:
        connection.execute("UPDATE segments SET last_id = zeroblob(16), logs = 900 WHERE first / 1024 = 5")
        forget_open(connection)
    store = SqliteStore(database)
    assert store.get([log_of(5, LOGS - 1).id]) == [log_of(5, LOGS - 1)]
    assert store.count(bytes(16), b"\xff" * 16) == LOGS * SEGMENTS
    assert "is damaged; its keys are taken for it" in caplog.text
    assert len(checking.checked(database).damaged) == 1


@pytest.mark.parametrize("other", ["first + 1048576000", "first - 2000", "-first", "first + 1"])
def test_a_damaged_first_place_hides_no_log(database: SqliteDatabase, other: str) -> None:
    """Neither of its segment nor of others, among which it is looked for by it."""
    asked = answers(database)
    right = [ask() for ask in asked]
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE segments SET first = {other} WHERE first / 1024 = 5")
        forget_open(connection)
    assert [ask() for ask in asked] == right
    found = checking.checked(database)
    assert (found.whole, len(found.damaged)) == (SEGMENTS - 1, 1)


@pytest.mark.parametrize(
    "other", ["first = first + 1048576000", "first = 3000", "last = last + 1048576000", "last = 3"]
)
def test_a_segment_that_is_nowhere_hides_no_log_of_another(database: SqliteDatabase, other: str) -> None:
    """Where a place is damaged, and what its keys are known by too: it is an error to ask for its own."""
    asked = answers(database)
    right = [ask() for ask in asked]
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE segments SET {other}, stamp = stamp + 1 WHERE first / 1024 = 5")
        forget_open(connection)
    failed = 0
    for ask, wanted in zip(asked, right, strict=True):
        try:
            assert ask() == wanted
        except DAMAGED:
            failed += 1
    assert failed > 0


@pytest.mark.parametrize("column", ["first_id", "last_id"])
@pytest.mark.parametrize("other", ["x'ffffffffffffffffffffffffffffffff'", "x''", "'abc'", "5"])
def test_a_damaged_id_of_a_row_is_named_as_it_is(database: SqliteDatabase, column: str, other: str) -> None:
    """It may be no id at all, or have a time that no calendar has."""
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE segments SET {column} = {other} WHERE first / 1024 = 5")
    (one,) = checking.checked(database).damaged
    assert "the 520 logs at the places 5120 to 5639, received from " in one
    assert "2023-11-14T22:13:25Z" in one


def test_a_piece_of_marks_that_is_missing_is_named(database: SqliteDatabase) -> None:
    """Searches are right without it, and slower."""
    with database.write(durable=True) as connection:
        connection.execute("DELETE FROM mark_groups WHERE number = (SELECT max(number) FROM mark_groups)")
    assert checking.checked(database).search_damaged == ["the places 0 to 65535"]
