"""Keeps child processes running: one that dies is started again, and it is said on the console."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

#: Seconds between two looks at the children.
LOOK_SECONDS = 0.1
#: Seconds a child is given to stop by itself.
STOP_SECONDS = 20.0
#: A child that lived shorter than this, in seconds, is started again ever more slowly.
YOUNG_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 10.0
#: Exit code that says the settings are wrong: starting again would not help.
BAD_SETTINGS = 2

_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(slots=True)
class Child:
    """One supervised process."""

    name: str
    arguments: Sequence[str]
    inherited: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    #: Seconds to wait before the next start, and when it is due.
    pause: float = 0.0
    due: float = 0.0

    def start(self) -> int:
        """Start the process; return its pid."""
        self.started = time.monotonic()
        command = [sys.executable, *self.arguments]
        tie = partial(_tied_to, os.getpid())
        # Safe here: the supervisor has one thread.
        self.process = subprocess.Popen(command, pass_fds=self.inherited, preexec_fn=tie)  # noqa: PLW1509
        return self.process.pid


@dataclass(slots=True)
class Supervisor:
    """Starts children, restarts those that die, and stops them all at the end."""

    children: list[Child]
    say: Callable[[str], None]
    stopping: bool = False
    #: Exit code for the parent.
    code: int = 0

    def start(self) -> None:
        """Start every child; from now on SIGTERM and SIGINT end `run`."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        for child in self.children:
            child.start()

    def _stop(self, number: int, _: object) -> None:
        self.stopping = True

    def run(self) -> int:
        """Watch until told to stop; return the exit code."""
        while not self.stopping:
            self.look()
        self._stop_all()
        return self.code

    def look(self) -> None:
        """Look after every child once, then rest a moment."""
        for child in self.children:
            self._look_after(child)
        time.sleep(LOOK_SECONDS)

    def _look_after(self, child: Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.due:
                self.say(f"{child.name} started again as process {child.start()}")
            return
        code = child.process.poll()
        if code is None or self.stopping:
            return
        pid, child.process = child.process.pid, None
        if code == BAD_SETTINGS:
            self.stopping, self.code = True, BAD_SETTINGS
            return
        lived = time.monotonic() - child.started
        child.pause = min(max(child.pause * 2, 0.5), LONGEST_PAUSE_SECONDS) if lived < YOUNG_SECONDS else 0.0
        child.due = time.monotonic() + child.pause
        again = f"starting it again in {child.pause:.1f} s" if child.pause else "starting it again"
        self.say(f"{child.name} (process {pid}) {_ending(code)}; {again}. What was accepted is kept.")

    def _stop_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        until = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                self.say(f"process {process.pid} did not stop within {STOP_SECONDS:.0f} s and was killed")
                process.kill()
                process.wait()


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _tied_to(parent: int) -> None:
    """Let the parent, or the kernel when it dies, end this child: no part may outlive `serve` unseen."""
    # The terminal sends Ctrl-C to all; a part that is still starting would answer with a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGTERM)
