"""Files that are taken again: a re-run adds nothing, growth adds what is new, and no crash loses or doubles a line."""

from __future__ import annotations

import gzip
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.accept.accept import Accept
from app.backends import Backends
from app.files.ledger import TakenFile
from app.settings.settings import Settings
from tests.cli.conftest import Commands, Processes, Stored
from tests.e2e.program import ROOT, wait_for

#: Rounds of kill -9.
ROUNDS = 10


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of logs."""
    folder = tmp_path / "logs"
    folder.mkdir()
    made = folder / "app.log"
    made.write_text("line 0\nline 1\n")
    return made


def add(path: Path, text: str) -> None:
    """Write on at the end of the file."""
    with path.open("a") as file:
        file.write(text)


def leave(path: Path) -> None:
    """Let the file be one to which nobody has written for a while."""
    before = time.time() - 120
    os.utime(path, (before, before))


def messages(stored: Stored) -> list[str]:
    """Return the messages of all logs, in the order of storing."""
    return [log["message"] for log in stored()]


def test_second_run_adds_nothing(path: Path, command: Commands, stored: Stored) -> None:
    """By whatever name the file is called."""
    command("ingest", path)
    link = path.with_name("link")
    link.symlink_to(path)
    for name in (path, path.parent / ".." / "logs" / "app.log", link):
        assert "0 accepted, 2 accepted before" in command("ingest", name).stdout
    assert messages(stored) == ["line 0", "line 1"]


def test_grown_file_adds_what_is_new(path: Path, command: Commands, stored: Stored) -> None:
    """Each run takes only the lines behind the last one."""
    for n in range(2, 6):
        command("ingest", path)
        add(path, f"line {n}\n")
    assert "1 accepted, 5 accepted before" in command("ingest", path).stdout
    assert messages(stored) == [f"line {n}" for n in range(6)]


def test_renamed_file_goes_on(path: Path, command: Commands, stored: Stored) -> None:
    """Rotation: the old file is known by its inode, the new one under the old name begins anew."""
    command("ingest", path)
    add(path, "line 2\n")
    path.rename(f"{path}.1")
    path.write_text("line 3\n")
    printed = command("ingest", path, f"{path}.1").stdout.splitlines()
    assert printed == [f"{path}: 1 accepted (text)", f"{path}.1: 1 accepted, 2 accepted before (text)"]
    assert sorted(messages(stored)) == [f"line {n}" for n in range(4)]


def test_copied_over_file_goes_on(path: Path, command: Commands, stored: Stored) -> None:
    """A file that was written anew with the same beginning, as editors and rsync do, is known by its path."""
    command("ingest", path)
    fresh = path.with_name("fresh")
    fresh.write_text(path.read_text() + "line 2\n")
    fresh.replace(path)
    command("ingest", path)
    assert messages(stored) == [f"line {n}" for n in range(3)]


@pytest.mark.parametrize("named", ["app.log.2.gz", "app.log-20240101.gz", "app.log.1.gz"])
def test_file_compressed_since_goes_on(path: Path, command: Commands, stored: Stored, named: str) -> None:
    """Rotation compresses what it renamed: no line comes twice, and one that was written meanwhile comes."""
    command("ingest", path)
    add(path, "line 2\n")
    path.with_name(named).write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    path.write_text("line 3\n")
    for _ in range(2):
        command("ingest", path, path.with_name(named))
    assert sorted(messages(stored)) == [f"line {n}" for n in range(4)]


def test_compressed_copy_is_a_file_of_its_own(path: Path, command: Commands, stored: Stored) -> None:
    """While the original is there, or where the name is another's, equal lines are not the same lines."""
    command("ingest", path)
    packed = gzip.compress(path.read_bytes())
    for name in ("app.log.1.gz", "other.log.1.gz"):
        path.with_name(name).write_bytes(packed)
    command("ingest", path.with_name("app.log.1.gz"))
    path.unlink()
    command("ingest", path.with_name("other.log.1.gz"))
    assert messages(stored) == ["line 0", "line 1"] * 3


@pytest.mark.parametrize("text", ["other 0\nother 1\nother 2\n", "other\n", "line 0\nline X\nline 2\n"])
def test_replaced_content_begins_anew(path: Path, command: Commands, stored: Stored, text: str) -> None:
    """The same inode and path with other content, longer or shorter, is another file."""
    command("ingest", path)
    path.write_text(text)
    command("ingest", path)
    assert messages(stored) == ["line 0", "line 1", *text.splitlines()]


def test_emptied_file_begins_anew(path: Path, command: Commands, stored: Stored) -> None:
    """`copytruncate`: what is written after the cut is new."""
    command("ingest", path)
    path.write_text("")
    command("ingest", path)
    path.write_text("line 2\n")
    command("ingest", path)
    assert messages(stored) == ["line 0", "line 1", "line 2"]


@pytest.mark.parametrize("copy_first", [True, False])
def test_what_rotation_copied_is_not_taken_again(
    path: Path, command: Commands, stored: Stored, copy_first: bool
) -> None:
    """`copytruncate`: the copy holds what was taken of the file before it was emptied, and what came since; the file begins anew."""
    command("ingest", path)
    add(path, "line 2\n")
    copy = path.with_name(f"{path.name}.1")
    shutil.copy(path, copy)
    path.write_text("line 3\n")
    both = (copy, path) if copy_first else (path, copy)
    for _ in range(2):
        command("ingest", *both)
    assert sorted(messages(stored)) == [f"line {n}" for n in range(4)]


@pytest.mark.parametrize(
    ("gone", "fresh"),
    [("backup-20261129.log", "backup-20261130.log"), ("job-1.log", "job-2.log"), ("app.log", "app.logins")],
)
def test_file_that_begins_like_a_gone_one_is_new(
    path: Path, command: Commands, stored: Stored, gone: str, fresh: str
) -> None:
    """No copy of rotation's: programs that write a file a day or a run, and no time in it, write the same each time."""
    path.rename(path.with_name(gone))
    command("ingest", path.with_name(gone))
    path.with_name(fresh).write_text("line 0\nline 1\n")
    path.with_name(gone).unlink()
    command("ingest", path.with_name(fresh))
    assert messages(stored) == ["line 0", "line 1"] * 2


def test_line_without_an_end_is_taken_and_what_follows_too(path: Path, command: Commands, stored: Stored) -> None:
    """A text may end without a line feed; one that comes later adds no log, and more text is one of its own."""
    path.write_text("line 0\nline 1")
    leave(path)
    command("ingest", path)
    add(path, "\n")
    assert "0 accepted" in command("ingest", path).stdout
    add(path, "half")
    leave(path)
    command("ingest", path)
    add(path, " and half\nline 3\n")
    command("ingest", path)
    assert messages(stored) == ["line 0", "line 1", "half", " and half", "line 3"]


def test_half_a_line_is_left_while_it_is_written(path: Path, command: Commands, stored: Stored) -> None:
    """What a writer's buffer cut is no log of its own; a stack trace's last line too waits for its end."""
    path.write_text("2026-11-29 08:00:00 ERROR shop: payment fai")
    printed = command("ingest", path)
    assert ("0 accepted" in printed.stdout, "the last line is not whole yet" in printed.stderr) == (True, True)
    add(path, "led for order 77\n")
    command("ingest", path)
    assert messages(stored) == ["payment failed for order 77"]


def test_half_an_object_is_left_while_it_is_written(path: Path, command: Commands, stored: Stored) -> None:
    """A writer's buffer ends anywhere: half an object would be two faults. When nobody writes any more it is one."""
    path.write_text('{"message":"line 0"}\n{"mess')
    printed = command("ingest", path)
    assert "the last line is not whole yet" in printed.stderr
    assert command.json("ingest", path)[0]["unfinished"] is True
    add(path, 'age":"line 1"}')
    command("ingest", path)
    assert messages(stored) == ["line 0", "line 1"]
    add(path, '\n{"message":"br')
    os.utime(path, (0, 0))
    assert "1 refused" in command("ingest", path, code=2).stdout


def test_ledger_of_a_deleted_database_is_forgotten(
    path: Path, settings: Settings, command: Commands, backends: Backends
) -> None:
    """Where the logs are gone their files are taken anew."""
    command("ingest", path)
    backends.close()
    for name in settings.data_dir.glob("logingestor.db*"):
        name.unlink()
    command("db", "upgrade")
    assert "2 accepted" in command("ingest", path).stdout


def test_expired_logs_are_not_taken_again(path: Path, command: Commands, stored: Stored, backends: Backends) -> None:
    """That the record is empty doesn't mean that nothing was taken."""
    command("ingest", path)
    stored()
    backends.store.expire(None, 100)
    assert "0 accepted, 2 accepted before" in command("ingest", path).stdout


def test_ledger_that_cannot_be_read_is_said(path: Path, settings: Settings, command: Commands) -> None:
    """With the file and what to do, exit 1: never taken for an empty one."""
    command("ingest", path)
    (state,) = (settings.data_dir / "ingested").glob("*.json")
    state.write_text("{")
    assert f"{state} can't be read" in command("ingest", path, code=1).stderr


class Crash(BaseException):
    """Ends a run at a certain step, as a kill would."""


#: Where a run can be cut off: before the part is put, and before it is noted that it was.
CRASHES: dict[str, tuple[type, str]] = {
    "between noting and putting": (Accept, "take"),
    "between putting and done": (TakenFile, "done"),
}


@pytest.mark.parametrize("crash", CRASHES)
@pytest.mark.parametrize("grown", ["", "\nline 2500\n", " more\n"])
def test_part_begun_before_a_crash_is_taken_once(
    path: Path, command: Commands, stored: Stored, monkeypatch: pytest.MonkeyPatch, crash: str, grown: str
) -> None:
    """Whether it was put or not, and though its last line had no end then and the file grew since."""
    lines = [f"line {n}" for n in range(2_500)]
    path.write_text("\n".join(lines))
    leave(path)
    for part in (0, 1, 1):
        with monkeypatch.context() as patched:
            patched.setattr(*CRASHES[crash], dying(*CRASHES[crash], part=part))
            with pytest.raises(Crash):
                command("ingest", path)
    add(path, grown)
    leave(path)
    command("ingest", path)
    assert messages(stored) == [*lines, *([grown.strip("\n")] if grown else [])]


def dying(owner: type, name: str, part: int) -> Callable[..., Any]:
    """Return the method, but raising Crash instead of its call number *part*."""
    original, count = getattr(owner, name), itertools.count()

    def run(*args: Any, **kwargs: Any) -> Any:
        if next(count) == part:
            raise Crash
        return original(*args, **kwargs)

    return run


@pytest.mark.system
@pytest.mark.timeout(900)
def test_killed_runs_lose_and_double_nothing(
    path: Path, processes: Processes, stored: Stored, backends: Backends
) -> None:
    """kill -9 at random moments while the files grow, are rotated and compressed: found = written, none twice."""
    chance = random.Random(20260301)
    numbers = itertools.count()
    path.unlink()
    killed = 0
    for number in range(ROUNDS):
        add(path, "".join(f"number {next(numbers)} {'x' * 90}\n" for _ in range(20_000)) + f"number {next(numbers)}")
        add(path, "\n" if number % 2 else "")
        before = backends.queue.depth().bytes
        process = processes.start("ingest", *sorted(path.parent.iterdir()))
        while number and process.poll() is None and backends.queue.depth().bytes == before:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        if number % 2 == 0:
            add(path, "\n")
        rotate(path, number)
    for _ in range(2):
        processes.run("ingest", *sorted(path.parent.iterdir()))
    found = Counter(int(message.split()[1]) for message in messages(stored))
    written = next(numbers)
    lost = written - len(found)
    doubled = [one for one, times in found.items() if times > 1]
    print(
        f"rounds {ROUNDS}, killed {killed}, written {written}, found {len(found)}, lost {lost}, doubled {len(doubled)}"
    )
    assert killed > ROUNDS // 2
    assert (lost, doubled) == (0, [])


def rotate(path: Path, number: int) -> None:
    """Now and then rename the file, and compress the one that was renamed before."""
    if number % 3 == 2:
        old = path.with_name("app.log.1")
        if old.exists():
            packed = path.with_name(f"app.log.{number}.gz")
            packed.write_bytes(gzip.compress(old.read_bytes(), 1))
            old.unlink()
        path.rename(old)


@pytest.mark.system
def test_two_runs_at_once_take_each_line_once(path: Path, processes: Processes, stored: Stored) -> None:
    """The second waits, says so, and finds nothing left."""
    path.write_text("".join(f"line {n} {'x' * 300}\n" for n in range(30_000)))
    shutil.copy(path, path.with_name("copy"))
    both = [processes.start("ingest", path, path.with_name("copy")) for _ in range(2)]
    ended = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    found = Counter(messages(stored))
    assert len(found) == 30_000
    assert set(found.values()) == {2}
    assert sum(b"waiting for another" in errors for _, errors in ended) <= 1


@pytest.mark.system
def test_logs_of_a_live_pipe_go_in_while_it_is_open(processes: Processes, backends: Backends) -> None:
    """A slow writer's log doesn't wait for the next one, nor for the end."""
    process = processes.start("ingest", "-", stdin=-1)
    assert process.stdin is not None
    for n in range(1, 6):
        process.stdin.write(b"%d\n" % n)
        process.stdin.flush()
        wait_for(lambda n=n: backends.queue.depth().logs == n, 120, "the log")  # type: ignore[misc]
        assert process.poll() is None
    process.stdin.write(b"no end")
    output, _ = process.communicate(timeout=150)
    assert (process.returncode, output) == (0, b"standard input: 6 accepted (text)\n")


@pytest.mark.system
def test_named_pipe_is_taken_once(path: Path, processes: Processes, stored: Stored) -> None:
    """A pipe with a name, as `<(command)` is one in a shell, is read like standard input."""
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    process = processes.start("ingest", pipe)
    pipe.write_text("one\ntwo\n")
    output, _ = process.communicate(timeout=150)
    assert (process.returncode, output) == (0, f"{pipe}: 2 accepted (text)\n".encode())
    assert messages(stored) == ["one", "two"]


@pytest.mark.system
def test_closed_input_is_said(processes: Processes) -> None:
    """`<&-` is a fault of the caller, not a traceback."""
    words = [sys.executable, "-c", "import os, sys; os.close(0); os.execv(sys.executable, sys.argv[1:])"]
    words += [sys.executable, "-m", "app.cli", "ingest", "-"]
    ended = subprocess.run(words, cwd=ROOT, env=processes.environment, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, b"standard input: is closed\n")
