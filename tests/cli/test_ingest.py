"""`logingestor ingest`: every log of every file arrives as it was written, and what can't is said and kept."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import zstandard
from flask.testing import FlaskCliRunner

from app.backends import Backends
from app.settings.settings import Settings
from app.web import create_app
from tests.cli.conftest import Commands, Processes, Stored

#: By its name each format, two logs of it, and what must be found of the first.
FORMATS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ndjson": (
        "json",
        '{"level":"error","message":"gone","timestamp":"2023-09-15T08:00:00Z"}\n{"message":"back"}\n',
        {"level": "error", "message": "gone", "timestamp": "2023-09-15T08:00:00Z"},
    ),
    "foreign names": (
        "json",
        '{"@t":"2023-09-15T08:00:00Z","@m":"gone","@l":"Error","n":1}\n{"@m":"back"}\n',
        {"level": "Error", "message": "gone", "timestamp": "2023-09-15T08:00:00Z", "metadata": {"n": 1}},
    ),
    "array": ("json", '[{"message":"gone","commit":"5e5342f"},{"message":"back"}]', {"message": "gone"}),
    "array over lines": (
        "json",
        '[\n  {\n    "message": "gone",\n    "metadata": {"a": [1, 2]}\n  },\n  {"message": "back"}\n]\n',
        {"message": "gone", "metadata": {"a": [1, 2]}},
    ),
    "objects over lines": (
        "json",
        '{\n  "message": "gone",\n  "spanId": "s"\n}\n{\n  "message": "back"\n}\n',
        {"message": "gone", "spanId": "s"},
    ),
    "syslog": (
        "syslog",
        "Feb 14 15:16:01 combo sshd[19939]: gone\nFeb 14 15:16:02 combo sshd[19939]: back\n",
        {"message": "gone", "resourceId": "combo"},
    ),
    "rfc 5424": (
        "syslog",
        "<165>1 2003-10-11T22:14:15.003Z host app 7 ID47 - gone\n<165>1 2003-10-11T22:14:16Z host app 7 ID47 - back\n",
        {"message": "gone", "level": "notice", "timestamp": "2003-10-11T22:14:15.003Z", "resourceId": "host"},
    ),
    "access": (
        "access",
        '10.0.0.1 - - [15/Sep/2023:08:00:00 +0000] "GET /gone HTTP/1.1" 500 12\n'
        '10.0.0.1 - - [15/Sep/2023:08:00:01 +0000] "GET /back HTTP/1.1" 200 12\n',
        {"level": "error", "timestamp": "2023-09-15T08:00:00Z"},
    ),
    "logfmt": (
        "logfmt",
        'time=2023-09-15T08:00:00Z level=warn msg="gone now" n=1\ntime=2023-09-15T08:00:01Z level=info msg=back n=2\n',
        {"level": "warn", "message": "gone now", "timestamp": "2023-09-15T08:00:00Z"},
    ),
    "text": (
        "text",
        "2023-09-15 08:00:00,123 ERROR gone\n2023-09-15 08:00:01,123 INFO back\n",
        {"level": "ERROR", "message": "gone", "timestamp": "2023-09-15T08:00:00.123Z"},
    ),
    "bare text": ("text", "gone\nback\n", {"message": "gone", "level": "info"}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_recognised(tmp_path: Path, command: Commands, stored: Stored, name: str) -> None:
    """Each log arrives with its time, level, origin and text, in the order of the file."""
    format, text, first = FORMATS[name]
    path = tmp_path / "logs"
    path.write_text(text)
    printed = command("ingest", path)
    assert printed.stdout == f"{path}: 2 accepted ({format})\n"
    found = stored()
    assert len(found) == 2
    assert first.items() <= found[0].items()
    assert "back" in found[1]["message"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.system
def test_every_format_is_recognised_in_a_pipe(processes: Processes, stored: Stored, name: str) -> None:
    """A pipe gives the same logs as a file."""
    format, text, first = FORMATS[name]
    ended = processes.run("ingest", "-", input=text.encode())
    assert ended.stdout.decode() == f"standard input: 2 accepted ({format})\n"
    found = stored()
    assert len(found) == 2
    assert first.items() <= found[0].items()


def zstd(data: bytes) -> bytes:
    """Return two frames, as `zstd -c` twice into one file makes."""
    return zstandard.ZstdCompressor().compress(data[:7]) + zstandard.ZstdCompressor().compress(data[7:])


#: How files are packed, of one member and of several.
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip of two members": lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]),
    "gzip with padding": lambda data: gzip.compress(data) + bytes(512),
    "bzip2": bz2.compress,
    "bzip2 of two members": lambda data: bz2.compress(data[:7]) + bz2.compress(data[7:]),
    "xz": lzma.compress,
    "zstd": zstd,
}


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_files_are_read(tmp_path: Path, command: Commands, stored: Stored, packer: str) -> None:
    """Whatever the file is called: its first bytes tell."""
    path = tmp_path / "logs"
    path.write_bytes(PACKERS[packer](b"".join(b"line %d\n" % n for n in range(2_500))))
    command("ingest", path)
    assert [log["message"] for log in stored()] == [f"line {n}" for n in range(2_500)]


@pytest.mark.system
def test_compressed_pipe_is_read(processes: Processes, stored: Stored) -> None:
    """`cat old.gz | logingestor ingest -` takes lines, not noise."""
    processes.run("ingest", "-", input=gzip.compress(b"first\nsecond\n"))
    assert [log["message"] for log in stored()] == ["first", "second"]


@pytest.mark.parametrize("packer", ["gzip", "bzip2", "xz", "zstd"])
def test_broken_file_gives_what_can_be_read(tmp_path: Path, command: Commands, stored: Stored, packer: str) -> None:
    """Exit 2 names it; the lines before the fault arrive; when the file is whole, so do the others."""
    lines = [f"line {n} {os.urandom(130).hex()}" for n in range(2_500)]
    # A block of bzip2 is read whole or not at all: small ones, so that there are some before the fault.
    pack = partial(bz2.compress, compresslevel=1) if packer == "bzip2" else PACKERS[packer]
    whole = pack("".join(f"{line}\n" for line in lines).encode())
    path = tmp_path / "logs"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    printed = command("ingest", path, code=2)
    assert f"{path}: can't be read to its end" in printed.stderr
    found = [log["message"] for log in stored()]
    assert found == lines[: len(found)]
    assert len(found) > 1_000
    path.write_bytes(whole)
    command("ingest", path)
    assert [log["message"] for log in stored()] == lines


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_marked_encodings_are_read(tmp_path: Path, command: Commands, stored: Stored, encoding: str) -> None:
    """What Windows writes, with its mark and its ends of lines."""
    text = "erste Zeile ä\r\n二行目 \U0001f600\r\n"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path = tmp_path / "logs"
    path.write_bytes((mark + text).encode(encoding))
    command("ingest", path)
    assert [log["message"] for log in stored()] == ["erste Zeile ä", "二行目 \U0001f600"]
    with path.open("ab") as file:
        file.write(
            "三\r\n".encode(
                "utf-16-be" if encoding == "utf-16-be" else encoding.replace("utf-16", "utf-16-le").removesuffix("-sig")
            )
        )
    command("ingest", path)
    assert [log["message"] for log in stored()][2:] == ["三"]


def test_bytes_of_no_encoding_are_kept_as_characters(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """A line that is not UTF-8 is Latin-1; its neighbours are not touched."""
    path = tmp_path / "logs"
    path.write_bytes("Grüße\n".encode() + "Grüße\n".encode("latin-1"))
    command("ingest", path)
    assert [log["message"] for log in stored()] == ["Grüße", "Grüße"]


BAD_LINES = [
    '{"message":"good 1"}',
    '{"message":"broken',
    '{"message":"good 2"}',
    '{"level":"info","message":5,}',
    "",
    '{"message":"m","timestamp":soon}',
    '{"message":"good 3"}',
]


def test_bad_line_costs_no_neighbour(tmp_path: Path, command: Commands, stored: Stored, backends: Backends) -> None:
    """Each is named with line, field and reason and kept as a dead letter; exit 2; the others are accepted."""
    path = tmp_path / "logs"
    path.write_text("\n".join(BAD_LINES) + "\n")
    printed = command("ingest", path, code=2)
    assert printed.stdout == f"{path}: 3 accepted, 3 refused (json)\n"
    lines = [line.removeprefix(f"{path}:") for line in printed.stderr.splitlines()[:3]]
    assert [line.partition(" ")[0] for line in lines] == ["2:", "4:", "6:"]
    assert "is not JSON" in lines[0]
    assert "is not JSON" in lines[1] and "is not JSON" in lines[2]
    assert [log["message"] for log in stored()] == ["good 1", "good 2", "good 3"]
    letters = backends.record.letters.dead()[::-1]
    assert {letter.sender for letter in letters} == {str(path)}
    assert BAD_LINES[1].encode() in [letter.payload for letter in letters]
    again = command("ingest", path)
    assert again.stdout == f"{path}: 0 accepted, 3 accepted before (json)\n"


def test_many_bad_lines_are_counted(tmp_path: Path, command: Commands) -> None:
    """Ten are shown, the rest is a number."""
    path = tmp_path / "logs"
    path.write_text('{"message":}\n' * 25)
    printed = command("ingest", path, code=2)
    assert printed.stderr.count("is not JSON") == 10
    assert "15 more were refused" in printed.stderr


def test_json_says_what_became_of_each_file(tmp_path: Path, command: Commands) -> None:
    """One array with an object for each source, and nothing else on standard output."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("one\ntwo\n")
    bad.write_text("\n".join(BAD_LINES) + "\n")
    found = command.json("ingest", good, bad, tmp_path / "none", code=2)
    nothing = {"duplicates": 0, "unfinished": False}
    assert found[0] == nothing | {
        "file": str(good),
        "format": "text",
        "accepted": 2,
        "refused": 0,
        "errors": [],
        "failed": None,
    }
    assert (found[1]["accepted"], found[1]["refused"]) == (3, 3)
    assert (found[1]["errors"][1]["line"], found[1]["errors"][1]["position"]) == (4, 28)
    assert found[2] == nothing | {
        "file": str(tmp_path / "none"),
        "format": None,
        "accepted": 0,
        "refused": 0,
        "errors": [],
        "failed": "No such file or directory",
    }
    assert [one["duplicates"] for one in command.json("ingest", good)] == [2]


def test_no_progress_bar_without_a_terminal(tmp_path: Path, command: Commands) -> None:
    """Standard error of a script holds sentences only."""
    path = tmp_path / "logs"
    path.write_text("one\n")
    assert command("ingest", path).stderr.splitlines()[0].startswith("1 accepted log can't be found yet")


def test_files_that_cannot_be_read_cost_no_other(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """A missing file, a folder and a program are named, exit 2; what stands beside them arrives."""
    binary = tmp_path / "binary"
    binary.write_bytes(os.urandom(100_000))
    good = tmp_path / "good"
    good.write_text("hello\n")
    printed = command("ingest", tmp_path / "none", tmp_path, binary, good, code=2)
    assert printed.stderr.splitlines()[:3] == [
        f"{tmp_path / 'none'}: No such file or directory",
        f"{tmp_path}: is a folder",
        f"{binary}: does not hold text",
    ]
    assert [log["message"] for log in stored()] == ["hello"]


def test_empty_files_hold_nothing(tmp_path: Path, command: Commands) -> None:
    """No fault, no log."""
    for name, data in (("empty", b""), ("blank", b"\n \n\n"), ("packed", gzip.compress(b"")), ("array", b"[]")):
        (tmp_path / name).write_bytes(data)
        assert "0 accepted" in command("ingest", tmp_path / name).stdout


def test_names_of_any_bytes_are_taken_and_only_shown(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """A name that is not UTF-8, or would act on a terminal, is a name like others."""
    for name in (b"bad\xff.log", b"\x1b[31mred.log"):
        path = os.fsdecode(os.path.join(os.fsencode(tmp_path), name))  # noqa: PTH118 - Path takes no bytes
        with open(path, "w") as file:  # noqa: PTH123
            file.write("hello\n")
        printed = command("ingest", path)
        assert "\x1b" not in printed.output
        assert "1 accepted" in printed.stdout
        assert command.json("ingest", path)[0]["duplicates"] == 1
    assert len(stored()) == 2


def test_stack_trace_is_one_log(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """Lines that go on with the one before are part of it."""
    text = "2023-09-15 08:00:00 ERROR failed\nTraceback (most recent call last):\n  File x\nValueError: no\n"
    path = tmp_path / "logs"
    path.write_text(text + "2023-09-15 08:00:01 INFO on\n")
    command("ingest", path)
    assert [log["message"] for log in stored()] == ["failed\n" + text.partition("\n")[2].rstrip("\n"), "on"]


def test_format_and_zone_can_be_said(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """A time without offset is of the zone; `plain` takes every line as it stands."""
    path = tmp_path / "logs"
    path.write_text("2023-09-15 08:00:00 ERROR failed\n")
    command("ingest", path, "--zone", "Europe/Berlin")
    plain = tmp_path / "plain"
    plain.write_text("2023-09-15 08:00:00 ERROR failed\n  more\n")
    command("ingest", plain, "--format", "plain")
    found = stored()
    assert found[0]["timestamp"] == "2023-09-15T06:00:00Z"
    assert [log["message"] for log in found[1:]] == ["2023-09-15 08:00:00 ERROR failed", "  more"]


def test_what_was_said_of_a_file_is_kept(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """With --keep for the next run, which need say nothing; without it for the one run alone."""
    path, other = tmp_path / "shop.log", tmp_path / "other.log"
    path.write_text("2023-09-15 08:00:00 ERROR failed\n")
    command("ingest", path, "--zone", "Europe/Berlin", "--first-line", "^20", "--keep")
    with path.open("a") as file:
        file.write("2023-09-15 09:00:00 ERROR failed\nINFO on\n")
    command("ingest", path)
    other.write_text("2023-09-15 08:00:00 ERROR failed\nINFO on\n")
    command("ingest", other, "--first-line", "^20")
    command("sources", "set", "*/other.log", "--zone", "Asia/Tokyo")
    with other.open("a") as file:
        file.write("2023-09-15 09:00:00 ERROR failed\nINFO on\n")
    command("ingest", other)
    found = [(log["timestamp"], log["message"]) for log in stored()]
    assert found[:2] == [("2023-09-15T06:00:00Z", "failed"), ("2023-09-15T07:00:00Z", "failed\nINFO on")]
    assert found[2] == ("2023-09-15T08:00:00Z", "failed\nINFO on")
    assert found[3:] == [("2023-09-15T00:00:00Z", "failed"), ("2023-09-15T00:00:00Z", "INFO on")]


@pytest.mark.parametrize(
    "arguments",
    [["--zone", "Nowhere/City"], ["--zone", "../etc"], ["--format", "xml"], ["--first-line", "("]],
)
def test_option_that_cannot_be_used_is_2(tmp_path: Path, command: Commands, arguments: list[str]) -> None:
    """Nothing is taken."""
    path = tmp_path / "logs"
    path.write_text("hello\n")
    assert arguments[0] in command("ingest", path, *arguments, code=2).stderr


def test_huge_line_is_cut_and_marked(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """A line over the limit of a message costs memory for the limit only, and its neighbours nothing."""
    path = tmp_path / "logs"
    path.write_bytes(b"before\n" + b"x" * (20 << 20) + b"\nafter\n")
    command("ingest", path)
    found = stored()
    assert [len(log["message"]) for log in found] == [6, 1 << 20, 5]
    assert found[1]["truncated"] is True


def test_array_over_the_limit_is_refused_with_advice(tmp_path: Path, settings: Settings) -> None:
    """An array can't be read in parts; NDJSON can."""
    path = tmp_path / "logs"
    path.write_text(json.dumps([{"message": "x" * 1000}] * 100))
    app = create_app(replace(settings, inflated_limit=10_000))
    printed = Commands(FlaskCliRunner(app))("ingest", path, code=2)
    assert "one object a line" in printed.stderr


def test_full_queue_ends_with_1_and_the_next_run_goes_on(
    tmp_path: Path, settings: Settings, command: Commands, stored: Stored
) -> None:
    """What was put stays put; nothing is lost and nothing doubled when the rest follows."""
    path = tmp_path / "logs"
    path.write_text("".join(f"line {n} {'x' * 500}\n" for n in range(10_000)))
    small = Commands(FlaskCliRunner(create_app(replace(settings, queue_limit=1 << 20))))
    assert "the queue is full" in small("ingest", path, code=1).stderr
    assert 0 < len(stored()) < 10_000
    command("ingest", path)
    assert [log["message"].split()[1] for log in stored()] == [str(n) for n in range(10_000)]


def test_without_a_database_nothing_is_made(tmp_path: Path) -> None:
    """A mistyped folder must not swallow logs: the command says how a database is made."""
    settings = Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path / "mistyped")})
    printed = Commands(FlaskCliRunner(create_app(settings)))("ingest", tmp_path / "logs", code=2)
    assert "logingestor db upgrade" in printed.stderr
    assert not (tmp_path / "mistyped").exists()


def test_a_year_that_is_left_out_lies_before_the_last_change(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """A syslog file of February 2022 tells of 2022 and of the winter before; what it was a day ago is no matter."""
    file = tmp_path / "syslog"
    file.write_text("Nov 30 08:00:00 vm a[1]: one\nDec  1 08:00:00 vm a[1]: two\nFeb 27 08:00:00 vm a[1]: three\n")
    changed = datetime(2022, 2, 28, tzinfo=UTC).timestamp()
    os.utime(file, (changed, changed))
    command("ingest", file)
    assert [log["timestamp"][:10] for log in stored()] == ["2021-11-30", "2021-12-01", "2022-02-27"]


def test_nul_bytes_before_the_text_cost_nothing(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """A file that was truncated while a program wrote to it begins so."""
    file = tmp_path / "app.log"
    file.write_bytes(b"\0" * 9_000 + b"2026-11-29 08:00:00 ERROR shop: failed\n")
    command("ingest", file)
    (log,) = stored()
    assert (log["message"], log["metadata"]["gap"]) == ("failed", "9,000 NUL bytes before this log")
