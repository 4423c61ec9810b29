"""The commands that look after data and machine: db upgrade, expire, doctor; and what all commands share."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskCliRunner

from app.backends import Backends
from app.cli import COMMANDS, load
from app.log.envelope import Envelope
from app.log.record import IdSource, LogRecord
from app.settings.settings import Retention, Settings
from app.systems.sqlite import rows
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.segments import sealing
from app.systems.sqlite.segments.places import BLOCK
from app.times.instant import now_ms
from app.version import VERSION
from app.web import create_app
from tests.cli.conftest import Commands, Processes
from tests.conftest import Fill, MakeRecord
from tests.e2e.program import ROOT
from tests.services.server import free_ports


def on(settings: Settings) -> Commands:
    """Return commands that run with these settings."""
    return Commands(FlaskCliRunner(create_app(settings)))


def test_db_upgrade_makes_the_database_and_says_where(tmp_path: Path) -> None:
    """Once more it changes nothing; a folder may have any name."""
    folder = tmp_path / "a b#c?d%20é"
    command = on(Settings.from_env({"LOGINGESTOR_DATA_DIR": str(folder)}))
    for said in ("was made", "is up to date"):
        assert command("db", "upgrade").stdout == f"{folder / 'logingestor.db'} {said}\n"
    assert command.json("find") == []


@pytest.mark.parametrize("there", ["folder", "noise", "file for a folder"])
@pytest.mark.system
def test_data_folder_that_cannot_be_used_is_said(tmp_path: Path, processes: Processes, there: str) -> None:
    """Exit 1 and a sentence for `db upgrade` and `serve`, nothing is overwritten."""
    folder = tmp_path / "other"
    path = folder / "logingestor.db"
    if there == "file for a folder":
        folder.write_text("x")
    elif there == "folder":
        path.mkdir(parents=True)
    else:
        folder.mkdir()
        path.write_bytes(os.urandom(10_000))
    before = path.read_bytes() if there == "noise" else b""
    for words in (["db", "upgrade"], ["serve"]):
        ended = processes.run(*words, code=1, DATA_DIR=str(folder), PORT="0")
        assert str(folder).encode() in ended.stderr
        assert ended.stderr.count(b"\n") == 1
    assert before == (path.read_bytes() if there == "noise" else b"")


@pytest.mark.parametrize(
    "words", ["ingest x", "find", "tail", "export", "stats", "queue status", "dead list", "expire"]
)
def test_without_a_database_a_command_says_how_to_make_one(tmp_path: Path, words: str) -> None:
    """Exit 2, and no folder appears where the name of one was mistyped."""
    command = on(Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path / "mistyped")}))
    assert "run `logingestor db upgrade`" in command(*words.split(), code=2).stderr
    assert not (tmp_path / "mistyped").exists()


def aged(make_record: MakeRecord, hours: float, **fields: Any) -> LogRecord:
    """Return a record that arrived some hours ago."""
    arrived = now_ms() - int(hours * 3_600_000)
    return make_record(id=IdSource().take(1, now=arrived).to_bytes(16, "big"), **fields)


def test_expire_deletes_what_is_older_than_the_retention(
    settings: Settings, fill: Fill, make_record: MakeRecord
) -> None:
    """By arrival: the log's own time says nothing."""
    fill([aged(make_record, 2, timestamp="9999-01-01T00:00:00Z"), make_record(timestamp="0001-01-01T00:00:00Z")])
    command = on(replace(settings, retention=Retention(3_600)))
    assert command.json("expire") == {"deleted": 1}
    assert command("expire").stdout == "deleted 0 logs\n"
    assert [log["timestamp"] for log in command.json("find")] == ["0001-01-01T00:00:00Z"]


def checks(found: list[dict[str, Any]]) -> dict[str, bool]:
    """Return for each check whether it was well."""
    return {one["check"]: one["ok"] for one in found}


@pytest.fixture
def free_port() -> int:
    """A port that nobody uses now."""
    return free_ports(1)[0]


def test_doctor_finds_all_well(settings: Settings, free_port: int) -> None:
    """A line or an object for each check, exit 0."""
    command = on(replace(settings, port=free_port))
    names = (
        "Python",
        "SQLite",
        "data folder",
        "free disk",
        "port",
        "schema",
        "record",
        "clock",
        "queue",
        "index",
        "segments",
        "checksums",
        "dead letters",
        "notifiers",
    )
    found = command.json("doctor")
    assert checks(found) == dict.fromkeys(names, True)
    assert all(one.keys() == {"check", "ok", "found", "advice"} for one in found)
    assert [line.split()[0] for line in command("doctor").stdout.splitlines()] == ["ok"] * len(names)


def test_doctor_and_stats_say_how_far_sealing_is(
    settings: Settings, backends: Backends, make_record: MakeRecord, free_port: int
) -> None:
    """Logs in segments and in rows, what is still to be sealed, and the logs for which it failed."""
    for _ in range(sealing.TAIL_LOGS // 100 + 31):
        backends.store.indexed([backends.store.add([make_record() for _ in range(100)]).mark])
    database, command = SqliteDatabase(settings.database), on(replace(settings, port=free_port))
    assert sealing.seal(database, 0, indexed=False) == 1
    found = command.json("stats")
    sealed, rows_left = found["in_segments"], found["in_rows"]
    assert (sealed, rows_left) == (BLOCK - 1, found["stored"] - sealed)
    assert 0 < found["to_be_sealed"] <= rows_left - sealing.TAIL_LOGS + BLOCK
    assert 0 < found["segment_bytes"] < found["bytes"]
    line = next(one for one in command.json("doctor") if one["check"] == "segments")
    assert line["found"].startswith(f"record: {sealed:,} logs in 1 segment of ")
    assert f"{rows_left:,} in rows, of which about {found['to_be_sealed']:,} are still to be sealed" in line["found"]
    with database.write(durable=True) as connection:
        rows.set_state(connection, sealing.FAILED, BLOCK + 19)
    line = next(one for one in command.json("doctor", code=1) if one["check"] == "segments")
    assert not line["ok"]
    assert "20 logs or more did not come back" in line["found"]
    database.close()


def test_doctor_names_damaged_segments(
    settings: Settings, backends: Backends, make_record: MakeRecord, free_port: int
) -> None:
    """By the places of their logs, and says what to do; what lies beside is found still."""
    records = [make_record(message=f"w{number}") for number in range(1_000)]
    for start in (0, 500):
        backends.queue.put([Envelope(records[start : start + 500])])
        assert backends.move is not None
        assert backends.move(1_000, 0) == 500
    command = on(replace(settings, port=free_port))

    def line(code: int) -> dict[str, Any]:
        return next(one for one in command.json("doctor", code=code) if one["check"] == "checksums")

    whole = line(0)
    assert (whole["ok"], whole["found"]) == (True, "record: 2 segments are what was written")
    database = SqliteDatabase(settings.database)
    with database.write(durable=True) as connection:
        connection.execute("INSERT INTO marks VALUES (0, x'00')")
    assert "`logingestor rebuild`" in line(1)["advice"]
    with database.write(durable=True) as connection:
        (first, packed) = connection.execute("SELECT first, keys FROM segment_columns ORDER BY first").fetchone()
        changed = packed[:-9] + bytes([packed[-9] ^ 1]) + packed[-8:]
        connection.execute("UPDATE segment_columns SET keys = ? WHERE first = ?", (changed, first))
    database.close()
    found = line(1)
    assert not found["ok"]
    assert f"1 can't be read: the 500 logs at the places {first} to {first + 499}, received from 20" in found["found"]
    assert "what makes searches quicker is damaged of: the places 0 to 1023" in found["found"]
    assert "what lies in a backup" in found["advice"]
    assert "`logingestor rebuild`" in found["advice"]
    assert backends.store.get([records[700].id]) == [records[700]]


def test_doctor_names_what_is_wrong_and_what_to_do(
    settings: Settings, backends: Backends, make_record: MakeRecord, free_port: int
) -> None:
    """Full disk, port in use, logs that nobody stores or indexes, a clock that went back: each is found; exit 1."""
    backends.queue.put([Envelope([aged(make_record, 1)])])
    backends.store.add([aged(make_record, -2)])
    with socket.create_server(("127.0.0.1", free_port)):
        found = on(replace(settings, port=free_port, min_free_disk=1 << 60)).json("doctor", code=1)
    wrong = {one["check"]: one for one in found if not one["ok"]}
    assert wrong.keys() == {"free disk", "port", "clock", "queue", "index"}
    assert all(one["advice"] for one in wrong.values())


def test_doctor_looks_before_there_is_a_database(tmp_path: Path, free_port: int) -> None:
    """On an empty machine all is well; of noise in place of a database it says so."""
    folder = tmp_path / "none"
    command = on(
        Settings.from_env({"LOGINGESTOR_DATA_DIR": str(folder), "LOGINGESTOR_PORT": str(free_port)}),
    )
    assert checks(command.json("doctor"))["schema"]
    assert not folder.exists()
    folder.mkdir()
    (folder / "logingestor.db").write_bytes(b"noise" * 1_000)
    assert not checks(command.json("doctor", code=1))["schema"]


@pytest.mark.system
def test_setting_that_cannot_be_used_is_2_for_every_command(processes: Processes) -> None:
    """Named once, without a traceback."""
    for words in (["find"], ["web"], ["worker"], ["ingest", "x"], ["doctor"], ["db", "upgrade"]):
        ended = processes.run(*words, code=2, PORT="x")
        assert ended.stderr == b"LOGINGESTOR_PORT is not a whole number from 0 to 65535\n"


def test_version(command: Commands) -> None:
    """Ours, and no option of a framework among our own."""
    assert command("--version").stdout == f"LogIngestor {VERSION}\n"
    printed = command("--help").stdout
    assert "--app" not in printed
    assert all(f"  {name} " in printed for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    """The list is written without loading a command, so the table has its first sentence."""
    assert COMMANDS[name][1] == load(name).get_short_help_str(limit=1_000)


@pytest.mark.system
def test_flask_knows_the_same_commands(processes: Processes) -> None:
    """`flask --app app.web find` is `logingestor find`."""
    assert {one.name for one in entry_points(group="flask.commands")} >= COMMANDS.keys()
    for words in (["db", "upgrade"], ["find", "--json"]):
        ended = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app.web", *words],
            cwd=ROOT,
            env=processes.environment,
            capture_output=True,
            check=True,
        )
        assert ended.stderr == b""
    assert ended.stdout == b"[]\n"


def test_a_backup_makes_the_folder_that_its_name_says(command: Commands, tmp_path: Path) -> None:
    """A slash at the end names a folder, there or not; what lies at a file's name is never overwritten."""
    folder = tmp_path / "srv" / "backups"
    made = command.json("backup", f"{folder}/")
    assert Path(made["file"]).parent == folder
    assert [made["file"]] == [str(path) for path in folder.iterdir()]
    (tmp_path / "file").write_text("kept")
    for name, said in (("file", "the file"), ("file/", "is a file"), ("file/more/", "can't be made")):
        code = 1 if "more" in name else 2
        assert said in command("backup", f"{tmp_path}/{name}", code=code).stderr
    assert (tmp_path / "file").read_text() == "kept"
