"""The supervisor with small children of its own: what dies is started again, what does not stop is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from app.cli import caught
from app.cli.run import forked, parts, serve
from app.cli.run import supervisor as module
from app.cli.run.forked import Forked
from app.cli.run.supervisor import Child, Supervisor
from app.errors import InvalidSettings, Problem, Unavailable
from app.settings.settings import Settings
from tests.e2e.program import ROOT, alive, wait_for

pytestmark = pytest.mark.system

SLEEPS = "import time; time.sleep(600)"
#: Says on its first argument that it is deaf to SIGTERM by now.
DEAF = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w'); time.sleep(600)"
)
#: Writes the time of its end on its first argument, half a second after SIGTERM.
SLOW = """
import signal, sys, time
def stop(*_):
    time.sleep(0.5)
    open(sys.argv[1], "w").write(str(time.monotonic()))
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
open(sys.argv[1] + ".up", "w")
time.sleep(600)
"""

#: Forks off a child that sleeps, and says its number.
PARENT = """
import time
from app.cli.run.forked import Forked
print(Forked("any", lambda: time.sleep(600)).pid, flush=True)
time.sleep(600)
"""

#: Answers at the socket of its second argument once its first is there.
LATE = """
import http.server, os, socket, sys, time
while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
server = http.server.HTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket = socket.socket(fileno=int(sys.argv[2]))
server.serve_forever()
"""

#: A supervisor that is killed before or after its child is tied to it, at any rate before the child has begun with its program.
KILLED = """
import os, signal, sys, time
from app.cli.run import forked, supervisor
tied = supervisor.tie_to

def killed(parent):
    os.kill(parent, signal.SIGKILL)
    while os.getppid() == parent:
        time.sleep(0.01)

def tie(parent):
    open(sys.argv[1], "w").write(str(os.getpid()))
    for step in (tied, killed) if sys.argv[2] == "after" else (killed, tied):
        step(parent)

supervisor.tie_to = forked.tie_to = tie
program, work = ["-c", "import time; time.sleep(600)"], lambda: time.sleep(600)
child = supervisor.Child("child", work=work) if sys.argv[3] == "forked" else supervisor.Child("child", program)
supervisor.Supervisor([child], print).start()
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """Give the signals back that `start` takes."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def stop_when(condition: Callable[[], object]) -> None:
    """Send this process SIGTERM, which ends `run`, as soon as the condition holds, or after a minute."""

    def watch() -> None:
        until = time.monotonic() + 60
        while not condition() and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def test_child_that_dies_young_is_started_ever_more_slowly() -> None:
    """Half a second, one, two: said on the console each time, with the code; it never gives up."""
    said: list[str] = []
    children = [Child("short", ["-c", "raise SystemExit(3)"]), Child("long", ["-c", SLEEPS])]
    supervisor = Supervisor(children, said.append)
    supervisor.start()
    stop_when(lambda: sum("ended with code 3" in line for line in said) == 4)
    assert supervisor.run() == 0
    pauses = [line.partition("starting it again in ")[2].partition(".  ")[0][:3] for line in said if "code 3" in line]
    assert pauses[:4] == ["0.5", "1.0", "2.0", "4.0"]
    assert children[1].process is not None
    assert children[1].process.poll() == -signal.SIGTERM


def test_work_is_forked_off_and_watched_like_a_program(tmp_path: Path) -> None:
    """It has the name of its part, its own exit code, and what it loads is not loaded here; SIGTERM ends it."""
    said: list[str] = []

    def load() -> None:
        import this  # prints, which nothing else here does

        raise SystemExit(3 if "this" in sys.modules and this.__name__ else 0)

    children = [Child("web 1", work=partial(time.sleep, 600)), Child("short", work=load)]
    supervisor = Supervisor(children, said.append)
    supervisor.start()
    assert children[0].process is not None
    name = Path(f"/proc/{children[0].process.pid}/comm")
    wait_for(lambda: name.read_text() == "web 1\n", 30, "the name")
    stop_when(lambda: sum("short" in line and "ended with code 3" in line for line in said) == 2)
    assert supervisor.run() == 0
    assert children[0].process.poll() == -signal.SIGTERM
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    ("fault", "code"), [(InvalidSettings(Problem("is wrong", "NAME")), 2), (Unavailable("it is away"), 1)]
)
def test_our_errors_end_forked_work_with_a_sentence(
    capfd: pytest.CaptureFixture[str], fault: Exception, code: int
) -> None:
    """As they end a command: no traceback."""

    def fail() -> None:
        raise fault

    assert Forked("any", caught(fail)).wait() == code
    errors = capfd.readouterr().err
    assert str(fault).partition(":")[0] in errors
    assert "Traceback" not in errors


def test_a_fork_that_fails_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor tries it again and again."""

    def fail() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fail)
    said: list[str] = []
    supervisor = Supervisor([Child("web 1", work=int)], said.append)
    files = Path("/proc/self/fd")
    before = sorted(one.name for one in files.iterdir())
    for _ in range(3):
        supervisor._begin(supervisor.children[0])
    assert sorted(one.name for one in files.iterdir()) == before
    assert ["can't be started" in line for line in said] == [True] * 3


def test_the_end_of_forked_work_is_noticed_where_ends_are_ignored() -> None:
    """Who starts the program may ignore the ends of its children, and passes that on."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert Forked("any", partial(sys.exit, 3)).wait() == 3
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_work_is_forked_off_without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only its command line is not its own then."""
    monkeypatch.setattr(forked, "_STAT", tmp_path / "stat")
    assert Forked("web 1", int).wait() == 0


def test_web_is_a_program_of_its_own_where_nothing_is_forked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on macOS: it is started anew, and has the socket of the supervisor."""
    monkeypatch.setenv("LOGINGESTOR_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(serve, "FORKS", False)
    monkeypatch.setattr(parts, "FORKS", False)
    serve._upgrade(Settings.from_env(os.environ))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        children = parts.web_children([listener])
        assert children[0].work is None
        supervisor = Supervisor(children, print)
        supervisor.start()
        assert serve._answers(listener, supervisor)
        stop_when(lambda: True)
        assert supervisor.run() == 0


def test_forked_work_waits_for_its_threads_and_passes_its_words_on(capfd: pytest.CaptureFixture[str]) -> None:
    """As a program does at its end."""

    def work() -> None:
        threading.Thread(target=lambda: (time.sleep(0.2), print("the thread's end"))).start()
        raise SystemExit("a sentence")

    child = Forked("any", work)
    assert child.wait(0.0) is None
    assert child.wait(60) == 1
    child.terminate()
    said = capfd.readouterr()
    assert (said.out, said.err) == ("the thread's end\n", "a sentence\n")


def test_forked_work_ends_with_its_parent() -> None:
    """Also where that is killed."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not alive(child), 30, "the child's end")


def test_the_address_is_said_however_late(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A web process that takes long to start is waited for, and the console says so meanwhile."""
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        (tmp_path / "late").touch()

    monkeypatch.setattr(serve, "LATE_SECONDS", 0.0)
    monkeypatch.setattr(serve, "say", say)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), True)
        number = listener.fileno()
        web = Child("web", ["-c", LATE, str(tmp_path / "late"), str(number)], inherited=(number,))
        supervisor = Supervisor([web], said.append)
        supervisor.start()
        assert serve._answers(listener, supervisor)
    assert said == ["no web process answers yet; the address follows once one does"]
    stop_when(lambda: True)
    assert supervisor.run() == 0


def test_longest_pause_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a child that lived long enough is started again at once."""
    supervisor = Supervisor([], lambda _: None)
    child = Child("any", [], started=time.monotonic())
    for _ in range(20):
        supervisor._put_off(child)
    assert child.pause == module.LONGEST_PAUSE_SECONDS
    child.started -= module.YOUNG_SECONDS + 1
    supervisor._put_off(child)
    assert child.pause == 0


def test_wrong_settings_end_everything_with_2() -> None:
    """Starting again would not help."""
    other = Child("long", ["-c", SLEEPS])
    supervisor = Supervisor([Child("wrong", ["-c", "raise SystemExit(2)"]), other], lambda _: None)
    supervisor.start()
    assert supervisor.run() == 2
    assert other.process is not None
    assert other.process.poll() is not None


def test_child_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After its time, and it is said; the exit code is still 0, for nothing is lost by it."""
    monkeypatch.setattr(module, "FIRST_SECONDS", 0.3)
    monkeypatch.setattr(module, "STOP_SECONDS", 0.6)
    said: list[str] = []
    deaf = Child("deaf", ["-c", DEAF, str(tmp_path / "deaf")])
    supervisor = Supervisor([deaf], said.append)
    supervisor.start()
    stop_when((tmp_path / "deaf").exists)
    assert supervisor.run() == 0
    assert deaf.process is not None
    assert deaf.process.poll() == -signal.SIGKILL
    assert ["did not stop in time and was killed" in line for line in said] == [True]


def test_last_children_are_told_when_the_others_are_gone(tmp_path: Path) -> None:
    """A worker serves the last requests of the web."""
    first, last = tmp_path / "first", tmp_path / "last"
    supervisor = Supervisor(
        [Child("worker", ["-c", SLOW, str(last)], last=True), Child("web", ["-c", SLOW, str(first)])], lambda _: None
    )
    supervisor.start()
    stop_when(lambda: Path(f"{first}.up").exists() and Path(f"{last}.up").exists())
    assert supervisor.run() == 0
    assert float(last.read_text()) - float(first.read_text()) >= 0.5


def test_child_that_cannot_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without room for a process for a moment does not end the program."""
    said: list[str] = []
    child = Child("any", ["-c", SLEEPS])
    supervisor = Supervisor([child], said.append)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", "/nonexistent/python")
        supervisor.start()
    assert child.process is None
    assert "can't be started" in said[0]
    stop_when(lambda: "started again" in said[-1])
    assert supervisor.run() == 0
    assert child.process is not None


def test_stop_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal during the start is not lost."""
    supervisor = Supervisor([Child("long", ["-c", SLEEPS])], lambda _: None)
    supervisor.start()
    os.kill(os.getpid(), signal.SIGTERM)
    wait_for(lambda: supervisor.stopping, 120, "the signal")
    assert supervisor.run() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@pytest.mark.parametrize("kind", ["program", "forked"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_child_whose_parent_is_killed_before_it_begins_ends(when: str, kind: str, tmp_path: Path) -> None:
    """It has the parent's handlers for signals until then, and they would forget the one that tells it so."""
    note = tmp_path / "pid"
    words = [sys.executable, "-c", KILLED, str(note), when, kind]
    killed = subprocess.run(words, check=False, cwd=ROOT, timeout=150)
    assert killed.returncode == -signal.SIGKILL
    pid = int(note.read_text())
    try:
        wait_for(lambda: not alive(pid), 120, "the end of the child")
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
