"""The commands that print logs: find, tail, export, stats, queue status."""

from __future__ import annotations

import csv
import io
import json
import signal
from pathlib import Path

import pytest

from app.backends import Backends
from app.log.envelope import Envelope
from app.log.record import LogRecord
from tests.cli.conftest import Commands, Processes
from tests.conftest import Fill, MakeRecord
from tests.e2e.program import wait_for


@pytest.fixture
def five(make_record: MakeRecord, fill: Fill) -> list[LogRecord]:
    """Five logs, a second apart, oldest first."""
    records = [
        make_record(level=level, message=f"message {n}", resource_id=f"server-{n % 2}", t=1_700_000_000_000 + n * 1000)
        for n, level in enumerate(("info", "ERROR", "warn", "error", "info"))
    ]
    fill(records)
    return records


def test_find_prints_a_line_for_each_log_newest_first(five: list[LogRecord], command: Commands) -> None:
    """Time, level, resource, message."""
    printed = command("find", "level:error")
    assert printed.stdout.splitlines() == [
        "2023-11-14T22:13:23Z error server-1 message 3",
        "2023-11-14T22:13:21Z ERROR server-1 message 1",
    ]
    assert printed.stderr == ""


def test_find_takes_window_order_and_limit(five: list[LogRecord], command: Commands) -> None:
    """Words of the query need no quotes; what is left over is said."""
    window = ("--from", "2023-11-14T22:13:21Z", "--to", "2023-11-14T22:13:23Z")
    found = command.json("find", "message", "NOT", "level:warn", *window, "--sort", "asc")
    assert [log["message"] for log in found] == ["message 1", "message 3"]
    printed = command("find", "--limit", "2")
    assert len(printed.stdout.splitlines()) == 2
    assert "2 of 5 logs" in printed.stderr


def test_find_export_and_tail_take_a_zone(five: list[LogRecord], command: Commands) -> None:
    """Times are shown with its offset, and those given without one are of it."""
    window = ("--tz", "Asia/Kathmandu", "--from", "2023-11-15 03:58:24")
    assert command("find", *window).stdout == "2023-11-15T03:58:24.000+05:45 info  server-0 message 4\n"
    (found,) = command.json("find", *window)
    assert found["timestamp"] == "2023-11-15T03:58:24.000+05:45"
    assert json.loads(command("export", *window).stdout) == found


def test_find_as_json_is_one_array_of_logs_as_the_api_shows_them(five: list[LogRecord], command: Commands) -> None:
    """Empty when nothing fits."""
    found = command.json("find", "message 4")
    assert found == [five[4].to_dict()]
    assert command.json("find", "nothing") == []
    assert "no log fits" in command("find", "nothing").stderr


def test_find_says_what_it_cannot_see(backends: Backends, make_record: MakeRecord, command: Commands) -> None:
    """Accepted logs that wait are counted on standard error, with what would store them."""
    backends.queue.put([Envelope([make_record(), make_record()])])
    printed = command("find", "--json")
    assert printed.stdout == "[]\n"
    assert (
        "2 accepted logs can't be found yet; `logingestor serve` or `logingestor worker` stores them" in printed.stderr
    )


def test_find_says_what_is_stored_and_not_indexed(
    backends: Backends, make_record: MakeRecord, command: Commands
) -> None:
    """These a worker indexes; they are not waiting to be stored."""
    backends.store.add([make_record()])
    printed = command("find", "--json")
    said = (
        "1 accepted log can't be found yet; `logingestor serve` or `logingestor worker` indexes them: they are stored"
    )
    assert (printed.stdout, said in printed.stderr) == ("[]\n", True)


def test_log_that_would_act_on_a_terminal_is_only_shown(fill: Fill, make_record: MakeRecord, command: Commands) -> None:
    """Escapes, line feeds, and characters that turn the line around are written as codes."""
    hostile = "a\x1b[31m\r\nb\u202ec\x07"
    fill([make_record(message=hostile, level="\x1b[5m", resource_id="\x9b31m")])
    for words in (("find",), ("tail", "--help"), ("find", "--json")):
        output = command(*words).output
        assert not {"\x1b", "\r", "\u202e", "\x07", "\x9b"} & set(output)
    assert "a\\x1b[31m\\r\\nb\\u202ec\\x07" in command("find").stdout
    assert command.json("find")[0]["message"] == hostile


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["find", "level:"], "q: expected a value after level: (at position 6)"),
        (["find", "--limit", "0"], "limit: "),
        (["find", "--limit", "10001"], "limit: "),
        (["find", "--limit", "x"], "'--limit'"),
        (["find", "--from", "soon"], "from: "),
        (["find", "--clock", "x"], "clock: "),
        (["find", "--tz", "Nowhere"], "tz: “Nowhere” is neither"),
        (["export", "--tz", "Nowhere"], "tz: "),
        (["tail", "--tz", "Nowhere"], "tz: "),
        (["find", "--sort", "up"], "sort: "),
        (["find", "message:/(/"], "q: "),
        (["find", "--nope"], "--nope"),
        (["tail", "a:("], "q: "),
        (["tail", "-n", "10001"], "10001"),
        (["export", "level:"], "q: "),
        (["export", "--format", "xml"], "format: "),
        (["export", "--columns", "nope"], "columns: nope"),
        (["nope"], "nope"),
        (["queue"], "Usage"),
        (["dead", "show"], "ID"),
    ],
)
def test_what_cannot_be_asked_ends_with_2(command: Commands, arguments: list[str], said: str) -> None:
    """With a sentence that names the place, and nothing on standard output."""
    printed = command(*arguments, code=2)
    assert said in printed.stderr
    assert printed.stdout == ""


def test_export_writes_every_log(five: list[LogRecord], command: Commands, tmp_path: Path) -> None:
    """NDJSON on standard output, oldest or newest first; to a file by its name, as CSV where it ends so."""
    lines = command("export", "--sort", "asc").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [record.to_dict() for record in five]
    path = tmp_path / "out.csv"
    printed = command("export", "level:error", "--columns", "level,message", "-o", path)
    assert (printed.stdout, printed.stderr) == ("", f"wrote 2 logs to {path}\n")
    rows = list(csv.reader(io.StringIO(path.read_text())))
    assert rows == [["level", "message"], ["error", "message 3"], ["ERROR", "message 1"]]


def test_export_that_fails_leaves_no_file(five: list[LogRecord], command: Commands, tmp_path: Path) -> None:
    """Neither a new one nor the old one broken; exit 1 where the disk is at fault, 2 where the caller is."""
    assert "No such file" in command("export", "-o", tmp_path / "none" / "out", code=1).stderr
    path = tmp_path / "out"
    path.write_text("before")
    command("export", "--format", "xml", "-o", path, code=2)
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir() if one.name != "data"] == ["out"]


def test_stats(five: list[LogRecord], backends: Backends, make_record: MakeRecord, command: Commands) -> None:
    """What is stored and what waits, in figures; as a table for people."""
    backends.queue.put([Envelope([make_record()])])
    found = command.json("stats")
    assert (found["stored"], found["waiting"], found["unindexed"], found["dead_letters"]) == (5, 1, 0, 0)
    assert found["oldest_received"] <= found["newest_received"]
    assert 0 < found["bytes"] <= found["bytes_on_disk"]
    table = command("stats").stdout
    assert "stored                5\n" in table
    assert len(table.splitlines()) == len(found)


def test_queue_status(backends: Backends, make_record: MakeRecord, command: Commands) -> None:
    """How many wait, since when, and the room they may take."""
    nothing = {"logs": 0, "bytes": 0, "oldest": None, "lag_ms": 0, "limit": 10 << 30, "paused": None}
    assert command.json("queue", "status") == nothing
    record = make_record()
    backends.queue.put([Envelope([record])])
    found = command.json("queue", "status")
    assert (found["logs"], found["bytes"] > 0, found["lag_ms"] >= 0) == (1, True, True)
    assert found["oldest"] == record.to_dict()["received"]
    assert command("queue", "status").stdout.startswith("1 log waits, the oldest since ")


@pytest.mark.system
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_tail_follows_until_it_is_stopped(
    five: list[LogRecord], processes: Processes, fill: Fill, make_record: MakeRecord, number: signal.Signals
) -> None:
    """The newest that fit, then each log that is stored, once, in order; Ctrl-C ends it with 0."""
    process = processes.start("tail", "level:error", "--json", "-n", "1")
    assert process.stdout is not None
    seen = [json.loads(process.stdout.readline())]
    for n in range(3):
        record = make_record(level="error", message=f"new {n}")
        fill([make_record(message="other"), record])
        seen.append(json.loads(process.stdout.readline()))
    process.send_signal(number)
    rest, errors = process.communicate(timeout=150)
    assert [log["message"] for log in seen] == ["message 3", "new 0", "new 1", "new 2"]
    assert (process.returncode, rest, errors) == (0, b"", b"")


@pytest.mark.system
@pytest.mark.parametrize("words", [["export"], ["find", "--limit", "10000"], ["tail", "-n", "10000"]])
def test_reader_that_leaves_is_no_fault(
    processes: Processes, fill: Fill, make_record: MakeRecord, words: list[str]
) -> None:
    """`| head -1` ends the command without a traceback."""
    fill([make_record(message="x" * 100) for _ in range(5_000)])
    process = processes.start(*words)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    wait_for(lambda: process.poll() is not None, 120, "the end")
    assert process.stderr is not None
    assert (process.returncode, process.stderr.read()) == (0, b"")
    process.stderr.close()
