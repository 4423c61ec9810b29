"""Logs that can't be read keep no others from expiring, and it is said which stay."""

from __future__ import annotations

import logging

import pytest

from app.backends import connect
from app.damage import passing
from app.drain.expire import in_steps
from app.drain.retire import retire
from app.errors import Damaged
from app.log.envelope import Envelope
from app.rules.retention import parse
from app.settings.settings import Retention, Settings
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.record import SqliteStore
from tests.conftest import MakeRecord
from tests.former import forget_open
from tests.prepared import empty

SEGMENT = (
    "UPDATE segment_columns SET {0} = substr({0}, 1, length({0}) / 2) WHERE first = (SELECT max(first) FROM segments)"
)
#: What is damaged, and how many logs can't be read then.
DAMAGES = {
    "keys": (SEGMENT.format("keys"), 1_000),
    "skeletons": (SEGMENT.format("skeletons"), 1_000),
    "variables": (SEGMENT.format("variables"), 1_000),
    "fields": (SEGMENT.format("fields"), 1_000),
    "row": ("UPDATE logs SET doc = substr(doc, 1, 4) WHERE place = (SELECT min(place) FROM logs)", 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_keeps_nothing_else(
    database: SqliteDatabase,
    store: SqliteStore,
    make_record: MakeRecord,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    """What is older and newer goes, and a damaged segment in its turn; a row stays. It is said once, however often it is tried."""
    statement, lost = DAMAGES[damage]
    store.add([make_record(message=f"first {number}") for number in range(1_000)])
    store.add([make_record(message=f"second {number}") for number in range(1_000)])
    store.add([make_record(message=f"row {number}") for number in range(50)])
    with database.write(durable=True) as connection:
        connection.execute(statement)
        forget_open(connection)
    index = SqliteIndex(database)
    with caplog.at_level(logging.ERROR):
        # The oldest that can be read, of which none is newer than what is damaged.
        assert store.expire(None, 500) == 500
        assert store.stats()["stored"] == 1_550
        assert in_steps(store, index, None, None, float("inf")) == 1_550 - (lost if damage == "row" else 0)
        assert in_steps(store, index, None, None, float("inf")) == 0
    assert caplog.text.count("can't be read, and keep no others from expiring") == 1
    assert store.stats()["stored"] == (lost if damage == "row" else 0)
    database.close()


def test_the_same_rows_elsewhere_are_not_taken_for_damaged(
    store: SqliteStore, make_record: MakeRecord, tmp_path_factory: pytest.TempPathFactory, database: SqliteDatabase
) -> None:
    """A restored copy of a damaged file has the same ids."""
    records = [make_record(message=f"row {number}") for number in range(3)]
    store.add(records)
    with database.write(durable=True) as connection:
        connection.execute(DAMAGES["row"][0])
    assert store.expire(None, 10) == 2
    path = tmp_path_factory.mktemp("copy") / "store.db"
    empty(path)
    other = SqliteStore(SqliteDatabase(path))
    other.add(records)
    assert other.expire(None, 10) == 3
    database.close()


def test_what_is_damaged_in_what_would_stay_keeps_nothing_from_expiring(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord
) -> None:
    """A segment of which a few logs are due is written anew, for which all of it is read."""
    store.add([make_record(message=f"other {number}") for number in range(1_000)])
    records = [make_record(message=str(number), metadata={"k": f"{number:0100}"}) for number in range(1_000)]
    store.add(records)
    with database.write(durable=True) as connection:
        connection.execute(SEGMENT.format("docs7"))
        forget_open(connection)
    assert store.expire(None, 1_010) == 1_000
    # Nothing is older now.
    assert store.expire(None, 1_010) == 1_000
    database.close()


def test_what_is_too_old_by_every_rule_goes_beside_what_is_damaged(settings: Settings, make_record: MakeRecord) -> None:
    """Which rule finds a damaged log nobody can say, and that is a fault; it keeps no other log for ever."""
    backends = connect(settings)
    records = [make_record(message=str(number), metadata={"k": f"{number:0100}"}) for number in range(3_000)]
    for start in range(0, 3_000, 1_000):
        backends.queue.put([Envelope(records[start : start + 1_000])])
        assert backends.move is not None
        assert backends.move(1_000, 0) == 1_000
    database = SqliteDatabase(settings.database)
    with database.write(durable=True) as connection:
        connection.execute(SEGMENT.format("docs3").replace("max(first)", "min(first)"))
        forget_open(connection)
    database.close()
    later, rules = max(record.received for record in records) + 4 * 3_600_000, parse("level:debug 3h")
    with pytest.raises(Damaged, match=r"places 1 to 1000.* can't be read"):
        retire(backends.record, backends.index, Retention(3_600), rules, now=later)
    assert backends.record.store.stats()["stored"] == 0
    backends.close()


@pytest.mark.parametrize("part", ["keys", "skeletons"])
def test_a_damaged_segment_goes_when_all_its_logs_are_too_old(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, part: str
) -> None:
    """Its row says when they arrived; one that is damaged, too, keeps it."""
    records = [make_record(message=f"w {number}") for number in range(2_000)]
    for start in (0, 1_000):
        store.add(records[start : start + 1_000])
    with database.write(durable=True) as connection:
        connection.execute(SEGMENT.format(part))
        forget_open(connection)
    assert store.expire(records[-1].received, 10_000) <= 1_000
    assert store.stats()["stored"] >= 1_000
    end = records[-1].received + 1
    with database.write(durable=True) as connection:
        connection.execute("UPDATE segments SET last_id = zeroblob(16) WHERE first = (SELECT max(first) FROM segments)")
        forget_open(connection)
    store.expire(end, 10_000)
    assert store.stats()["stored"] == 1_000
    with database.write(durable=True) as connection:
        connection.execute(
            "UPDATE segments SET last_id = ? WHERE first = (SELECT max(first) FROM segments)",
            (max(one.id for one in records),),
        )
        forget_open(connection)
    assert store.expire(end, 10_000) == 1_000
    assert store.stats()["stored"] == 0
    database.close()


@pytest.mark.parametrize("part", ["keys", "skeletons"])
def test_a_damaged_segment_without_checksums_goes_too(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, part: str
) -> None:
    """As an earlier release wrote it: its row says when its logs arrived, unless it can't be what was written."""
    records = [make_record(message=f"w {number}") for number in range(1_000)]
    store.add(records)
    end = records[-1].received + 1
    with database.write(durable=True) as connection:
        connection.execute(SEGMENT.format(part))
        connection.execute("UPDATE segments SET checksum = NULL, last_id = zeroblob(16)")
        forget_open(connection)
    store.expire(end, 10_000)
    assert store.stats()["stored"] == 1_000
    with database.write(durable=True) as connection:
        connection.execute("UPDATE segments SET last_id = ?", (max(one.id for one in records),))
        forget_open(connection)
    assert store.expire(records[0].received, 10_000) == 0
    assert store.expire(end, 10_000) == 1_000
    database.close()


def test_an_index_in_a_file_of_its_own_lets_damaged_logs_expire(
    database: SqliteDatabase, make_record: MakeRecord
) -> None:
    """As the record does in its file."""
    index = SqliteIndex(database, shared=False)
    records = [make_record(message=f"w {number}") for number in range(1_000)]
    index.add(records)
    with database.write(durable=True) as connection:
        assert connection.execute("SELECT count(*) FROM segments").fetchone()[0] == 1
        connection.execute(SEGMENT.format("keys"))
        forget_open(connection)
    assert index.expire(records[0].received, 10_000) == 0
    assert index.expire(records[-1].received + 1, 10_000) == 1_000
    with database.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM segments").fetchone()[0] == 0
    database.close()


@pytest.mark.parametrize("column, value", [("t", "'x'"), ("ns", "'x'"), ("level", "x'07'"), ("id", "7"), ("doc", "7")])
def test_a_row_with_a_value_of_another_type_is_damaged(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, column: str, value: str
) -> None:
    """SQLite keeps any type in any column; the other logs are found, and expire."""
    records = [make_record(message=f"row {number}") for number in range(3)]
    store.add(records)
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE logs SET {column} = {value} WHERE place = (SELECT min(place) FROM logs)")
    with pytest.raises(Damaged, match="its row is not what was written"):
        store.after(0, 10)
    with passing() as found:
        assert [record.message for _, record in store.after(0, 10)] == ["row 1", "row 2"]
        assert len(found) == 1
    assert store.expire(None, 10) == 2
    database.close()
