"""Keeps child processes running: one that dies is started again, and it is said on the console."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from app.cli.run.forked import Forked, tie_to
from app.readable import readable
from app.times.retry import pause_after

#: Seconds between two looks at the children; the end of one, and a signal, wakes the supervisor at once.
LOOK_SECONDS = 5.0
#: Seconds that all children together are given to stop by themselves, and those of them for the first to go.
STOP_SECONDS = 25.0
FIRST_SECONDS = 12.0
#: A child that lived shorter than this, in seconds, is started again ever more slowly.
YOUNG_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0
#: Exit code that says the settings are wrong: starting again would not help.
BAD_SETTINGS = 2


@dataclass(slots=True)
class Child:
    """One supervised process."""

    name: str
    #: Arguments of Python, for a process that is started anew.
    arguments: Sequence[str] = ()
    #: The work of a process that is forked off instead.
    work: Callable[[], object] | None = None
    inherited: Sequence[int] = ()
    #: Whether it gets the signal to stop only when the others are gone: their last requests may wait for it.
    last: bool = False
    process: subprocess.Popen[bytes] | Forked | None = None
    started: float = 0.0
    #: Seconds to wait before the next start, and when it is due.
    pause: float = 0.0
    #: Times in a row that it died young.
    deaths: int = 0
    due: float = 0.0

    def start(self) -> int:
        """Start the process; return its pid."""
        self.started = time.monotonic()
        if self.work is not None:
            self.process = Forked(self.name, self.work)
            return self.process.pid
        command = [sys.executable, *self.arguments]
        tie = partial(tie_to, os.getpid())
        # Safe here: the supervisor has one thread.
        self.process = subprocess.Popen(command, pass_fds=self.inherited, preexec_fn=tie)  # noqa: PLW1509
        return self.process.pid


class Signals:
    """Lets the main thread wait for a signal: also for one that comes just before it waits, which `sleep` would sleep through."""

    def __init__(self) -> None:
        self._woken = self._before = -1

    def take(self) -> None:
        """Begin to notice signals, the end of a child among them."""
        self._woken, write = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(write, False)
        self._before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only a signal that has a handler is written to the pipe

    def wait(self, seconds: float) -> None:
        """Return when a signal has come since the last time, or after *seconds*."""
        if readable([self._woken], seconds):
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, 4096)

    def leave(self) -> None:
        """Notice signals no more."""
        os.close(signal.set_wakeup_fd(self._before))
        os.close(self._woken)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


@dataclass(slots=True)
class Supervisor:
    """Starts children, restarts those that die, and stops them all at the end."""

    children: list[Child]
    say: Callable[[str], None]
    #: Is called once when it stops, before the children are asked to.
    at_stop: Callable[[], None] = lambda: None
    stopping: bool = False
    #: Exit code for the parent.
    code: int = 0
    _signals: Signals = field(default_factory=Signals)

    def start(self) -> None:
        """Start every child; from now on SIGTERM and SIGINT end `run`."""
        self._signals.take()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        for child in self.children:
            self._begin(child)

    def _begin(self, child: Child) -> int | None:
        """Start a child; return its pid, None when it can't be started now: it is tried again, like one that dies."""
        try:
            return child.start()
        except OSError as error:
            self._put_off(child)
            self.say(f"{child.name} can't be started: {error}; trying again in {child.pause:.1f} s")
            return None

    def _stop(self, number: int, _: object) -> None:
        self.stopping = True

    def run(self) -> int:
        """Watch until a signal to stop comes; return the exit code."""
        while not self.stopping:
            self.look()
        self._stop_all()
        self._signals.leave()
        return self.code

    def look(self, rest: float = LOOK_SECONDS) -> None:
        """Look after every child once, then rest until one ends, one is due or a signal comes; at most *rest* seconds."""
        for child in self.children:
            self._look_after(child)
        due = [child.due - time.monotonic() for child in self.children if child.process is None]
        if not self.stopping:
            self._signals.wait(max(min([rest, *due]), 0.0))

    def _look_after(self, child: Child) -> None:
        if child.process is None:
            pid = self._begin(child) if time.monotonic() >= child.due else None
            if pid is not None:
                self.say(f"{child.name} started again as process {pid}")
            return
        code = child.process.poll()
        if code is None or self.stopping:
            return
        pid, child.process = child.process.pid, None
        if code == BAD_SETTINGS:
            self.stopping, self.code = True, BAD_SETTINGS
            return
        self._put_off(child)
        again = f"starting it again in {child.pause:.1f} s" if child.pause else "starting it again"
        self.say(f"{child.name} (process {pid}) {ending(code)}; {again}. What was accepted is kept.")

    def _put_off(self, child: Child) -> None:
        """Say when a child is due again: at once, or ever later when it dies young."""
        now = time.monotonic()
        young = now - child.started < YOUNG_SECONDS
        child.deaths = child.deaths + 1 if young else 0
        child.pause = pause_after(child.deaths, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS) if young else 0.0
        child.due = now + child.pause

    def _stop_all(self) -> None:
        began = time.monotonic()
        self.at_stop()
        running = [(child, child.process) for child in self.children if child.process is not None]
        for last, until in ((False, began + FIRST_SECONDS), (True, began + STOP_SECONDS)):
            for child, process in running:
                if child.last == last:
                    process.terminate()
            _wait([process for child, process in running if last or not child.last], until)
        for child, process in running:
            if process.poll() is None:
                self.say(f"{child.name} (process {process.pid}) did not stop in time and was killed")
                process.kill()
                process.wait()


def _wait(processes: Sequence[subprocess.Popen[bytes] | Forked], until: float) -> None:
    """Wait for the processes' end, but not longer than *until*."""
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(until - time.monotonic(), 0))


def ending(code: int) -> str:
    """Return how a process ended, by its exit code."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
