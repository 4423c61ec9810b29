"""Damaged logs: each command goes on with all others, says which these are, and ends with 1."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.backends import Backends
from app.damage import passing
from app.errors import Damaged
from app.log.envelope import Envelope
from app.log.record import LogRecord
from app.ports.parts import Mending
from app.query.language.parse import parse
from app.query.query import Query
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index.scan import marking
from app.systems.sqlite.segments.directory import changed
from tests.cli.conftest import Commands, Processes
from tests.cli.test_keeping import on
from tests.conftest import Fill, MakeRecord
from tests.former import forget_open

#: Logs of a segment; the second of three is damaged.
LOGS = 300
NAMED = "damaged and not in {}: the 300 logs at the places 301 to 600, received from 20"
FLIPPED = "CAST(substr({0}, 1, 9) || x'ff' || substr({0}, 11) AS BLOB)"
CUT = "substr({0}, 1, length({0}) / 2)"
COLUMNS = ("keys", "fields", "skeletons", "variables", "digits", "docs0")
#: What stands in the place of a part.
DAMAGES = [
    *((column, FLIPPED.format(column)) for column in COLUMNS),
    *((column, CUT.format(column)) for column in COLUMNS),
    *((column, other) for column in COLUMNS for other in ("5", "'text'", "x''")),
    ("docs0", "NULL"),
    ("docs1", "NULL"),
]


@pytest.fixture
def database(settings: Settings, backends: Backends) -> Iterator[SqliteDatabase]:
    """The file of the test's backends."""
    database = SqliteDatabase(settings.database)
    yield database
    database.close()


@pytest.fixture
def records(backends: Backends, make_record: MakeRecord) -> list[LogRecord]:
    """Logs in three segments, those of which that differ have all parts."""
    found = [
        make_record(message=f"w{number} of all", trace_id=f"{number:032x}", metadata={"n": f"{number:0100}"})
        for number in range(3 * LOGS)
    ]
    for start in range(0, len(found), LOGS):
        backends.queue.put([Envelope(found[start : start + LOGS])])
        assert backends.move is not None
        assert backends.move(1_000, 0) == LOGS
    return found


def damage(database: SqliteDatabase, column: str = "skeletons", other: str = FLIPPED.format("skeletons")) -> None:
    """Damage the second segment."""
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE segment_columns SET {column} = {other} WHERE first = {LOGS + 1}")
        forget_open(connection)


@pytest.mark.parametrize(("column", "other"), DAMAGES)
def test_find_and_backup_go_on(
    records: list[LogRecord], database: SqliteDatabase, command: Commands, tmp_path: Path, column: str, other: str
) -> None:
    """Whatever is damaged, and however."""
    damage(database, column, other)
    found = command("find", "all", "--limit", "1000", "--json", code=1)
    assert NAMED.format("the answer") in found.stderr
    assert "the answer lacks 300 logs that can't be read; `logingestor doctor`" in found.stderr
    left = {record.to_dict()["id"] for record in [*records[:LOGS], *records[2 * LOGS :]]}
    assert {one["id"] for one in json.loads(found.stdout)} == left
    # Its total is of kept counts, which have logs that nobody can read.
    found = command("find", "level:info", "--limit", "400", code=1)
    assert f"400 of at least {3 * LOGS} logs" in found.stderr
    made = command("backup", tmp_path / "x.zst", "--json", code=1)
    assert NAMED.format("the backup") in made.stderr
    assert json.loads(made.stdout)["logs"] == 2 * LOGS
    line = next(one for one in command.json("doctor", code=1) if one["check"] == "checksums")
    assert "the 300 logs at the places 301 to 600" in line["found"]


def test_a_backup_says_what_it_lacks(
    records: list[LogRecord], database: SqliteDatabase, command: Commands, settings: Settings, tmp_path: Path
) -> None:
    """Whenever it is looked at, and when it is restored; what is in it comes back, and what came later stays."""
    damage(database)
    command("backup", tmp_path / "x.zst", code=1)
    checked = command("restore", tmp_path / "x.zst", "--check", code=1)
    assert NAMED.format("the backup") in checked.stderr
    assert "is whole" not in checked.stdout
    found = command.json("restore", tmp_path / "x.zst", "--check", code=1)
    assert (found["whole"], found["logs"], found["unread"][0]["logs"]) == (False, 2 * LOGS, LOGS)
    other = on(Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path / "other")}))
    other("db", "upgrade")
    assert NAMED.format("the backup") in other("restore", tmp_path / "x.zst", code=1).stderr
    assert other.json("stats")["stored"] == 2 * LOGS


def test_an_export_to_a_file_looks_not_whole(
    records: list[LogRecord], database: SqliteDatabase, command: Commands, tmp_path: Path
) -> None:
    """Its name says so; to standard output the exit code does."""
    damage(database)
    made = command("export", "all", "-o", tmp_path / "x.ndjson", code=1)
    assert NAMED.format("the export") in made.stderr
    assert [path.name for path in tmp_path.glob("*.ndjson*")] == ["x.ndjson.incomplete"]
    assert len((tmp_path / "x.ndjson.incomplete").read_text().splitlines()) == 2 * LOGS
    assert len(command("export", "all", code=1).stdout.splitlines()) == 2 * LOGS
    # Nor does an older one look like it, until it is whole again.
    (tmp_path / "x.ndjson").write_text("older")
    command("export", "all", "-o", tmp_path / "x.ndjson", code=1)
    assert sorted(path.name for path in tmp_path.glob("*.ndjson*")) == ["x.ndjson.before", "x.ndjson.incomplete"]
    assert (tmp_path / "x.ndjson.before").read_text() == "older"
    command("export", "all", "-o", tmp_path / "x.ndjson", "--clock", "received", "--to", "now-100d")
    assert sorted(path.name for path in tmp_path.glob("*.ndjson*")) == ["x.ndjson", "x.ndjson.before"]
    # A window without damaged logs is whole.
    window = ("--clock", "received", "--to", "now-100d")
    assert command("export", "all", *window).stdout == ""


@pytest.mark.parametrize("column", ["keys", "skeletons"])
def test_a_rebuild_goes_on_and_hides_nothing(
    records: list[LogRecord], database: SqliteDatabase, command: Commands, backends: Backends, column: str
) -> None:
    """The new index knows that there are logs which it could not read: no total is given without them."""
    damage(database, column, FLIPPED.format(column))
    assert NAMED.format("the index") in command("rebuild", code=1).stderr
    for words in ("all", "level:info", "*"):
        found = command("find", words, "--limit", "1000", "--json", code=1)
        assert NAMED.format("the answer") in found.stderr
        assert len(json.loads(found.stdout)) == 2 * LOGS
    missing = records[LOGS].to_dict()["id"]
    assert NAMED.format("the answer") in command("find", f'id:"{missing}"', code=1).stderr
    if column == "keys":
        assert NAMED.format("the comparison") in command("audit", code=1).stderr
    else:
        # What needs none of them is answered as ever.
        assert len(command.json("find", "*", "--limit", "5")) == 5


def test_a_rebuild_that_was_ended_names_the_damage_before_its_end(
    records: list[LogRecord], database: SqliteDatabase, command: Commands, backends: Backends
) -> None:
    """Another run goes on, and may never read there."""
    damage(database)
    assert backends.index.begin_rebuild()  # type: ignore[attr-defined]
    with passing() as found:
        first = backends.store.after(0, LOGS)
        backends.index.rebuild_add([record for _, record in first], LOGS)  # type: ignore[attr-defined]
        others = backends.store.after(LOGS, 2 * LOGS)
        backends.index.rebuild_add([record for _, record in others], 3 * LOGS)  # type: ignore[attr-defined]
    assert len(found) == 1
    assert NAMED.format("the index") in command("rebuild", code=1).stderr
    assert command("find", "all", code=1)


def test_a_damaged_newest_log_stops_nothing_else(
    backends: Backends, make_record: MakeRecord, database: SqliteDatabase, command: Commands, tmp_path: Path
) -> None:
    """It is a row, and its id names it."""
    some = [make_record(message=f"row {number}") for number in range(5)]
    backends.store.indexed([backends.store.add(some).mark])
    with database.write(durable=True) as connection:
        connection.execute("UPDATE logs SET doc = substr(doc, 1, 4) WHERE place = 3")
    made = command("backup", tmp_path / "x.zst", code=1)
    assert f"damaged and not in the backup: the log with the id {some[2].id.hex()}, received at 20" in made.stderr
    assert command.json("restore", tmp_path / "x.zst", "--check", code=1)["logs"] == 4


@pytest.mark.parametrize("column", ["keys", "skeletons", "docs0"])
def test_damaged_logs_are_let_go_of_and_come_back_from_a_backup(
    records: list[LogRecord], database: SqliteDatabase, command: Commands, tmp_path: Path, column: str
) -> None:
    """As docs/operations.md says it, step by step; then all is as before."""
    command("backup", tmp_path / "x.zst")
    damage(database, column, FLIPPED.format(column))
    dropped = command("rebuild", "--drop-damaged")
    assert "damaged and deleted: the 300 logs at the places 301 to 600, received from 20" in dropped.stderr
    assert command.json("stats")["stored"] == 2 * LOGS
    assert len(command.json("find", "all", "--limit", "1000")) == 2 * LOGS
    command("backup", tmp_path / "y.zst")
    assert command.json("restore", tmp_path / "x.zst", "--merge")["new"] == LOGS
    assert command.json("stats")["stored"] == 3 * LOGS
    line = next(one for one in command.json("doctor", code=1) if one["check"] == "checksums")
    assert line["ok"]
    assert command.json("rebuild", "--drop-damaged")["dropped"] == []
    assert len(command.json("find", "all", "--limit", "1000")) == 3 * LOGS


def test_counts_are_right_when_damaged_logs_have_gone(
    records: list[LogRecord], database: SqliteDatabase, backends: Backends
) -> None:
    """Before the index is made anew, too."""
    damage(database)
    assert isinstance(backends.store, Mending)
    assert [one.logs for one in backends.store.drop_damaged()] == [LOGS]
    for text in ("*", "level:info", "all"):
        found = backends.index.find(Query(parse(text, 0), limit=5, count="exact"))
        assert (found.total, found.exact) == (2 * LOGS, True)
    facets = backends.index.facets(Query(parse("*", 0)), ["level"], 5)
    assert [(one.value, one.count) for one in facets.fields["level"]] == [("info", 2 * LOGS)]


@pytest.mark.parametrize("logs", [0, -5, 1 << 62])
def test_after_a_rebuild_no_count_is_given_without_logs_that_nobody_can_count(
    records: list[LogRecord], database: SqliteDatabase, command: Commands, backends: Backends, logs: int
) -> None:
    """Of a segment whose row says nothing that is true."""
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE segments SET stamp = 7, logs = {logs} WHERE first = {LOGS + 1}")
        forget_open(connection)
    command("rebuild", code=1)
    with pytest.raises(Damaged):
        backends.index.facets(Query(parse("*", 0)), ["level"], 5)


def test_what_a_killed_run_left_goes_with_the_next(
    records: list[LogRecord], database: SqliteDatabase, command: Commands
) -> None:
    """It had deleted the row of a segment, and not its parts."""
    damage(database)
    with database.write(durable=True) as connection:
        connection.execute(f"DELETE FROM segments WHERE first = {LOGS + 1}")
        changed(connection)
    assert command.json("rebuild", "--drop-damaged")["dropped"] == []
    with database.snapshot() as connection:
        assert connection.execute("SELECT first FROM segment_columns").fetchall() == [(1,), (2 * LOGS + 1,)]


def test_a_damaged_row_of_a_segment_is_written_anew(
    records: list[LogRecord], database: SqliteDatabase, command: Commands
) -> None:
    """Its logs can be read, and stay."""
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE segments SET last_id = zeroblob(16), logs = 7 WHERE first = {LOGS + 1}")
        forget_open(connection)
    assert command.json("rebuild", "--drop-damaged")["dropped"] == []
    assert next(one for one in command.json("doctor") if one["check"] == "checksums")["ok"]
    assert len(command.json("find", "all", "--limit", "1000")) == 3 * LOGS


def test_damaged_rows_are_let_go_of(
    backends: Backends, make_record: MakeRecord, database: SqliteDatabase, command: Commands
) -> None:
    """They are named by their ids."""
    some = [make_record(message=f"row {number}") for number in range(5)]
    backends.store.indexed([backends.store.add(some).mark])
    with database.write(durable=True) as connection:
        connection.execute("UPDATE logs SET doc = 5 WHERE place = 3")
    line = next(one for one in command.json("doctor", code=1) if one["check"] == "checksums")
    assert f"1 can't be read: the log with the id {some[2].id.hex()}" in line["found"]
    assert command.json("rebuild", "--drop-damaged")["dropped"][0]["logs"] == 1
    assert [one["message"] for one in command.json("find", "row", "--sort", "asc")] == [
        "row 0",
        "row 1",
        "row 3",
        "row 4",
    ]
    assert next(one for one in command.json("doctor") if one["check"] == "checksums")["ok"]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE minutes SET count = count + 1", "the counts by minute"),
        ("UPDATE counts SET count = 3 WHERE field = 'level'", "the counts by level"),
        ("DELETE FROM counts WHERE field = 'resourceId'", "the counts by resourceId"),
        ("UPDATE counts SET count = 3 WHERE value LIKE 'metadata.n%'", "the counts of fields"),
        ("DELETE FROM counts WHERE value LIKE 'traceId%'", "the counts of fields"),
        ("UPDATE blocks SET low_t = high_t + 1", "the bounds of the places 0 to 1023"),
        ("UPDATE blocks SET last_id = first_id", "the bounds of the places 0 to 1023"),
        ("DELETE FROM blocks", "the bounds of the places 0 to 1023"),
    ],
)
def test_doctor_counts_again_what_an_index_keeps(
    backends: Backends, make_record: MakeRecord, database: SqliteDatabase, command: Commands, statement: str, named: str
) -> None:
    """Bounds and counts have no checksum; a rebuild makes them anew. Logs that were deleted leave all as it is."""
    some = [
        make_record(
            message=f"w{number}",
            resource_id=f"r{number % 3}",
            trace_id=f"{number:032x}" if number % 4 else None,
            metadata={"n": number, "who": {"name": "x"}} if number % 2 else {"n": [1, "a"]},
        )
        for number in range(LOGS + 20)
    ]
    for part in (some[:LOGS], some[LOGS:]):
        backends.queue.put([Envelope(part)])
        assert backends.move is not None
        assert backends.move(1_000, 0) == len(part)
    backends.store.delete([some[5].id, some[-1].id])

    def line(code: int) -> dict[str, Any]:
        return next(one for one in command.json("doctor", code=code) if one["check"] == "checksums")

    assert line(0)["ok"]
    with database.write(durable=True) as connection:
        connection.execute(statement)
    found = line(1)
    assert f"1 are not those of the logs: {named}" in found["found"]
    assert "`logingestor rebuild`" in found["advice"]
    command("rebuild")
    assert line(0)["ok"]


@pytest.mark.parametrize("column", ["keys", "skeletons"])
def test_a_delete_goes_on_and_names_what_it_could_not_search(
    records: list[LogRecord], database: SqliteDatabase, command: Commands, column: str
) -> None:
    """All else that fits goes; what is damaged stays until it is let go of."""
    damage(database, column, FLIPPED.format(column))
    counted = command("delete", "all", "--dry-run", code=1)
    assert NAMED.format("what was searched") in counted.stderr
    deleted = command("delete", "all", "--yes", code=1)
    assert f"deleted {2 * LOGS:,} logs" in deleted.stdout
    assert NAMED.format("what was searched") in deleted.stderr
    assert command.json("stats")["stored"] == LOGS
    assert command.json("rebuild", "--drop-damaged")["dropped"][0]["logs"] == LOGS
    assert command.json("stats")["stored"] == 0


@pytest.mark.parametrize("column", ["keys", "skeletons"])
def test_logs_that_come_among_damaged_ones_are_stored_and_found(
    backends: Backends, make_record: MakeRecord, database: SqliteDatabase, command: Commands, column: str
) -> None:
    """Their ids lie between those of a segment that can't say which it has: they are accepted, hence never refused, nor dead letters."""
    some = [make_record(message=f"w{number}") for number in range(2 * LOGS + 20)]
    first, later = some[: 2 * LOGS : 2], [*some[1 : 2 * LOGS : 2], *some[2 * LOGS :]]
    assert backends.move is not None
    backends.queue.put([Envelope(first)])
    assert backends.move(1_000, 0) == LOGS
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE segment_columns SET {column} = {FLIPPED.format(column)}")
        forget_open(connection)
    for start in range(0, len(later), 100):
        backends.queue.put([Envelope(later[start : start + 100])])
        assert backends.move(1_000, 0) == len(later[start : start + 100])
    assert command.json("stats")["dead_letters"] == 0
    found = json.loads(command("find", "*", "--limit", "1000", "--json", code=1).stdout)
    assert {one["id"] for one in found} == {record.to_dict()["id"] for record in later}
    assert backends.store.get([later[7].id, later[-1].id]) == [later[7], later[-1]]


@pytest.mark.parametrize(
    "other",
    [
        "logs = 'text'",
        "logs = x''",
        "stamp = 'text'",
        "stamp = 2.5",
        "stamp = x'00ff'",
        "stamp = 7, logs = 0",
        "stamp = 7, logs = 2.5",
        "stamp = 7, logs = -5",
        "stamp = 7, logs = 1 << 62",
        "stamp = 7, last = 'text'",
        "stamp = 7, last = 2.5",
        "stamp = 7, first_id = 5, last_id = 'text'",
    ],
)
def test_a_row_of_a_segment_may_hold_anything(
    records: list[LogRecord], database: SqliteDatabase, command: Commands, other: str
) -> None:
    """SQLite keeps a value of any type in any column."""
    with database.write(durable=True) as connection:
        connection.execute(f"UPDATE segments SET {other} WHERE first = {LOGS + 1}")
        forget_open(connection)
    code = int(other.startswith("stamp"))
    for query in ("all", "* NOT absent"):
        found = command("find", query, "--limit", "1000", "--json", code=code).stdout
        assert len(json.loads(found)) == (3 - code) * LOGS
    assert not next(one for one in command.json("doctor", code=1) if one["check"] == "checksums")["ok"]
    assert len(command.json("rebuild", "--drop-damaged")["dropped"]) == code
    assert next(one for one in command.json("doctor") if one["check"] == "checksums")["ok"]


@pytest.mark.system
def test_tail_goes_on_beside_damaged_logs(
    records: list[LogRecord], database: SqliteDatabase, processes: Processes, fill: Fill, make_record: MakeRecord
) -> None:
    """It names them as it meets them, and ends with 1."""
    damage(database)
    process = processes.start("tail", "of", "-n", "400", "--json")
    assert process.stdout is not None
    seen = [json.loads(process.stdout.readline()) for _ in range(400)]
    fill([make_record(message="new of all")])
    seen.append(json.loads(process.stdout.readline()))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=150)
    assert [log["message"] for log in (seen[0], seen[-1])] == ["w200 of all", "new of all"]
    assert process.returncode == 1
    assert b"the 300 logs at the places 301 to 600" in errors
    assert b"what was shown lacks 300 logs" in errors


def test_counts_are_right_when_damaged_logs_go_amid_a_rebuild(
    records: list[LogRecord], database: SqliteDatabase, backends: Backends, command: Commands
) -> None:
    """The new index had taken them in before they were damaged; doctor says that its counts are not used."""
    index: Any = backends.index
    index.begin_rebuild()
    index.rebuild_add([record for _, record in backends.store.after(0, 3 * LOGS)], 3 * LOGS)
    while marking.mark(database):
        pass
    damage(database)
    assert isinstance(backends.store, Mending)
    assert [one.logs for one in backends.store.drop_damaged()] == [LOGS]
    index.finish_rebuild()
    for text in ("*", "level:info", "all", "of"):
        found = backends.index.find(Query(parse(text, 0), limit=5, count="exact"))
        assert (text, found.total, found.exact) == (text, 2 * LOGS, True)
    facets = backends.index.facets(Query(parse("*", 0)), ["level"], 5)
    assert [(one.value, one.count) for one in facets.fields["level"]] == [("info", 2 * LOGS)]
    line = next(one for one in command.json("doctor", code=1) if one["check"] == "checksums")
    assert "the counts, of which none is used" in line["found"]
    command("rebuild")
    assert next(one for one in command.json("doctor") if one["check"] == "checksums")["ok"]
